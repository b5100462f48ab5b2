"""The adapter `nut`: an outlet of what Network UPS Tools drives, or what it measures: switch, supply, and senses."""

import re
from collections.abc import Mapping

from pydantic import Field, ValidationInfo, field_validator

from bmc.model.errors import BackendFailed, Unreachable
from bmc.model.power import PowerState
from bmc.ports import Site
from robots.adapter import Adapter, Host, LettingGo, Options, Parts, Place, Seconds
from robots.outlet import Outlet, OutletSense
from robots.upsd import Upsd

PORT = 3493
LINE = re.compile(
    r"(?P<ups>[A-Za-z0-9._-]+)(?:@(?P<host>[^/>]+?))?(?:/(?P<outlet>\d+))?"
    r"(?::(?P<meter>[a-z][A-Za-z0-9.]*)>(?P<above>\d+(?:\.\d+)?))?"
)


class NutOptions(Options):
    """`ups` is its name in upsd. `meter` and `above`: a sense that says On where this variable is greater."""

    host: Host = "127.0.0.1"
    port: int = Field(default=PORT, ge=1, le=65535)
    ups: str = Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=64)
    outlet: int | None = Field(default=None, ge=0, le=1000)
    credential: str | None = Field(default=None, min_length=1)
    cycle: bool = False
    timeout: Seconds = Field(default=5.0, ge=0.1, le=30)
    poll: Seconds = Field(default=5.0, ge=1, le=300)
    above: float | None = Field(default=None, ge=0)
    meter: str | None = Field(default=None, pattern=r"^[a-z][A-Za-z0-9.]*$", max_length=64, validate_default=True)

    @field_validator("meter")
    @classmethod
    def something_to_look_at(cls, meter: str | None, info: ValidationInfo) -> str | None:
        if (meter is None) != (info.data.get("above") is None):
            raise ValueError("expected meter and above together, or neither")
        if meter is None and "outlet" in info.data and info.data["outlet"] is None:
            raise ValueError("expected an outlet, or a meter of the whole device")
        return meter


class NutOutlet(Outlet):
    """One outlet by `outlet.N.load.on`, `.off` and `.cycle`. The acknowledgement is upsd's, not that of the device."""

    def __init__(self, upsd: Upsd, options: NutOptions) -> None:
        super().__init__(_where(options), options.cycle, patience=4 * options.timeout)
        self._upsd = upsd
        self._ups = options.ups
        self._outlet = f"outlet.{options.outlet}"

    async def state(self) -> PowerState:
        value = (await self._upsd.get(self._ups, f"{self._outlet}.status")).lower()
        if value not in ("on", "off"):
            raise BackendFailed(f"{self.domain} says {value!r} of {self._outlet}; expected on or off")
        return PowerState.ON if value == "on" else PowerState.OFF

    async def turn(self, on: bool) -> None:
        await self._upsd.command(self._ups, f"{self._outlet}.load.{'on' if on else 'off'}")

    async def cycle(self) -> None:
        await self._upsd.command(self._ups, f"{self._outlet}.load.cycle")


class NutAdapter(Adapter[NutOptions]):
    """Outlets of a device are in one domain, what it measures is in another."""

    name = family = "nut"
    connection = frozenset({"host", "port", "timeout"})
    options = NutOptions

    def line(self, rest: str) -> Mapping[str, object]:
        found = LINE.fullmatch(rest)
        if found is None:
            raise ValueError(
                "expected nut:UPS@HOST/OUTLET, nut:UPS@HOST/OUTLET:realpower>NUMBER or nut:UPS@HOST:VARIABLE>NUMBER"
            )
        options = {key: value for key, value in found.groupdict().items() if value is not None}
        if "outlet" in options and "meter" in options:
            options["meter"] = f"outlet.{options['outlet']}.{options['meter']}"
        return options

    def check(self, options: NutOptions, site: Site) -> None:
        if options.credential is not None:
            site.configured.credentials(options.credential)

    def open(self, options: NutOptions, place: Place) -> Parts:
        credential = options.credential
        login = None if credential is None else lambda: place.site.configured.credentials(credential)
        upsd = Upsd(options.host, options.port, login, options.timeout)
        outlet = NutOutlet(upsd, options)
        meter, above = options.meter, options.above

        async def drawing() -> PowerState:
            value = await upsd.get(options.ups, str(meter))
            try:
                return PowerState.ON if float(value) > (above or 0) else PowerState.OFF
            except ValueError:
                raise Unreachable(f"{outlet.domain} says {value!r} of {meter}; expected a number") from None

        ask, domain = (outlet.state, outlet.domain) if meter is None else (drawing, f"{outlet.domain} meter")
        sense = OutletSense(place.title, domain, ask, place.clock, options.poll)
        return Parts(
            running=LettingGo(sense.close),
            switch=outlet if meter is None else None,
            supply=outlet if meter is None else None,
            senses=(sense,),
        )


def _where(options: NutOptions) -> str:
    return f"UPS {options.ups}@{options.host}" + ("" if options.port == PORT else f":{options.port}")


adapter = NutAdapter()
