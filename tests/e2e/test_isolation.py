"""A guest is a stranger: what root inside one can reach, and what of the service's can be read by others."""

import contextlib
import os
import re
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.service import ADMIN_PASSWORD, IPMI_PASSWORD, LiveService, boot, serial_console

pytestmark = pytest.mark.guest


class Ears:
    """A TCP and a UDP socket on every address of this host, which remember whether anybody came."""

    def __init__(self) -> None:
        self.tcp = socket.create_server(("0.0.0.0", 0))
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("0.0.0.0", 0))
        self.heard: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()
        threading.Thread(target=self._receive, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self.tcp.accept()
                self.heard.append(f"tcp {peer}")
                connection.close()

    def _receive(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, peer = self.udp.recvfrom(2048)
                self.heard.append(f"udp {peer}")
                if data == b"end":
                    return

    def close(self) -> None:
        self.udp.sendto(b"end", ("127.0.0.1", self.udp.getsockname()[1]))
        for each in (self.tcp, self.udp):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def ears() -> Iterator[Ears]:
    listening = Ears()
    yield listening
    listening.close()


def own_addresses() -> list[str]:
    """What a guest might try to find this host by: its gateway, and the host's own addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return ["10.0.2.2", str(probe.getsockname()[0])]
        except OSError:
            return ["10.0.2.2"]


async def test_from_inside_a_guest_every_door_is_closed(live: LiveService, ears: Ears) -> None:
    await boot(live, "n1")
    http = urlsplit(live.url).port
    tcp, udp = ears.tcp.getsockname()[1], ears.udp.getsockname()[1]
    with socket.create_connection(("127.0.0.1", tcp)):
        pass  # the ears hear
    async with serial_console(live, "n1") as shell:
        await shell.login(live.root_password)
        assert "10.0.2.15" in await shell.run("ip -4 addr show; ip route")
        addresses = " ".join(own_addresses())
        ports = " ".join(map(str, (http, tcp, 80, 22, 5900)))
        said = await shell.run(
            f"for a in {addresses}; do for p in {ports}; do "
            "(nc -w 3 $a $p </dev/null && echo OPEN-$p) & done; done 2>/dev/null; wait"
        )
        # An RMCP ping: an IPMI door that hears it answers.
        ports = " ".join(map(str, (udp, *(port for _, port in live.nodes.values()))))
        await shell.run("printf '\\006\\000\\377\\006\\000\\000\\021\\276\\200\\000\\000\\000' > /tmp/ping")
        assert "12 /tmp/ping" in await shell.run("wc -c /tmp/ping")
        said += await shell.run(
            f"for a in {addresses}; do for p in {ports}; do "
            "(timeout 4 nc -u -w 3 $a $p </tmp/ping | grep -q . && echo ANSWER-$p) & done; done 2>/dev/null; "
            "wait; echo knocked-$((6*7))"
        )
        assert "knocked-42" in said
        assert "OPEN" not in said
        assert "ANSWER" not in said
    assert [each for each in ears.heard if not each.startswith("tcp ('127.0.0.1'")] == []
    assert len(ears.heard) == 1


def test_qemu_runs_as_nobody_in_particular_and_in_a_network_of_its_own(live: LiveService) -> None:
    live.reset("n3", "On")
    pid = live.qemu("n3")
    assert pid is not None
    status = Path(f"/proc/{pid}/status").read_text()
    if os.geteuid() == 0:
        for who in ("Uid", "Gid"):
            identities = {int(word) for word in re.findall(rf"^{who}:\t(.*)$", status, re.MULTILINE)[0].split()}
            assert min(identities) >= 30000
        assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
        assert re.search(r"^CapBnd:\t0+$", status, re.MULTILINE) or "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
    live.off("n3")


def test_each_guest_has_a_user_of_its_own(live: LiveService) -> None:
    if os.geteuid() != 0:
        pytest.skip("without root all guests run as the service's user")
    for node in ("n1", "n2"):
        live.reset(node, "On")
        live.off(node)
    owners = {node: (live.state / "drivers" / "qemu" / node / "guest").stat().st_uid for node in ("n1", "n2")}
    assert len({*owners.values(), 0}) == 3


def test_nothing_of_the_state_can_be_read_by_others(live: LiveService) -> None:
    for path in live.state.rglob("*"):
        try:
            status = path.lstat()
        except FileNotFoundError:  # the service is at work there
            continue
        if stat.S_ISLNK(status.st_mode):
            continue
        mode = stat.S_IMODE(status.st_mode)
        inside = path.relative_to(live.state).parts
        if inside[0] == "media" or inside in (("drivers",), ("drivers", "qemu")):
            assert mode & 0o022 == 0, (path, oct(mode))
        elif any(stat.S_IMODE(parent.stat().st_mode) & 0o077 == 0 for parent in _between(path, live.state)):
            continue  # below a directory that is closed
        else:
            assert mode & 0o077 == 0, (path, oct(mode))
    for name in ("ipmi-admin-key", "demo-root-password", "cli-token"):
        assert stat.S_IMODE((live.state / name).stat().st_mode) == 0o600


def _between(path: Path, top: Path) -> list[Path]:
    return [parent for parent in path.parents if top in parent.parents]


def test_no_secret_stands_in_a_command_line_an_environment_or_a_log(live: LiveService) -> None:
    live.reset("n3", "On")
    live.call("GET", "/redfish/v1/Systems", password="a-wrong-password-typed")
    token = live.token()
    secret = [ADMIN_PASSWORD, IPMI_PASSWORD, live.root_password, token, "a-wrong-password-typed"]
    secret.append((live.state / "cli-token").read_text().strip())
    qemu = live.qemu("n3")
    assert qemu is not None
    for pid in (live.pid, qemu):
        for file in ("cmdline", "environ"):
            text = Path(f"/proc/{pid}/{file}").read_bytes().decode(errors="replace")
            assert [word for word in secret if word in text] == []
    for log in (live.root / "service.log", *live.state.rglob("*.log"), *live.state.rglob("*.jsonl")):
        if log.name == "serial.log" or log.is_relative_to(live.state / "consoles"):
            continue  # a guest's own words: whoever types a password where a name is asked for reads it there
        text = log.read_text(errors="replace")
        assert [word for word in secret if word in text] == [], log
    database = b"".join(path.read_bytes() for path in (live.state / "store").iterdir())
    assert [word for word in secret if word.encode() in database] == []
    live.off("n3")
