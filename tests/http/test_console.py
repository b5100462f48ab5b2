"""Console WebSockets: bytes both ways, and every way they end."""

import asyncio
import json
import time
from typing import Any

import pytest
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType, WSServerHandshakeError

from bmc.events import AuditRecord
from bmc.http.keys import HOUSE
from bmc.http.server import SHUTDOWN_SECONDS
from bmc.model.caller import Role, Scope
from bmc.model.clock import SystemClock
from bmc.model.events import EventKind
from tests.redfish.service import Service
from tests.world import ADMIN, OPERATOR, MemoryStream, until

SCREEN, SERIAL = "/console/n1/screen", "/console/n1/serial"


async def connect(service: Service, path: str, name: str = "olga", **more: Any) -> ClientWebSocketResponse:
    token, _ = await service.token(name)
    headers = {"X-Auth-Token": token, "Origin": service.url}
    socket: ClientWebSocketResponse = await service.client.ws_connect(service.url + path, headers=headers, **more)
    return socket


async def screens(service: Service, count: int = 1) -> list[MemoryStream]:
    """Those of n1 that viewers have opened, once there are so many: who is let in is not yet at the screen."""
    opened = service.drivers.screens["n1"].opened
    await until(lambda: len(opened) == count)
    return list(opened)


async def ended(socket: ClientWebSocketResponse) -> tuple[int, str]:
    """(code, reason) of the close, whatever comes before."""
    async with asyncio.timeout(5):
        while (message := await socket.receive()).type in (WSMsgType.BINARY, WSMsgType.TEXT):
            continue
    assert message.type is WSMsgType.CLOSE, message
    return int(message.data), str(message.extra)


async def test_the_screens_bytes_go_both_ways_uncompressed(service: Service) -> None:
    socket = await connect(service, SCREEN, protocols=("binary",))
    assert socket.protocol == "binary"
    assert not socket.compress
    (screen,) = await screens(service)
    screen.incoming.put_nowait(b"RFB 003.008\n")
    assert await socket.receive_bytes() == b"RFB 003.008\n"
    await socket.send_bytes(b"RFB 003.008\n")
    await until(lambda: screen.written == b"RFB 003.008\n")
    await socket.close()
    await until(lambda: screen.closed)


async def test_a_viewer_sends_no_frame_that_keeps_the_service_busy(service: Service) -> None:
    socket = await connect(service, f"{SCREEN}?view=1", "vera")
    await socket.send_bytes(b"\xfa\x00\x01\x02" * (1 << 18))
    assert (await ended(socket))[0] == WSCloseCode.MESSAGE_TOO_BIG


async def test_the_serial_console_says_first_what_was_printed_before(service: Service) -> None:
    line = service.drivers.lines["n1"]
    socket = await connect(service, SERIAL)
    assert await socket.receive_bytes() == b"printed before\r\n"
    line.stream.incoming.put_nowait(b"login: ")
    assert await socket.receive_bytes() == b"login: "
    await socket.send_bytes(b"root\r")
    await until(lambda: line.stream.written == b"root\r")
    await socket.close()


async def test_what_was_printed_before_comes_ahead_of_the_news_of_who_is_there(service: Service) -> None:
    line = service.drivers.lines["n1"]
    line.stream.incoming.put_nowait(past := b"0123456789abcde\n" * 8192)
    await until(lambda: line.stream.incoming.empty())
    socket = await connect(service, f"{SERIAL}?viewers=1")
    assert await socket.receive_bytes() == past[-65536:]
    assert json.loads(await socket.receive_str())["type"] == "viewers"
    await socket.close()


async def test_a_break_is_sent_and_nonsense_is_told(service: Service) -> None:
    socket = await connect(service, SERIAL)
    await socket.receive_bytes()
    await socket.send_str('{"type": "break"}')
    await until(lambda: service.drivers.lines["n1"].breaks == 1)
    for nonsense in ("", "[]", "null", '{"type": "dance"}', "[" * 3000):
        await socket.send_str(nonsense)
        assert json.loads(await socket.receive_str())["type"] == "error"
    await socket.close()


async def test_a_viewer_sees_and_cannot_type(service: Service) -> None:
    socket = await connect(service, f"{SCREEN}?view=1", "vera")
    (screen,) = await screens(service)
    await socket.send_bytes(b"RFB 003.008\n" + b"\x01" + b"\x01")
    await socket.send_bytes(bytes((4, 1, 0, 0, 0, 0, 0, 65)))
    await until(lambda: screen.written == b"RFB 003.008\n\x01\x01")
    await asyncio.sleep(0.05)
    assert screen.written == b"RFB 003.008\n\x01\x01"
    await socket.close()
    refused = await connect(service, SCREEN, "vera")
    code, reason = await ended(refused)
    assert code == 4403
    assert "Operator" in reason


