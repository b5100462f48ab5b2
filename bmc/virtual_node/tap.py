"""Taps and bridges by the kernel's own calls, in whatever network namespace the caller is. Standard library only, since
it also runs alone inside a private network. All raise OSError.
"""

import fcntl
import os
import socket
import struct

TUN = "/dev/net/tun"
TUNSETIFF = 0x400454CA  # linux/if_tun.h
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCGIFMTU, SIOCSIFMTU = 0x8913, 0x8914, 0x8921, 0x8922
SIOCSIFHWADDR, SIOCGIFHWADDR, SIOCBRADDIF = 0x8924, 0x8927, 0x89A2
IFF_UP = 0x1
_NAMED = struct.Struct("16sH22x")
_ADDRESS = struct.Struct("16sH6s16x")
_NUMBERED = struct.Struct("16si20x")


def open_tap(name: str) -> tuple[int, str]:
    """Attach to the tap `name`, which is made if there is none ("tap%d": the next free one). It goes with its last user
    unless it was there before. The descriptor, and the tap's name.
    """
    descriptor = os.open(TUN, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        asked = _NAMED.pack(name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
        given = fcntl.ioctl(descriptor, TUNSETIFF, asked)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, given[:16].rstrip(b"\0").decode()


def enslave(tap: str, bridge: str) -> None:
    """Put `tap` onto `bridge` and switch it on.

    It gets the bridge's MTU, which would else shrink to the tap's, and the highest address there is, since a bridge
    takes over the lowest of its members'.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        _, mtu = _NUMBERED.unpack(fcntl.ioctl(any_socket, SIOCGIFMTU, _NUMBERED.pack(bridge.encode(), 0)))
        fcntl.ioctl(any_socket, SIOCSIFMTU, _NUMBERED.pack(tap.encode(), mtu))
        _, kind, address = _ADDRESS.unpack(fcntl.ioctl(any_socket, SIOCGIFHWADDR, _ADDRESS.pack(tap.encode(), 0, b"")))
        fcntl.ioctl(any_socket, SIOCSIFHWADDR, _ADDRESS.pack(tap.encode(), kind, b"\xfe" + address[1:]))
        index = socket.if_nametoindex(tap)
        fcntl.ioctl(any_socket, SIOCBRADDIF, _NUMBERED.pack(bridge.encode(), index))
    switch_on(tap)


def is_up(name: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        return bool(_flags(any_socket, name) & IFF_UP)


def switch_on(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        flags = _flags(any_socket, name) | IFF_UP
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, _NAMED.pack(name.encode(), flags))


def _flags(any_socket: socket.socket, name: str) -> int:
    flags: int = _NAMED.unpack(fcntl.ioctl(any_socket, SIOCGIFFLAGS, _NAMED.pack(name.encode(), 0)))[1]
    return flags
