"""The libvirt binding, which an installation may do without, and its one event loop, which the library wants."""

import threading
from functools import cache
from importlib import import_module
from typing import Any

from bmc.model.errors import BackendFailed


def _found(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        return None


libvirt = _found("libvirt")
libvirt_qemu = _found("libvirt_qemu")

MISSING = "the Python binding of libvirt is not installed"
REMEDY = (
    "install libvirt-clients, libvirt-dev, pkg-config, gcc and python3-dev, "
    "then `.venv/bin/pip install libvirt-python==9.0.0` (the version of your libvirt)"
)


def require() -> None:
    """:raise BackendFailed: the binding is not installed, with the remedy."""
    if libvirt is None:
        raise BackendFailed(f"{MISSING}; {REMEDY}")


@cache
def run_events() -> None:
    """Begin the library's event loop, in a thread of its own, before the first connection. Once a process."""
    libvirt.virEventRegisterDefaultImpl()
    libvirt.registerErrorHandler(lambda *_: None, None)  # else each error is printed to stderr, too

    def run() -> None:
        while True:
            libvirt.virEventRunDefaultImpl()

    threading.Thread(target=run, name="libvirt events", daemon=True).start()
