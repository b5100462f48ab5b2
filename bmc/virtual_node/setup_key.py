"""Pressing the key that enters the firmware's setup (OVMF) or boot menu (SeaBIOS has no setup), at the right moment.

The firmware says on the serial line when it listens and when the menu is up; without such a word keys are pressed on
until the time is over.
"""

import asyncio

from bmc.model.boot import BootMode
from bmc.virtual_node.files import SERIAL_LOG, read_tail
from bmc.virtual_node.guest import Guest

PATIENCE = 120.0
KEY = {BootMode.LEGACY: "esc", BootMode.UEFI: "f2"}
MENU_IS_UP = {BootMode.LEGACY: b"Select boot device", BootMode.UEFI: b"Boot Maintenance Manager"}


async def press_setup_key(guest: Guest, firmware: BootMode) -> None:
    """Press it every fifth of a second until the menu shows on the serial line."""
    path = guest.files.guest / SERIAL_LOG
    begin = path.stat().st_size if path.exists() else 0
    deadline = guest.clock.monotonic() + PATIENCE
    while guest.clock.monotonic() < deadline:
        printed = read_tail(path, max(0, path.stat().st_size - begin)) if path.exists() else b""
        if MENU_IS_UP[firmware] in printed:
            return
        await guest.execute("send-key", keys=[{"type": "qcode", "data": KEY[firmware]}])
        await asyncio.sleep(0.2)
