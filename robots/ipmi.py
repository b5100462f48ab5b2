"""The adapter `ipmi`: a vendor BMC that speaks IPMI 2.0 over LAN, with all that it can give a node."""

import asyncio
from collections.abc import Mapping

from pydantic import Field

from bmc.model.clock import Clock
from bmc.model.errors import InvalidRequest
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Site
from bmc.power.table import REPEATABLE, STARTS
from bmc.shared_devices import Lease
from robots.adapter import Adapter, Host, Options, Parts, Place, Seconds
from robots.ipmi_boot import IpmiBoot
from robots.ipmi_console import IpmiConsole
from robots.ipmi_link import STANDARD_PORT, Link
from robots.ipmi_log import IpmiLog
from robots.ipmi_survey import IpmiSurvey
from robots.kept import KeptFile
from robots.parts import Switch
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


class IpmiOptions(Options):
    """`credential` names one of the configuration file, or one that was set.

    `post_time` is how long after a boot the firmware has surely read its boot flags; `sol`: the serial console is
    taken, for as long as the service runs.
    """

    host: Host
    port: int = Field(default=STANDARD_PORT, ge=1, le=65535)
    credential: str = Field(min_length=1)
    poll: Seconds = Field(default=5.0, ge=1, le=300)
    post_time: Seconds = Field(default=300.0, ge=0, le=3600)
    sol: bool = True


class IpmiSwitch(Switch):
    """PowerSwitch by Chassis Control. Domain: the BMC. On and off may reach it twice, anything else at most once."""

    actions = frozenset(CONTROL)

    def __init__(self, link: Link, clock: Clock) -> None:
        self.domain = link.where
        self._link = link
        self._clock = clock

    async def apply(self, action: PowerAction) -> None:
        await self._link.control(CONTROL[action], action in REPEATABLE)
        if action in STARTS:
            self._link.boots.began()


class IpmiSense(Polled):
    """PowerSense by polling Get Chassis Status. A BMC that does not answer is Unknown, never off."""

    def __init__(self, name: str, link: Link, clock: Clock, poll: float) -> None:
        super().__init__(clock, poll)
        self.name, self.domain = name, f"{link.where}, power rail"
        self._link = link
        self._state = PowerState.UNKNOWN

    async def look(self) -> PowerState:
        state = PowerState.ON if await self._link.power() else PowerState.OFF
        if state is PowerState.ON and self._state is PowerState.OFF:
            self._link.boots.began()
        self._state = state
        return state


class IpmiRunning:
    """Nothing is begun before somebody asks; letting go gives the BMC its sessions back."""

    def __init__(self, lease: Lease[Link], sense: IpmiSense, survey: IpmiSurvey, console: IpmiConsole) -> None:
        self._lease = lease
        self._sense = sense
        self._survey = survey
        self._console = console
        self._surveying: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._surveying = asyncio.create_task(self._survey.run(), name=f"survey of {self._lease.device.where}")

    async def close(self) -> None:
        if self._surveying is not None:
            self._surveying.cancel()
            await asyncio.gather(self._surveying, return_exceptions=True)
        await self._sense.close()
        await self._console.close()
        await self._lease.end()


class IpmiAdapter(Adapter[IpmiOptions]):
    """A vendor BMC over LAN. Its sense is not in the domain of its switch: it measures the power rail."""

    name = family = "ipmi"
    connection = frozenset({"host", "port", "credential"})
    options = IpmiOptions

    def line(self, rest: str) -> Mapping[str, object]:
        return {"host": rest} if rest else {}

    def check(self, options: IpmiOptions, site: Site) -> None:
        user, password = site.configured.credentials(options.credential)
        for what, given, most in (("user", user, 16), ("password", password, 20)):  # IPMI v2.0 §22.28, §22.30
            if len(given) > most:
                raise InvalidRequest(
                    f"credential {options.credential!r}: its {what} has {len(given)} bytes; IPMI has {most}"
                )

    def open(self, options: IpmiOptions, place: Place) -> Parts:
        clock, devices, kept = place.clock, place.site.devices, place.kept

        def make() -> Link:
            credentials = place.site.configured.credentials
            return Link(options.host, options.port, options.credential, credentials, devices, clock)

        lease = devices.lease((self.family, options.host, options.port, options.credential), make)
        link = lease.device
        sense = IpmiSense(place.title, link, clock, options.poll)
        survey = IpmiSurvey(link, clock, KeptFile(kept / "sensors.json"), KeptFile(kept / "inventory.json"))
        console = IpmiConsole(link, clock)
        return Parts(
            running=IpmiRunning(lease, sense, survey, console),
            switch=IpmiSwitch(link, clock),
            senses=(sense,),
            boot=IpmiBoot(link, clock, options.poll, options.post_time, KeptFile(kept / "armed.json")),
            serial=console if options.sol else None,
            sensors=survey,
            inventory=survey,
            event_log=IpmiLog(link, clock, options.poll, survey, KeptFile(kept / "log.json")),
        )


adapter = IpmiAdapter()
