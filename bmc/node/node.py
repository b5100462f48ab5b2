"""Node: one managed server, with three members for doors and jobs: `snapshot`, `do`, `open`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any, Protocol, TypeVar, cast
from weakref import WeakKeyDictionary

from bmc.accounts import decide
from bmc.console.screen import ScreenStream
from bmc.console.serial import SerialHub
from bmc.events import Audit, Events
from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.caller import Caller, Role
from bmc.model.clock import Clock
from bmc.model.commands import (
    Command,
    ConfirmPower,
    EjectMedia,
    Identify,
    InsertDeployMedium,
    InsertMedia,
    NoteInstalled,
    Power,
    Release,
    Reserve,
    Resume,
    Screen,
    SerialConsole,
    SetBootOverride,
)
from bmc.model.errors import BmcError, Busy, Denied, InvalidRequest, NotSupported, WrongState
from bmc.model.events import Event, EventKind, Severity
from bmc.model.node import Endpoint, Hardware, MediaSlot, NodeDefinition, NodeSnapshot, Reservation
from bmc.model.power import PowerReading, PowerState
from bmc.node.journal import Journal
from bmc.node.power import PATIENCE, Patience, PowerControl
from bmc.node.state import StateKeeper
from bmc.ports import Backend, BootControl, ByteStream, MediaBay
from bmc.store import Store

log = logging.getLogger(__name__)
R = TypeVar("R")

DEPLOY_MEDIUM = "lightsout-deploy"


class ConsoleStream(ByteStream, Protocol):
    """An open screen or serial console."""

    async def send_break(self) -> None:
        """:raise NotSupported: a screen, or a line that carries no break. :raise WrongState: the node is off."""


class MediaLibrary(Protocol):
    async def path(self, image: str) -> str:
        """The host file behind what an operator names, fetched if need be.

        :raise NotFound, InvalidRequest, Unreachable, BackendFailed: there is none to insert.
        """


class Node:
    """Composes a backend; owns its tasks from `start` to `close`."""

    def __init__(
        self,
        definition: NodeDefinition,
        backend: Backend,
        store: Store,
        keeper: StateKeeper,
        events: Events,
        audit: Audit,
        clock: Clock,
        media: MediaLibrary,
        patience: Patience = PATIENCE,
    ) -> None:
        self._definition = definition
        self._backend = backend
        self._keeper = keeper
        self._events = events
        self._audit = audit
        self._clock = clock
        self._library = media
        self._lock = asyncio.Lock()
        self._reserving = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._retired = ""
        self._identify_off: asyncio.Task[None] | None = None
        self._opened: WeakKeyDictionary[ConsoleStream, Caller] = WeakKeyDictionary()
        self._hub = SerialHub(backend.serial) if backend.serial else None
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
            self._arm_boot,
            patience,
        )
        self._snapshot = NodeSnapshot(
            definition,
            clock.now(),
            actions=self._power.actions,
            boot_targets=backend.boot.targets if backend.boot else frozenset(),
            has_screen=backend.screen is not None,
            has_serial=backend.serial is not None,
        )
        self._handlers: dict[type[Command[Any]], Callable[[Any, Caller], Awaitable[Any]]] = {
            Power: self._do_power,
            ConfirmPower: self._do_confirm_power,
            Resume: self._do_resume,
            SetBootOverride: self._do_boot_override,
            InsertMedia: self._do_insert_media,
            InsertDeployMedium: self._do_insert_deploy_medium,
            EjectMedia: self._do_eject_media,
            Identify: self._do_identify,
            Reserve: self._do_reserve,
            Release: self._do_release,
            NoteInstalled: self._do_note_installed,
        }

    @property
    def snapshot(self) -> NodeSnapshot:
        return self._snapshot

    @property
    def serial_tail(self) -> bytes:
        """The last 4 KiB printed on the serial console, for a job's failure report."""
        return self._hub.tail(4096) if self._hub else b""

    async def start(self) -> None:
        """Adopt what runs, and begin to watch; touches nothing."""
        await self._backend.lifecycle.start()
        self._refresh()
        if self._backend.boot is not None:
            self._spawn(self._follow_boots(self._backend.boot), "boots")
        await self._power.start()
        for sense in self._backend.senses:
            self._spawn(self._power.watch(sense), f"sense {sense.name}")
        if self._hub is not None:
            self._spawn(self._hub.run(), "serial")

    def relocate(self, endpoint: Endpoint) -> None:
        """The IPMI door opened for this node at `endpoint`."""
        self._definition = replace(self._definition, ipmi=endpoint)
        self._refresh(definition=self._definition)

    def relabel(self, tags: frozenset[str]) -> None:
        """The node has other tags now: consoles of those whose scope it left are closed, as fast as they let it."""
        self._definition = replace(self._definition, tags=tags)
        self._refresh(definition=self._definition)
        for stream, caller in list(self._opened.items()):
            if not caller.scope.covers(self._snapshot.name, tags):
                self._spawn(stream.close(), "closing a console")

    def retire(self, verb: str) -> None:
        """Take no command any more, as the node is about to be `verb`: changed, or removed.

        :raise Busy: it is reserved, or a power action is under way. :raise WrongState: it is not off.
        """
        name, held = self._snapshot.name, self._snapshot.reservation
        if held is not None:
            raise Busy(f"{held.holder} holds {name}: {held.reason}")
        if self._power.busy:
            raise Busy(f"a power action is under way on {name}; wait for it before the node can be {verb}")
        if self._snapshot.power not in (PowerState.OFF, PowerState.UNKNOWN):
            raise WrongState(f"{name} is {self._snapshot.power.value}; power it off before it can be {verb}")
        self._retired = verb

    async def close(self) -> None:
        """Let go without touching the node."""
        await self._power.close()
        if self._identify_off is not None:
            self._identify_off.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._hub is not None:
            await self._hub.close()
        await self._backend.lifecycle.close()

    async def erase(self) -> None:
        """The node was removed: forget all that was kept for it. Closed before."""
        await self._backend.lifecycle.erase()
        await self._keeper.delete()

    async def do(self, command: Command[R], caller: Caller) -> R:
        """Carry out one command; authorised, serial, audited.

        :raise Denied: by role or scope.
        :raise Busy: another action or another's reservation holds the node.
        :raise BmcError: as the command's own contract says.
        """
        outcome = "failed"
        try:
            self._authorise(command.action, command.role, caller)
            if self._retired:
                raise Busy(f"{self._snapshot.name} is being {self._retired}")
            if not isinstance(command, Release):
                self._check_reservation(caller)
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
            await self._audit.record(caller, command.action, self._snapshot.name, outcome, _audit_details(command))

    async def open(self, stream: SerialConsole | Screen, caller: Caller) -> ConsoleStream:
        """Open a console.

        :raise Denied: by role or scope. :raise NotSupported: no such console. :raise WrongState: the node is off.
        """
        typing = stream.writable if isinstance(stream, SerialConsole) else not stream.view_only
        self._authorise(stream.action, Role.OPERATOR if typing else Role.READ_ONLY, caller)
        opened = await self._open(stream)
        self._opened[opened] = caller
        details = {"writable": typing}
        await self._audit.record(caller, stream.action, self._snapshot.name, "done", details)
        return opened

    async def _open(self, stream: SerialConsole | Screen) -> ConsoleStream:
        if isinstance(stream, SerialConsole):
            if self._hub is None:
                raise NotSupported(f"{self._snapshot.name} has no serial console")
            return self._hub.open(stream.replay, stream.writable)
        if self._backend.screen is None:
            raise NotSupported(f"{self._snapshot.name} has no screen")
        return ScreenStream(await self._backend.screen.connect(), stream.view_only)

    def _authorise(self, action: str, role: Role, caller: Caller) -> None:
        decide(caller, role, self._snapshot.name, self._definition.tags, action)

    def _check_reservation(self, caller: Caller) -> None:
        held = self._keeper.state.reservation
        if held is None or (held.job and held.job == caller.job):
            return
        if not held.job and held.holder == caller.account and not caller.job:
            return
        who = f"job {held.job}" if held.job else held.holder
        raise Busy(f"{who} holds {self._snapshot.name}: {held.reason}")

    async def _do_power(self, command: Power, caller: Caller) -> PowerState:
        if command.power not in self._snapshot.actions:
            can = ", ".join(sorted(action.value for action in self._snapshot.actions))
            rest = f"it can do {can}" if can else self._snapshot.reason
            raise NotSupported(f"{self._snapshot.name} cannot do {command.power.value}; {rest}")
        return await self._power.request(command.power, caller)

    async def _do_confirm_power(self, command: ConfirmPower, caller: Caller) -> None:
        if command.state not in (PowerState.ON, PowerState.OFF):
            raise InvalidRequest(f"ConfirmPower takes On or Off, not {command.state.value}")
        if not self._power.actions:
            raise NotSupported(f"the power of {self._snapshot.name} cannot be confirmed: {self._snapshot.reason}")
        async with self._lock:
            await self._power.confirm(command.state, caller.account)

    async def _do_resume(self, command: Resume, caller: Caller) -> None:
        async with self._lock:
            await self._power.resume()

    async def _do_boot_override(self, command: SetBootOverride, caller: Caller) -> None:
        boot = self._backend.boot
        if boot is None:
            raise NotSupported(f"the boot device of {self._snapshot.name} cannot be set")
        override = _checked(command.override, boot, self._snapshot.hardware)
        async with self._lock:
            before = self._keeper.state.boot
            await self._keeper.change(boot=override)
            try:
                await boot.apply(override)
            except BmcError:
                await self._keeper.change(boot=before)
                raise
            self._refresh()
        await self._publish(
            EventKind.BOOT_OVERRIDE_SET,
            _boot_message(self._snapshot.name, override),
            account=caller.account,
            details=override.to_json(),
        )

    async def _do_insert_media(self, command: InsertMedia, caller: Caller) -> None:
        if not command.image or len(command.image) > 2048:
            raise InvalidRequest(
                "Image must name a file of the media store or an http(s) URL of at most 2048 characters"
            )
        self._slot(command.slot)
        path = await self._library.path(command.image)
        await self._insert(command.slot, path, command.image, caller)

    async def _do_insert_deploy_medium(self, command: InsertDeployMedium, caller: Caller) -> None:
        if not caller.job:
            raise Denied("only a job inserts a deploy medium")
        await self._insert(command.slot, command.path, DEPLOY_MEDIUM, caller)

    async def _insert(self, slot: str, path: str, image: str, caller: Caller) -> None:
        bay = self._slot(slot)
        async with self._lock:
            self._check_reservation(caller)  # again: fetching the medium may have taken long
            await bay.insert(slot, path, image)
            self._refresh()
        await self._publish(
            EventKind.MEDIA_INSERTED,
            f"{image} inserted into {slot} of {self._snapshot.name}",
            account=caller.account,
            details={"slot": slot, "image": image},
        )

    async def _do_eject_media(self, command: EjectMedia, caller: Caller) -> None:
        bay = self._slot(command.slot)
        async with self._lock:
            await bay.eject(command.slot)
            self._refresh()
        await self._publish(
            EventKind.MEDIA_EJECTED,
            f"{command.slot} of {self._snapshot.name} ejected",
            account=caller.account,
            details={"slot": command.slot},
        )

    async def _do_identify(self, command: Identify, caller: Caller) -> None:
        if self._identify_off is not None:
            self._identify_off.cancel()
            self._identify_off = None
        await self._set_identify(command.seconds != 0, caller.account)
        if command.seconds:
            self._identify_off = asyncio.create_task(self._end_identify(command.seconds, caller.account))

    async def _end_identify(self, seconds: int, account: str) -> None:
        await self._clock.sleep(seconds)
        await self._set_identify(False, account)

    async def _set_identify(self, on: bool, account: str) -> None:
        if on == self._keeper.state.identify:
            return
        await self._keeper.change(identify=on)
        self._refresh()
        message = f"identify light of {self._snapshot.name} {'on' if on else 'off'}"
        await self._publish(EventKind.IDENTIFY_CHANGED, message, account=account, details={"on": on})

    async def _do_reserve(self, command: Reserve, caller: Caller) -> None:
        async with self._reserving:
            self._check_reservation(caller)
            held = Reservation(caller.account, command.reason, self._clock.now(), caller.job)
            await self._keeper.change(reservation=held)
        self._refresh()
        message = f"{self._snapshot.name} reserved by {caller.account}: {command.reason}"
        await self._publish(EventKind.RESERVED, message, account=caller.account, details={"job": caller.job})

    async def _do_release(self, command: Release, caller: Caller) -> None:
        held = self._keeper.state.reservation
        if held is None:
            return
        if held.job and held.job != caller.job:
            raise Busy(f"job {held.job} holds {self._snapshot.name}; cancel the job instead")
        if not held.job and held.holder != caller.account and caller.role is not Role.ADMINISTRATOR:
            raise Busy(f"{held.holder} holds {self._snapshot.name}; ask them, or an administrator")
        await self._keeper.change(reservation=None)
        self._refresh()
        await self._publish(EventKind.RELEASED, f"{self._snapshot.name} released", account=caller.account)

    async def _do_note_installed(self, command: NoteInstalled, caller: Caller) -> None:
        await self._keeper.change(installed_image=command.image)
        self._refresh()
        message = f"{self._snapshot.name} now runs {command.image or 'no image of ours'}"
        await self._publish(EventKind.NODE_CHANGED, message, account=caller.account)

    async def _arm_boot(self) -> None:
        if self._backend.boot is not None:
            await self._backend.boot.apply(self._keeper.state.boot)

    async def _follow_boots(self, boot: BootControl) -> None:
        """Spend a Once override when the boot that followed it is seen."""
        async for seen in boot.seen():
            override = self._keeper.state.boot
            if override.enabled is not BootEnabled.ONCE or seen.override != override:
                continue
            await self._keeper.change(boot=BootOverride())
            self._refresh()
            await self._publish(
                EventKind.BOOT_OVERRIDE_SPENT,
                f"{self._snapshot.name} booted once from {override.target.value}; its own boot order holds again",
                details=override.to_json(),
            )

    def _slot(self, slot: str) -> MediaBay:
        bay = self._backend.media
        if bay is None:
            raise NotSupported(f"{self._snapshot.name} has no virtual drive")
        return bay

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
        self._refresh(
            power=state,
            power_since=kept.power_since,
            cause=kept.cause,
            health=reading.health,
            reason=reading.reason,
            paused=reading.paused,
        )

    def _refresh(self, **fields: Any) -> None:
        kept = self._keeper.state
        media: tuple[MediaSlot, ...] = self._backend.media.slots() if self._backend.media else ()
        hardware = self._backend.inventory.hardware() if self._backend.inventory else Hardware()
        self._snapshot = replace(
            self._snapshot,
            at=self._clock.now(),
            boot=kept.boot,
            identify=kept.identify,
            reservation=kept.reservation,
            installed_image=kept.installed_image,
            media=media,
            hardware=hardware,
            **fields,
        )

    async def _publish(
        self,
        kind: EventKind,
        message: str,
        severity: Severity = Severity.OK,
        account: str = "",
        details: Mapping[str, object] | None = None,
    ) -> None:
        event = Event(kind, message, self._clock.now(), self._definition.name, severity, account, details or {})
        await self._events.publish(event)


