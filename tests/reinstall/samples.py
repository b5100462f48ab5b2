"""What many tests of the ramdisk's jobs ask for, are told and wait for."""

from pathlib import Path

from bmc.images.catalogue import Image
from bmc.model.boot import BootMode

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUY0Wz6R2QZgG2u3nJY6JlyTUn2cB5mgwHpzVQFRn6h olga@desk"
STEPS = (
    "wait for turn", "power off", "insert medium", "boot once", "power on", "check in", "choose disk", "erase",
    "write", "verify", "seed", "shut down", "eject", "start", "proof",
)  # fmt: skip
GOOD, BAD = "a" * 64, "b" * 64
IMAGE = Image(
    "mini", "Mini", Path("/images/mini.raw"), "raw", 1024, GOOD, frozenset(BootMode), "lightsout", frozenset()
)
CHECK_IN = {"disks": "vda:4096:S1"}
