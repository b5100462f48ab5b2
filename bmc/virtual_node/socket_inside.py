"""Runs alone inside a network namespace and hands a socket out. Arguments: fd, what, address, port, source.

`what` is listen: one that listens there, and of which the kernel drops what comes from any address but `source`, if
that is not empty; connect: one that is connected; up: any, once there is a 127.0.0.1 at all.
"""

import ctypes
import fcntl
import socket
import struct
import sys

SIOCSIFFLAGS = 0x8914
IFF_UP_AND_RUNNING = 0x1 | 0x40
SO_ATTACH_FILTER = 26
SOURCE_ADDRESS = 0x100000000 - 0x100000 + 12
"""SKF_NET_OFF, linux/filter.h, and where IPv4's header has it."""
PATIENCE = 5.0


def main(channel: int, what: str, address: str, port: int, source: str) -> None:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(made, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP_AND_RUNNING))
    if what == "listen":
        made = listening(address, port, source)
    elif what == "connect":
        made = socket.create_connection((address, port), PATIENCE)
    with socket.socket(fileno=channel) as out:
        socket.send_fds(out, [what.encode()], [made.fileno()])


def listening(address: str, port: int, source: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if source:
        hear_only(listener, source)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(16)
    return listener


def hear_only(listener: socket.socket, source: str) -> None:
    (number,) = struct.unpack("!I", socket.inet_aton(source))
    program = b"".join(
        struct.pack("HBBI", *instruction)
        for instruction in (
            (0x20, 0, 0, SOURCE_ADDRESS),  # load it
            (0x15, 0, 1, number),  # skip one instruction unless it is this
            (0x06, 0, 0, 0xFFFFFFFF),  # keep all
            (0x06, 0, 0, 0),  # keep nothing
        )
    )
    code = ctypes.create_string_buffer(program)
    listener.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HxxxxxxQ", 4, ctypes.addressof(code)))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
