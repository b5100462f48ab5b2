"""A boot that finds nothing to boot from: the firmware says so on the serial line.

A guest may say the same words. It then has a false record in its own event log, which it may write anyway.
"""

import asyncio
import re

from bmc.model.boot import BootMode
from bmc.virtual_node.files import SERIAL_LOG, read_tail
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.setup_key import log_size

PATIENCE = 900.0
"""Seconds; firmware that tries the network takes minutes."""
INTERVAL = 1.0
FIRMWARE_TALK = 64 * 1024
"""Bytes; who prints more is no firmware."""
GAVE_UP = {
    BootMode.LEGACY: re.compile(rb"No bootable device\."),
    BootMode.UEFI: re.compile(rb'BdsDxe: (?:No bootable option|starting Boot[0-9A-F]{4} "EFI Internal Shell")'),
}


async def gave_up(guest: Guest, firmware: BootMode, begin: int) -> bool:
    """Wait until the firmware, whose output starts at `begin` of the serial log, gives up, or has something to boot."""
    deadline = guest.clock.monotonic() + PATIENCE
    while guest.clock.monotonic() < deadline:
        await asyncio.sleep(INTERVAL)
        printed = log_size(guest) - begin
        if GAVE_UP[firmware].search(read_tail(guest.files.guest / SERIAL_LOG, max(0, min(printed, FIRMWARE_TALK)))):
            return True
        if not 0 <= printed <= FIRMWARE_TALK:
            return False
    return False
