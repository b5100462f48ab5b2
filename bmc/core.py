"""The service without its doors: store, accounts, drivers, media and the fleet, on one stack."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bmc.accounts import Accounts, Credentials
from bmc.assignments import Assignments
from bmc.config import Settings, load
from bmc.console.serial_log import SerialLog
from bmc.drivers import Drivers, configured
from bmc.events import Audit, Events
from bmc.fetch import Fetcher
from bmc.fleet import Fleet
from bmc.media import MediaLibrary
from bmc.model.clock import Clock, SystemClock
from bmc.model.errors import InvalidRequest
from bmc.node.power import Patience
from bmc.places import config_file
from bmc.power.safety import Budget, Safety
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
    credentials: Credentials
    drivers: Drivers
    media: MediaLibrary
    fleet: Fleet
    safety: Safety
    assignments: Assignments


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
        stack.push_async_callback(audit.close)
        accounts = await Accounts.open(store, events, clock, key_file(state))
        fixed = {name: each.user for name, each in settings.credentials.items()}
        credentials = await Credentials.open(store, key_file(state), fixed)
        budgets = {name: Budget(each.starts, each.within) for name, each in settings.power.budgets.items()}
        safety, assignments = await Safety.open(store, events, clock, budgets), Assignments(events, clock)
        drivers = Drivers(state / "drivers", clock, configured(settings, credentials), safety, assignments)
        media = MediaLibrary(state / "media", Fetcher(settings.fetch.allow), settings.media.quota_gib << 30)
        patience = Patience(graceful=settings.power.graceful_timeout)
        fleet = Fleet(store, events, audit, clock, drivers, media, patience, serial_logs(state, settings, clock))
        media.ask(fleet.inserted)
        safety.ask(fleet.believed, fleet.word_of)
        fleet.on_forget(accounts.drop_node)
        fleet.on_retag(accounts.retagged)
        stack.push_async_callback(fleet.close)
        yield Core(
            *(state, settings, clock, store, events, audit, accounts, credentials),
            *(drivers, media, fleet, safety, assignments),
        )


def serial_logs(state: Path, settings: Settings, clock: Clock) -> Callable[[str], SerialLog | None]:
    """Where the serial log of each node is."""
    quota = settings.console.log_mib << 20
    return lambda node: SerialLog(state / "consoles" / node, quota, clock) if quota else None


def key_file(state: Path) -> Path:
    """What seals the secrets in the store."""
    return state / "keys" / "ipmi.key"
