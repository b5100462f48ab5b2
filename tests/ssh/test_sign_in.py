"""Who signs in at the SSH door, and how: by OpenSSH's client and by asyncssh's."""

import asyncio
from pathlib import Path

import asyncssh
import pytest

from bmc.accounts import Limits
from bmc.events import AuditRecord
from bmc.model.caller import Door
from bmc.model.events import EventKind
from bmc.model.ssh_key import SshKey
from bmc.ssh import line
from tests.redfish.service import PASSWORDS, Service, open_service
from tests.ssh.conftest import Clients, clients_of
from tests.world import until


async def test_a_key_says_who_one_is_and_the_user_name_which_node(service: Service, clients: Clients) -> None:
    async with clients.ssh("n1", key="olga") as terminal:
        await terminal.expect(b"[bmc: n1: ^Ec. leaves", 30)
        await terminal.expect(b"printed before")
        (session,) = service.accounts.sessions()
        shown = await service.get(f"/redfish/v1/SessionService/Sessions/{session.id}")
        assert (shown["UserName"], shown["SessionType"]) == ("olga", "HostConsole")
        terminal.type(b"\x05c.")
        assert await terminal.ended() == 0
    await until(lambda: not service.accounts.sessions(), 10)
    async with asyncio.timeout(10):
        while len(signed := await by_ssh(service)) < 3:  # noqa: ASYNC110 - the audit has no event
            await asyncio.sleep(0.01)
    told = [(each.account, each.action, each.target) for each in signed]
    assert told == [("olga", "sign-in", "olga"), ("olga", "open-serial", "n1"), ("olga", "sign-out", "olga")]


async def test_metrics_tell_who_signed_in_and_who_did_not(service: Service, clients: Clients) -> None:
    async with clients.console("olga+n1", password=PASSWORDS["olga"]):
        with pytest.raises(asyncssh.PermissionDenied):
            await clients.connect("olga+n1", password="wrong", preferred_auth="password")
        await until(lambda: service.ssh.counters["unsigned"] == 1, 30)
        text = (await service.call("GET", "/metrics", as_="vera")).body
    assert 'lightsout_sessions{door="ssh"} 1.0' in text
    assert 'lightsout_sessions{door="web"} 0.0' in text
    seen = {"connections": 2, "signed-in": 1, "refused": 1, "unsigned": 1}
    assert all(f'lightsout_ssh_seen_total{{what="{what}"}} {number}.0' in text for what, number in seen.items())


async def by_ssh(service: Service) -> list[AuditRecord]:
    return [each for each in await service.world.audit.newest(50) if each.door is Door.SSH]


async def test_without_a_key_it_asks_for_the_account_and_its_password(clients: Clients) -> None:
    async with clients.ssh("n1") as terminal:
        await terminal.expect(b"Account: ", 30)
        terminal.type(b"olga\r")
        await terminal.expect(b"Password: ")
        terminal.type(b"wrong password\r")
        await terminal.expect(b"Account: ")
        terminal.type(b"olga\r")
        await terminal.expect(b"Password: ")
        terminal.type(PASSWORDS["olga"].encode() + b"\r")
        await terminal.expect(b"printed before", 30)


async def test_the_account_may_stand_before_the_node(clients: Clients) -> None:
    async with clients.ssh("olga+n1") as terminal:
        await terminal.expect(b"Password: ", 30)
        terminal.type(PASSWORDS["olga"].encode() + b"\r")
        await terminal.expect(b"printed before", 30)
    async with clients.console("olga+n1", password=PASSWORDS["olga"], preferred_auth="password") as console:
        await console.expect(b"printed before")
    async with clients.console("olga+n1", key="olga") as console:
        await console.expect(b"printed before")


@pytest.mark.parametrize(
    ("user", "key", "more"),
    [
        ("olga+n1", "vera", {}),
        ("n1", "", {"password": "battery staple"}),
        ("olga+n1", "", {"password": "wrong"}),
        ("nobody+n1", "", {"password": "battery staple"}),
        ("n1", "", {}),
    ],
)
async def test_who_shows_nothing_right_is_refused(clients: Clients, user: str, key: str, more: dict[str, str]) -> None:
    with pytest.raises(asyncssh.PermissionDenied):
        await clients.connect(user, key, **more)


