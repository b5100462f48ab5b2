"""Who is who on a network of this host: the kernel's table of neighbours."""

from pathlib import Path

TABLE = Path("/proc/thread-self/net/arp")
COMPLETE = 0x2
"""linux/if_arp.h, ATF_COM: the neighbour has answered."""


def mac_of(address: str, interface: str, table: Path = TABLE) -> str | None:
    """The MAC by which `address` was last heard on that interface; None if it is not on its network.

    Who has just connected is in the table: without it our answers had not reached them.
    """
    for line in table.read_text().splitlines()[1:]:
        # IP address, hardware type, flags, MAC, mask, interface
        columns = line.split()
        if len(columns) == 6 and columns[0] == address and columns[5] == interface and int(columns[2], 16) & COMPLETE:
            return columns[3].lower()
    return None
