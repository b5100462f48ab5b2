"""`bmc backup`: a consistent copy of the database, also while the service runs."""

from pathlib import Path
from typing import Annotated

import typer

from bmc.places import state_directory


def backup(file: Annotated[Path, typer.Argument(help="a new file, made 0600")]) -> None:
    """Copy the database while the service runs; the key file stays out of it."""
    from bmc.store import copy_store

    source = state_directory() / "store" / "lightsout.db"
    copy_store(source, file)
    print(f"{source} copied to {file}; keep {state_directory() / 'keys'} elsewhere")
