"""Redfish requests per second and the CPU of each, beside `sushy-emulator --fake`, with 1,000 systems.

Both ask for credentials: ours a session, the peer Basic (it knows nothing else; its hash is the cheapest it takes).
Ours stores each change durably, the peer keeps it in memory.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from uuid import UUID

from benchmarks.harness import compare, free_port, listens, service, wait_for

OURS, PEER = "Lightsout", "sushy-emulator"
SYSTEMS, CONNECTIONS, RUNS = 1000, 32, 3
ROOT = "/redfish/v1/Systems"
PIN = "import sys, bcrypt; print('admin:' + bcrypt.hashpw(b'benchmark-password', bcrypt.gensalt(4)).decode())"
REQUESTS = {OURS: 3000, PEER: 320}


@dataclass(slots=True)
class Server:
    """`systems` are the ids of its systems; `credentials` one header line."""

    name: str
    pid: int
    port: int
    credentials: str
    systems: list[str] = field(default_factory=list)

    def cpu(self) -> float:
        """Seconds of CPU that it has used, threads that are gone too."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def request(self, method: str, path: str, body: object = None) -> bytes:
        data = b"" if body is None else json.dumps(body).encode()
        kind = f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n" if data else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{self.credentials}\r\n{kind}\r\n"
        return head.encode() + data


class Connection:
    """HTTP/1.1 at its least: kept open if the server keeps it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, request: bytes) -> bytes:
        """The body. :raise SystemExit: the server refuses."""
        if self._reader is None or self._writer is None:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if head[9:10] != b"2":
            raise SystemExit(f"{request[:80]!r} → {head[:80]!r} {(await self._reader.read(500))!r}")
        length = head.partition(b"content-length:")[2].split(b"\r\n", 1)[0].strip()
        body = await self._reader.readexactly(int(length)) if length else b""
        if head.startswith(b"http/1.0") or b"connection: close" in head:
            self.close()
        return body

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


async def _load(server: Server, requests: list[bytes], connections: int) -> list[float]:
    """Seconds that each request took."""
    left, took = iter(requests), []

    async def client() -> None:
        connection = Connection(server.port)
        for request in left:
            began = time.perf_counter()
            await connection.ask(request)
            took.append(time.perf_counter() - began)
        connection.close()

    await asyncio.gather(*(client() for _ in range(connections)))
    return took


def kinds(server: Server) -> dict[str, list[bytes]]:
    """What is asked, a row of the table each."""
    count = REQUESTS[server.name]
    paths = [f"{ROOT}/{server.systems[number % len(server.systems)]}" for number in range(count)]
    boots = [{"Boot": {"BootSourceOverrideTarget": target}} for target in ("Pxe", "Hdd")]
    off = {"ResetType": "ForceOff"}
    return {
        "GET System": [server.request("GET", path) for path in paths],
        "PATCH System (Boot)": [
            server.request("PATCH", path, boots[number // len(server.systems) % 2])
            for number, path in enumerate(paths[: count // 2])
        ],
        "Reset (ForceOff, is off)": [
            server.request("POST", f"{path}/Actions/ComputerSystem.Reset", off) for path in paths[: count // 2]
        ],
    }


def fleet(server: Server) -> list[bytes]:
    """All systems with all that they are: one request, where a server can expand."""
    if server.name == OURS:
        return [server.request("GET", f"{ROOT}?$expand=.")]
    return [server.request("GET", ROOT), *(server.request("GET", f"{ROOT}/{each}") for each in server.systems)]


@contextmanager
def ours() -> Iterator[Server]:
    with service() as found:
        port = int(found.url.rpartition(":")[2].strip("/"))
        server = Server(OURS, found.pid, port, f"X-Auth-Token: {found.token}")
        nodes = [{"Name": f"b{number}"} for number in range(SYSTEMS - 3)]
        asyncio.run(_load(server, [server.request("POST", ROOT, node) for node in nodes], 8))
        yield known(server)


@contextmanager
def peer() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="lightsout-bench-") as folder:
        base, port = Path(folder), free_port(8100)
        (base / "users").write_bytes(
            subprocess.run([sys.executable, "-c", PIN], check=True, capture_output=True).stdout
        )
        systems = [
            {"uuid": str(UUID(int=number + 1)), "name": f"b{number}", "power_state": "Off", "nics": []}
            for number in range(SYSTEMS)
        ]
        (base / "conf.py").write_text(
            f"SUSHY_EMULATOR_FAKE_SYSTEMS = {systems!r}\nSUSHY_EMULATOR_AUTH_FILE = {str(base / 'users')!r}\n"
            f"SUSHY_EMULATOR_STATE_DIR = {folder!r}\nSUSHY_EMULATOR_FEATURE_SET = 'full'\n"
        )
        command = [str(Path(sys.executable).with_name("sushy-emulator")), "--fake", "--config", str(base / "conf.py")]
        null = subprocess.DEVNULL
        process = subprocess.Popen([*command, "-i", "127.0.0.1", "-p", str(port)], cwd=base, stdout=null, stderr=null)
        try:
            wait_for(lambda: listens(port), PEER)
            basic = b64encode(b"admin:benchmark-password").decode()
            yield known(Server(PEER, process.pid, port, f"Authorization: Basic {basic}"))
        finally:
            process.terminate()
            process.wait(timeout=30)


def known(server: Server) -> Server:
    listed = json.loads(asyncio.run(Connection(server.port).ask(server.request("GET", ROOT))))
    server.systems = [member["@odata.id"].rpartition("/")[2] for member in listed["Members"]]
    return server


def main() -> None:
    speed: dict[str, dict[str, list[float]]] = {}
    cpu: dict[str, dict[str, list[float]]] = {}
    tail: dict[str, dict[str, list[float]]] = {}
    with ExitStack() as stack:
        servers = [stack.enter_context(make()) for make in (ours, peer)]
        for run in range(RUNS + 1):
            for server in servers:
                rows = {kind: (requests, CONNECTIONS, len(requests)) for kind, requests in kinds(server).items()}
                rows[f"GET all {SYSTEMS} Systems"] = (fleet(server), 1, 1)
                for row, (requests, connections, count) in rows.items():
                    before, began = server.cpu(), time.perf_counter()
                    took = asyncio.run(_load(server, requests, connections))
                    lasted, used = time.perf_counter() - began, server.cpu() - before
                    if not run:
                        continue  # the first one warms up
                    speed.setdefault(row, {}).setdefault(server.name, []).append(count / lasted)
                    cpu.setdefault(row, {}).setdefault(server.name, []).append(used / count * 1e6)
                    if connections > 1:
                        cuts = quantiles(took, n=100)
                        tail.setdefault(row, {}).setdefault(server.name, []).append(cuts[98] / cuts[49])
    compare(f"Redfish, {CONNECTIONS} connections: answers a second", "1/s", speed, OURS)
    print("Aim: GET System 10 times the peer's.")
    compare("Redfish: server CPU an answer", "µs", cpu, OURS)
    compare("Redfish: the slowest of a hundred against the middle one", "p99/p50", tail, OURS)
    print("Aim: GET System below 5.")


if __name__ == "__main__":
    main()
