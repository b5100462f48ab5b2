"""The guest's first console, by hand: its effect is watched on the serial one, since a screen is only pixels."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from tests.e2e.service import Shell

Hand = Callable[[str], Awaitable[None]]


async def arrives(hand: Hand, shell: Shell, seconds: float) -> bool:
    """Whether a command that `hand` types on the first console shows its effect on the serial one.

    Each time another word: a serial console begins with what was printed before.
    """
    word = secrets.token_hex(4)
    await hand(f"echo Word-{word} > /dev/ttyS0\n")
    try:
        await shell.expect(f"Word-{word}\r?\n", seconds)
    except AssertionError:
        return False
    return True


async def log_in(hand: Hand, shell: Shell, password: str) -> None:
    """Be root on the first console, logged in already or not."""
    for slower in (1, 1, 2, 3, 4):
        if await arrives(hand, shell, 6 * slower):
            return
        await asyncio.sleep(3 * slower)  # a word that was taken for a name asks for a password next
        await hand("\n")
        await asyncio.sleep(4 * slower)
        await hand("root\n")
        await asyncio.sleep(2 * slower)
        await hand(f"{password}\n")
        await asyncio.sleep(2 * slower)
    raise AssertionError("no login on the first console")