async def news(socket: ClientWebSocketResponse, kind: str) -> Any:
    """The next message of that kind; what else comes is passed over."""
    async with asyncio.timeout(30):
        while True:
            message = await socket.receive()
            assert message.type in (WSMsgType.TEXT, WSMsgType.BINARY), message
            if message.type is WSMsgType.TEXT and (told := json.loads(message.data))["type"] == kind:
                return told


async def who(socket: ClientWebSocketResponse, viewers: list[tuple[str, bool]]) -> Any:
    """Wait until these are told to watch, and which of them types."""
    while True:
        told = await news(socket, "viewers")
        if [(each["account"], each["types"]) for each in told["viewers"]] == viewers:
            return told


@pytest.mark.parametrize("path", [SERIAL, SCREEN])
async def test_two_browsers_contest_one_keyboard(service: Service, path: str) -> None:
    olga = await connect(service, f"{path}?viewers=1")
    told = await who(olga, [("olga", True)])
    (mine,) = told["viewers"]
    assert (mine["id"], mine["address"], mine["may_type"]) == (told["you"], "", True)
    admin = await connect(service, f"{path}?viewers=1", "admin")
    await who(olga, [("olga", True), ("admin", False)])
    told = await who(admin, [("olga", True), ("admin", False)])
    assert [each["address"] for each in told["viewers"]] == ["127.0.0.1"] * 2
    hers = (await service.get("/redfish/v1/Systems/n1", as_="vera"))["Oem"]["Lightsout"]["Viewers"]
    assert [each["Address"] for each in hers] == [None, None]
    viewers = (await service.get("/redfish/v1/Systems/n1"))["Oem"]["Lightsout"]["Viewers"]
    assert [each["Address"] for each in viewers] == ["127.0.0.1"] * 2
    kind = path.rpartition("/")[2].title()
    assert [(each["Console"], each["Account"], each["Types"]) for each in viewers] == [
        (kind, "olga", True),
        (kind, "admin", False),
    ]
    await admin.send_json({"type": "take"})
    assert (await news(olga, "taken"))["by"]["account"] == "admin"
    await who(admin, [("olga", False), ("admin", True)])
    audit = service.world.audit
    async with asyncio.timeout(30):
        while not (  # noqa: ASYNC110 - the store has no event of its own
            taken := [each for each in await audit.read(0, 100) if each.action == "take-keyboard"]
        ):
            await asyncio.sleep(0.01)
    assert [(each.account, each.details["from"]) for each in taken] == [("admin", "olga (redfish from 127.0.0.1)")]
    await admin.close()
    await who(olga, [("olga", True)])
    await olga.close()
    await until(lambda: not service.world.fleet.node("n1").snapshot.viewers)


async def test_no_watcher_is_told_to_have_the_keyboard_while_the_power_goes_off(service: Service) -> None:
    olga = await connect(service, f"{SCREEN}?viewers=1")
    await who(olga, [("olga", True)])
    admin = await connect(service, f"{SCREEN}?viewers=1", "admin")
    await who(admin, [("olga", True), ("admin", False)])
    hers, his = await screens(service, 2)
    hers.incoming.put_nowait(b"")
    await who(admin, [("admin", False)])
    his.incoming.put_nowait(b"")
    async with asyncio.timeout(30):
        assert [message async for message in admin if message.type is WSMsgType.TEXT] == []
    assert admin.close_code == 4409
    await until(lambda: not service.world.fleet.node("n1").snapshot.viewers)


async def test_only_the_keys_of_who_has_the_keyboard_reach_a_screen(service: Service) -> None:
    begin, key, lifted = b"RFB 003.008\n\x01\x01", bytes((4, 1, 0, 0, 0, 0, 0, 65)), bytes((4, 0, 0, 0, 0, 0, 0, 65))
    olga, admin = await connect(service, SCREEN), await connect(service, f"{SCREEN}?viewers=1", "admin")
    hers, his = await screens(service, 2)
    await olga.send_bytes(begin + key)
    await admin.send_bytes(begin + key)
    await until(lambda: hers.written == begin + key and his.written == begin)
    await admin.send_json({"type": "take"})
    await until(lambda: hers.written == begin + key + lifted)
    await admin.send_bytes(key)
    await olga.send_bytes(key)
    await until(lambda: his.written == begin + key)
    await olga.close()
    assert hers.written == begin + key + lifted
    await admin.close()


