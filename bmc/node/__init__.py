"""One managed server: the one lock, the journal, the reservation, the boot override."""

from bmc.node.node import ConsoleStream, Node

__all__ = ["ConsoleStream", "Node"]
