"""Small files that hold what is known of a BMC, or is under way there, across a restart of the service."""

import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class KeptFile:
    """One JSON value."""

    def __init__(self, path: Path) -> None:
        self._path = path

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
        """None removes it."""
        if value is None:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(value))
        draft.replace(self._path)
