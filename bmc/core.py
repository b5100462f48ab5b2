"""The service without its doors: store, accounts, drivers, media and the fleet, on one stack."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bmc.accounts import Accounts
from bmc.config import Credential, Settings, load
from bmc.drivers import Drivers
from bmc.events import Audit, Events
from bmc.fetch import Fetcher
from bmc.fleet import Fleet
from bmc.media import MediaLibrary
from bmc.model.clock import Clock, SystemClock
from bmc.model.errors import InvalidRequest
from bmc.node.power import Patience
from bmc.places import config_file
from bmc.store import Store


@dataclass(frozen=True, slots=True)
class Core:
    """The service without its doors."""

    state: Path
    settings: Settings
    clock: Clock
    store: Store
    events: Events
    audit: Audit
    accounts: Accounts
    drivers: Drivers
    media: MediaLibrary
    fleet: Fleet


@asynccontextmanager
async def open_core(state: Path) -> AsyncIterator[Core]:
    """Everything but the doors. Nodes are adopted by `fleet.start`, which the caller awaits when doors can hear of it.

    :raise BmcError: configuration, store or key file; nothing was changed.
    """
    settings = load(config_file(state))
    try:
        state.mkdir(mode=0o711, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(f"the state directory {state} cannot be made: {error.strerror}; see BMC_STATE") from error
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.open(state / "store" / "lightsout.db"))
        events, audit = Events(store, clock), Audit(store, clock)
        accounts = await Accounts.open(store, events, clock, key_file(state))
        drivers = Drivers(
            state / "drivers",
            clock,
            lambda name: _credential(settings, name),
            frozenset(settings.network.interfaces),
            lambda name: connection_uri(settings, name),
        )
        media = MediaLibrary(state / "media", Fetcher(settings.fetch.allow), settings.media.quota_gib << 30)
        patience = Patience(graceful=settings.power.graceful_timeout)
        fleet = Fleet(store, events, audit, clock, drivers, media, patience)
        fleet.on_forget(accounts.drop_node)
        fleet.on_retag(accounts.retagged)
        stack.push_async_callback(fleet.close)
        yield Core(state, settings, clock, store, events, audit, accounts, drivers, media, fleet)


def key_file(state: Path) -> Path:
    """What seals the secrets in the store."""
    return state / "keys" / "ipmi.key"


def connection_uri(settings: Settings, name: str) -> str:
    """:raise InvalidRequest: the configuration file has no such libvirt."""
    found = settings.libvirt.get(name)
    if found is None:
        there = ", ".join(sorted(settings.libvirt)) or "none"
        raise InvalidRequest(f"libvirt connection {name!r} is not in the configuration file; there is {there}")
    return found.uri


def _credential(settings: Settings, name: str) -> tuple[bytes, bytes]:
    """:raise InvalidRequest: the configuration file has no such credential, or its password file cannot be read."""
    found: Credential | None = settings.credentials.get(name)
    if found is None:
        there = ", ".join(sorted(settings.credentials)) or "none"
        raise InvalidRequest(f"credential {name!r} is not in the configuration file; there is {there}")
    if found.password is not None:
        return found.user.encode(), found.password.get_secret_value().encode()
    if found.password_file is None:
        raise InvalidRequest(f"credentials.{name}: expected password_file or password")
    try:
        return found.user.encode(), found.password_file.read_bytes().rstrip(b"\n")
    except OSError as error:
        raise InvalidRequest(f"credentials.{name}.password_file: {found.password_file}: {error.strerror}") from error
