"""Webhooks: whatever a receiver does, no event is lost or out of order, and nobody else waits for it."""

import asyncio
import base64
import hashlib
import hmac
import logging
import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from bmc.hooks import HookSettings, RetryPolicy, webhook
from bmc.hooks.deliveries import Deliveries, Delivery, Outcome
from bmc.hooks.filter import Filter
from bmc.model.caller import Role
from bmc.model.commands import Power, Release, Reserve
from bmc.model.errors import NotFound, Refused
from bmc.model.events import Event, EventKind, Severity
from bmc.model.power import PowerAction
from bmc.store import Store, StoreFailed
from tests.hooks.lab import ONLY_N1, Lab, Receiver, another_certificate, certificate, open_lab, receiving
from tests.world import ADMIN, until

SECRET = "a secret of twenty and more"


async def test_each_event_comes_once_and_in_order(lab: Lab, receiver: Receiver) -> None:
    await lab.tell("before")
    await lab.hooks.subscribe("admin", receiver.url, context="mine", headers={"X-Key": "k"})
    told = [await lab.tell(str(number)) for number in range(50)]
    await receiver.has(50)
    assert [got.sequence for got in receiver.got] == told
    first = receiver.got[0]
    assert (first.event["Context"], first.headers["X-Key"]) == ("mine", "k")
    assert first.headers["Content-Type"].startswith("application/json")


async def test_a_signature_can_be_verified(lab: Lab, receiver: Receiver) -> None:
    await lab.hooks.subscribe("admin", receiver.url, secret=SECRET)
    await lab.tell()
    await receiver.has(1)
    headers, body = receiver.got[0].headers, receiver.got[0].body
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(SECRET.encode(), signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


async def test_a_receiver_that_fails_hangs_resets_lies_and_comes_back_misses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "SECONDS", 1.5)
    ca, tls = certificate(tmp_path / "own", "localhost")
    # The last two are trusted, but for what they lie about.
    lies = {
        "self-signed certificate": certificate(tmp_path / "other", "localhost"),
        "Hostname mismatch": another_certificate(tmp_path / "name", "another.example", datetime(2099, 1, 1)),
        "certificate has expired": another_certificate(tmp_path / "old", "localhost", datetime(2021, 1, 1)),
    }
    ca.write_bytes(b"".join(file.read_bytes() for file, _ in [(ca, tls), *list(lies.values())[1:]]))
    receiver = Receiver()
    await receiver.start(tls)
    try:
        async with open_lab(tmp_path, HookSettings(ca_file=ca)) as lab:
            subscription = await lab.hooks.subscribe("admin", receiver.url)
            told, reasons = [], []

            async def trouble(word: str) -> None:
                told.append(await lab.tell(word))
                worker = lab.hooks.worker(subscription.id)
                assert worker is not None
                await until(lambda: word in worker.error, 10)
                reasons.append(worker.error)

            async def mends() -> None:
                receiver.mode = "ok"
                told.append(await lab.tell())
                await receiver.has(len(told))

            for mode, word in (("503", "503"), ("500", "500"), ("hang", "no answer"), ("reset", "broke off")):
                receiver.mode = mode
                await trouble(word)
                await mends()
            await receiver.stop()
            await trouble("reached")
            await receiver.start(tls)
            await mends()
            for lie, (_, shown) in lies.items():
                await receiver.stop()
                await receiver.start(shown)
                await trouble(lie)
                await receiver.stop()
                await receiver.start(tls)
                await mends()
            assert [got.sequence for got in receiver.got] == told
            worker = lab.hooks.worker(subscription.id)
            assert worker is not None
            await until(lambda: not worker.error)
            assert await lab.hooks.dead_letters(subscription.id) == []
    finally:
        await receiver.stop()


async def test_a_certificate_may_be_left_unverified_only_where_asked_for(tmp_path: Path) -> None:
    _, tls = certificate(tmp_path / "tls", "another.example")
    async with receiving(tls) as receiver, open_lab(tmp_path) as lab:
        strict = await lab.hooks.subscribe("admin", receiver.url)
        await lab.hooks.subscribe("admin", receiver.url, verify=False)
        await lab.tell()
        await receiver.has(1)
        worker = lab.hooks.worker(strict.id)
        assert worker is not None
        await until(lambda: "certificate is refused" in worker.error)
        assert len(receiver.got) == 1