async def test_who_only_watches_a_line_is_told_so_when_typing(service: Service) -> None:
    olga, admin = await connect(service, SERIAL), await connect(service, SERIAL, "admin")
    await admin.send_bytes(b"reboot\r")
    assert "olga (redfish from 127.0.0.1) has the keyboard" in (await news(admin, "error"))["reason"]
    tina = await connect(service, SERIAL, "tina")
    await tina.send_bytes(b"reboot\r")
    assert "olga (redfish) has the keyboard" in (await news(tina, "error"))["reason"]
    await tina.close()
    await admin.send_json({"type": "break"})
    assert "take it over" in (await news(admin, "error"))["reason"]
    await olga.send_json({"type": "release"})
    await until(lambda: [each.types for each in service.world.fleet.node("n1").snapshot.viewers] == [False, True])
    await admin.send_bytes(b"ls\r")
    line = service.drivers.lines["n1"]
    await until(lambda: line.stream.written == b"ls\r")
    assert line.breaks == 0
    await olga.close()
    await admin.close()


async def test_a_viewer_cannot_take_the_keyboard(service: Service) -> None:
    for path in (SERIAL, SCREEN):
        vera = await connect(service, f"{path}?view=1", "vera")
        await vera.send_json({"type": "take"})
        assert "Operator" in (await news(vera, "error"))["reason"]
        await vera.close()


async def test_a_viewer_sees_what_is_printed_from_now_on_and_nothing_of_before(service: Service) -> None:
    """Typed secrets may stand in it: the log of the line takes an Operator too."""
    vera = await connect(service, f"{SERIAL}?view=1", "vera")
    assert b"for Operators" in await vera.receive_bytes()
    service.drivers.lines["n1"].stream.incoming.put_nowait(b"login: ")
    assert await vera.receive_bytes() == b"login: "
    olga = await connect(service, f"{SERIAL}?view=1", "olga")
    assert await olga.receive_bytes() == b"printed before\r\nlogin: "
    for socket in (vera, olga):
        await socket.close()


async def test_without_being_asked_for_news_are_not_sent(service: Service) -> None:
    plain = await connect(service, SERIAL)
    other = await connect(service, SERIAL, "admin")
    await other.send_json({"type": "take"})
    await until(lambda: [each.types for each in service.world.fleet.node("n1").snapshot.viewers] == [False, True])
    service.drivers.lines["n1"].stream.incoming.put_nowait(b"login: ")
    assert await plain.receive_bytes() == b"printed before\r\n"
    assert await plain.receive_bytes() == b"login: "
    await plain.close()
    await other.close()


async def test_a_console_beyond_ones_scope_or_of_no_node_is_refused(service: Service) -> None:
    await service.world.add("n2")
    for name in ("n2", "n9"):  # whether there is such a node is not to be learned
        refused = await ended(await connect(service, f"/console/{name}/screen", "tina"))
        assert refused == (4404, f"there is no node {name!r}")


async def test_typing_at_a_node_that_is_off_is_told_and_ends_nothing(service: Service) -> None:
    line = service.drivers.lines["n1"]
    line.off = True
    await service.world.fleet.change("n1", {"opened": "anew"}, ADMIN)
    socket = await connect(service, SERIAL)
    await socket.send_bytes(b"x")
    while (message := await socket.receive(5)).type is not WSMsgType.TEXT:
        continue
    assert "power it on" in json.loads(message.data)["reason"]
    assert not socket.closed
    await socket.close()


