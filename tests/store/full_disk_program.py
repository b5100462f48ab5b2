"""Fills the disk that PATH is on and tells what the store makes of it: full_disk_program.py PATH."""

import asyncio
import sys
from pathlib import Path

from bmc.store import Store, StoreFailed


async def fill(store: Store) -> int:
    while True:
        last = await store.last("s")
        try:
            await store.append("s", {"filler": "x" * 4000})
        except StoreFailed as error:
            if "no space left" in str(error):
                return last
            raise


async def main(path: Path) -> None:
    ballast = path.parent / "ballast"
    async with Store.open(path) as store:
        ballast.write_bytes(b"x" * 300_000)
        await store.put("b", "k", {"n": 1})
        written = await fill(store)
        outcomes = await asyncio.gather(
            *(store.put("b", f"k{n}", {"filler": "x" * 4000}) for n in range(50)), return_exceptions=True
        )
        assert any(isinstance(outcome, StoreFailed) for outcome in outcomes)
        there = {entry.key for entry in await store.list("b")}
        assert there == {"k"} | {f"k{n}" for n, outcome in enumerate(outcomes) if isinstance(outcome, int)}
        assert await store.last("s") == written
        assert len(await store.read("s")) == written
        ballast.unlink()
        await store.check()
        assert await store.append("s", {}) == written + 1
    async with Store.open(path) as store:
        assert await store.last("s") == written + 1
    print("survived", written)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
