"""Name → driver, from the entry-point group `bmc.drivers`, where our own backends are registered too."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from bmc.accounts import Credentials
from bmc.config import Credential, Settings
from bmc.model.checks import Check
from bmc.model.clock import Clock
from bmc.model.errors import InvalidRequest
from bmc.model.node import NodeDefinition
from bmc.model.software import Software
from bmc.ports import Assignments, Backend, Configured, DeployNetwork, Driver, Safety, Site
from bmc.shared_devices import SharedDevices

GROUP = "bmc.drivers"


class Drivers:
    """Every driver that is installed, each with a directory of its own below `directory`."""

    def __init__(
        self, directory: Path, clock: Clock, configured: Configured, safety: Safety, assignments: Assignments
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._configured = configured
        self._safety = safety
        self._assignments = assignments
        self._devices = SharedDevices()
        self._entries = {entry.name: entry for entry in entry_points(group=GROUP)}

    def complete(self, definition: NodeDefinition) -> NodeDefinition:
        """:raise InvalidRequest: no such driver, or with every option that is wrong."""
        return self._driver(definition.driver).complete(definition, self._site(definition.driver))

    async def open(self, definition: NodeDefinition) -> Backend:
        """:raise InvalidRequest: no such driver. :raise BackendFailed: it cannot work here; with the remedy."""
        return await self._driver(definition.driver).open(definition, self._site(definition.driver))

    def schemas(self) -> list[Mapping[str, Any]]:
        """The JSON schema of each driver's options."""
        return [self._driver(name).schema() for name in sorted(self._entries)]

    def checks(self) -> Iterable[Check]:
        """What every driver has to tell about this machine; may take seconds."""
        return checks(self._directory, self._configured)

    def software(self) -> Iterable[Software]:
        """What the nodes of every driver run on, in the versions installed now; may take a second."""
        for name in sorted(self._entries):
            yield from self._driver(name).software()

    def _driver(self, name: str) -> Driver:
        entry = self._entries.get(name)
        if entry is None:
            raise InvalidRequest(f"Driver {name!r} is not installed; there are {', '.join(sorted(self._entries))}")
        return _load(entry)

    def _site(self, name: str) -> Site:
        return Site(
            self._directory / name, self._clock, self._configured, self._devices, self._safety, self._assignments
        )


def checks(directory: Path, configured: Configured) -> Iterator[Check]:
    """What every driver has to tell about this machine; may take seconds."""
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        yield from _load(entry).checks(directory / entry.name, configured)


def _load(entry: EntryPoint) -> Driver:
    driver: Driver = entry.load()
    return driver


def configured(settings: Settings, stored: Credentials | None = None) -> Configured:
    """What nodes may have; `stored` are the credentials that the configuration file does not have."""
    return Configured(
        lambda name: _credential(settings, stored, name),
        frozenset(settings.network.interfaces),
        {name: libvirt.uri for name, libvirt in settings.libvirt.items()},
        {
            name: DeployNetwork(
                name, found.interface, found.address, {"yes": True, "no": False}.get(found.beside), found.first_port
            )
            for name, found in settings.deploy.items()
        },
    )


def _credential(settings: Settings, stored: Credentials | None, name: str) -> tuple[bytes, bytes]:
    """:raise InvalidRequest: there is no such credential, or its password file cannot be read."""
    found: Credential | None = settings.credentials.get(name)
    if found is None:
        if stored and (kept := stored.find(name)):
            return kept
        there = ", ".join(sorted({*settings.credentials, *(stored.users() if stored else ())})) or "none"
        raise InvalidRequest(
            f"there is no credential {name!r}, there is {there}; "
            f"set it with `bmc credential set {name}`, or in the configuration file"
        )
    if found.password is not None:
        return found.user.encode(), found.password.get_secret_value().encode()
    if found.password_file is None:
        raise InvalidRequest(f"credentials.{name}: expected password_file or password")
    try:
        return found.user.encode(), found.password_file.read_bytes().rstrip(b"\n")
    except OSError as error:
        raise InvalidRequest(f"credentials.{name}.password_file: {found.password_file}: {error.strerror}") from error
