"""What the service must know of a node after its own restart: media, boot override, how far events were read.

Kept in the node's directory, not in the store, since it has to agree with a QEMU process that outlives the service.
"""

import asyncio
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bmc.model.boot import NO_OVERRIDE, BootOverride, BootSeen
from bmc.model.errors import BackendFailed

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Medium:
    """`path` is the host file, `image` how the operator named it."""

    path: str
    image: str


@dataclass(slots=True)
class Run:
    """The QEMU process that was last started, the version of the firmware it got, if that can be told, and its options.

    An earlier version of the service kept no options.
    """

    boot_id: str
    started: float
    accelerator: str
    network: bool
    firmware_version: str = ""
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(slots=True)
class NodeState:
    """`armed` waits for the next boot; `booting` is being carried out; `unseen` are boots nobody has taken note of.

    `boot_file` is the URL that the network cards are told to boot, "" for none.
    `events_read` is how many bytes of QEMU's event log have been dealt with.
    """

    media: dict[str, Medium] = field(default_factory=dict)
    armed: BootOverride = NO_OVERRIDE
    booting: BootOverride | None = None
    unseen: list[BootSeen] = field(default_factory=list)
    run: Run | None = None
    events_read: int = 0
    boot_file: str = ""


class StateFile:
    """The state, and its file: replaced whole, so that it is never seen half-written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._saving = asyncio.Lock()
        self.now = NodeState()

    def load(self) -> None:
        """:raise BackendFailed: the file is there and cannot be read."""
        try:
            raw = json.loads(self._path.read_text())
        except FileNotFoundError:
            return
        except (OSError, ValueError, RecursionError) as error:
            raise BackendFailed(f"{self._path} cannot be read: {error}; restore or remove it") from None
        try:
            self.now = NodeState(
                media={slot: Medium(**medium) for slot, medium in raw["media"].items()},
                armed=BootOverride.from_json(raw["armed"]),
                booting=BootOverride.from_json(raw["booting"]) if raw["booting"] else None,
                unseen=[_seen(each) for each in raw["unseen"]],
                run=Run(**raw["run"]) if raw["run"] else None,
                events_read=_size(raw["events_read"]),
                boot_file=str(raw.get("boot_file", "")),  # an earlier version wrote none
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise BackendFailed(f"{self._path} is damaged ({error}); restore or remove it") from None

    def note(self) -> None:
        """Write what only matters while this QEMU runs: not waiting for the disk, and a full one stops nothing."""
        try:
            scratch = self._path.with_suffix(".new")
            _write(scratch, self._text(), durable=False)
            scratch.replace(self._path)
        except OSError as error:
            why = f"cannot write {self._path}: {error.strerror}"
            log.error("%s; after a restart of the service events may be told twice", why)

    async def save(self) -> None:
        """Write what a crash of the host must not lose, also for a caller that is cancelled meanwhile.

        :raise BackendFailed: the disk is full or forbidden.
        """
        await asyncio.shield(asyncio.ensure_future(self._save()))

    async def _save(self) -> None:
        """The disk is waited for outside of the loop; what changes meanwhile is saved with it."""
        async with self._saving:
            scratch, saved = self._path.with_suffix(".saving"), ""
            try:
                while saved != (text := self._text()):
                    await asyncio.to_thread(_write, scratch, text, durable=True)
                    saved = text
                scratch.replace(self._path)
            except OSError as error:
                raise BackendFailed(f"cannot write {self._path}: {error.strerror}") from None

    def _text(self) -> str:
        state = self.now
        return json.dumps(
            {
                "media": {slot: asdict(medium) for slot, medium in state.media.items()},
                "armed": state.armed.to_json(),
                "booting": state.booting.to_json() if state.booting else None,
                "unseen": [
                    {"at": seen.at, "override": seen.override.to_json(), "failed": seen.failed} for seen in state.unseen
                ],
                "run": asdict(state.run) if state.run else None,
                "events_read": state.events_read,
                "boot_file": state.boot_file,
            }
        )


def _write(path: Path, text: str, durable: bool) -> None:
    """:raise OSError:"""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        if durable:
            os.fsync(descriptor)


def _size(value: object) -> int:
    """:raise ValueError: no number of bytes."""
    if not isinstance(value, int) or value < 0:
        raise ValueError(f"{value!r} is no number of bytes")
    return value


def _seen(raw: Mapping[str, Any]) -> BootSeen:
    """An earlier version knew of no failed ones."""
    return BootSeen(raw["at"], BootOverride.from_json(raw["override"]), raw.get("failed", False))
