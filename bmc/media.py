"""The media library: what an operator may insert into a virtual drive, by file name or by URL."""

import asyncio
import hashlib
import os
from pathlib import Path

from bmc.fetch import Fetcher
from bmc.model.errors import BackendFailed, InvalidRequest, NotFound


class MediaLibrary:
    """Files that the operator put into `directory`, and URLs fetched into its `fetched` folder of `quota` bytes."""

    def __init__(self, directory: Path, fetcher: Fetcher, quota: int) -> None:
        self._directory = directory
        self._fetched = directory / "fetched"
        self._fetcher = fetcher
        self._quota = quota
        self._fetching = asyncio.Lock()
        self._fetched.mkdir(mode=0o755, parents=True, exist_ok=True)
        for part in self._fetched.glob("*.part"):
            part.unlink()  # of a fetch that a crash cut off

    def names(self) -> list[str]:
        """The files that may be inserted by name."""
        return sorted(entry.name for entry in self._directory.iterdir() if entry.is_file())

    async def path(self, image: str) -> str:
        """The host file behind `image`, fetched when it is a URL.

        :raise NotFound: no such file. :raise InvalidRequest: a path, or a URL that is refused.
        :raise Unreachable: the URL does not answer. :raise BackendFailed: the disk is full.
        """
        if "://" in image:
            async with self._fetching:  # one at a time: each counts on the room that is left
                return str(await self._fetch(image))
        if "/" in image or image.startswith("."):
            raise InvalidRequest(f"{image!r} must be a file name of the media store, or an http(s) URL")
        path = self._directory / image
        if not _is_file(path):
            raise NotFound(f"no medium {image!r}; there are: {', '.join(self.names()) or 'none'}")
        return str(path)

    async def _fetch(self, url: str) -> Path:
        path = self._fetched / (hashlib.sha256(url.encode()).hexdigest()[:32] + ".iso")
        kept = sorted(self._fetched.glob("*.iso"), key=lambda file: file.stat().st_mtime)
        used = sum(file.stat().st_size for file in kept)
        while kept and used > self._quota // 2:
            oldest = kept.pop(0)
            used -= oldest.stat().st_size
            oldest.unlink()
        free = os.statvfs(self._fetched)
        room = min(self._quota - used, free.f_bavail * free.f_frsize - (256 << 20))
        if room <= 0:
            raise BackendFailed(f"no room to fetch {url}: less than 256 MiB would be left on {self._fetched}")
        try:
            await self._fetcher.save(url, path, room)
        except OSError as error:
            raise BackendFailed(f"{url} could not be saved in {self._fetched}: {error.strerror}") from error
        path.chmod(0o644)
        return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than any file's
        return False
