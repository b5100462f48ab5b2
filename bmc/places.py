"""Where this installation keeps its state and its configuration. Quick to import: the command line asks each time."""

import hashlib
import os
from pathlib import Path

import bmc


def state_directory() -> Path:
    """BMC_STATE, or a directory of this installation's own, so that two installations never share one."""
    if named := os.environ.get("BMC_STATE"):
        return Path(named).absolute()
    base = Path("/var/lib") if os.geteuid() == 0 else Path.home() / ".local" / "state"
    home = Path(bmc.__file__).resolve().parents[1]
    suffix = "-" + hashlib.sha256(str(home).encode()).hexdigest()[:8] if (home / "Makefile").exists() else ""
    return base / f"lightsout{suffix}"


def config_file(state: Path) -> Path:
    """BMC_CONFIG, or config.toml in the state directory."""
    named = os.environ.get("BMC_CONFIG")
    return Path(named).absolute() if named else state / "config.toml"