async def test_one_account_cannot_take_all_consoles(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bmc.redfish.closing.MOST_OF_ONE", 1)
    first = await connect(service, SERIAL)
    await first.receive_bytes()
    second = await connect(service, SERIAL)
    assert (await ended(second))[0] == 1013
    other = await connect(service, SERIAL, "admin")
    await other.receive_bytes()
    for socket in (first, other):
        await socket.close()


async def test_who_opens_a_console_to_look_without_end_is_counted_and_who_types_is_told_each_time(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bmc.events.PACED_AT_ONCE", 2)
    world, node = service.world, service.world.fleet.node("n1")

    async def visit(path: str, name: str) -> None:
        socket = await connect(service, path, name)
        await socket.receive_bytes()
        await socket.close()
        await until(lambda: not node.snapshot.viewers)

    for path, name in ((f"{SERIAL}?view=1", "vera"), (SERIAL, "olga")):
        for _ in range(4):
            await visit(path, name)
    monkeypatch.setattr(SystemClock, "monotonic", lambda _: time.monotonic() + 400)
    await visit(f"{SERIAL}?view=1", "vera")
    await world.heard(EventKind.CONSOLE_CLOSED, 7)
    opened = [each for each in await world.audit.read(0, 100) if each.action == "open-serial"]
    assert [(each.account, dict(each.details)) for each in opened] == [
        *[("vera", {"writable": False})] * 2,
        *[("olga", {"writable": True})] * 4,
        ("vera", {"writable": False, "held_back": 2}),
    ]
    for kind in (EventKind.CONSOLE_OPENED, EventKind.CONSOLE_CLOSED):
        assert [each.account for each in await world.told(kind)] == ["vera", "vera", *["olga"] * 4, "vera"]


async def test_a_free_keyboard_is_not_taken_unseen_by_who_came_to_look(service: Service) -> None:
    world = service.world
    socket = await connect(service, f"{SERIAL}?view=1")
    await socket.receive_bytes()
    await socket.send_json({"type": "take"})
    async with asyncio.timeout(30):
        taken: list[AuditRecord] = []
        while not taken:
            taken = [each for each in await world.audit.read(0, 100) if each.action == "take-keyboard"]
    assert [(each.account, dict(each.details)) for each in taken] == [("olga", {"console": "Serial", "from": ""})]
    await socket.close()


async def test_who_came_untold_to_look_is_told_when_taking_the_keyboard(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bmc.events.PACED_AT_ONCE", 0)
    world = service.world
    for leaves_typing in (False, True):
        socket = await connect(service, f"{SERIAL}?view=1")
        await socket.receive_bytes()
        assert len(await world.told(EventKind.CONSOLE_OPENED)) == leaves_typing
        await socket.send_json({"type": "take"})
        await world.heard(EventKind.CONSOLE_OPENED, 1 + leaves_typing)
        if not leaves_typing:
            await socket.send_json({"type": "release"})
        await socket.close()
        await world.heard(EventKind.CONSOLE_CLOSED, 1 + leaves_typing)
    opened = [each for each in await world.audit.read(0, 100) if each.action == "open-serial"]
    assert [(each.account, dict(each.details)) for each in opened] == [("olga", {"writable": True})] * 2


async def test_one_account_has_sixteen_consoles_of_a_node_and_others_are_not_kept_out(service: Service) -> None:
    open_ones = [await connect(service, path, "vera") for path in [f"{SERIAL}?view=1", f"{SCREEN}?view=1"] * 8]
    node = service.world.fleet.node("n1")
    await until(lambda: len(node.snapshot.viewers) == 16)
    for path in (SERIAL, SCREEN):
        code, reason = await ended(await connect(service, f"{path}?view=1", "vera"))
        assert (code, reason) == (1013, "vera has 16 consoles of n1 open, which is the most; close some")
    assert service.drivers.screens["n1"].opened[-1].closed
    other = await connect(service, SERIAL)
    await other.receive_bytes()
    await open_ones[0].close()
    await until(lambda: len(node.snapshot.viewers) == 16)
    again = await connect(service, f"{SCREEN}?view=1", "vera")
    await until(lambda: len(node.snapshot.viewers) == 17)
    for socket in (*open_ones[1:], other, again):
        await socket.close()


async def test_a_node_without_consoles_says_so(service: Service) -> None:
    service.drivers.headless.add("n5")
    await service.world.add("n5")
    for kind in ("screen", "serial"):
        code, reason = await ended(await connect(service, f"/console/n5/{kind}"))
        assert code == 4409
        assert "n5 has no" in reason
    system = await service.get("/redfish/v1/Systems/n5")
    assert "SerialConsole" not in system
    assert "GraphicalConsole" not in system


async def test_a_console_ends_with_its_session_or_its_role(service: Service) -> None:
    token, session = await service.token("olga")
    headers = {"X-Auth-Token": token, "Origin": service.url}
    socket = await service.client.ws_connect(service.url + SERIAL, headers=headers)
    await socket.receive_bytes()
    await service.call("DELETE", session)
    said = json.loads(await socket.receive_str())
    assert said["type"] == "closed"
    assert (await ended(socket))[0] == 4401

    demoted = await connect(service, SCREEN)
    change = {"RoleId": "ReadOnly"}
    assert (await service.call("PATCH", "/redfish/v1/AccountService/Accounts/olga", change)).status == 200
    assert (await ended(demoted))[0] == 4401


@pytest.mark.parametrize("path", [SERIAL, SCREEN])
async def test_no_key_passes_once_the_session_has_idled_out(
    service: Service, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    socket = await connect(service, path)
    await until(lambda: service.world.fleet.node("n1").snapshot.viewers)
    monkeypatch.setattr(SystemClock, "now", lambda _: time.time() + 31 * 60)
    await socket.send_bytes(b"RFB 003.008\n")
    assert (await ended(socket))[0] == 4401
    assert not service.drivers.lines["n1"].stream.written
    assert not [screen for screen in service.drivers.screens["n1"].opened if screen.written]


async def test_what_a_viewers_program_says_by_itself_is_no_use_of_the_session_and_keys_are(service: Service) -> None:
    def used() -> float:
        return max(each.used for each in service.accounts.sessions() if each.account == "olga")

    socket = await connect(service, SCREEN)
    (screen,) = await screens(service)
    begin, update, key = b"RFB 003.008\n\x01\x01", bytes((3, *bytes(9))), bytes((4, 1, 0, 0, 0, 0, 0, 65))
    before = used()
    for said in (begin, update):
        await socket.send_bytes(said)
    await until(lambda: screen.written == begin + update)
    await socket.send_bytes(update)
    await until(lambda: screen.written == begin + update * 2)
    assert used() == before
    await socket.send_bytes(key + update)
    await until(lambda: used() > before)
    await socket.close()


async def test_what_a_terminal_answers_by_itself_is_no_use_of_the_session_and_what_is_typed_is(
    service: Service,
) -> None:
    def used() -> float:
        return max(each.used for each in service.accounts.sessions() if each.account == "olga")

    socket = await connect(service, SERIAL)
    line, answer = service.drivers.lines["n1"], b"\x1b[24;80R"
    before = used()
    for count in (1, 2):
        await socket.send_bytes(answer)
        await until(lambda count=count: line.stream.written == answer * count)
    assert used() == before
    await socket.send_bytes(b"l")
    await until(lambda: used() > before)
    await socket.close()


async def test_a_console_opened_with_a_token_of_the_api_can_be_typed_at(service: Service) -> None:
    _, secret = await service.accounts.tokens.create(OPERATOR, "typing", Role.OPERATOR, Scope(), None)
    headers = {"X-Auth-Token": secret, "Origin": service.url}
    socket = await service.client.ws_connect(service.url + SERIAL, headers=headers)
    await socket.send_bytes(b"root\r")
    await until(lambda: service.drivers.lines["n1"].stream.written == b"root\r")
    await socket.close()


async def test_a_console_ends_when_the_nodes_side_does(service: Service) -> None:
    socket = await connect(service, SCREEN)
    (screen,) = await screens(service)
    screen.incoming.put_nowait(b"")
    assert (await ended(socket))[0] == 4409


async def test_without_a_session_there_is_no_console(service: Service) -> None:
    socket = await service.client.ws_connect(service.url + SERIAL, headers={"Origin": service.url})
    assert (await ended(socket))[0] == 4401


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
async def test_a_websocket_must_carry_our_origin(service: Service, origin: str | None) -> None:
    token, _ = await service.token()
    headers = {"X-Auth-Token": token} | ({} if origin is None else {"Origin": origin})
    with pytest.raises(WSServerHandshakeError) as refused:
        await service.client.ws_connect(service.url + SERIAL, headers=headers)
    assert refused.value.status == 403


async def test_a_plain_request_for_a_console_is_told_what_it_is(service: Service) -> None:
    async with service.client.get(service.url + SERIAL) as response:
        assert response.status == 426


async def test_a_viewer_that_never_reads_costs_nobody_else_anything(service: Service) -> None:
    token, _ = await service.token()
    reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port, limit=1024)
    writer.write(
        f"GET {SCREEN} HTTP/1.1\r\nHost: 127.0.0.1:{service.server.port}\r\nOrigin: {service.url}\r\n"
        f"X-Auth-Token: {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
    )
    await reader.readuntil(b"\r\n\r\n")
    (stuck,) = await screens(service)
    for _ in range(200):
        stuck.incoming.put_nowait(bytes(256 * 1024))
    good = await connect(service, SCREEN)
    _, fine = await screens(service, 2)
    for number in range(100):
        fine.incoming.put_nowait(bytes([number]) * 1000)
        assert await good.receive_bytes() == bytes([number]) * 1000
    assert stuck.incoming.qsize() > 100
    await good.close()
    writer.close()


async def test_the_consoles_end_at_once_when_the_service_stops(service: Service) -> None:
    socket = await connect(service, SERIAL)
    await socket.receive_bytes()
    before = asyncio.get_running_loop().time()
    stopping = asyncio.create_task(service.server.__aexit__(None, None, None))
    assert (await ended(socket))[0] == 1001
    await stopping
    assert asyncio.get_running_loop().time() - before < SHUTDOWN_SECONDS
    assert len(service.app[HOUSE].closing) == 0
