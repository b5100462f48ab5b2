"""The media that were added for virtual drives, beside those that lie in the media directory anyway."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bmc.images.shelf import Arrived, Part, Shelf, bytes_in
from bmc.images.uses import inserted_in
from bmc.media import MediaLibrary
from bmc.model.errors import BackendFailed, InvalidRequest, NotFound, Refused
from bmc.model.job import Job
from bmc.model.node import NodeSnapshot

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$"


@dataclass(frozen=True, slots=True)
class Medium:
    """A file that can be inserted. `size` in bytes; `at`: when it came, in seconds since the epoch.

    `sha256` and `account` are "" of a file that somebody put into the media directory, which is not `own`.
    """

    name: str
    size: int
    at: float
    sha256: str = ""
    account: str = ""
    own: bool = False


class _Entry(BaseModel):
    """The JSON file of a medium."""

    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    account: str
    added: float


class MediaStore(Shelf):
    """What was added to `library`. It and what the library has fetched take at most the library's quota."""

    word, section, names = "medium", "media", NAME

    def __init__(self, library: MediaLibrary) -> None:
        self._library = library
        super().__init__(library.added, library.quota)
        for entry in self._directory.glob(".*.json"):
            if not (self._directory / _name_of(entry)).is_file():
                entry.unlink()  # a removal that a crash cut off

    def listed(self) -> list[Medium]:
        """By name. Of two of one name that in the media directory counts, as it does when it is inserted.

        :raise BackendFailed: the directory cannot be read.
        """
        try:
            found = [self._find(name) for name in self._library.names()]
        except OSError as error:
            raise BackendFailed(f"the media directory cannot be read: {error.strerror}") from error
        return [medium for medium in found if medium is not None]

    def get(self, name: str) -> Medium:
        """:raise NotFound:"""
        with suppress(OSError, InvalidRequest):
            if (medium := self._find(name)) is not None:
                return medium
        raise NotFound(f"there is no medium {name[:80]!r}; see the list of media")

    def has(self, name: str) -> bool:
        return name in self._library.names()

    def check(self, request: Mapping[str, object]) -> tuple[Mapping[str, object], Sequence[str]]:
        name = str(request["medium"])
        if self.has(name):
            raise Refused(f"there is a medium {name} already; delete it first, or choose another name")
        return request, ()

    def outside(self, name: str) -> Path:
        raise InvalidRequest(f"{name[:80]!r}: put a file of this machine into the media directory; it needs no adding")

    def add(self, request: Mapping[str, object], arrived: Arrived, part: Part | None) -> None:
        name = str(request["medium"])
        entry = _Entry(sha256=arrived.sha256, account=arrived.account, added=arrived.at)
        if part is not None:
            part.path.chmod(0o644)
        self._keep(name, name, part, lambda: entry.model_dump_json(indent=2) + "\n")

    def check_unused(self, name: str, nodes: Sequence[NodeSnapshot], jobs: Sequence[Job]) -> None:
        if users := inserted_in(name, nodes):
            raise Refused(f"the medium {name} is in a drive of {', '.join(users)}; eject it first")

    def _is_there(self, name: str) -> bool:
        path = self._library.find(name)
        return path is not None and path.parent == self._directory

    def _check_own(self, name: str) -> None:
        self.get(name)
        if not self.is_own(name):
            raise Refused(f"the medium {name} lies in the media directory: who put it there deletes it there")

    def _json(self, name: str) -> Path:
        """Hidden, so that no medium is called so."""
        return self._directory / f".{name}.json"

    def _file_names(self, name: str) -> list[str]:
        return [name]

    def _used(self) -> int:
        return super()._used() + bytes_in(self._library.fetched)

    def _find(self, name: str) -> Medium | None:
        path = self._library.find(name)
        if path is None:
            return None
        try:
            there = path.stat()
        except FileNotFoundError:  # it has just been removed
            return None
        if path.parent != self._directory:
            return Medium(name, there.st_size, there.st_mtime)
        try:
            entry = _Entry.model_validate_json(self._json(name).read_bytes())
        except (OSError, ValidationError):  # whole and right it is all the same: a crash came before the entry
            return Medium(name, there.st_size, there.st_mtime, own=True)
        return Medium(name, there.st_size, entry.added, entry.sha256, entry.account, own=True)


def _name_of(entry: Path) -> str:
    return entry.name.removeprefix(".").removesuffix(".json")
