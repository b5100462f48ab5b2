"""A console by SSH: what is printed and typed, the escapes, and every way it ends."""

import asyncio
import time

import asyncssh
import pytest

from bmc.model.clock import SystemClock
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.ssh import console as console_module
from bmc.ssh import line as line_module
from tests.redfish.service import Service
from tests.ssh.conftest import Clients
from tests.world import ADMIN, until


async def test_what_was_printed_comes_first_then_what_is_and_typing_reaches_the_server(
    service: Service, clients: Clients
) -> None:
    line = service.drivers.lines["n1"]
    async with clients.ssh("n1", key="olga") as terminal:
        await terminal.expect(b"printed before", 30)
        line.stream.incoming.put_nowait(b"login: ")
        await terminal.expect(b"login: ")
        terminal.type(b"root\r\x03\x05")
        terminal.type(b"x\xff\x00")
        await until(lambda: bytes(line.stream.written) == b"root\r\x03\x05x\xff\x00", 10)


async def test_no_key_passes_once_the_session_has_idled_out(
    service: Service, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        monkeypatch.setattr(SystemClock, "now", lambda _: time.time() + 31 * 60)
        console.type(b"root\r")
        assert b"the session has ended" in (await console.ended())[0]
    assert service.drivers.lines["n1"].stream.written == b""


async def test_no_more_than_a_screenful_comes_before(service: Service, clients: Clients) -> None:
    line = service.drivers.lines["n1"]
    line.stream.incoming.put_nowait(b"".join(b"line %d\r\n" % number for number in range(5000)))
    async with clients.console("n2", "olga") as other:
        await other.expect(b"printed before")
    async with clients.console("n1", "olga") as console:
        printed = await console.expect(b"line 4999\r\n")
        assert len(printed) < 5000


async def test_the_escapes_are_those_of_every_console(service: Service, clients: Clients) -> None:
    line = service.drivers.lines["n1"]
    async with clients.ssh("n1", key="olga") as terminal:
        await terminal.expect(b"printed before", 30)
        terminal.type(b"\x05c?")
        await terminal.expect(b"^Ecl0  send a break")
        terminal.type(b"\x05cw")
        await terminal.expect(b"[bmc: olga (ssh) since 20")
        await terminal.expect(b": types, you]")
        terminal.type(b"\x05cl0")
        await until(lambda: line.breaks == 1, 10)
        line.stream.incoming.put_nowait(b"where \x1b[6n is it")
        await terminal.expect(b"where \x1b[6n is it")
        terminal.type(b"\x05cr")
        await terminal.expect(b"where  is it")
        terminal.type(b"\x05cz\x05c\x05")
        await terminal.expect(b"nothing was done")
        await until(lambda: bytes(line.stream.written) == b"\x05c", 10)
        terminal.type(b"\x05c.")
        assert await terminal.ended() == 0


async def test_the_break_of_ssh_itself_is_one_too(service: Service, clients: Clients) -> None:
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        console.process.send_break(500)
        await until(lambda: service.drivers.lines["n1"].breaks == 1, 10)
    async with clients.ssh("n1", key="olga") as terminal:
        await terminal.expect(b"printed before", 30)
        terminal.type(b"\r~B")
        await until(lambda: service.drivers.lines["n1"].breaks == 2, 10)


async def test_a_log_of_a_console_needs_no_terminal(service: Service, clients: Clients) -> None:
    async with clients.ssh("n1", "-n", "-T", key="olga") as terminal:
        await terminal.expect(b"printed before", 30)
        service.drivers.lines["n1"].stream.incoming.put_nowait(b"still printed")
        await terminal.expect(b"still printed")


async def test_who_is_here_names_everybody_and_the_door(service: Service, clients: Clients) -> None:
    async with clients.console("n1", "olga") as first, clients.console("n1", "vera") as second:
        await first.expect(b"printed before")
        await second.expect(b"is for Operators")
        first.type(b"\x05cw")
        await first.expect(b": types, you]\r\n[bmc: vera (ssh) since 20")


async def test_one_keyboard_is_told_taken_over_let_go_of_and_passed_on(service: Service, clients: Clients) -> None:
    line = service.drivers.lines["n1"]
    async with clients.console("n1", "olga") as olga, clients.console("n1", "vera") as vera:
        await olga.expect(b"printed before")
        await vera.expect(b"olga (ssh) has the keyboard: you only watch]")
        async with clients.console("n1", "olga") as second:
            await second.expect(b"has the keyboard: you only watch; ^Ecf takes it over")
            second.type(b"halt\r")
            await second.expect(b"take it over to type")
            second.type(b"\x05cf")
            await second.expect(b"the keyboard is yours")
            await olga.expect(b"olga (ssh) has the keyboard: you only watch; ^Ecf takes it over")
            second.type(b"ls\r")
            await until(lambda: bytes(line.stream.written) == b"ls\r", 10)
            second.type(b"\x05cs")
            await olga.expect(b"the keyboard is yours")
            await second.expect(b"has the keyboard: you only watch")
        vera.type(b"\x05cf")
        await vera.expect(b"vera may not type here: that takes the role Operator")
        olga.type(b"\x05cs")
        await olga.expect(b"nobody has the keyboard; ^Ecf takes it")


async def test_a_viewer_types_nothing_and_is_told_so_once(service: Service, clients: Clients) -> None:
    line = service.drivers.lines["n1"]
    async with clients.console("n1", "vera") as console:
        await console.expect(b"you only look")
        for text in (b"reboot\r", b"\x05cl0", b"x"):
            console.type(text)
            line.stream.incoming.put_nowait(b"tick")
            await console.expect(b"tick")
        console.type(b"\x05cpoy")
        await console.expect(b"takes the role Operator; vera has ReadOnly")
        console.type(b"\x05c.")
        printed, status = await console.ended()
        assert status == 0
        assert b"you only look" not in printed
    assert (bytes(line.stream.written), line.breaks) == (b"", 0)
    assert service.drivers.servers["n1"].asked == []


async def test_power_keys_ask_by_the_nodes_name_and_do_what_was_confirmed(service: Service, clients: Clients) -> None:
    server = service.drivers.servers["n1"]
    async with clients.ssh("n1", key="olga") as terminal:
        await terminal.expect(b"n1 is Off; this console waits", 30)
        terminal.type(b"\x05cp")
        await terminal.expect(b"n1 is Off; o power on")
        terminal.type(b"o")
        await terminal.expect(b"n1: power on? y does it")
        terminal.type(b"\r")
        await terminal.expect(b"nothing was done")
        assert server.asked == []
        terminal.type(b"\x05cpoy")
        await terminal.expect(b"n1: On accepted; it is On")
        await terminal.expect(b"n1 is On]")
        server.obeys_acpi = False
        terminal.type(b"\x05cpsy")
        await terminal.expect(b"n1: GracefulShutdown accepted")
        terminal.type(b"\x05cpfy")
        await terminal.expect(b"n1 is Off; this console waits")
        terminal.type(b"\x05cpry")
        await terminal.expect(b"ForceRestart makes no sense while n1 is Off")
        terminal.type(b"\x05c.")
        assert await terminal.ended() == 0
    assert server.asked[0] is PowerAction.ON
    (record, *_) = [each for each in await service.world.audit.newest(50) if each.action == "power"]
    assert (record.account, record.door.value, record.address) == ("olga", "ssh", "127.0.0.1")


async def test_a_power_action_goes_on_when_who_asked_for_it_leaves(service: Service, clients: Clients) -> None:
    server = service.drivers.servers["n1"]
    server.gate.clear()
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        console.type(b"\x05cpoy")
        await until(lambda: server.asked == [PowerAction.ON], 10)
        console.type(b"\x05c.")
        await console.ended()
    server.gate.set()
    await until(lambda: server.state is PowerState.ON, 10)


async def test_a_node_that_goes_off_is_waited_for(service: Service, clients: Clients) -> None:
    server = service.drivers.servers["n1"]
    server.become(PowerState.ON, PowerCause.OBSERVED)
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        await until(lambda: service.world.fleet.node("n1").snapshot.power is PowerState.ON, 10)
        server.become(PowerState.OFF, PowerCause.GUEST_SHUTDOWN)
        await console.expect(b"n1 is Off; this console waits until it is on")
        server.become(PowerState.ON, PowerCause.OBSERVED)
        await console.expect(b"n1 is On")
        service.drivers.lines["n1"].stream.incoming.put_nowait(b"booting\r\n")
        await console.expect(b"booting")


async def test_typing_at_a_node_that_is_off_is_told_and_ends_nothing(service: Service, clients: Clients) -> None:
    service.drivers.lines["n1"].off = True
    await service.world.fleet.change("n1", {"opened": "anew"}, ADMIN)
    async with clients.console("n1", "olga") as console:
        await console.expect(b"this console waits")
        console.type(b"abc")
        await console.expect(b"power it on first")
        console.type(b"\x05c.")
        printed, status = await console.ended()
        assert (printed, status) == (b"]\r\n", 0)


@pytest.mark.parametrize("change", [{"RoleId": "ReadOnly"}, {"Enabled": False}, None])
async def test_a_console_ends_with_the_account_its_role_or_its_session(
    service: Service, clients: Clients, change: object
) -> None:
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        path = "/redfish/v1/AccountService/Accounts/olga"
        answer = await (service.call("PATCH", path, change) if change else service.call("DELETE", path))
        assert answer.status in (200, 204)
        printed, status = await console.ended()
        assert b"lost its rights" in printed
        assert status == 1
        async with asyncio.timeout(10):
            await console.connection.wait_closed()


async def test_a_key_that_is_removed_ends_what_it_opened(service: Service, clients: Clients) -> None:
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        (key,) = (await service.get("/redfish/v1/AccountService/Accounts/olga/Keys"))["Members"]
        assert (await service.call("DELETE", key["@odata.id"])).status == 204
        assert b"lost its rights" in (await console.ended())[0]


async def test_a_scope_that_leaves_the_node_and_a_node_that_is_removed_end_it(
    service: Service, clients: Clients
) -> None:
    async with clients.console("n1", "tina") as console:
        await console.expect(b"printed before")
        scope = {"Oem": {"Lightsout": {"Scope": {"Nodes": ["n2"]}}}}
        assert (await service.call("PATCH", "/redfish/v1/AccountService/Accounts/tina", scope)).status == 200
        assert b"lost its rights" in (await console.ended())[0]
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        assert (await service.call("DELETE", "/redfish/v1/Systems/n1")).status == 204
        assert b"the node was changed or removed" in (await console.ended())[0]


async def test_whoever_stays_away_too_long_is_signed_out_and_typing_keeps_one(
    service: Service, clients: Clients
) -> None:
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        (opened,) = service.accounts._sessions._by_hash.values()
        opened.used -= 29 * 60
        console.type(b"x")
        await until(lambda: service.drivers.lines["n1"].stream.written == b"x", 10)
        assert service.accounts._clock.now() - opened.used < 60
        opened.used -= 31 * 60
        await service.accounts.sweep()
        assert b"the session has ended" in (await console.ended())[0]


async def test_nothing_but_a_console_is_to_be_had(service: Service, clients: Clients) -> None:
    async with await clients.connect("n1", "admin") as connection:
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process("id")
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.start_sftp_client()
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_connection("127.0.0.1", service.server.port)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.open_unix_connection("/run/x")
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("127.0.0.1", 0, "127.0.0.1", 1)


async def test_one_connection_has_so_many_consoles(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_module, "MOST_CONSOLES", 2)
    async with await clients.connect("n1", "olga") as connection:
        first = await connection.create_process(encoding=None)
        await connection.create_process(encoding=None)
        with pytest.raises(asyncssh.ChannelOpenError):
            await connection.create_process(encoding=None)
        first.stdin.write(b"\x05c.")
        await asyncio.wait_for(first.wait(), 10)
        again = await connection.create_process(encoding=None)
        await asyncio.wait_for(again.stdout.readuntil(b"printed before"), 10)


async def test_who_reads_a_pipe_or_changes_the_window_sees_all_the_same(service: Service, clients: Clients) -> None:
    async with await clients.connect("n1", "olga") as connection:
        process = await connection.create_process(encoding=None)
        process.stdin.write_eof()
        await asyncio.wait_for(process.stdout.readuntil(b"printed before"), 10)
        process.change_terminal_size(0, 0)
        process.change_terminal_size(2**31, 2**31)
        process.send_signal("INT")
        service.drivers.lines["n1"].stream.incoming.put_nowait(b"still here")
        await asyncio.wait_for(process.stdout.readuntil(b"still here"), 10)


async def test_leaving_is_heeded_while_the_line_takes_nothing(
    service: Service, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, stuck = service.drivers.lines["n1"].stream, asyncio.Event()

    async def write(data: bytes) -> None:
        stuck.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(stream, "write", write)
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        console.type(b"x")
        await asyncio.wait_for(stuck.wait(), 10)
        console.type(b"y\x05c.")
        assert (await console.ended())[1] == 0


async def test_who_types_faster_than_the_line_takes_it_waits(
    service: Service, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream, go = service.drivers.lines["n1"].stream, asyncio.Event()
    written, write = bytearray(), stream.write

    async def slow(data: bytes) -> None:
        await go.wait()
        written.extend(data)
        await write(data)

    monkeypatch.setattr(stream, "write", slow)
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        pasted = bytes(range(32, 127)) * 20_000
        console.type(pasted)
        await asyncio.sleep(0.5)
        (there,) = service.ssh._crowd.signed_in
        assert there._consoles[0]._waiting < 4 * console_module.MOST_TYPED
        go.set()
        await until(lambda: len(written) == len(pasted), 60)
        assert bytes(written) == pasted


async def test_the_end_of_the_service_is_told(service: Service, clients: Clients) -> None:
    async with clients.console("n1", "olga") as console:
        await console.expect(b"printed before")
        ending = asyncio.create_task(service.ssh.__aexit__(None, None, None))
        printed, status = await console.ended()
        assert b"the service is stopping" in printed
        assert status == 1
        await ending
    with pytest.raises(OSError):
        await clients.connect("n1", "olga")
