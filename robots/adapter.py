"""What an adapter is: a name, its options, and the parts that it makes of them. Knows no node."""

import contextlib
import re
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, ClassVar, Generic, Protocol, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, StringConstraints, WithJsonSchema

from bmc.model.checks import Check
from bmc.model.clock import Clock
from bmc.model.software import Software
from bmc.ports import (
    BootControl,
    DeployLink,
    EventLogSource,
    Inventory,
    LoginLink,
    MediaBay,
    NetworkBoot,
    SensorSource,
    SerialSource,
    Site,
)
from robots.parts import Feed, Sense, Switch

_SECONDS = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|min|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


def seconds(value: object) -> object:
    """`0.4s`, `400ms`, `2min` as seconds; a number is seconds already."""
    if isinstance(value, str):
        found = _SECONDS.fullmatch(value.strip())
        if found is None:
            raise ValueError(f"expected a duration such as 0.4s, 400ms or 2min, not {value!r}")
        return float(found[1]) * _UNITS[found[2]]
    return value


Seconds = Annotated[
    float, BeforeValidator(seconds), WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string"}]})
]
Host = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9.:%_-]+$", to_lower=True)]


def bmc_at(host: str, port: int, standard: int) -> str:
    """What a vendor BMC is called, by whatever protocol; its failure domain. Many may be ports of one gateway."""
    with contextlib.suppress(ValueError):  # a name
        host = str(ip_address(host))
    if port == standard:
        return f"BMC {host}"
    return f"BMC [{host}]:{port}" if ":" in host else f"BMC {host}:{port}"


class Options(BaseModel):
    """The options of one adapter; every key that it does not have is an error that names its place."""

    model_config = ConfigDict(extra="forbid", frozen=True)


AdapterOptions = TypeVar("AdapterOptions", bound=Options)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an adapter is put, and what it may use there.

    `title` is what messages call it, and the name of its sense; `kept` is a directory for what must survive a restart,
    which is this part's own. `part` is the node's option that it stands in: bmc, power, sense…
    """

    node: str
    title: str
    kept: Path
    site: Site
    part: str = ""

    @property
    def clock(self) -> Clock:
        return self.site.clock


class Running(Protocol):
    """What of an adapter runs for as long as the node is there. What is in `Place.kept` is removed with the node."""

    async def start(self) -> None:
        """Touches nothing, but for letting go of what was left moved."""

    async def close(self) -> None:
        """Let go without touching the node."""


class LettingGo:
    """Of an adapter that begins nothing before somebody asks; `ends` are called in turn when it closes."""

    def __init__(self, *ends: Callable[[], Awaitable[None]]) -> None:
        self._ends = ends

    async def start(self) -> None:
        return None

    async def close(self) -> None:
        for end in self._ends:
            await end()


@dataclass(frozen=True, slots=True)
class Parts:
    """What one adapter can give a node, which takes of it what its options ask for; what is `running` belongs to all.

    An outlet is both a switch and a supply. A sense is in the failure domain of the switch if it may only echo what was
    commanded; a vendor BMC that measures the power rail is not.
    """

    running: Running | None = None
    switch: Switch | None = None
    supply: Feed | None = None
    senses: tuple[Sense, ...] = field(default=())
    boot: BootControl | None = None
    media: MediaBay | None = None
    serial: SerialSource | None = None
    sensors: SensorSource | None = None
    inventory: Inventory | None = None
    event_log: EventLogSource | None = None
    deploy: DeployLink | None = None
    network_boot: NetworkBoot | None = None
    login: LoginLink | None = None


class Adapter(ABC, Generic[AdapterOptions]):
    """One kind of hardware, registered by its name in the entry-point group `bmc.robots`.

    Adapters of one `family` speak to the same device: where one stands in a node, a sense line of another takes over
    the options in `connection` that it does not give itself.
    """

    name: ClassVar[str]
    family: ClassVar[str]
    connection: ClassVar[frozenset[str]] = frozenset({"host", "port"})
    options: type[AdapterOptions]

    def line(self, rest: str) -> Mapping[str, object]:
        """The options that a sense line `NAME:rest` stands for. :raise ValueError: with what was expected instead."""
        raise ValueError(f"{self.name} has no short form; write it as a table {{adapter = {self.name!r}, …}}")

    def taken_over(self, other: Mapping[str, JsonValue], own: Mapping[str, Any]) -> dict[str, JsonValue]:
        """What a sense with its `own` options takes over from the table `other`, where it does not say so itself."""
        return {key: other[key] for key in sorted(self.connection & other.keys())}

    def check(self, options: AdapterOptions, site: Site) -> None:
        """Whether this site has what they name (a credential). :raise InvalidRequest: it does not."""

    @abstractmethod
    def open(self, options: AdapterOptions, place: Place) -> Parts:
        """Make the parts; touches no machine before the first of them is asked, or what is running is started.

        :raise BackendFailed: it cannot work on this machine, with the remedy.
        """

    def checks(self) -> Iterable[Check]:
        """What `bmc doctor` should tell about this machine; may take seconds."""
        return ()

    def software(self) -> Iterable[Software]:
        """What of this machine it runs on, in the versions installed now."""
        return ()


AnyAdapter = Adapter[Any]
