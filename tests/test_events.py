"""Events and audit: stored first, one order for everybody, nobody waits for a slow reader."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

import bmc.events
from bmc.events import Audit, Events, Reader, Target, event_to_json
from bmc.model.caller import Caller, Door, Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.events import Event, EventKind, Severity
from bmc.store import Json, Store, StoreFailed
from tests.clocks import HandClock

EVENT = Event(EventKind.POWER_CHANGED, "n1 is on", 12.5, "n1", Severity.WARNING, "admin", {"state": "On", "n": [1]})
CALLER = Caller("admin", Role.OPERATOR, Scope(), Door.WEB, "10.0.0.1", "request-1", "job-1")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(tmp_path / "store.db") as store:
        yield store


@pytest.fixture
def events(store: Store) -> Events:
    return Events(store, SystemClock())


def about(node: str, number: int = 0) -> Event:
    return Event(EventKind.NODE_CHANGED, "", 1.0, node, details={"number": number})


async def take(subscription: Reader, count: int) -> list[Event]:
    async with asyncio.timeout(20):
        return [await anext(subscription) for _ in range(count)]


async def test_an_event_comes_back_with_its_place(events: Events):
    published = await events.publish(EVENT)
    assert published.sequence == 1
    assert await events.history() == [published]
    assert published.details == EVENT.details


async def test_the_clock_fills_in_the_time(events: Events):
    before = SystemClock().now()
    published = await events.publish(Event(EventKind.NODE_ADDED, "", 0))
    assert before <= published.at <= SystemClock().now()


async def test_a_subscriber_sees_what_comes_from_now_on(events: Events):
    await events.publish(about("before"))
    subscription = events.subscribe()
    for number in range(3):
        await events.publish(about("n1", number))
    assert [event.details["number"] for event in await take(subscription, 3)] == [0, 1, 2]


async def test_a_subscriber_who_comes_back_catches_up_without_gap_or_repetition(events: Events):
    for number in range(1000):
        await events.publish(about("n1", number))
    subscription = events.subscribe(after=300)
    publishing = asyncio.gather(*(events.publish(about("n1", 1000 + n)) for n in range(200)))
    assert [event.sequence for event in await take(subscription, 900)] == list(range(301, 1201))
    await publishing


async def test_a_subscriber_from_before_a_restart_catches_up(events: Events, store: Store):
    first = await events.publish(about("n1"))
    second = await events.publish(about("n2"))
    assert await take(Events(store, SystemClock()).subscribe(after=first.sequence), 1) == [second]


async def test_every_subscriber_sees_the_same_order(events: Events):
    subscriptions = [events.subscribe() for _ in range(5)]
    await asyncio.gather(*(events.publish(about(f"n{n}")) for n in range(100)))
    seen = [await take(subscription, 100) for subscription in subscriptions]
    assert [event.sequence for event in seen[0]] == list(range(1, 101))
    assert all(each == seen[0] for each in seen)


async def test_giving_up_a_wait_loses_nothing(events: Events):
    subscription = events.subscribe()
    for number in range(20):
        waiting = asyncio.ensure_future(anext(subscription))
        for _ in range(number):
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    publishing = [asyncio.ensure_future(events.publish(about("n1", n))) for n in range(300)]
    seen: list[Event] = []
    while len(seen) < 300:
        try:
            seen.append(await asyncio.wait_for(anext(subscription), 0.0005))
        except TimeoutError:
            continue
    assert [event.sequence for event in seen] == list(range(1, 301))
    await asyncio.gather(*publishing)


async def test_a_reader_that_never_reads_holds_no_more_than_a_batch(events: Events):
    slow, quick = events.subscribe(), events.subscribe()
    await events.publish(about("n1"))
    await take(slow, 1)
    for number in range(2000):
        await events.publish(about("n1", number))
    await take(slow, 1)
    assert len(slow._ready) <= bmc.events.BATCH
    assert len(await take(quick, 2001)) == 2001
    assert len(await take(slow, 1999)) == 1999


async def test_an_event_whose_publisher_gave_up_still_reaches_everybody(events: Events):
    subscription = events.subscribe()
    publishing = asyncio.ensure_future(events.publish(about("n1")))
    await asyncio.sleep(0)
    publishing.cancel()
    assert [event.node for event in await take(subscription, 1)] == ["n1"]


async def test_a_reader_who_left_is_forgotten(events: Events):
    subscription = events.subscribe()
    assert len(events._readers) == 1
    del subscription
    assert len(events._readers) == 0


async def test_the_history_of_one_node_is_its_last_events(events: Events):
    for number in range(10):
        await events.publish(about("n1" if number % 2 else "n2", number))
    assert [event.details["number"] for event in await events.history("n1", limit=3)] == [5, 7, 9]
    assert [event.details["number"] for event in await events.history("n1", after=7)] == [7, 9]
    assert [event.details["number"] for event in await events.history(limit=2)] == [8, 9]


@pytest.mark.parametrize(
    "stored", [{"kind": "node.teleported"}, {"kind": "node.changed"}, {**event_to_json(EVENT), "weight": 3}]
)
async def test_an_event_of_a_later_version_is_passed_over(events: Events, store: Store, stored: dict[str, Json]):
    subscription = events.subscribe(after=0)
    await store.append("events", stored)
    published = await events.publish(about("n1"))
    assert await take(subscription, 1) == [published] == await events.history()


async def test_old_events_make_room(events: Events, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bmc.events, "EVENTS_KEPT", 10)
    monkeypatch.setattr(bmc.events, "TRIM_EVERY", 20)
    for number in range(1, 41):
        await events.publish(about("n1", number))
    assert [event.sequence for event in await events.history(limit=1000)] == list(range(31, 41))
    assert [event.sequence for event in await take(events.subscribe(after=5), 2)] == [31, 32]
    assert (await events.get(30), (await take(events.subscribe(after=30), 1))[0]) == (None, await events.get(31))


async def test_what_could_not_be_stored_is_seen_by_nobody(tmp_path: Path):
    async with Store.open(tmp_path / "store.db") as store:
        events = Events(store, SystemClock())
        subscription = events.subscribe()
    with pytest.raises(StoreFailed):
        await events.publish(EVENT)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(anext(subscription), 0.05)


async def test_the_audit_names_who_did_what_by_which_door_from_where_and_how_it_ended(store: Store):
    audit = Audit(store, SystemClock())
    await audit.record(CALLER, "power", "n1", "WrongState: n1 is off", {"power": "PowerCycle"})
    (record,) = await audit.read()
    assert (record.account, record.role, record.door, record.address) == ("admin", Role.OPERATOR, Door.WEB, "10.0.0.1")
    assert (record.request_id, record.job) == ("request-1", "job-1")
    assert (record.action, record.target, record.outcome) == ("power", "n1", "WrongState: n1 is off")
    assert record.details == {"power": "PowerCycle"}
    assert abs(record.at - SystemClock().now()) < 60


async def test_the_audit_takes_whatever_a_stranger_calls_his_target(store: Store):
    audit = Audit(store, SystemClock())
    await audit.record(CALLER, "power", "\ud800\x00", "NotFound")
    assert [record.target for record in await audit.read()] == ["\ud800\x00"]


async def test_an_account_that_bears_a_nodes_name_is_no_node_in_the_audit(store: Store):
    audit = Audit(store, SystemClock())
    await audit.record(CALLER, "power", "n1", "ok")
    await audit.record(CALLER, "sign-in", "n1", "ok", kind=Target.ACCOUNT)
    await audit.record(CALLER, "power-sweep", "", "ok")
    assert [(record.kind, record.target) for record in await audit.read()] == [
        (Target.NODE, "n1"),
        (Target.ACCOUNT, "n1"),
        (Target.SERVICE, ""),
    ]
    assert [record.action for record in await audit.newest(node="n1")] == ["power"]


async def test_what_one_account_is_refused_pushes_out_nothing_of_others(store: Store):
    audit = Audit(store, SystemClock())
    await audit.record(CALLER, "power", "n1", "ok")
    for number in range(20):
        path = f"/redfish/v1/Systems/{number}{'x' * 8000}"
        await audit.record(CALLER, f"PATCH {path}", path, "Denied", kind=Target.PATH)
    await store.trim("audit", 4)
    kept = await audit.read()
    assert [record.action.partition(" ")[0] for record in kept] == ["power", "PATCH", "PATCH", "PATCH"]
    assert len(kept[-1].target) == len(kept[-1].action) == 256


async def test_who_is_refused_without_end_is_counted_and_what_was_done_is_always_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    audit = Audit(store, SystemClock())
    monkeypatch.setattr("bmc.events.PACED_AT_ONCE", 2)
    for _ in range(9):
        await audit.record(CALLER, "power", "n1", "Denied", {"action": "ForceOff"})
        await audit.record(CALLER, "power", "n1", "done")
        await audit.record(replace(CALLER, account="vera"), "power", "n2", "OutcomeUnknown")
    await audit.record(CALLER, "power", "n2", "Denied")
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: time.monotonic() + 400)
    for _ in range(2):
        await audit.record(CALLER, "power", "n1", "Denied", {"action": "On"})
    records = await audit.read(0, 100)
    assert [record.details for record in records if record.outcome == "Denied"] == [
        {"action": "ForceOff"},
        {"action": "ForceOff"},
        {},
        {"action": "On", "held_back": 7},
    ]
    assert [record.outcome for record in records if record.outcome != "Denied"] == ["done", "OutcomeUnknown"] * 9


async def test_what_was_held_back_is_told_when_the_pause_is_over_though_nothing_more_comes(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    clock = HandClock()
    audit = Audit(store, clock)
    monkeypatch.setattr("bmc.events.PACED_AT_ONCE", 2)
    for number in range(5):
        await audit.record(CALLER, "power", "n1", "Denied", {"action": "On"})
        await audit.record(CALLER, "open-screen", "n1", "done", {"number": number}, often=True)
    began = clock.now()
    telling = asyncio.create_task(audit.tell_held())
    await clock.advance(60)
    assert len(await audit.read()) == 4
    for _ in range(10):
        await clock.advance(30)
    async with asyncio.timeout(10):
        while len(await audit.read(4)) < 2:  # noqa: ASYNC110 - it has no event of its own
            await asyncio.sleep(0.01)
    refused, looked = await audit.read(4)
    assert (refused.outcome, refused.details) == ("Denied", {"action": "On", "held_back": 2})
    assert (looked.details, looked.at) == ({"number": 4, "held_back": 2}, began)
    await clock.advance(3000)
    assert len(await audit.read()) == 6
    telling.cancel()
    await asyncio.wait({telling})


async def test_what_is_held_back_of_a_node_is_never_told_of_a_new_one_of_its_name(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    audit = Audit(store, SystemClock())
    monkeypatch.setattr("bmc.events.PACED_AT_ONCE", 1)
    for _ in range(3):
        await audit.record(CALLER, "power", "n1", "Denied")
    await audit.put_away("n1")
    await audit.record(CALLER, "power", "n1", "Denied")
    await audit.close()
    assert len(await audit.newest(node="n1")) == 1
    assert [record.details for record in await audit.read()] == [{}, {"held_back": 1}, {}]


async def test_what_is_held_back_when_the_service_ends_is_told_then(store: Store, monkeypatch: pytest.MonkeyPatch):
    audit = Audit(store, SystemClock())
    monkeypatch.setattr("bmc.events.PACED_AT_ONCE", 1)
    for _ in range(3):
        await audit.record(CALLER, "power", "n1", "Denied")
    await audit.close()
    assert [record.details for record in await audit.read()] == [{}, {"held_back": 1}]


@pytest.mark.parametrize(
    ("action", "target", "kind"),
    [
        ("power", "n1", Target.NODE),
        ("change-ipmi-user", "n1", Target.NODE),
        ("sign-in", "n1", Target.ACCOUNT),
        ("delete-account", "n1", Target.ACCOUNT),
        ("change-aggregate", "aggregate 7", Target.AGGREGATE),
        ("unsubscribe", "7", Target.SUBSCRIPTION),
        ("suspend-subscription", "7", Target.SUBSCRIPTION),
        ("subscribe", "/redfish/v1/EventService/Subscriptions", Target.PATH),
        ("POST /redfish/v1/Systems", "/redfish/v1/Systems", Target.PATH),
        ("power-sweep", "", Target.SERVICE),
    ],
)
async def test_an_audit_record_of_before_targets_had_a_kind_is_still_told_right(
    store: Store, action: str, target: str, kind: Target
):
    stored: dict[str, Json] = {
        "at": 1.0,
        "account": "admin",
        "role": "Operator",
        "door": "web",
        "address": "",
        "request_id": "",
    }
    stored |= {"job": "", "action": action, "target": target, "outcome": "ok", "details": {}}
    await store.append("audit", stored, subject=target)
    audit = Audit(store, SystemClock())
    assert [record.kind for record in await audit.read()] == [kind]
    assert len(await audit.newest(node="n1")) == (kind is Target.NODE)


async def test_the_audit_is_read_page_by_page_or_from_its_end(store: Store):
    audit = Audit(store, SystemClock())
    for number in range(10):
        await audit.record(CALLER, "power", f"n{number % 2}", "ok")
    assert [record.sequence for record in await audit.read(after=3, limit=2)] == [4, 5]
    assert [record.sequence for record in await audit.newest(limit=2, node="n0")] == [7, 9]


async def test_a_follower_goes_on_after_a_restart_where_it_was(store: Store) -> None:
    events = Events(store, SystemClock())
    await events.publish(about("n1", 0))
    follower = await events.follow("hook")
    for number in (1, 2, 3):
        await events.publish(about("n1", number))
    batch = await follower.next()
    assert ([event.details["number"] for event in batch.events], batch.last, batch.missed) == ([1, 2, 3], 4, 0)
    await follower.done(batch.events[0].sequence)
    again = await (await Events(store, SystemClock()).follow("hook")).next()
    assert [event.details["number"] for event in again.events] == [2, 3]
    assert await events.followers() == ["hook"]
    await events.forget("hook")
    assert await events.followers() == []


async def test_a_waiting_follower_is_woken(events: Events) -> None:
    follower = await events.follow("hook")
    waiting = asyncio.ensure_future(follower.next())
    await asyncio.sleep(0)
    told = await events.publish(about("n1"))
    async with asyncio.timeout(5):
        assert (await waiting).last == told.sequence


async def test_a_follower_is_told_what_it_missed(store: Store, events: Events) -> None:
    follower = await events.follow("hook")
    for number in range(5):
        await events.publish(about("n1", number))
    await store.trim("events", 2)
    batch = await follower.next()
    assert (batch.missed, [event.details["number"] for event in batch.events]) == (3, [3, 4])


async def test_an_event_of_a_node_in_maintenance_says_so_for_good(store: Store, events: Events) -> None:
    events.set_maintenance("n1", True)
    held, other = await events.publish(about("n1")), await events.publish(about("n2"))
    beginning = await events.publish(Event(EventKind.RESERVED, "", 0, "n1"))
    events.set_maintenance("n1", False)
    after = await events.publish(about("n1"))
    assert [event.maintenance for event in (held, other, beginning, after)] == [True, False, False, False]
    assert [event.maintenance for event in await events.history()] == [True, False, False, False]
