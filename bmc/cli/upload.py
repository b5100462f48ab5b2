"""A file is uploaded to where a Task waits for it, by tus 1.0, and goes on where it was after whatever cut it off."""

import hashlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import typer

from bmc.cli import jobs
from bmc.cli.client import UPLOAD_PATIENCE, Client, Resource
from bmc.cli.errors import CliError, NoAnswer, SignedOut
from bmc.cli.output import CUT_OFF
from bmc.cli.patience import PAUSE, patiently

PIECE = 64 << 20
"""Bytes that are sent by one request."""
TUS = {"Tus-Resumable": "1.0.0"}


def add(client: Client, collection: str, asked: Mapping[str, Any], file: Path | None) -> None:
    """Have something added to a collection, and show the progress to its end. `file` is uploaded for it, if it does
    not come from elsewhere; what was begun of that earlier goes on. Without its digest in `asked` it is computed.

    :raise CliError: it was refused or failed.
    """
    given = {name: value for name, value in asked.items() if value is not None}
    if file is None:
        jobs.follow(client, client.post(collection, given)[0])
        return
    try:
        with file.open("rb") as opened:
            digest = given.get("FileSHA256") or hashlib.file_digest(opened, "sha256").hexdigest()
            given |= {"FileSHA256": digest.lower(), "FileSizeBytes": os.fstat(opened.fileno()).st_size}
            task = _begun(client, given) or client.post(collection, given)[0]
            _send(client, task, opened, given["FileSizeBytes"])
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}") from None
    jobs.follow(client, task)


def is_url(source: str) -> bool:
    """Or else a file's name. :raise CliError: a URL that cannot be fetched."""
    if source.startswith(("http://", "https://")):
        return True
    if "://" in source:
        raise CliError(f"{source}: only http and https can be fetched")
    return False


def file_name(source: str) -> str:
    """The last word of a path or URL."""
    return (urlsplit(source).path if is_url(source) else source).rpartition("/")[2]


def _begun(client: Client, given: Mapping[str, Any]) -> Resource | None:
    """The task that waits for this very file under this name."""
    wanted = (given["Id"], given["FileSHA256"], given["FileSizeBytes"])
    for task in client.members(jobs.TASKS):
        ours = task["Oem"]["Lightsout"]
        asked = ours["Request"]
        name = asked.get("image") or asked.get("medium")
        if ours["UploadURI"] and wanted == (name, asked.get("file_sha256"), asked.get("file_size")):
            return task
    return None


def _send(client: Client, task: Resource, file: BinaryIO, size: int) -> None:
    """Until all of it is there, or the job has ended, which then tells why."""
    path = task["Oem"]["Lightsout"]["UploadURI"]
    offset, refused = 0, False
    try:
        with _shown(size) as advance:
            while offset < size:
                try:
                    offset = _arrived(client, path)
                    while offset < size:
                        offset = _patch(client, path, _Piece(file, offset, min(PIECE, size - offset), advance))
                        refused = False
                except (NoAnswer, SignedOut):
                    time.sleep(PAUSE)
                except CliError:
                    if _over(client, task):
                        return
                    if refused:  # again, and not because it was to go on elsewhere
                        raise
                    refused = True
    except KeyboardInterrupt:
        job = task["Id"]
        print(f"job {job} waits an hour for the rest: the same command goes on. `bmc job cancel {job}` ends it.")
        raise typer.Exit(CUT_OFF) from None


def _arrived(client: Client, path: str) -> int:
    """Bytes of the upload that are there. :raise CliError: it waits for nothing."""

    def ask() -> int:
        with client.open("HEAD", path, headers=TUS) as answer:
            return int(answer.header("Upload-Offset"))

    return patiently(client, ask)


def _patch(client: Client, path: str, piece: "_Piece") -> int:
    """Bytes that are there then."""
    headers = TUS | {
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(piece.size),
        "Upload-Offset": str(piece.start),
    }
    with client.open("PATCH", path, piece, headers, UPLOAD_PATIENCE):
        return piece.start + piece.size


def _over(client: Client, task: Resource) -> bool:
    found = patiently(client, lambda: client.get(task["@odata.id"]))
    return found["TaskState"] in jobs.ENDED or found["Oem"]["Lightsout"]["UploadURI"] is None


class _Piece:
    """Some bytes of a file, as a file; `advance` is told how far in the whole it was read."""

    def __init__(self, file: BinaryIO, start: int, size: int, advance: Callable[[int], None]) -> None:
        self.start = start
        self.size = size
        self._file = file
        self._left = size
        self._advance = advance
        file.seek(start)

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted)
        if wanted and not data:
            raise CliError("the file has become shorter while it was uploaded")
        self._left -= len(data)
        self._advance(self.start + self.size - self._left)
        return data


@contextmanager
def _shown(size: int) -> Iterator[Callable[[int], None]]:
    """What is told how far the upload is."""
    if not sys.stdout.isatty():
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, transient=True) as progress:
        bar = progress.add_task("uploading", total=size)
        yield lambda done: progress.update(bar, completed=done)
