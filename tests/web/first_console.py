"""The guest's first console, by hand: its effect is watched on the serial one, since a screen is only pixels."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from tests.e2e.service import Shell

Hand = Callable[[str], Awaitable[None]]


async def tried(hand: Hand) -> str:
    """Types a command whose effect shows on the serial console, and answers with the word that it would print.

    Each time another: a serial console begins with what was printed before.
    """
    word = f"Word-{secrets.token_hex(4)}"
    await hand(f"echo {word} > /dev/ttyS0\n")
    return word


async def arrives(hand: Hand, shell: Shell, seconds: float, unlike: str | None = None) -> bool:
    """Whether what `hand` types on the first console has its effect, and the word `unlike` from before has none."""
    word = await tried(hand)
    try:
        found = await shell.expect(f"(?s)(.*?){word}\r?\n", seconds)
    except AssertionError:
        return False
    return unlike is None or unlike.encode() not in found[1]


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
