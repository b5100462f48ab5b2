"""Which of the disks that the ramdisk saw is the one to write to."""

import re
from collections.abc import Mapping, Sequence

from bmc.model.errors import InvalidRequest, Refused
from bmc.model.node import Disk

RULES = ("serial", "name", "size")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9!_-]{0,31}")
_SIZE = re.compile(r"[0-9]{1,18}")
DISKS_MAX = 256


def rule_problems(rule: object) -> list[str]:
    """What is wrong with a target rule: a mapping of one or more of serial, name (of the kernel) and size (bytes)."""
    if rule is None:
        return []
    if not isinstance(rule, Mapping) or not rule:
        return [f"disk: expected an object with one or more of {', '.join(RULES)}"]
    found = [f"disk.{key}: unknown; expected one or more of {', '.join(RULES)}" for key in rule if key not in RULES]
    for key in ("serial", "name"):
        if key in rule and (not isinstance(rule[key], str) or not rule[key] or len(rule[key]) > 128):
            found.append(f"disk.{key}: expected a text of at most 128 characters")
    size = rule.get("size", 1)
    if isinstance(size, bool) or not isinstance(size, int) or size <= 0:
        found.append("disk.size: expected a number of bytes")
    return found


def parse(text: str) -> tuple[Disk, ...]:
    """The ramdisk's `name:bytes:serial,…`. :raise InvalidRequest: it is something else."""
    disks = []
    for item in text.split(",") if text else ():
        name, _, rest = item.partition(":")
        size, _, serial = rest.partition(":")
        if not _NAME.fullmatch(name) or not _SIZE.fullmatch(size) or len(serial) > 128:
            raise InvalidRequest(f"disks: {item[:80]!r} is not name:bytes:serial")
        disks.append(Disk(name, int(size), "".join(filter(str.isprintable, serial)).strip()))
    if len(disks) > DISKS_MAX:
        raise InvalidRequest(f"disks: {len(disks)} are listed, at most {DISKS_MAX} are possible")
    return tuple(disks)


def choose(disks: Sequence[Disk], rule: Mapping[str, object] | None, needed: int) -> Disk:
    """The one disk that fits `rule` (None: there must be only one) and holds `needed` bytes.

    :raise Refused: none or several do; the text lists what was seen.
    """
    wanted = rule or {}
    fitting = [disk for disk in disks if all(getattr(disk, key) == value for key, value in wanted.items())]
    asked = " and ".join(f"{key} {value}" for key, value in wanted.items())
    if not fitting:
        raise Refused(f"no disk has {asked}; seen: {_listed(disks)}" if asked else "the machine has no disk")
    if len(fitting) > 1:
        hint = f"{len(fitting)} disks have {asked}" if asked else f"the machine has {len(fitting)} disks"
        raise Refused(f"{hint}, so the target is not certain: name it by serial, name or size; seen: {_listed(disks)}")
    if fitting[0].size < needed:
        raise Refused(f"the image needs {needed} bytes, but the disk is smaller; seen: {_listed(disks)}")
    return fitting[0]


def same_disk(disk: Disk, known: Sequence[Disk]) -> int | None:
    """Which of those that the backend knows is the one that the ramdisk saw; None: it is not certain.

    By its serial, or by its size where one of the two has no serial.
    """
    fitting = [index for index, other in enumerate(known) if disk.serial and disk.serial == other.serial]
    if not fitting:
        alike = (other.size == disk.size and not (disk.serial and other.serial) for other in known)
        fitting = [index for index, fits in enumerate(alike) if fits]
    return fitting[0] if len(fitting) == 1 else None


def _listed(disks: Sequence[Disk]) -> str:
    return ", ".join(f"{disk.name} ({disk.size} bytes, serial {disk.serial or 'none'})" for disk in disks) or "none"