async def test_a_dead_receiver_holds_up_neither_another_nor_a_power_command(lab: Lab, receiver: Receiver) -> None:
    async with receiving() as dead:
        dead.mode = "hang"
        await lab.hooks.subscribe("admin", dead.url)
        await lab.hooks.subscribe("admin", receiver.url)
        told = [await lab.tell(str(number)) for number in range(300)]
        await receiver.has(300)
        node = lab.world.fleet.node("n1")
        async with asyncio.timeout(10):
            await node.do(Power(PowerAction.ON), ADMIN)
        assert [got.sequence for got in receiver.got[:300]] == told
        assert (dead.got, dead.asked) == ([], 1)


async def test_forbidden_targets_are_refused_where_the_connection_is_made(tmp_path: Path, receiver: Receiver) -> None:
    async with open_lab(tmp_path, allowed=()) as lab:
        subscription = await lab.hooks.subscribe("admin", receiver.url)  # by name: what it resolves to counts
        await lab.tell()
        worker = lab.hooks.worker(subscription.id)
        assert worker is not None
        await until(lambda: "fetch.allow" in worker.error)
        assert receiver.asked == 0


async def test_a_redirect_is_not_followed(tmp_path: Path, receiver: Receiver) -> None:
    receiver.mode = "302"
    async with open_lab(tmp_path, HookSettings(retry_attempts=2)) as lab:
        subscription = await lab.hooks.subscribe("admin", receiver.url)
        await lab.tell()
        await receiver.was_asked(3)
        worker = lab.hooks.worker(subscription.id)
        assert worker is not None
        await until(lambda: worker.buried)
        assert (receiver.asked, "redirects are not followed" in worker.error) == (3, True)


@pytest.mark.parametrize("policy", [RetryPolicy.BACK_OFF, RetryPolicy.SUSPEND])
async def test_an_event_that_cannot_be_put_into_words_becomes_a_dead_letter_and_holds_up_nothing(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture, policy: RetryPolicy
) -> None:
    async with open_lab(tmp_path, HookSettings(retry_attempts=2)) as lab:
        subscription = await lab.hooks.subscribe("admin", receiver.url, policy=policy)
        poison = await lab.tell("poison", details={"message_id": "Lightsout.1.0.EventTest"})  # without its arguments
        good = await lab.tell("good")
        await receiver.has(1)
        assert [got.sequence for got in receiver.got] == [good]
        (letter,) = await lab.hooks.dead_letters(subscription.id)
        assert letter.event is not None
        assert (letter.event.sequence, "message_args" in letter.error) == (poison, True)
        await until(lambda: lab.hooks.results(subscription.id) == {"delivered": 1, "failed": 3, "dead": 1})
        assert len([record for record in caplog.records if record.exc_info]) == 1


