"""Small files that hold what is known of a device, or is under way there, across our death and that of the machine."""

import json
import logging
import os
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class KeptFile:
    """One JSON value: whole or not at all, and on disk when `save` returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def exists(self) -> bool:
        return self._path.exists()

    def load(self) -> Any:
        """None where there is none, or none that can be read."""
        try:
            return json.loads(self._path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            self.damaged(error)
            return None

    def damaged(self, error: Exception) -> None:
        log.warning("%s is damaged and is ignored: %r", self._path, error)

    def save(self, value: object) -> None:
        """:raise OSError: it could not be written; what was there before still is."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        with draft.open("w") as file:
            json.dump(value, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
