"""The IPMI door of the running service: boot devices, Serial over LAN, sessions, and who is refused."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.e2e.service import ADMIN, IPMI_PASSWORD, LiveService, boot, serial_console, wait_until
from tests.ipmi.terminal import Terminal, pyghmi_line, terminal

pytestmark = pytest.mark.guest


@pytest.fixture
async def empty(live: LiveService) -> AsyncIterator[str]:
    live.off("n3")
    yield "n3"
    live.ipmitool("n3", "chassis", "bootdev", "none")
    live.off("n3")


def boot_override(live: LiveService, node: str) -> tuple[str, str]:
    found = live.system(node)["Boot"]
    return found["BootSourceOverrideTarget"], found["BootSourceOverrideEnabled"]


async def test_a_boot_device_set_once_is_spent_by_the_boot(live: LiveService, empty: str) -> None:
    for word, target, shown in (
        ("pxe", "Pxe", "Force PXE"),
        ("cdrom", "Cd", "Force Boot from CD/DVD"),
        ("disk", "Hdd", "Force Boot from default Hard-Drive"),
        ("bios", "BiosSetup", "Force Boot into BIOS Setup"),
    ):
        live.ipmitool(empty, "chassis", "bootdev", word)
        assert boot_override(live, empty) == (target, "Once")
        read = live.ipmitool(empty, "chassis", "bootparam", "get", "5")
        assert shown in read
        assert "Options apply to only next boot" in read
    live.ipmitool(empty, "chassis", "bootdev", "pxe")
    live.ipmitool(empty, "chassis", "power", "on")
    wait_until(lambda: boot_override(live, empty) == ("None", "Disabled"), 20, "spent")
    assert "No override" in live.ipmitool(empty, "chassis", "bootparam", "get", "5")


async def test_a_persistent_boot_device_stays(live: LiveService, empty: str) -> None:
    live.ipmitool(empty, "chassis", "bootdev", "pxe", "options=persistent")
    assert "Options apply to all future boots" in live.ipmitool(empty, "chassis", "bootparam", "get", "5")
    for _ in range(2):
        live.ipmitool(empty, "chassis", "power", "on")
        await asyncio.sleep(1)
        assert boot_override(live, empty) == ("Pxe", "Continuous")
        live.ipmitool(empty, "chassis", "power", "off")
    live.ipmitool(empty, "chassis", "bootdev", "none")
    assert boot_override(live, empty) == ("None", "Disabled")


async def test_a_boot_device_set_by_redfish_is_read_by_ipmitool(live: LiveService, empty: str) -> None:
    change = {"Boot": {"BootSourceOverrideTarget": "Cd", "BootSourceOverrideEnabled": "Continuous"}}
    live.do("PATCH", f"/redfish/v1/Systems/{empty}", change)
    read = live.ipmitool(empty, "chassis", "bootparam", "get", "5")
    assert "Force Boot from CD/DVD" in read
    assert "Options apply to all future boots" in read


async def test_a_person_works_on_the_console_over_sol(live: LiveService) -> None:
    """Log in, see what one types, send a break that reaches the kernel, leave; the session is listed meanwhile."""
    await boot(live, "n1")
    async with terminal(*live.ipmitool_words("n1", "sol", "activate")) as person:
        await person.expect(b"SOL Session operational", 20)
        # What was printed before one came comes first, with prompts of its own.
        word = secrets.token_hex(4)
        person.type(f"echo {word}''-typed\r".encode())
        await person.expect(f"{word}-typed".encode(), 30)
        person.type(b"exit\r")
        await person.expect(b"login: ", 60)
        person.type(b"root\r")
        await person.expect(b"Password: ", 30)
        person.type(live.root_password.encode() + b"\r")
        await person.expect(b"# ", 30)
        person.type(b"echo $((6 * 7))-echo-of-sol\r")
        await person.expect(b"echo $((6 * 7))-echo-of-sol", 20)
        await person.expect(b"42-echo-of-sol", 20)
        sessions = live.ipmitool("n1", "session", "info", "all")
        assert len(re.findall("session handle", sessions)) >= 2
        assert sessions.count("user id                       : 2") >= 2
        person.type(b"\r~B")
        await asyncio.sleep(1)
        person.type(b"h")
        await person.expect(b"sysrq: HELP", 20)
        person.type(b"\r~.")
        await person.expect(b"terminated ipmitool", 20)
        await person.ended(20)


def sol_line(live: LiveService, node: str, client: str) -> list[str]:
    host, port = live.nodes[node]
    if client == "ipmitool":
        return live.ipmitool_words(node, "sol", "activate")
    if client == "ipmiconsole":
        return ["ipmiconsole", "-h", f"{host}:{port}", "-u", ADMIN, "-p", IPMI_PASSWORD]
    return pyghmi_line(host, port, ADMIN, live.key_file)


async def test_three_clients_in_turn_with_the_browser_on_the_same_console(live: LiveService) -> None:
    """Each takes over from the one before, who is told; it sees what was printed meanwhile and sends a break. The
    browser is there all the while, sees all, and types while it has the keyboard.
    """
    await boot(live, "n1")
    assert live.nodes["n1"][1] != 623
    async with serial_console(live, "n1") as browser, AsyncExitStack() as stack:
        await browser.login(live.root_password)
        await browser.run("stty -echo")
        before: Terminal | None = None
        farewell = b""
        for client, send_break, told in (
            ("ipmitool", b"~B", b"[SOL ended: admin deactivated it from 127.0.0.1]"),
            ("ipmiconsole", b"&B", b"[SOL session stolen]"),
            ("pyghmi", b"&B", b""),
        ):
            await browser.keyboard("take")
            await browser.run(f"echo meanwhile-$((1000 + {len(client)}))-{client}")
            if before is not None:
                assert "already active" in live.try_ipmitool("n1", "sol", "activate").stderr
            person = await stack.enter_async_context(terminal(*sol_line(live, "n1", client)))
            await person.expect(f"meanwhile-{1000 + len(client)}-{client}".encode(), 30)
            if before is not None:
                await before.expect(farewell, 20)
            person.type(f"echo typed-$((2000 + {len(client)}))\r".encode())
            await person.expect(f"typed-{2000 + len(client)}".encode(), 20)
            await browser.expect(f"typed-{2000 + len(client)}", 20)
            await browser.keyboard("take")
            await browser.type(f"echo clicked-$((3000 + {len(client)}))\r")
            await person.expect(f"clicked-{3000 + len(client)}".encode(), 20)
            await person.expect(b"# ", 20)
            await browser.keyboard("release")  # it is the person's again
            person.type(b"\r")  # on its own: ipmitool sends a break ahead of what was typed in the same breath
            await person.expect(b"# ", 20)
            person.type(send_break)
            await asyncio.sleep(1)
            person.type(b"h")
            await person.expect(b"sysrq: HELP", 20)
            await browser.expect("sysrq: HELP", 20)
            before, farewell = person, told
        await browser.keyboard("take")
        await browser.run("stty echo")
        live.ipmitool("n1", "sol", "deactivate")  # else the client that is killed now keeps it for a while


async def test_who_is_nobody_is_refused_clearly(live: LiveService, tmp_path: Path, empty: str) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-key\n")
    for refused, words in (
        (live.try_ipmitool("n3", "mc", "info", key_file=wrong), "Unable to establish IPMI v2 / RMCP+ session"),
        (live.try_ipmitool("n3", "mc", "info", user="nobody"), "Unable to establish IPMI v2 / RMCP+ session"),
        (live.try_ipmitool("n3", "-C", "0", "mc", "info"), "Unable to establish IPMI v2 / RMCP+ session"),
        (live.try_ipmitool("n3", "-L", "USER", "chassis", "power", "on"), "Insufficient privilege level"),
    ):
        assert refused.returncode != 0
        assert words.lower() in refused.stderr.lower()
    assert live.power(empty) == "Off"


async def test_a_guessed_key_locks_out_nobody_who_knows_it(live: LiveService, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("not-the-key\n")
    for _ in range(3):
        assert live.try_ipmitool("n3", "mc", "info", key_file=wrong).returncode != 0
    began = time.monotonic()
    assert "Chassis Power is" in live.ipmitool("n3", "chassis", "power", "status")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("suite", ["3", "17"])
async def test_plain_questions_are_answered(live: LiveService, suite: str) -> None:
    uuid = live.system("n3")["UUID"]
    assert uuid.replace("-", "") in live.ipmitool("n3", "-C", suite, "mc", "guid").lower().replace("-", "")
    assert "IPMI Version" in live.ipmitool("n3", "-C", suite, "mc", "info")
    assert "System Power" in live.ipmitool("n3", "-C", suite, "chassis", "status")
    assert "Set in progress" in live.ipmitool("n3", "-C", suite, "sol", "info")
