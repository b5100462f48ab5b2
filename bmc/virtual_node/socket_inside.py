"""Runs alone inside a guest's network namespace and hands a socket out. Arguments: fd, what, port.

`what` is listen: one that listens on 127.0.0.1; connect: one that is connected to it there; up: any, once there is a
127.0.0.1 at all.
"""

import fcntl
import socket
import struct
import sys

SIOCSIFFLAGS = 0x8914
IFF_UP_AND_RUNNING = 0x1 | 0x40
PATIENCE = 5.0


def main(channel: int, what: str, port: int) -> None:
    anything = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    fcntl.ioctl(anything, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP_AND_RUNNING))
    made = anything
    if what == "listen":
        made = socket.create_server(("127.0.0.1", port), backlog=16)
    elif what == "connect":
        made = socket.create_connection(("127.0.0.1", port), PATIENCE)
    with socket.socket(fileno=channel) as out:
        socket.send_fds(out, [what.encode()], [made.fileno()])


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
