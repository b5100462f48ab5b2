"""Runs alone inside a guest's network namespace: listens on 127.0.0.1 and hands the socket out. Arguments: fd, port."""

import fcntl
import socket
import struct
import sys

SIOCSIFFLAGS = 0x8914
IFF_UP_AND_RUNNING = 0x1 | 0x40


def main(channel: int, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
        fcntl.ioctl(anything, SIOCSIFFLAGS, struct.pack("16sh", b"lo", IFF_UP_AND_RUNNING))
    with socket.create_server(("127.0.0.1", port), backlog=16) as listener, socket.socket(fileno=channel) as out:
        socket.send_fds(out, [b"listener"], [listener.fileno()])


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
