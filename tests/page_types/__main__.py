"""Writes the page's types, from the code, a service that runs for it, and DMTF's schemas where they are."""

import asyncio
import tempfile
from pathlib import Path

from tests.dmtf import FOLDER
from tests.page_types.schemas import Schemas
from tests.page_types.typescript import own_types, standard_types
from tests.page_types.walk import documents

PAGE = Path(__file__).parents[2] / "web" / "src" / "api"


def main() -> None:
    made = {"lightsout.ts": own_types()}
    if FOLDER.is_dir():
        with tempfile.TemporaryDirectory() as directory:
            seen = asyncio.run(documents(Path(directory)))
        made["redfish.ts"] = standard_types(seen, Schemas(FOLDER / "csdl"))
    else:
        print(f"redfish.ts stays as it is: {FOLDER} is not there")
    for name, text in made.items():
        (PAGE / name).write_text(text)


if __name__ == "__main__":
    main()
