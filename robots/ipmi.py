"""The adapter `ipmi`: a vendor BMC that speaks IPMI 2.0 over LAN: power switch, power sense and boot control."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootSeen, BootTarget
from bmc.model.clock import Clock
from bmc.model.errors import BmcError, NotSupported
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Site
from robots.adapter import Adapter, Host, Options, Parts, Place, Seconds
from robots.ipmi_link import Link
from robots.polled import Polled

CONTROL = {
    PowerAction.FORCE_OFF: 0,
    PowerAction.ON: 1,
    PowerAction.POWER_CYCLE: 2,
    PowerAction.FORCE_RESTART: 3,
    PowerAction.NMI: 4,
    PowerAction.GRACEFUL_SHUTDOWN: 5,
}
"""Chassis Control, IPMI v2.0 §28.3, table 28-4."""

REPEATABLE = frozenset({PowerAction.ON, PowerAction.FORCE_OFF})
STARTS = frozenset({PowerAction.ON, PowerAction.POWER_CYCLE, PowerAction.FORCE_RESTART})

DEVICE = {
    BootTarget.NONE: 0x00,
    BootTarget.PXE: 0x04,
    BootTarget.HDD: 0x08,
    BootTarget.CD: 0x14,
    BootTarget.BIOS_SETUP: 0x18,
}
"""Boot device selector, IPMI v2.0 table 28-14, data 2."""

log = logging.getLogger(__name__)


class IpmiOptions(Options):
    """`credential` names one of the configuration file.

    `post_time` is how long after a boot the firmware has surely read its boot flags.
    """

    host: Host
    port: int = Field(default=623, ge=1, le=65535)
    credential: str = Field(min_length=1)
    poll: Seconds = Field(default=5.0, ge=1, le=300)
    post_time: Seconds = Field(default=300.0, ge=0, le=3600)


class IpmiSwitch:
    """PowerSwitch by Chassis Control. Domain: the BMC. On and off may reach it twice, anything else at most once."""

    actions = frozenset(CONTROL)

    def __init__(self, link: Link, boots: "Boots") -> None:
        self.domain = link.where
        self._link = link
        self._boots = boots

    async def apply(self, action: PowerAction) -> None:
        await self._link.control(CONTROL[action], action in REPEATABLE)
        if action in STARTS:
            self._boots.began()

    async def resume(self) -> None:
        raise NotSupported(f"{self.domain} pauses no server, so it can resume none")


class IpmiSense(Polled):
    """PowerSense by polling Get Chassis Status. A BMC that does not answer is Unknown, never off."""

    def __init__(self, name: str, link: Link, clock: Clock, poll: float, boots: "Boots") -> None:
        super().__init__(clock, poll)
        self.name, self.domain = name, f"{link.where}, power rail"
        self._link = link
        self._boots = boots
        self._state = PowerState.UNKNOWN

    async def look(self) -> PowerState:
        state = PowerState.ON if await self._link.power() else PowerState.OFF
        if state is PowerState.ON and self._state is PowerState.OFF:
            self._boots.began()
        self._state = state
        return state


class Boots:
    """When the server last began to boot, as far as anybody saw."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.last: float | None = None

    def began(self) -> None:
        self.last = self._clock.now()


@dataclass(frozen=True, slots=True)
class Armed:
    """A once override in the BMC, how the BMC read its flags back right then, and when that was (epoch seconds)."""

    override: BootOverride
    flags: bytes
    at: float


class ArmedFile:
    """Remembers what is armed across a restart of the service, since the server may boot meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Armed | None:
        try:
            value = json.loads(self._path.read_text())
            return Armed(BootOverride.from_json(value["override"]), bytes.fromhex(value["flags"]), value["at"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("%s is damaged and is ignored: %s", self._path, error)
            return None

    def save(self, armed: Armed | None) -> None:
        if armed is None:
            self._path.unlink(missing_ok=True)
            return
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        value = {"override": armed.override.to_json(), "flags": armed.flags.hex(), "at": armed.at}
        draft = self._path.with_suffix(".new")
        draft.write_text(json.dumps(value))
        draft.replace(self._path)


class IpmiBoot:
    """BootControl by boot flags, IPMI v2.0 §28.12.

    A once override is spent when the firmware has taken the flags away, or, with firmware that never does, when the
    server began to boot `post_time` ago; then we take them away.
    """

    targets = frozenset(DEVICE) - {BootTarget.NONE}

    def __init__(self, link: Link, clock: Clock, options: IpmiOptions, boots: Boots, file: ArmedFile) -> None:
        self._link = link
        self._clock = clock
        self._options = options
        self._boots = boots
        self._file = file
        self._armed = file.load()
        self._changing = asyncio.Lock()

    async def apply(self, override: BootOverride) -> None:
        async with self._changing:
            enabled = override.enabled is not BootEnabled.DISABLED
            device = DEVICE[override.target] if enabled else 0
            persistent = override.enabled is BootEnabled.CONTINUOUS
            flags = await self._link.set_boot(device, persistent, override.mode is BootMode.UEFI)
            once = override.enabled is BootEnabled.ONCE and device
            self._remember(Armed(override, flags, self._clock.now()) if once else None)

    async def seen(self) -> AsyncIterator[BootSeen]:
        while True:
            async with self._changing:
                spent = await self._spent()
            if spent is not None:
                yield spent
            await self._clock.sleep(self._options.poll)

    async def _spent(self) -> BootSeen | None:
        armed = self._armed
        if armed is None:
            return None
        began = self._boots.last if self._boots.last is not None and self._boots.last >= armed.at else None
        try:
            if await self._link.boot_flags() == armed.flags:
                if began is None or self._clock.now() < began + self._options.post_time:
                    return None
                await self._link.set_boot(0, False, False)
        except BmcError:
            return None  # the sense tells that the BMC is away; what is armed stays so until it can be asked
        self._remember(None)
        return BootSeen(began if began is not None else self._clock.now(), armed.override)

    def _remember(self, armed: Armed | None) -> None:
        self._armed = armed
        self._file.save(armed)


class IpmiLifecycle:
    """Nothing is begun before somebody asks; letting go gives the BMC its session back."""

    def __init__(self, link: Link, file: ArmedFile) -> None:
        self._link = link
        self._file = file

    async def start(self) -> None:
        return None

    async def close(self) -> None:
        await self._link.close()

    async def erase(self) -> None:
        self._file.save(None)


class IpmiAdapter(Adapter[IpmiOptions]):
    """A vendor BMC over LAN. Its sense is not in the domain of its switch: it measures the power rail."""

    name = family = "ipmi"
    connection = frozenset({"host", "port", "credential"})
    options = IpmiOptions

    def line(self, rest: str) -> Mapping[str, object]:
        return {"host": rest} if rest else {}

    def check(self, options: IpmiOptions, site: Site) -> None:
        site.configured.credentials(options.credential)

    def open(self, options: IpmiOptions, place: Place) -> Parts:
        link = Link(options.host, options.port, options.credential, place.site.configured.credentials)
        boots = Boots(place.clock)
        file = ArmedFile(place.kept / "armed.json")
        return Parts(
            lifecycle=IpmiLifecycle(link, file),
            switch=IpmiSwitch(link, boots),
            senses=(IpmiSense(place.title, link, place.clock, options.poll, boots),),
            boot=IpmiBoot(link, place.clock, options, boots, file),
        )


adapter = IpmiAdapter()
