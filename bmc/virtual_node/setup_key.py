"""Pressing the key that enters the firmware's setup (OVMF) or boot menu (SeaBIOS has no setup) at the right moment.

The firmware tells on the serial line what it does, and for that long the line is its own.
"""

import asyncio
import re
from enum import Enum

from bmc.model.boot import BootMode
from bmc.virtual_node.files import SERIAL_LOG, read_tail
from bmc.virtual_node.guest import Guest

PATIENCE = 120.0
INTERVAL = 0.15
KEY = {BootMode.LEGACY: "esc", BootMode.UEFI: "f2"}
ENTERED = {BootMode.LEGACY: re.compile(rb"Select boot device"), BootMode.UEFI: re.compile(rb"Boot Maintenance Manager")}
WENT_ON = {
    BootMode.LEGACY: re.compile(rb"Booting from"),
    BootMode.UEFI: re.compile(rb'BdsDxe: starting (?!Boot[0-9A-F]{4} "UiApp")'),
}


class Pressed(Enum):
    ENTERED = "the firmware's setup is up"
    MISSED = "the firmware went on and boots"
    IN_VAIN = "the firmware did neither"


async def press_setup_key(guest: Guest, firmware: BootMode, begin: int) -> Pressed:
    """Press the key until the firmware, whose output starts at `begin` of the serial log, shows what it does."""
    path = guest.files.guest / SERIAL_LOG
    deadline = guest.clock.monotonic() + PATIENCE
    while guest.clock.monotonic() < deadline:
        printed = read_tail(path, max(0, log_size(guest) - begin))
        if ENTERED[firmware].search(printed):
            return Pressed.ENTERED
        if WENT_ON[firmware].search(printed):
            return Pressed.MISSED
        await guest.execute("send-key", keys=[{"type": "qcode", "data": KEY[firmware]}])
        await asyncio.sleep(INTERVAL)
    return Pressed.IN_VAIN


def log_size(guest: Guest) -> int:
    """Bytes in the serial log by now."""
    try:
        return (guest.files.guest / SERIAL_LOG).lstat().st_size
    except FileNotFoundError:
        return 0