async def test_a_strangers_key_and_the_key_of_a_disabled_account_are_refused(
    service: Service, clients: Clients, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(stranger)
    clients.keys["stranger"] = stranger
    await service.accounts.change("olga", enabled=False)
    for name in ("stranger", "olga"):
        with pytest.raises(asyncssh.PermissionDenied):
            await clients.connect("n1", name)


async def test_another_ones_public_key_is_no_way_in(service: Service, clients: Clients) -> None:
    """The administrator's public key is offered, which is known; then vera's signs, or her password comes."""
    admin = asyncssh.read_private_key(clients.keys["admin"])
    vera = asyncssh.read_private_key(clients.keys["vera"])
    admin.sign = lambda data, sig_algorithm: vera.sign(data, sig_algorithm)  # type: ignore[method-assign]
    with pytest.raises(asyncssh.PermissionDenied):
        await clients.connect("n1", client_keys=[admin])
    async with await clients.connect("n1", client_keys=[admin, vera]):
        assert [each.account for each in service.accounts.sessions()] == ["vera"]
    await until(lambda: not service.accounts.sessions(), 10)

    class Person(asyncssh.SSHClient):
        def kbdint_auth_requested(self):
            return ""

        def kbdint_challenge_received(self, name, instructions, lang, prompts):
            return ["vera", PASSWORDS["vera"]]

    async with await clients.connect("n1", client_keys=[admin], client_factory=Person):
        await until(lambda: service.accounts.sessions(), 10)
        assert [each.account for each in service.accounts.sessions()] == ["vera"]


async def test_before_sign_in_no_node_is_told_from_another_and_afterwards_what_is_wrong_is_said(
    service: Service, clients: Clients
) -> None:
    for node in ("n9", "n2", "", "N 1"):
        with pytest.raises(asyncssh.PermissionDenied, match="Permission denied for user"):
            await clients.connect(f"tina+{node}", password="wrong")
        async with clients.console(f"tina+{node}", "tina") as console:
            printed, status = await console.ended()
            assert f"there is no node {node!r}".encode() in printed
            assert status == 1
    service.drivers.headless.add("n3")
    await service.world.add("n3")
    async with clients.console("n3", "olga") as console:
        assert b"n3 has no serial console" in (await console.ended())[0]


async def test_wrong_passwords_lock_as_at_the_other_doors(tmp_path: Path) -> None:
    async with open_service(tmp_path, limits=Limits(account_failures=2)) as service:
        await service.world.add("n1")
        clients = await clients_of(service, tmp_path)
        for _ in range(2):
            with pytest.raises(asyncssh.PermissionDenied):
                await clients.connect("olga+n1", password="wrong", preferred_auth="password")
        with pytest.raises(asyncssh.PermissionDenied):
            await clients.connect("olga+n1", password=PASSWORDS["olga"], preferred_auth="password")
        assert (await service.call("GET", "/redfish/v1/Systems", as_="olga")).status == 401
        assert len(await service.world.told(EventKind.ACCOUNT_LOCKED)) == 1
        async with clients.ssh("olga+n1") as terminal:
            await terminal.expect(b"Password: ", 30)
            terminal.type(PASSWORDS["olga"].encode() + b"\r")
            await terminal.expect(b"too many failed sign-ins; try again in")
        async with clients.console("n1", "olga") as console:  # a key cannot be guessed
            await console.expect(b"printed before")


async def test_one_connection_has_so_many_tries(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "TRIES", 2)
    asked: list[int] = []

    class Guesser(asyncssh.SSHClient):
        def password_auth_requested(self):
            asked.append(1)
            return "wrong"

    with pytest.raises(asyncssh.PermissionDenied, match="too many wrong passwords"):
        await clients.connect("olga+n1", client_factory=Guesser, preferred_auth="password")
    assert len(asked) == 2


async def test_a_key_of_any_common_kind_will_do_and_no_connection_by_sha1(
    service: Service, clients: Clients, tmp_path: Path
) -> None:
    for kind in ("ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp521"):
        private = asyncssh.generate_private_key(kind)
        clients.keys[kind] = tmp_path / kind
        private.write_private_key(clients.keys[kind])
        await service.accounts.keys.add("olga", SshKey.parse(private.export_public_key().decode()))
        async with clients.console("n1", kind) as console:
            await console.expect(b"printed before")
    with pytest.raises(asyncssh.KeyExchangeFailed):
        await clients.connect("n1", "olga", kex_algs="diffie-hellman-group14-sha1")
    with pytest.raises(asyncssh.KeyExchangeFailed):
        await clients.connect("n1", "olga", mac_algs="hmac-sha1", encryption_algs="aes256-ctr")
