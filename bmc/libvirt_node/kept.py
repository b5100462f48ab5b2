"""What must survive a restart of the service: the override that stands in the domain's definition, and the names of
the media that we inserted."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bmc.libvirt_node.definition import BootOrder
from bmc.model.boot import NO_OVERRIDE, BootOverride, BootSeen
from bmc.model.errors import BackendFailed

log = logging.getLogger(__name__)


class Kept:
    """`own` is the domain's order before ours, `written` ours as libvirt has it; None while there is no override.

    `armed_at` is the domain's id when the override was armed. `media`: by drive, the path and the operator's name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.armed = NO_OVERRIDE
        self.armed_at = -1
        self.own: BootOrder | None = None
        self.written: BootOrder | None = None
        self.media: dict[str, tuple[str, str]] = {}
        self.unseen: list[BootSeen] = []

    def load(self) -> None:
        try:
            self._take(json.loads(self._path.read_text()))
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is damaged and is ignored: %s", self._path, error)

    def save(self) -> None:
        """:raise BackendFailed: the disk is full or forbidden."""
        try:
            self._write()
        except OSError as error:
            raise BackendFailed(f"cannot write {self._path}: {error.strerror}") from None

    def _write(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        value = {
            "armed": self.armed.to_json(),
            "armed_at": self.armed_at,
            "own": self.own.to_json() if self.own else None,
            "written": self.written.to_json() if self.written else None,
            "media": self.media,
            "unseen": [{"at": seen.at, "override": seen.override.to_json()} for seen in self.unseen],
        }
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(value))
        draft.replace(self._path)

    def erase(self) -> None:
        self._path.unlink(missing_ok=True)

    def _take(self, value: Mapping[str, Any]) -> None:
        self.armed = BootOverride.from_json(value["armed"])
        self.armed_at = value["armed_at"]
        self.own = BootOrder.from_json(value["own"]) if value["own"] else None
        self.written = BootOrder.from_json(value["written"]) if value["written"] else None
        self.media = {slot: (path, image) for slot, (path, image) in value["media"].items()}
        self.unseen = [BootSeen(each["at"], BootOverride.from_json(each["override"])) for each in value["unseen"]]
