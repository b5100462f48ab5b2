"""Files that hold secrets: 0600 from their first byte, and whole or not at all."""

import os
from pathlib import Path


def write_secret(path: Path, text: str | bytes) -> Path:
    """Replace `path`, durably; returns it. :raise OSError: it is as it was."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    data = text.encode() if isinstance(text, str) else text
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path
