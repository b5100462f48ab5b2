"""Ports for tests, which nobody else takes before their test does."""

import itertools
import os
import random
import re
import socket

FIRST, EACH, WORKERS = 21000, 1000, 11
"""Below the kernel's own, which any connection may get, and away from where a service looks first by itself."""
_WORKER = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "gw0"))) % WORKERS
_ports = itertools.cycle(random.sample(range(FIRST + _WORKER * EACH, FIRST + (_WORKER + 1) * EACH), EACH))


def free_port(*addresses: str) -> int:
    """A port below 32768 that is free at each address (127.0.0.1 unless told), of TCP and of UDP. It is this worker's
    alone, and is not given again soon: a peer may be started there later, or be dead for a while.
    """
    return next(port for port in _ports if all(_is_free(address, port) for address in addresses or ("127.0.0.1",)))


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        try:
            tcp.bind((address, port))
            udp.bind((address, port))
        except OSError:
            return False
        return True
