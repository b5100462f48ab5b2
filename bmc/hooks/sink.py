"""What a sink is: the last step to one destination."""

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from bmc.model.errors import InvalidRequest
from bmc.model.events import Event

Render = Callable[[Event], dict[str, object]]
"""An event as JSON: the Redfish Event, the same for every destination that takes JSON."""


class DeliveryFailed(Exception):
    """The text says why, without secrets. `refused`: the receiver had the events and would not take them."""

    def __init__(self, reason: str, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


class Sink(Protocol):
    """`at_once` events at most are delivered together, and `pause` seconds at least lie between two deliveries."""

    at_once: int
    pause: float

    async def deliver(self, events: Sequence[Event]) -> None:
        """Returns once the receiver has all of them, within a time limit of its own. :raise DeliveryFailed:"""

    async def close(self) -> None: ...


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """Verifies a server's certificate and name, by the system's authorities and those in `ca_file`.

    :raise InvalidRequest: the file cannot be used.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:
            raise InvalidRequest(
                f"hooks.ca_file: {ca_file}: {error.strerror or error}; expected certificates in PEM"
            ) from error
    return context


def plain(text: str) -> str:
    """On one line, without control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