def _checked(override: BootOverride, boot: BootControl, hardware: Hardware) -> BootOverride:
    """:raise InvalidRequest: no such target, or a mode that is not the node's firmware."""
    if override.target not in boot.targets | {BootTarget.NONE}:
        can = ", ".join(sorted(target.value for target in boot.targets))
        raise InvalidRequest(f"boot target {override.target.value} is not possible; this node can boot from {can}")
    if override.mode is not None and hardware.firmware is not None and override.mode is not hardware.firmware:
        raise InvalidRequest(
            f"boot mode {override.mode.value} is not possible: this node's firmware is {hardware.firmware.value}"
        )
    if override.target is BootTarget.NONE or override.enabled is BootEnabled.DISABLED:
        return BootOverride()
    return override


def _boot_message(name: str, override: BootOverride) -> str:
    if override.enabled is BootEnabled.DISABLED:
        return f"{name} boots in its own order again"
    often = "the next boot" if override.enabled is BootEnabled.ONCE else "every boot"
    return f"{often} of {name} goes to {override.target.value}"


def _audit_details(command: Command[Any]) -> dict[str, object]:
    match command:
        case Power(power=action):
            return {"action": action.value}
        case InsertMedia(slot=slot, image=image):
            return {"slot": slot, "image": image}
        case SetBootOverride(override=override):
            return dict(override.to_json())
        case _:
            return {}
