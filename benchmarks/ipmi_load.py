"""The load generator of the IPMI benchmarks: the same for every server, and never what takes the time.

Requests are sealed before the clock starts and answers are opened after it has stopped; each session has a socket of
its own, as clients have.
"""

import itertools
import select
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bmc.ipmi.wire.crypto import SUITE_3
from bmc.ipmi.wire.message import Answer
from bmc.ipmi.wire.numbers import NetFn, PayloadType, Privilege
from tests.ipmi.client import Console

GET_CHASSIS_STATUS = (NetFn.CHASSIS, 0x01)
CLOSE_SESSION = (NetFn.APP, 0x3C)
PATIENCE = 10.0

Where = tuple[str, int]

_ports = itertools.cycle(range(10000, 32768))


class Client:
    """One session with suite 3, which all three servers know, at Administrator level."""

    def __init__(self, where: Where, name: bytes, key: bytes) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE)
        _bind(self.socket)
        self.socket.connect(where)
        # A number of its own each: ipmi_sim takes a second session with the same one for a repetition.
        console_id = self.socket.getsockname()[1] | 0xA0A20000
        self.console = Console(self._ask, name, key, role=Privilege.ADMINISTRATOR, suite=SUITE_3, console_id=console_id)

    def _ask(self, datagram: bytes) -> bytes:
        self.socket.send(datagram)
        return self.socket.recv(2048)

    def login(self) -> None:
        self.console.open(Privilege.ADMINISTRATOR)
        self.console.rakp1()
        self.console.rakp3()
        self.expect_ok(self.console.call(NetFn.APP, 0x3B, bytes((Privilege.ADMINISTRATOR,))))

    def logout(self) -> None:
        session_id = self.console.session_id.to_bytes(4, "little")
        self.expect_ok(self.console.call(*CLOSE_SESSION, session_id))

    def sealed(self, count: int) -> list[bytes]:
        """So many Get Chassis Status requests, to be sent in this order."""
        console = self.console
        return [console.seal(PayloadType.IPMI, console.request(*GET_CHASSIS_STATUS).pack()) for _ in range(count)]

    def check(self, replies: list[bytes]) -> None:
        for reply in replies:
            self.expect_ok(Answer.unpack(self.console.unseal(reply).payload))

    @staticmethod
    def expect_ok(answer: Answer) -> None:
        if answer.code:
            raise SystemExit(f"command {answer.command:#04x} was answered with completion code {answer.code:#04x}")


def _bind(sock: socket.socket) -> None:
    """To a port that was not used before: pyghmi's server takes a client at an old one for the client of then."""
    for port in _ports:
        try:
            sock.bind(("", port))
        except OSError:
            continue
        return


@contextmanager
def sessions(where: Where, name: bytes, key: bytes, count: int) -> Iterator[list[Client]]:
    clients = [Client(where, name, key) for _ in range(count)]
    try:
        for client in clients:
            client.login()
        yield clients
        for client in clients:
            client.logout()
    finally:
        for client in clients:
            client.socket.close()


def poll_status(clients: list[Client], requests: int) -> float:
    """Every session asks, waits for the answer and asks again, `requests` times in all. Returns the seconds it took."""
    each = requests // len(clients)
    outstanding = {client.socket.fileno(): iter(client.sealed(each)) for client in clients}
    sockets = {client.socket.fileno(): client.socket for client in clients}
    replies: dict[int, list[bytes]] = {number: [] for number in sockets}
    poller = select.epoll()
    for number in sockets:
        poller.register(number, select.EPOLLIN)
    started = time.perf_counter()
    for number, sock in sockets.items():
        sock.send(next(outstanding[number]))
    while outstanding:
        ready = poller.poll(PATIENCE)
        if not ready:
            raise SystemExit(f"{len(outstanding)} sessions got no answer in {PATIENCE:.0f} s")
        for number, _ in ready:
            replies[number].append(sockets[number].recv(2048))
            following = next(outstanding[number], None)
            if following is None:
                del outstanding[number]
            else:
                sockets[number].send(following)
    took = time.perf_counter() - started
    poller.close()
    for client in clients:
        client.check(replies[client.socket.fileno()])
    return took


def set_up(where: Where, name: bytes, key: bytes, count: int) -> float:
    """Sessions one after the other, each opened, raised to Administrator and closed. Returns the seconds it took."""
    started = time.perf_counter()
    for _ in range(count):
        with sessions(where, name, key, 1):
            pass
    return time.perf_counter() - started