async def test_what_the_receiver_refuses_becomes_a_dead_letter_and_holds_up_nothing(
    tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_lab(tmp_path, HookSettings(retry_attempts=3)) as lab:
        subscription = await lab.hooks.subscribe("admin", receiver.url)
        receiver.mode = "422"
        poison = await lab.tell("poison")
        await receiver.was_asked(4)
        receiver.mode = "ok"
        good = await lab.tell("good")
        await receiver.has(1)
        assert [got.sequence for got in receiver.got] == [good]
        letters = await lab.hooks.dead_letters(subscription.id)
        assert [(each.event.sequence, each.error) for each in letters if each.event] == [
            (poison, "the receiver answered 422")
        ]
        assert "became a dead letter" in caplog.text
        await until(lambda: lab.hooks.results(subscription.id) == {"delivered": 1, "failed": 4, "dead": 1})
        tries = await lab.hooks.deliveries(subscription.id)
        assert [(each.event.sequence, each.outcome.value) for each in tries] == [
            *([(poison, "Failed")] * 3),
            (poison, "Dead"),
            (good, "Delivered"),
        ]
    async with open_lab(tmp_path) as lab:
        assert await lab.hooks.deliveries(subscription.id) == tries
        assert await lab.hooks.deliveries(subscription.id, limit=1) == tries[-1:]


async def test_a_history_that_cannot_be_kept_costs_no_delivery(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Store.open(tmp_path / "store.db") as store:
        pass
    tried = Delivery(1.0, Event(EventKind.NODE_CHANGED, "x", 1.0, "n1"), 1, Outcome.DELIVERED, "", 0.1)
    await Deliveries(store).add("syslog-siem", tried)
    assert "hook syslog-siem: the history of its deliveries has a gap" in caplog.text


async def test_retries_back_off(tmp_path: Path, receiver: Receiver) -> None:
    async with open_lab(tmp_path, HookSettings(retry_attempts=3, retry_interval=8)) as lab:
        receiver.mode = "503"
        for policy in (RetryPolicy.BACK_OFF, RetryPolicy.STEADY):
            subscription = await lab.hooks.subscribe("admin", receiver.url, policy=policy)
            waits = lab.hooks._clock.waits  # type: ignore[attr-defined]
            waits.clear()
            receiver.asked = 0
            await lab.tell()
            await receiver.was_asked(9)
            longest = (8, 16, 32, 64, 128, 256, 300, 300) if policy is RetryPolicy.BACK_OFF else (8,) * 8
            assert all(most / 2 <= wait <= most for wait, most in zip(waits[:8], longest, strict=True)), waits
            await lab.hooks.remove(subscription.id)


async def test_a_subscription_is_suspended_where_its_policy_says_so_and_loses_nothing(
    tmp_path: Path, receiver: Receiver
) -> None:
    settings = HookSettings(retry_attempts=2)
    async with open_lab(tmp_path, settings) as lab:
        subscription = await lab.hooks.subscribe("admin", receiver.url, policy=RetryPolicy.SUSPEND)
        receiver.mode = "503"
        told = [await lab.tell()]
        await receiver.was_asked(3)
        await until(lambda: lab.hooks.worker(subscription.id) is None)
        told.append(await lab.tell())
        receiver.mode = "ok"
    async with open_lab(tmp_path, settings) as lab:
        found = lab.hooks.find(subscription.id)
        assert found.suspended == "too many retries: the receiver answered 503"  # type: ignore[union-attr]
        assert receiver.got == []
        await lab.hooks.resume(subscription.id)
        await receiver.has(2)
        assert [got.sequence for got in receiver.got] == told


async def test_a_subscription_ends_where_its_policy_says_so(tmp_path: Path, receiver: Receiver) -> None:
    receiver.mode = "503"
    async with open_lab(tmp_path, HookSettings(retry_attempts=1)) as lab:
        await lab.hooks.subscribe("admin", receiver.url, policy=RetryPolicy.TERMINATE)
        await lab.tell()
        await until(lambda: not lab.hooks.subscriptions())
        async with asyncio.timeout(30):
            while await lab.world.events.followers():  # noqa: ASYNC110 - the store has no event of its own
                await asyncio.sleep(0.005)
        assert receiver.asked == 2


async def test_a_change_that_changes_nothing_leaves_the_delivery_alone(lab: Lab, receiver: Receiver) -> None:
    subscription = await lab.hooks.subscribe("admin", receiver.url, context="mine")
    before = lab.hooks.worker(subscription.id)
    await lab.hooks.change(subscription.id, context="mine")
    assert lab.hooks.worker(subscription.id) is before
    await lab.hooks.change(subscription.id, context="new")
    assert lab.hooks.worker(subscription.id) is not before


async def test_one_that_cannot_be_suspended_for_a_full_disk_goes_on(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_lab(tmp_path, HookSettings(retry_attempts=0)) as lab:
        subscription = await lab.hooks.subscribe("admin", receiver.url, policy=RetryPolicy.SUSPEND)

        async def full(*_: object) -> None:
            raise StoreFailed("the disk is full")

        monkeypatch.setattr(lab.world.store, "put", full)
        receiver.mode = "503"
        told = await lab.tell()
        await receiver.was_asked(3)
        receiver.mode = "ok"
        await receiver.has(1)
        assert (receiver.got[0].sequence, lab.hooks.find(subscription.id)) == (told, subscription)


async def test_what_was_no_longer_kept_is_told(tmp_path: Path, receiver: Receiver) -> None:
    async with open_lab(tmp_path) as lab:
        subscription = await lab.hooks.subscribe("admin", receiver.url)
        await lab.hooks.suspend(subscription.id, "admin")
        told = [await lab.tell(str(number)) for number in range(6)]
        await lab.world.store.trim("events", 4)  # two of the fleet, two of n1
        await lab.hooks.resume(subscription.id)
        await receiver.has(2)
        assert [got.sequence for got in receiver.got] == told[-2:]
        assert [(letter.event, letter.missed) for letter in await lab.hooks.dead_letters(subscription.id)] == [
            (None, 4)
        ]


async def test_a_scope_that_shrinks_holds_for_what_waits_already(lab: Lab, receiver: Receiver) -> None:
    await lab.world.add("n2")
    await lab.accounts.create("otto", "some password", Role.OPERATOR)
    await lab.hooks.subscribe("otto", receiver.url)
    receiver.mode = "503"
    await lab.tell("secret", "n2")
    await receiver.was_asked(1)
    await lab.accounts.change("otto", scope=ONLY_N1)
    receiver.mode = "ok"
    await lab.tell("later", "n2")
    await lab.tell("fleet", "")
    await lab.tell("mine", "n1")
    await receiver.has(1)
    assert receiver.texts == ["mine"]


@pytest.mark.parametrize(
    ("before", "after"), [({"enabled": False}, {"enabled": True}), ({"role": Role.READ_ONLY}, {"role": Role.OPERATOR})]
)
async def test_an_account_that_may_not_subscribe_any_more_is_sent_nothing(
    lab: Lab, receiver: Receiver, before: dict[str, Any], after: dict[str, Any]
) -> None:
    await lab.hooks.subscribe("tina", receiver.url)
    await lab.accounts.change("tina", **before)
    await lab.tell("while it may not")
    async with asyncio.timeout(30):
        subscription = lab.hooks.subscriptions()[0]
        while (await lab.hooks.waiting())[subscription.id]:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.005)
    await lab.accounts.change("tina", **after)
    await lab.tell("after")
    await receiver.has(1)
    assert receiver.texts == ["after"]


async def test_an_administrator_who_becomes_an_operator_hears_no_more_of_the_fleet(
    lab: Lab, receiver: Receiver
) -> None:
    await lab.accounts.create("otto", "some password", Role.ADMINISTRATOR)
    await lab.hooks.subscribe("otto", receiver.url)
    await lab.tell("fleet", "")
    await receiver.has(1)
    await lab.accounts.change("otto", role=Role.OPERATOR)
    await lab.tell("fleet again", "")
    await lab.tell("node")
    await receiver.has_told("node")
    assert "fleet again" not in receiver.texts


async def test_a_subscription_ends_with_its_account_and_a_namesake_has_none(lab: Lab, receiver: Receiver) -> None:
    await lab.hooks.subscribe("tina", receiver.url)
    own = await lab.hooks.subscribe("admin", receiver.url)
    await lab.accounts.delete("tina")
    assert [each.id for each in lab.hooks.subscriptions()] == [own.id]
    await lab.accounts.create("tina", "one tenant", Role.OPERATOR)
    with pytest.raises(NotFound):
        await lab.hooks.subscribe("nobody", receiver.url)
    await lab.tell()
    await receiver.has(1)
    assert await lab.world.events.followers() == [own.id]


async def test_maintenance_is_judged_by_how_things_were(lab: Lab, receiver: Receiver) -> None:
    await lab.hooks.subscribe("admin", receiver.url, filter=Filter(nodes=["*"]))
    node = lab.world.fleet.node("n1")
    receiver.mode = "503"
    await lab.tell("before")
    await receiver.was_asked(1)
    await node.do(Reserve("new fans"), ADMIN)
    await lab.tell("meanwhile")
    await lab.tell("another node", "n2")
    await node.do(Release(), ADMIN)
    await lab.tell("after")
    receiver.mode = "ok"
    await receiver.has(5)
    assert receiver.texts == [
        "before", "n1 reserved by admin: new fans", "another node", "n1 released", "after",
    ]  # fmt: skip
    kept = [event.message for event in await lab.world.events.history("n1")]
    assert "meanwhile" in kept


async def test_maintenance_outlives_a_restart(tmp_path: Path) -> None:
    async with open_lab(tmp_path) as lab:
        node, _ = await lab.world.add("n1")
        await node.do(Reserve("new fans"), ADMIN)
    async with open_lab(tmp_path) as lab:
        sequence = await lab.tell()
        assert (await lab.world.events.history(after=sequence - 1))[0].maintenance


@pytest.mark.parametrize(
    ("wanted", "texts"),
    [
        (Filter(), ["on", "off", "hot", "fleet"]),
        (Filter(kinds=["power"]), ["on", "off"]),
        (Filter(kinds=["power.changed", "sensor"]), ["on", "hot"]),
        (Filter(severities=[Severity.WARNING, Severity.CRITICAL]), ["off", "hot"]),
        (Filter(nodes=["n2"]), ["hot"]),
        (Filter(nodes=["*"]), ["on", "off", "hot"]),
        (Filter(tags=["lab"]), ["on", "off"]),
        (Filter(tags=["lab"], nodes=["n2"], severities=[Severity.WARNING]), ["off"]),
    ],
)
async def test_a_filter_lets_through_what_fits_every_list(
    lab: Lab, receiver: Receiver, wanted: Filter, texts: list[str]
) -> None:
    await lab.world.fleet.change("n1", {}, ADMIN, tags=frozenset({"lab"}))
    await lab.hooks.subscribe("admin", receiver.url, filter=wanted)
    await lab.tell("on", kind=EventKind.POWER_CHANGED)
    await lab.tell("off", kind=EventKind.POWER_ACTION, severity=Severity.WARNING)
    await lab.tell("hot", "n2", EventKind.SENSOR_CROSSED, severity=Severity.CRITICAL)
    await lab.tell("fleet", "", EventKind.SIGNED_IN)
    await lab.tell("the end", "", EventKind.TEST, details={"message_id": "x", "message_args": []})
    await receiver.has(len(texts) + 1)
    assert receiver.texts == [*texts, "the end"]


async def test_secrets_are_nowhere(tmp_path: Path, receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path_secret, header_secret = "T0K3N-in-the-path", "H34D3R"
    async with open_lab(tmp_path, HookSettings(retry_attempts=1)) as lab:
        url = f"http://localhost:{receiver.port}/{path_secret}"
        subscription = await lab.hooks.subscribe(
            "admin", url, secret=SECRET, headers={"Authorization": header_secret}, policy=RetryPolicy.SUSPEND
        )
        assert SECRET not in repr(subscription)
        assert header_secret not in repr(subscription)
        await lab.tell()
        await until(lambda: lab.hooks.worker(subscription.id) is None)
        ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("bmc"))
        assert "suspended" in ours
        assert not any(secret in ours for secret in (SECRET, header_secret, path_secret))
    with sqlite3.connect(tmp_path / "store.db") as database:
        dumped = "\n".join(database.iterdump())
    assert path_secret in dumped  # the destination itself is no secret of the store
    assert SECRET not in dumped
    assert header_secret not in dumped
    async with open_lab(tmp_path) as lab:
        found = lab.hooks.subscriptions()[0]
        assert (found.secret, found.headers) == (SECRET, {"Authorization": header_secret})


async def test_subscriptions_are_bounded(lab: Lab, receiver: Receiver) -> None:
    for _ in range(16):
        await lab.hooks.subscribe("tina", receiver.url)
    with pytest.raises(Refused, match="too many subscriptions"):
        await lab.hooks.subscribe("tina", receiver.url)
    await lab.hooks.subscribe("admin", receiver.url)
