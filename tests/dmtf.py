"""DMTF's schemas, registries and profiles, which are not ours to commit."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("REDFISH_SCHEMAS") or Path(__file__).parents[2] / "shared" / "redfish")


def dmtf(name: str) -> Path:
    """A file or folder of them; the test is skipped where it is not there."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"{path} is not there; REDFISH_SCHEMAS may name a folder with DMTF's data")
    return path
