"""Writes without end and prints what was acknowledged, for a test to kill: writer_program.py PATH."""

import asyncio
import os
import sys
from pathlib import Path

from bmc.store import Store


async def write(store: Store, writer: int) -> None:
    number = 0
    while True:
        number += 1
        sequence = await store.append("s", {"writer": writer, "number": number})
        revision = await store.put("b", f"writer-{writer}", {"number": number})
        # One short write(2) each: a line is either whole or missing.
        os.write(1, f"{writer} {number} {sequence} {revision}\n".encode())


async def main(path: Path) -> None:
    async with Store.open(path) as store:
        await asyncio.gather(*(write(store, writer) for writer in range(8)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
