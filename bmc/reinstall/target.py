"""Which of the disks that the ramdisk saw is the one to write to."""

import re
from collections.abc import Mapping, Sequence
from enum import Enum

from bmc.model.errors import InvalidRequest, Refused
from bmc.model.node import Disk

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9!_-]{0,31}")
_SIZE = re.compile(r"[0-9]{1,18}")
DISKS_MAX, TEXT_MAX = 256, 128


class DiskBus(Enum):
    """What a disk is attached by, as the ramdisk can tell."""

    VIRTIO = "virtio"
    SCSI = "scsi"
    SATA = "sata"
    NVME = "nvme"
    USB = "usb"
    MMC = "mmc"


class Pick(Enum):
    """Which of several disks that fit and are large enough. FIRST: by the kernel's names."""

    SMALLEST = "smallest"
    LARGEST = "largest"
    FIRST = "first"


TEXTS, SIZES = ("serial", "name", "model", "wwn"), ("size", "min_size", "max_size")
RULES = (*TEXTS, *SIZES, "rotational", "bus", "pick")
"""Keys of a rule. Those that OpenStack Ironic's root device hints have too are named as there."""


def rule_problems(rule: object) -> list[str]:
    """What is wrong with a target rule: a mapping of one or more of RULES.

    `serial`, `name` (the kernel's), `model` and `wwn` are texts, `size`, `min_size` and `max_size` bytes, `rotational`
    is a truth, `bus` a DiskBus's and `pick` a Pick's value.
    """
    if rule is None:
        return []
    if not isinstance(rule, Mapping) or not rule:
        return [f"disk: expected an object with one or more of {', '.join(RULES)}"]
    return [f"disk.{key}: {wrong}" for key, value in rule.items() if (wrong := _wrong(key, value))]


def _wrong(key: object, value: object) -> str:
    """What is wrong with one part of a rule; "" if nothing is."""
    if key in TEXTS:
        fits = isinstance(value, str) and 0 < len(value) <= TEXT_MAX
        return "" if fits else f"expected a text of at most {TEXT_MAX} characters"
    if key in SIZES:
        fits = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return "" if fits else "expected a number of bytes"
    if key == "rotational":
        return "" if isinstance(value, bool) else "expected true or false"
    values = {"bus": [bus.value for bus in DiskBus], "pick": [pick.value for pick in Pick]}.get(str(key))
    if values is None:
        return f"unknown; expected one or more of {', '.join(RULES)}"
    return "" if value in values else f"expected one of {', '.join(values)}"


def parse(text: str) -> tuple[Disk, ...]:
    """The ramdisk's `name:bytes:serial:bus:rotational:wwn:model,…`; what comes after the bytes may be empty or missing.

    :raise InvalidRequest: it is something else.
    """
    disks = []
    for item in text.split(",") if text else ():
        name, size, *more = (*item.split(":"), "")
        serial, bus, rotational, wwn, model, *rest = [*more, *[""] * 5]
        if (
            not _NAME.fullmatch(name)
            or not _SIZE.fullmatch(size)
            or any(rest)
            or any(len(part) > TEXT_MAX for part in more)
        ):
            raise InvalidRequest(f"disks: {item[:80]!r} is not name:bytes:serial:bus:rotational:wwn:model")
        turns = {"0": False, "1": True}.get(rotational)
        disks.append(Disk(name, int(size), _clean(serial), _clean(bus), _clean(model), _clean(wwn), turns))
    if len(disks) > DISKS_MAX:
        raise InvalidRequest(f"disks: {len(disks)} are listed, at most {DISKS_MAX} are possible")
    return tuple(disks)


def choose(disks: Sequence[Disk], rule: Mapping[str, object] | None, needed: int) -> Disk:
    """The one disk that fits `rule` (None: there must be only one) and holds `needed` bytes.

    :raise Refused: none or several do; the text lists what was seen.
    """
    wanted = dict(rule or {})
    pick = wanted.pop("pick", None)
    fitting = [disk for disk in disks if all(_fits(disk, key, value) for key, value in wanted.items())]
    asked = " and ".join(
        f"{key} {str(value).lower() if isinstance(value, bool) else value}" for key, value in wanted.items()
    )
    if not fitting:
        raise Refused(f"no disk has {asked}; seen: {_listed(disks)}" if asked else "the machine has no disk")
    if pick is not None:
        fitting = _pick([disk for disk in fitting if disk.size >= needed] or fitting, Pick(pick))
    if len(fitting) > 1:
        hint = f"{len(fitting)} disks have {asked}" if asked else f"the machine has {len(fitting)} disks"
        hint = f"{len(fitting)} disks are equally the {Pick(pick).value}" if pick is not None else hint
        raise Refused(f"{hint}, so the target is not certain: name it by serial or size; seen: {_listed(disks)}")
    if fitting[0].size < needed:
        raise Refused(f"the image needs {needed} bytes, but the disk is smaller; seen: {_listed(disks)}")
    return fitting[0]


def _fits(disk: Disk, key: str, value: object) -> bool:
    if key in ("min_size", "max_size") and isinstance(value, int):
        return disk.size >= value if key == "min_size" else disk.size <= value
    return bool(getattr(disk, key) == value)


def _pick(disks: Sequence[Disk], pick: Pick) -> list[Disk]:
    """Several, if they are equally large."""
    if pick is Pick.FIRST:
        return [min(disks, key=lambda disk: (len(disk.name), disk.name))]
    edge = (min if pick is Pick.SMALLEST else max)(disk.size for disk in disks)
    return [disk for disk in disks if disk.size == edge]


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
    return ", ".join(f"{disk.name} ({', '.join(_facts(disk))})" for disk in disks) or "none"


def _facts(disk: Disk) -> list[str]:
    kinds = {True: "rotational", False: "not rotational"}
    more = [
        disk.bus,
        "" if disk.rotational is None else kinds[disk.rotational],
        disk.wwn and f"wwn {disk.wwn}",
        disk.model and f"model {disk.model}",
    ]
    return [f"{disk.size} bytes", f"serial {disk.serial or 'none'}", *filter(None, more)]


def _clean(text: str) -> str:
    return "".join(filter(str.isprintable, text)).strip()
