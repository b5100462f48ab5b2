"""Get Chassis Status per second, and what one costs the server in CPU, with 1, 10 and 50 sessions."""

import asyncio
import time

from benchmarks.harness import compare
from benchmarks.ipmi_load import GET_CHASSIS_STATUS, poll_status, sessions
from benchmarks.ipmi_servers import KEY, NAME, OURS, PYGHMI, SIM, servers
from bmc.accounts import Limits as SignInLimits
from bmc.accounts.lockout import Lockout
from bmc.ipmi.config import ConfigKeeper
from bmc.ipmi.door import NodeDoor
from bmc.ipmi.settings import Counters, DoorSettings
from bmc.ipmi.wire.crypto import SUITE_3
from bmc.ipmi.wire.numbers import PayloadType
from bmc.model.clock import SystemClock
from bmc.model.node import Endpoint
from tests.ipmi.client import Console
from tests.ipmi.fakes import FakeNode, FakeSlots, MemoryBuckets

RUNS = 7
REQUESTS = 3000
SESSIONS = (1, 10, 50)
PORT = 9623


async def explain() -> None:
    """Say what bounds our own figure: the same requests handed to the door in this process, without any socket."""
    sent: list[bytes] = []
    keeper = await ConfigKeeper.open(MemoryBuckets(), "n1")
    endpoint = Endpoint("127.0.0.1", PORT)
    settings, clock = DoorSettings(), SystemClock()
    door = NodeDoor(
        FakeNode(),
        FakeSlots(),
        keeper,
        clock,
        settings,
        endpoint,
        Counters(),
        lambda datagram, _: sent.append(datagram),
        Lockout(clock, SignInLimits()),
    )
    peer = ("127.0.0.1", PORT)

    def ask(datagram: bytes) -> bytes:
        door.receive(datagram, peer)
        return sent.pop()

    console = Console(ask, suite=SUITE_3).login()
    assert console.keys is not None
    plain = console.request(*GET_CHASSIS_STATUS).pack()
    requests = [console.seal(PayloadType.IPMI, console.request(*GET_CHASSIS_STATUS).pack()) for _ in range(REQUESTS)]
    started = time.process_time()
    for request in requests:
        door.receive(request, peer)
    whole = time.process_time() - started
    started = time.process_time()
    for request in requests:
        console.keys.signed(request[4:-12], request[-12:])
        console.keys.sign(console.keys.encrypt(plain))
        console.keys.decrypt(request[16:48])
    crypto = time.process_time() - started
    print(
        f"What bounds ours: of each request {whole / REQUESTS * 1e6:.1f} µs are the door in Python, "
        f"{crypto / REQUESTS * 1e6:.1f} of them AES and HMAC; "
        "the rest of the first row is asyncio's turn and the kernel's sockets."
    )


def main() -> None:
    cpu: dict[str, dict[str, list[float]]] = {}
    speed: dict[str, dict[str, list[float]]] = {}
    with servers(PORT, 1) as found:
        for count in SESSIONS:
            row = f"{count} sessions" if count > 1 else "1 session"
            for run in range(RUNS + 1):
                for server in found:
                    with sessions(server.where, NAME.encode(), KEY.encode(), count) as clients:
                        before = server.cpu()
                        took = poll_status(clients, REQUESTS)
                        used = server.cpu() - before
                    if run:  # the first one warms up
                        cpu.setdefault(row, {}).setdefault(server.name, []).append(used / REQUESTS * 1e6)
                        speed.setdefault(row, {}).setdefault(server.name, []).append(REQUESTS / took)
    compare("Get Chassis Status: server CPU a request, suite 3", "µs", cpu, OURS)
    print(f"Aims: 1 session at most 2 x {SIM}; 50 sessions below {PYGHMI}.")
    asyncio.run(explain())
    compare("Get Chassis Status: requests a second, suite 3", "1/s", speed, OURS)


if __name__ == "__main__":
    main()
