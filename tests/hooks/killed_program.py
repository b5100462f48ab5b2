"""A service that publishes events up to COUNT and delivers them to URL, for a test to kill.

killed_program.py PATH URL COUNT
"""

import asyncio
import sys
from pathlib import Path

from tests.hooks.lab import open_lab


async def main(path: Path, url: str, count: int) -> None:
    async with open_lab(path) as lab:
        if not lab.hooks.subscriptions():
            await lab.hooks.subscribe("admin", url)
        published = len(await lab.world.events.history("n1", limit=count))
        for batch in range(published, count, 50):
            await asyncio.gather(*(lab.tell(str(number)) for number in range(batch, min(batch + 50, count))))
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
