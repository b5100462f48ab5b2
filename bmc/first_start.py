"""What a first start makes: the administrator, three demo nodes, and the secrets that go with them."""

import asyncio
import os
import shlex
import tempfile
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from bmc.accounts import generate_ipmi_key, generate_password
from bmc.core import Core
from bmc.images.catalogue import Catalogue, Image, unpack
from bmc.model.caller import SERVICE, Role
from bmc.model.commands import NoteInstalled
from bmc.model.errors import InvalidRequest
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerState
from bmc.node import Node
from bmc.ports import Backend
from bmc.reinstall import seed
from bmc.reinstall.cloud_init import System
from bmc.reinstall.images_seed import seed_image
from bmc.secret_files import write_secret

ADMINISTRATOR = "admin"
IPMI_KEY = "ipmi-admin-key"

_OPTIONS: dict[str, dict[str, object]] = {
    "n1": {"memory_mib": 384, "firmware": "bios", "disks": [{"size_gib": 1}]},
    "n2": {"memory_mib": 384, "firmware": "uefi", "disks": [{"size_gib": 1}]},
    "n3": {"memory_mib": 384, "firmware": "bios", "disks": [{"size_gib": 1}]},
}

_INSTALLED = ("n1", "n2")
"""Those that come with a system on their disk; the others are empty."""


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """A secret made on the first start. It is in `file`, 0600, from before it works, so that no crash loses it;
    whoever has shown it to a person removes the file.
    """

    what: str
    name: str
    password: str
    file: Path


async def first_administrator(core: Core) -> list[FirstPassword]:
    """On the first start, make `admin`: with the password of BMC_ADMIN_PASSWORD_FILE, or a new one to be shown."""
    if not core.accounts.empty():
        return []
    given = _given("BMC_ADMIN_PASSWORD_FILE")
    if given:
        await core.accounts.create(ADMINISTRATOR, given, Role.ADMINISTRATOR)
        return []
    password = generate_password()
    file = write_secret(core.state / "admin-password", password + "\n")
    await core.accounts.create(ADMINISTRATOR, password, Role.ADMINISTRATOR)
    return [FirstPassword("account", ADMINISTRATOR, password, file)]


async def define_demo(core: Core, catalogue: Catalogue) -> list[FirstPassword]:
    """On the first start, three nodes: two with a system on their disk, one empty; `admin` has an IPMI slot on each.

    A first start that was cut off is gone through again: its secrets were shown to nobody.
    """
    begun = await core.store.get("service", "demo")
    there = {node.snapshot.name: node for node in core.fleet.visible(SERVICE)}
    if begun.value["defined"] if begun else there:
        return []
    await core.store.put("service", "demo", {"defined": False})
    key = _given("BMC_IPMI_PASSWORD_FILE") or generate_ipmi_key()
    write_secret(core.state / IPMI_KEY, key + "\n")
    root_password = generate_password()
    file = write_secret(core.state / "demo-root-password", root_password + "\n")
    images = [image for image in catalogue.list() if image.seed == "lightsout"]  # those that are small enough
    for definition in _definitions():
        node = there.get(definition.name) or await core.fleet.create(definition, SERVICE)
        await core.accounts.set_slot(
            definition.name, 2, ADMINISTRATOR, key.encode(), Role.ADMINISTRATOR, account=ADMINISTRATOR
        )
        if definition.name in _INSTALLED and images and node.snapshot.power is PowerState.OFF:
            image = images[_INSTALLED.index(definition.name) % len(images)]
            await _install(node, core.fleet.backend(definition.name), image, root_password)
    await core.store.put("service", "demo", {"defined": True})
    return [FirstPassword("demo systems", "root", root_password, file)]


def ipmitool_line(core: Core) -> str:
    """An ipmitool line that works when pasted; the key stands in a file, never in argv."""
    key = core.state / IPMI_KEY
    doors = [definition.ipmi for definition in _definitions_of(core) if _knows_administrator(core, definition.name)]
    where = next(filter(None, doors), None)
    if where is None or not key.exists():
        return ""
    return (
        f"ipmitool -I lanplus -H {where.host} -p {where.port} -U {ADMINISTRATOR} "
        f"-f {shlex.quote(str(key))} chassis power status"
    )


def _definitions_of(core: Core) -> list[NodeDefinition]:
    return [node.snapshot.definition for node in core.fleet.visible(SERVICE)]


def _knows_administrator(core: Core, node: str) -> bool:
    return any(slot.account == ADMINISTRATOR for slot in core.accounts.slots(node))


def _definitions() -> list[NodeDefinition]:
    tags = frozenset({"demo"})
    return [NodeDefinition(name, uuid4(), "qemu", options, tags) for name, options in _OPTIONS.items()]


async def _install(node: Node, backend: Backend, image: Image, root_password: str) -> None:
    """Write `image` to the first disk of a node that is off, as a reinstall would have left it."""
    if backend.disks is None:
        return
    name = node.snapshot.name
    system = System(f"demo-{name}", name, password_hash=await seed.crypt(root_password))
    files = seed.files(image.seed, system)
    with tempfile.TemporaryDirectory(prefix="lightsout-") as scratch:
        raw = Path(scratch) / "disk.raw"
        await asyncio.to_thread(unpack, image, raw)
        await asyncio.to_thread(seed_image, raw, {each: text.encode() for each, text in files.items()})
        await backend.disks.write(0, raw)
    await node.do(NoteInstalled(image.name), SERVICE)


def _given(variable: str) -> str | None:
    """The first line of the file that an environment variable names. :raise InvalidRequest: it cannot be read."""
    name = os.environ.get(variable)
    if not name:
        return None
    try:
        lines = Path(name).read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{variable} names {name}, which cannot be read: {error}") from error
    if not lines or not lines[0]:
        raise InvalidRequest(f"{variable} names {name}, whose first line is empty; expected a password")
    return lines[0]
