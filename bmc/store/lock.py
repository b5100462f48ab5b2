"""One service for one state directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bmc.store.errors import StoreFailed, StoreLocked


@contextmanager
def sole_owner(path: Path) -> Iterator[None]:
    """Hold the lock file `path` for as long as the context lasts; the kernel drops it when the process dies.

    :raise StoreLocked: another process holds it; the text names its pid.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreFailed(f"cannot open the lock file {path}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
            raise StoreLocked(
                f"another service (pid {holder}) already runs on {path.parent}; "
                "stop it, or give this one a state directory of its own"
            ) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
