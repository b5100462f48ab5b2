"""The three demo nodes of a first start, two of them with a system on their disk."""

import asyncio
import tempfile
from pathlib import Path
from uuid import uuid4

from bmc.model.caller import SERVICE
from bmc.model.commands import NoteInstalled
from bmc.model.node import NodeDefinition
from bmc.node import Node
from bmc.ports import Backend
from bmc.reinstall import seed
from bmc.reinstall.images import Image, unpack
from bmc.reinstall.images_seed import seed_image

_OPTIONS: dict[str, dict[str, object]] = {
    "n1": {"memory_mib": 384, "firmware": "bios", "disks": [{"size_gib": 1}]},
    "n2": {"memory_mib": 384, "firmware": "uefi", "disks": [{"size_gib": 1}]},
    "n3": {"memory_mib": 384, "firmware": "bios", "disks": [{"size_gib": 1}]},
}

INSTALLED = ("n1", "n2")
"""Those that come with a system on their disk; the others are empty."""


def definitions() -> list[NodeDefinition]:
    tags = frozenset({"demo"})
    return [NodeDefinition(name, uuid4(), "qemu", options, tags) for name, options in _OPTIONS.items()]


async def install(node: Node, backend: Backend, image: Image, root_password: str) -> None:
    """Write `image` to the first disk of a node that is off, as a reinstall would have left it."""
    if backend.disks is None:
        return
    name = node.snapshot.name
    identity = seed.Identity(name, password_hash=await seed.crypt(root_password))
    files = seed.files(identity, f"demo-{name}", "", "", "")
    with tempfile.TemporaryDirectory(prefix="lightsout-") as scratch:
        raw = Path(scratch) / "disk.raw"
        await asyncio.to_thread(unpack, image, raw)
        await asyncio.to_thread(seed_image, raw, {each: text.encode() for each, text in files.items()})
        await backend.disks.write(0, raw)
    await node.do(NoteInstalled(image.name), SERVICE)
