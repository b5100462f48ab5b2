"""Network UPS Tools: upsd, its driver of SNMP PDUs on a simulated PDU, and a dummy UPS whose values a test writes."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from tests.ports import free_port
from tests.robots.pdu_lab import COMMUNITY, Snmpsim, environment

DRIVERS = Path("/lib/nut")
UPS_CONF = """maxretry = 1
[pdu1]
    driver = snmp-ups
    port = {address}:{port}
    community = {community}
    snmp_version = v2c
    mibs = raritan-px2
    pollfreq = 1
[meter]
    driver = dummy-ups
    port = meter.dev
    mode = dummy-once
"""
UPSD_USERS = """[admin]
    password = "a \\"secret\\" word"
    instcmds = ALL
[guest]
    password = guest
"""


class Nut:
    """upsd at 127.0.0.1:`port` with `pdu1` (outlet 1 of the PDU, as a Raritan) and `meter`."""

    def __init__(self, directory: Path, pdu: Snmpsim) -> None:
        self._directory = directory
        self.port = free_port()
        (directory / "state").mkdir(mode=0o700)
        for name, text in (
            ("nut.conf", "MODE=netserver\n"),
            ("ups.conf", UPS_CONF.format(address=pdu.address, port=pdu.port, community=COMMUNITY)),
            ("upsd.conf", f"LISTEN 127.0.0.1 {self.port}\n"),
            ("upsd.users", UPSD_USERS),
        ):
            (directory / name).write_text(text)
            (directory / name).chmod(0o600)
        self._draws = time.time() - 1000
        self.draw("5")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def draw(self, watts: str) -> None:
        """What the meter tells from its next look on."""
        draft, path = self._directory / "meter.new", self._directory / "meter.dev"
        draft.write_text(f"ups.status: OL\nups.realpower: {watts}\n")
        self._draws += 2  # the driver looks at whole seconds
        os.utime(draft, (self._draws, self._draws))
        draft.replace(path)

    def start(self) -> None:
        self.start_one("snmp-ups", "-a", "pdu1", "-i", "1")
        self.start_one("dummy-ups", "-a", "meter", "-i", "1")
        self.start_one("upsd")

    def start_one(self, name: str, *arguments: str) -> None:
        directory = str(self._directory)
        env = environment(
            NUT_CONFPATH=directory, NUT_STATEPATH=f"{directory}/state", NUT_ALTPIDPATH=f"{directory}/state"
        )
        command = [str(DRIVERS / name), *arguments, "-u", "root", "-F"]
        with (self._directory / f"{name}.out").open("wb") as out:
            self._processes[name] = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def stop_one(self, name: str) -> None:
        process = self._processes.pop(name)
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def stop(self) -> None:
        for name in list(self._processes):
            self.stop_one(name)

    def wait(self) -> None:
        """Until both are known to upsd."""
        end = time.monotonic() + 60
        while not all(self.ask(what).startswith("VAR") for what in ("pdu1 outlet.1.status", "meter ups.realpower")):
            if time.monotonic() > end:
                raise RuntimeError("".join(path.read_text() for path in self._directory.glob("*.out")))
            time.sleep(0.1)

    def ask(self, variable: str) -> str:
        try:
            with closing(socket.create_connection(("127.0.0.1", self.port), 5)) as way:
                way.sendall(f"GET VAR {variable}\n".encode())
                return way.recv(1000).decode()
        except OSError:
            return ""


@asynccontextmanager
async def deaf_upsd(port: int) -> AsyncIterator[tuple[list[str], int]]:
    """A relay that loses every answer to a command: the commands that it passed on, and its port."""
    commands: list[str] = []

    async def serve(client: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        upsd, way = await asyncio.open_connection("127.0.0.1", port)
        try:
            while line := await client.readline():
                way.write(line)
                answer = await upsd.readline()
                if line.startswith(b"INSTCMD"):
                    commands.append(line.decode().strip())
                    break
                back.write(answer)
                await back.drain()
        finally:
            way.close()
            back.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield commands, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
