"""One managed server: the one lock, the journal, the reservation, the boot override."""

from bmc.node.consoles import ConsoleStream
from bmc.node.node import Node

__all__ = ["ConsoleStream", "Node"]
