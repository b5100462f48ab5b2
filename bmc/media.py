"""The media library: what an operator may insert into a virtual drive, by name or by URL."""

import asyncio
import hashlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from bmc.fetch import Fetcher
from bmc.model.errors import BackendFailed, InvalidRequest, NotFound
from bmc.model.url import medium_name, shown

ROOM_LEFT = 256 << 20
"""Bytes that the disk keeps for all else, whatever is added or fetched."""


@dataclass(slots=True)
class _Fetch:
    """One under way, and how many wait for it."""

    task: asyncio.Task[Path]
    waiting: int = 0


class MediaLibrary:
    """Files that the operator put into `directory`; those that were `added`; and URLs, which are `fetched`. What was
    added and fetched takes at most `quota` bytes.
    """

    def __init__(self, directory: Path, fetcher: Fetcher, quota: int) -> None:
        self.added = directory / "added"
        self.fetched = directory / "fetched"
        self.quota = quota
        self._directory = directory
        self._fetcher = fetcher
        self._fetches: dict[tuple[str, bool], _Fetch] = {}
        self._reserved: dict[Path, int] = {}
        self._in_drives: Callable[[], Collection[str]] = tuple
        for place in (self.added, self.fetched):
            place.mkdir(mode=0o755, parents=True, exist_ok=True)
        for part in self.fetched.glob("*.part"):
            part.unlink()  # of a fetch that a crash cut off

    def ask(self, in_drives: Callable[[], Collection[str]]) -> None:
        """`in_drives` tells what the drives of all nodes show; what was fetched for one of them stays."""
        self._in_drives = in_drives

    def names(self) -> list[str]:
        """What may be inserted by name."""
        there = (entry for place in (self._directory, self.added) for entry in place.iterdir())
        seen = (entry.name for entry in there if not entry.name.startswith(".") and entry.name.isprintable())
        return sorted({name for name in seen if self.find(name)})

    def find(self, name: str) -> Path | None:
        """The host file of this name; None if there is none. :raise InvalidRequest: it is a path, or hidden."""
        if "/" in name or name.startswith("."):
            raise InvalidRequest(f"{name!r} must be a file name of the media library, or an http(s) URL")
        return next((path for place in (self._directory, self.added) if _is_file(path := place / name)), None)

    async def path(self, image: str, private: bool = False) -> str:
        """The host file behind `image`, fetched when it is a URL; from a private network only if `private` says so.

        :raise NotFound: no such file. :raise InvalidRequest: a path, or a URL that is refused.
        :raise Unreachable: the URL does not answer. :raise BackendFailed: the disk is full.
        """
        if "://" in image:
            return str(await self._fetched(image, private))
        path = self.find(image)
        if path is None:
            raise NotFound(f"no medium {image!r}; there are: {', '.join(self.names()) or 'none'}")
        return str(path)

    async def _fetched(self, url: str, private: bool) -> Path:
        """Who asks for what is being fetched waits for that: Ironic asks again when it has had no answer in a minute,
        and must not start the fetch anew each time; but nobody is given what they may not fetch. Ends with the last
        who waits.
        """
        what = url, private
        fetch = self._fetches.get(what)
        if fetch is None:
            task = asyncio.create_task(self._fetch(url, private), name=f"fetch {shown(url)}")
            fetch = self._fetches[what] = _Fetch(task)
        fetch.waiting += 1
        try:
            return await asyncio.shield(fetch.task)
        finally:
            fetch.waiting -= 1
            if not fetch.waiting:
                del self._fetches[what]
                fetch.task.cancel()

    async def _fetch(self, url: str, private: bool) -> Path:
        path = self.fetched / f"{_digest(shown(url))}-{_digest(f'{private} {url}')}.iso"
        try:
            await self._fetcher.save(url, path, lambda length: self._reserve(url, path, length), private)
        except OSError as error:
            raise BackendFailed(f"{shown(url)} could not be saved in {self.fetched}: {error.strerror}") from error
        finally:
            self._reserved.pop(path, None)
        path.chmod(0o644)
        return path

    def _reserve(self, url: str, path: Path, length: int | None) -> int:
        """Room for one fetch beside all others; half of what is left, where the server does not say how much it needs.
        What was fetched long ago makes room, but for what is in a drive. :raise BackendFailed: there is none.
        """
        kept = sorted(self.fetched.glob("*.iso"), key=lambda file: file.stat().st_mtime)
        used = sum(file.stat().st_size for file in kept)
        inserted = {_digest(medium_name(image)) for image in self._in_drives()}
        kept = [file for file in kept if file.name.partition("-")[0] not in inserted]
        most = self.quota - sum(file.stat().st_size for file in self.added.iterdir())
        while kept and used > most // 2:
            oldest = kept.pop(0)
            used -= oldest.stat().st_size
            oldest.unlink()
        free = os.statvfs(self.fetched)
        there = sum(part.stat().st_size for part in self.fetched.glob("*.part"))
        reserved = sum(self._reserved.values())
        room = min(most - used - reserved, free.f_bavail * free.f_frsize + there - reserved - ROOM_LEFT)
        wanted = room // 2 if length is None else length
        if room <= 0 or wanted > room:
            bounds = f"media may take {self.quota >> 30} GiB (media.quota_gib), and {ROOM_LEFT >> 20} MiB stay free"
            raise BackendFailed(f"there is no room to fetch {shown(url)}: {bounds}")
        self._reserved[path] = wanted
        return wanted


def _digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:32]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name longer than any file's, or one that is no file's
        return False
