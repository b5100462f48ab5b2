"""Runs alone inside a private network: plugs in one card and hands its tap out. Arguments: fd, MAC, address.

The bridge learns nothing: what is sent to the card's MAC, and to its address from here, reaches this tap alone,
whatever another card claims to be. Of two with one MAC the second stays out: it would get what is for the first.
"""

import os
import socket
import subprocess
import sys

from bmc.virtual_node.network_keeper import BRIDGE
from bmc.virtual_node.tap import enslave, open_tap


def main(channel: int, mac: str, address: str) -> None:
    descriptor, name = open_tap("tap%d")
    enslave(name, BRIDGE)
    if subprocess.run(f"bridge fdb add {mac} dev {name} master static".split(), stderr=subprocess.DEVNULL).returncode:
        sys.exit(f"another card that is on it has the address {mac}")
    for line in (
        f"bridge link set dev {name} learning off",
        f"ip neigh replace {address} lladdr {mac} dev {BRIDGE} nud permanent",
    ):
        subprocess.run(line.split(), check=True)
    with socket.socket(fileno=channel) as out:
        socket.send_fds(out, [b"tap"], [descriptor])
    os.close(descriptor)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
