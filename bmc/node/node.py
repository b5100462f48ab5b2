"""Node: one managed server, with three members for doors and jobs: `snapshot`, `do`, `open`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast, overload

from bmc.accounts import decide
from bmc.console.serial_log import SerialLog
from bmc.events import Audit, Events
from bmc.model.caller import SERVICE, Caller, Door, Role, guest_account
from bmc.model.clock import Clock
from bmc.model.commands import (
    AddSelEntry,
    Command,
    NoteOsSeen,
    Power,
    ResetWatchdog,
    Screen,
    SerialConsole,
    SerialHistory,
    SetWatchdog,
    SystemInterface,
    TellPlatformEvent,
)
from bmc.model.console import Viewer
from bmc.model.errors import BmcError, Busy, Denied, NotSupported, WrongState
from bmc.model.events import Event, EventKind, Severity
from bmc.model.node import Endpoint, Hardware, MediaSlot, NodeDefinition, NodeSnapshot
from bmc.model.pace import Pace
from bmc.model.power import PowerAction, PowerCause, PowerReading, PowerState
from bmc.node.boot import BootPart
from bmc.node.consoles import Consoles, ConsoleStream
from bmc.node.drives import Drives, Media
from bmc.node.firmware import FirmwarePart
from bmc.node.fru import FruPart
from bmc.node.identify import IdentifyLight
from bmc.node.journal import Journal
from bmc.node.notes import Notes
from bmc.node.part import Bench, Handlers
from bmc.node.power import PATIENCE, Patience, PowerControl
from bmc.node.power_part import PowerPart
from bmc.node.reservation import Reservations
from bmc.node.sel import SelPart
from bmc.node.sensors import SensorPart
from bmc.node.state import StateKeeper
from bmc.node.supply import Supply
from bmc.node.watchdog import WatchdogTimer
from bmc.ports import Backend, ByteStream
from bmc.records.fru import FruKeeper
from bmc.records.sel import SelKeeper
from bmc.store import Store

_GUEST_AT_ONCE, _GUEST_EVERY = 30, 10.0
"""Of what the guest itself does so many events at once, and then one each so many seconds: webhooks and mails of all
nodes go out in their order, and root in one guest must not keep them busy, nor fill its node's log.
"""

log = logging.getLogger(__name__)
R = TypeVar("R")


class Node:
    """Composes a backend; owns its tasks from `start` to `close`.

    `keep` stores the definition when the node itself changes it. Without `serial_log` what its console prints is not
    kept.
    """

    def __init__(
        self,
        definition: NodeDefinition,
        backend: Backend,
        store: Store,
        keeper: StateKeeper,
        sel: SelKeeper,
        fru: FruKeeper,
        events: Events,
        audit: Audit,
        clock: Clock,
        media: Media,
        keep: Callable[[NodeDefinition], Awaitable[None]],
        patience: Patience = PATIENCE,
        serial_log: SerialLog | None = None,
    ) -> None:
        self._definition = definition
        self._keep = keep
        self._backend = backend
        self._keeper = keeper
        self._events = events
        self._audit = audit
        self._clock = clock
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._retired = ""
        self._guest = Pace(_GUEST_AT_ONCE, _GUEST_EVERY)
        self._late: Event | None = None
        bench = Bench(definition.name, keeper, clock, partial(self._publish, paced=True), self._refresh, backend.lacks)
        self._consoles = Consoles(bench, backend.screen, backend.serial, serial_log, audit, self._show_viewers)
        self._sel = sel
        self._fru = fru
        self._fru_part = FruPart(bench, fru)
        self._sel_part = SelPart(bench, sel)
        self._light = IdentifyLight(bench)
        self._notes = Notes(bench)
        self._boot = BootPart(bench, backend.boot, backend.inventory, self._lock, self._notes.forget_os)
        self._firmware = FirmwarePart(bench, backend.firmware, backend.inventory, self._redefine)
        self._reservations = Reservations(bench)
        self._sensors = SensorPart(bench, backend.sensors, store, patience.sample)
        self._watchdog = WatchdogTimer(bench, self._act_alone, lambda: self._hindrance)
        self._supply = Supply(bench, backend.mains, self._act_alone)
        self._power = PowerControl(
            definition.name,
            backend.switch,
            backend.senses,
            Journal(store, definition.name),
            keeper,
            self._lock,
            clock,
            self._publish,
            self._show_power,
            self._before_boot,
            lambda: self._firmware.pending is not None or bool(self._snapshot.options_until_power_on),
            self._after_run,
            self._show_votes,
            self._lose_sight,
            backend.rules,
            patience,
        )
        self._power_part = PowerPart(
            bench,
            self._power,
            backend.switch,
            backend.planner,
            self._lock,
            lambda: self._snapshot,
            lambda: self._reservations.held,
        )
        self._snapshot = NodeSnapshot(
            definition,
            clock.now(),
            actions=self._power.actions,
            boot_targets=backend.boot.targets if backend.boot else frozenset(),
            has_screen=backend.screen is not None,
            has_network_boot=backend.network_boot is not None,
            has_serial=backend.serial is not None,
            has_serial_log=self._consoles.log is not None,
            has_host_interface=backend.host is not None,
            has_firmware_setup=backend.firmware is not None,
            lacks=backend.lacks,
        )
        self._drives = Drives(bench, backend.media, media, self._lock, self._reservations.check)
        parts = (
            self._power_part,
            self._notes,
            self._boot,
            self._firmware,
            self._drives,
            self._consoles,
            self._light,
            self._reservations,
            self._sel_part,
            self._sensors,
            self._fru_part,
            self._watchdog,
            self._supply,
        )
        self._handlers: Handlers = {command: handler for part in parts for command, handler in part.handlers.items()}

    @property
    def snapshot(self) -> NodeSnapshot:
        return self._snapshot

    @property
    def confirmed(self) -> PowerState | None:
        """The power state that a person has confirmed, as long as that is what is believed."""
        return self._keeper.state.confirmed

    @property
    def serial_tail(self) -> bytes:
        """The last 4 KiB printed on the serial console, for a job's failure report."""
        return self._consoles.tail(4096)

    async def start(self) -> None:
        """Adopt what runs, and begin to watch; touches nothing."""
        await self._sensors.load()
        await self._backend.lifecycle.start()
        await self._supply.notice()
        self._refresh()
        self._light.start()
        self._reservations.start()
        self._spawn(self.look(), "first look")
        if self._backend.boot is not None:
            self._spawn(self._boot.follow(self._backend.boot), "boots")
        await self._power.start()
        await self._watchdog.start()
        for sense in self._backend.senses:
            self._spawn(self._power.watch(sense), f"sense {sense.name}")
        for work, what in self._consoles.works():
            self._spawn(work, what)
        if self._backend.sensors is not None:
            self._spawn(self._sensors.run(), "sensors")
        if self._backend.event_log is not None:
            self._spawn(self._sel_part.follow(self._backend.event_log), "event log")

    async def look(self) -> None:
        """Wait until its snapshot has its virtual drives, and the boot targets, which are known before them."""
        if self._backend.media is not None:
            await self._backend.media.slots_known()
            self._refresh()

    @property
    def restore_due(self) -> bool:
        """Its supply of power was lost and is back: `restore_power` is to be called when it is its turn."""
        return self._supply.due

    async def restore_power(self) -> None:
        """Do what the restore policy says, once. :raise StoreFailed: the store takes nothing."""
        await self._supply.restore()

    def relocate(self, endpoint: Endpoint) -> None:
        """The IPMI door opened for this node at `endpoint`."""
        self._definition = replace(self._definition, ipmi=endpoint)
        self._refresh(definition=self._definition)

    @property
    def redefinable(self) -> bool:
        """Whether changed options can wait for its next power on: it is on, and its backend can."""
        return self._backend.redefinition is not None and self._snapshot.power not in (
            PowerState.OFF,
            PowerState.UNKNOWN,
        )

    def redefine(self, options: Mapping[str, object]) -> None:
        """Take options that wait for its next power on. Only for one that is `redefinable`.

        :raise Busy: it is reserved, or a power action is under way. :raise WrongState: what of it cannot wait.
        """
        self._require_free("changed")
        if self._backend.redefinition is not None:
            self._backend.redefinition.take(options)
        self._definition = replace(self._definition, options=options)
        self._refresh(definition=self._definition)

    def relabel(self, tags: frozenset[str]) -> None:
        """The node has other tags now: consoles of those whose scope it left are closed, as fast as they let it."""
        self._definition = replace(self._definition, tags=tags)
        self._refresh(definition=self._definition)
        for stream in self._consoles.out_of_scope(tags):
            self._spawn(stream.close(), "closing a console")

    def note_opened(self, stream: ByteStream, caller: Caller) -> None:
        """A job has led `caller` into the node: `stream` is closed as a console when the node leaves their scope."""
        self._consoles.note_opened(stream, caller)

    async def record(self) -> None:
        """Events about this node were published: the SEL may have a word for them. :raise StoreFailed: not yet."""
        before = self._sel.sel
        await self._sel.catch_up(self._events)
        if self._sel.sel is not before:
            self._refresh()

    def retire(self, verb: str) -> None:
        """Take no command any more, as the node is about to be `verb`: changed, or removed.

        :raise Busy: it is reserved, or a power action is under way. :raise WrongState: it is not off.
        """
        name = self._snapshot.name
        self._require_free(verb)
        if self._snapshot.power not in (PowerState.OFF, PowerState.UNKNOWN):
            raise WrongState(f"{name} is {self._snapshot.power.value}; power it off before it can be {verb}")
        self._retired = verb

    async def give_back(self) -> list[str]:
        """Take our media out of a machine that is to be no node any more; what may still be there, in words."""
        return [] if self._definition.is_virtual else await self._drives.give_back()

    def _require_free(self, verb: str) -> None:
        if self._reservations.held:
            raise Busy(self._reservations.held)
        if self._power.busy:
            name = self._snapshot.name
            raise Busy(f"a power action is under way on {name}; wait for it before the node can be {verb}")

    async def close(self) -> None:
        """Let go without touching the node."""
        await self._watchdog.close()
        await self._power.close()
        self._light.close()
        self._reservations.close()
        await self._fru_part.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._sensors.close()
        await self._consoles.close()
        await self._backend.lifecycle.close()

    async def erase(self) -> None:
        """The node was removed: forget all that was kept for it. Closed before.

        :raise WrongState, Refused: its backend cannot be rid of it; nothing was forgotten. :raise StoreFailed: not all.
        """
        await self._backend.lifecycle.erase()
        await self._keeper.delete()
        await self._power.forget()
        await self._sel.forget()
        await self._sensors.forget()
        await self._fru.forget()
        await self._consoles.erase()

    async def do(self, command: Command[R], caller: Caller) -> R:
        """Carry out one command; authorised, serial, audited.

        :raise Denied: by role or scope.
        :raise Busy: another action is under way, or another has reserved the node.
        :raise BmcError: as the command's own contract says. :raise StoreFailed: the store takes nothing.
        """
        outcome, began = "failed", self._clock.now()
        try:
            self._authorise(command.action, command.role, caller)
            if self._retired:
                raise Busy(f"{self._snapshot.name} is being {self._retired}")
            if not command.even_held and not _of_the_guest(command, caller):
                self._reservations.check(caller)
            result = await self._handlers[type(command)](command, caller)
            outcome = "done"
            return cast(R, result)
        except asyncio.CancelledError:
            outcome = "asker left"
            raise
        except BmcError as error:
            outcome = type(error).__name__
            raise
        finally:
            if command.audited:
                told = command.details()
                await self._audit.record(caller, command.action, self._snapshot.name, outcome, told, began=began)

    async def after_shutdown(self) -> str:
        """Returns when the last graceful action that was accepted has ended; what went wrong in it, or empty."""
        return await self._power.after_shutdown()

    @overload
    async def open(self, stream: SerialConsole | Screen, caller: Caller) -> ConsoleStream: ...

    @overload
    async def open(self, stream: SystemInterface, caller: Caller) -> ByteStream: ...

    @overload
    async def open(self, stream: SerialHistory, caller: Caller) -> SerialLog: ...

    async def open(
        self, stream: SerialConsole | Screen | SystemInterface | SerialHistory, caller: Caller
    ) -> ByteStream | SerialLog:
        """Open a console; or, for its own guest's side, the system interface once the node is on; or the serial log.

        :raise Denied: by role or scope, or not its own guest. :raise NotSupported: no such console, or nothing is kept.
        :raise WrongState: its screen, while the node is off.
        """
        if isinstance(stream, SystemInterface):
            return await self._open_host(caller)
        if isinstance(stream, SerialHistory):
            self._authorise(stream.action, stream.role, caller)
            if self._consoles.log is None:
                raise NotSupported(f"what {self._snapshot.name} prints is not kept")
            return self._consoles.log
        typing = stream.writable if isinstance(stream, SerialConsole) else not stream.view_only
        self._authorise(stream.action, Role.OPERATOR if typing else Role.READ_ONLY, caller)
        return await self._consoles.open(stream, caller)

    async def _open_host(self, caller: Caller) -> ByteStream:
        """Not audited: nobody asks for it, it is opened again at each boot."""
        if caller.door is not Door.HOST or self._backend.host is None:
            raise Denied(f"the system interface of {self._snapshot.name} is for its own guest")
        return await self._backend.host.connect()

    def _show_viewers(self, viewers: tuple[Viewer, ...]) -> None:
        self._snapshot = replace(self._snapshot, viewers=viewers)

    def _authorise(self, action: str, role: Role, caller: Caller) -> None:
        decide(caller, role, self._snapshot.name, self._definition.tags, action)

    async def _act_alone(self, action: PowerAction, cause: PowerCause) -> None:
        """Without being asked, and never on a node that somebody has reserved.

        :raise Busy: somebody does. :raise BmcError: as `do` of the same action.
        """
        outcome, began = "failed", self._clock.now()
        try:
            if self._retired:
                raise Busy(f"{self._snapshot.name} is being {self._retired}")
            if self._reservations.held:
                raise Busy(self._reservations.held)
            self._power_part.require(action)
            await self._power.request(action, SERVICE, cause)
            outcome = "done"
        except BmcError as error:
            outcome = type(error).__name__
            raise
        finally:
            details = {"action": action.value, "cause": cause.value}
            await self._audit.record(SERVICE, Power.action, self._snapshot.name, outcome, details, began=began)

    @property
    def _hindrance(self) -> str:
        """Why an action on what runs would not be carried out; empty when it would."""
        return self._reservations.held or ("" if self._snapshot.power.runs else f"it is {self._snapshot.power.value}")

    async def _before_boot(self) -> None:
        await self._firmware.settle()
        await self._boot.arm()

    async def _redefine(self, options: Mapping[str, object]) -> None:
        changed = replace(self._definition, options={**self._definition.options, **options})
        await self._keep(changed)
        self._definition = replace(self._definition, options=changed.options)
        self._refresh(definition=self._definition)

    async def _after_run(self) -> None:
        await self._watchdog.stop()

    def _show_votes(self) -> None:
        self._refresh(votes=self._power.votes)

    async def _lose_sight(self, reason: str) -> None:
        if self._backend.rules.locks_unknown:
            await self._reservations.lock(f"its power state became unknown: {reason}")

    def _spawn(self, work: Coroutine[None, None, None], what: str) -> None:
        task = asyncio.create_task(self._guarded(work, what), name=f"{what} of {self._snapshot.name}")
        task.add_done_callback(lambda _: work.close())  # cancelled before its first step it never began
        task.add_done_callback(self._tasks.discard)
        self._tasks.add(task)

    async def _guarded(self, work: Coroutine[None, None, None], what: str) -> None:
        """A watcher that dies is a fault of ours: said loudly, and shown on the node."""
        try:
            await work
        except Exception as error:
            log.exception("%s of %s failed", what, self._snapshot.name)
            await self._publish(
                EventKind.NODE_CHANGED,
                f"watching {what} of {self._snapshot.name} failed ({error}); restart the service",
                Severity.CRITICAL,
            )

    def _show_power(self, state: PowerState, reading: PowerReading) -> None:
        kept = self._keeper.state
        self._sensors.show_power(state)
        self._refresh(
            power=state,
            power_since=kept.power_since,
            cause=kept.cause,
            health=reading.health,
            reason=reading.reason,
            votes=self._power.votes,
            last_action=self._power.last_action,
            paused=reading.paused,
        )
        if state is PowerState.OFF:
            self._notes.forget_os()

    def _refresh(self, **fields: Any) -> None:
        kept = self._keeper.state
        media: tuple[MediaSlot, ...] = self._backend.media.slots() if self._backend.media else ()
        hardware = self._backend.inventory.hardware() if self._backend.inventory else Hardware()
        hardware = hardware.or_else(kept.inspected)
        self._fru.describe(hardware)
        self._events.set_maintenance(self._definition.name, self._keeper.in_maintenance)
        self._snapshot = replace(
            self._snapshot,
            at=self._clock.now(),
            actions=self._power.actions,
            boot=kept.boot,
            boot_targets=self._backend.boot.targets if self._backend.boot else frozenset(),
            next_firmware=kept.next_firmware,
            identify=kept.identify,
            identify_until=kept.identify_until,
            sel=self._sel.sel,
            sensors=self._sensors.keeper.sensors,
            sensors_since=self._sensors.keeper.since,
            fru=self._fru.data,
            reservation=kept.reservation,
            installed_image=kept.installed_image,
            os_seen=self._notes.os_seen,
            restore_policy=self._supply.policy,
            seconds_on=kept.seconds_on,
            watchdog=self._watchdog.now,
            media=media,
            hardware=hardware,
            has_deploy_link=self._backend.deploy is not None and self._backend.deploy.leads,
            options_until_power_on=self._backend.redefinition.kept() if self._backend.redefinition else {},
            **fields,
        )

    async def _publish(
        self,
        kind: EventKind,
        message: str,
        severity: Severity = Severity.OK,
        account: str = "",
        details: Mapping[str, object] | None = None,
        paced: bool = False,
    ) -> bool:
        """What the guest itself does has a pace, if it is `paced`: all but power, which is always told.

        The last that is held back is published later, or whoever listens would go on with what was before it; but for
        platform events, which are in the SEL then.
        """
        event = Event(kind, message, self._clock.now(), self._definition.name, severity, account, details or {})
        if paced and account == guest_account(self._definition.name):
            held = self._guest.held
            if not self._guest.passes(self._clock.monotonic()):
                if kind is not EventKind.PLATFORM_EVENT:
                    if self._late is None:
                        self._spawn(self._publish_late(), "what the guest does")
                    self._late = event
                return False
            self._late = None
            event = _after(held, event)
        await self._events.publish(event)
        return True

    async def _publish_late(self) -> None:
        while True:
            await self._clock.sleep(_GUEST_EVERY)
            event, held = self._late, self._guest.held
            if event is None:
                return
            if self._guest.open(self._clock.monotonic()):
                self._late = None
                self._guest.passes(self._clock.monotonic())
                await self._events.publish(_after(held - 1, event))
                return


def _after(held: int, event: Event) -> Event:
    """It says how many were held back before it."""
    more = f"; {held} more before, held back, were not published" if held else ""
    return replace(event, message=event.message + more)


_TOLD_BY_THE_GUEST = (SetWatchdog, ResetWatchdog, NoteOsSeen, AddSelEntry, TellPlatformEvent)


def _of_the_guest(command: Command[Any], caller: Caller) -> bool:
    """A guest pets its watchdog and tells what it sees also while somebody has reserved the node."""
    return caller.door is Door.HOST and isinstance(command, _TOLD_BY_THE_GUEST)
