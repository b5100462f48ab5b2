"""A small JSON file that remembers something of a BMC across a restart of the service."""

import json
import logging
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)


class KeptFile:
    """Holds one JSON object, whole or not at all."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> dict[str, Any]:
        """Empty where there is none."""
        try:
            value = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            log.warning("%s is damaged and is ignored: %s", self._path, error)
            return {}
        return value if isinstance(value, dict) else {}

    def save(self, value: dict[str, Any]) -> None:
        """An empty one is no file."""
        if not value:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(value))
        draft.replace(self._path)
