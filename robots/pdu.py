"""The adapter `pdu`: one outlet of a PDU that speaks SNMP: switch, supply, and senses of its state and of its load."""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, ValidationInfo, field_validator

from bmc.model.errors import BackendFailed
from bmc.model.power import PowerState
from bmc.ports import Site
from bmc.shared_devices import Lease
from robots import snmp
from robots.adapter import Adapter, Host, LettingGo, Options, Parts, Place, Seconds
from robots.outlet import Outlet, OutletSense
from robots.pdu_models import MODELS, Order

LINE = re.compile(r"(?:(?P<host>[^/]+)/)?(?P<outlet>\d+)(?::watts>(?P<watts>\d+(?:\.\d+)?))?")
PORT = 161


class PduOptions(Options):
    """`credential`: with version 2c its password is the community, with 3 it is user and authentication password.

    `watts`: a sense that reads the meter instead of the state, and says On above so many.
    """

    host: Host
    port: int = Field(default=PORT, ge=1, le=65535)
    outlet: int = Field(ge=1, le=1000)
    model: Literal["apc", "apc-rpdu", "raritan", "eaton"] = "apc"
    version: Literal["2c", "3"] = "2c"
    credential: str | None = Field(default=None, min_length=1, validate_default=True)
    auth: Literal["md5", "sha", "sha256", "sha512"] = "sha"
    privacy: Literal["none", "des", "aes"] = "aes"
    privacy_credential: str | None = Field(default=None, min_length=1)
    timeout: Seconds = Field(default=2.0, ge=0.1, le=20)
    poll: Seconds = Field(default=5.0, ge=1, le=300)
    watts: float | None = Field(default=None, ge=0)

    @field_validator("credential")
    @classmethod
    def users_have_names(cls, credential: str | None, info: ValidationInfo) -> str | None:
        if credential is None and info.data.get("version") == "3":
            raise ValueError("expected a credential: SNMP version 3 knows users")
        return credential

    @field_validator("watts")
    @classmethod
    def somebody_meters(cls, watts: float | None, info: ValidationInfo) -> float | None:
        model = info.data.get("model")
        if watts is not None and model is not None and MODELS[model].watts is None:
            metered = ", ".join(name for name, each in MODELS.items() if each.watts)
            raise ValueError(f"{model} does not meter its outlets; expected a model out of {metered}")
        return watts


class PduOutlet(Outlet):
    """One outlet of a PDU, which is its domain. It is asked before it is told: who does not answer is told nothing."""

    def __init__(self, agent: snmp.Agent, options: PduOptions) -> None:
        super().__init__(agent.name, cycles=True, patience=4 * snmp.TRIES * options.timeout)
        self._agent = agent
        self._outlet = options.outlet
        self._model = MODELS[options.model]

    async def state(self) -> PowerState:
        (value,) = await self._agent.get(self._model.status.format(self._outlet))
        if value not in self._model.states:
            raise BackendFailed(f"{self.domain} says {value} of outlet {self._outlet}, which is neither on nor off")
        return self._model.states[value]

    async def turn(self, on: bool) -> None:
        await self._tell(self._model.on if on else self._model.off, repeatable=True)

    async def cycle(self) -> None:
        await self._tell(self._model.reboot, repeatable=False)

    async def watts(self) -> float:
        oids = [oid.format(self._outlet) for oid in (self._model.watts, self._model.digits) if oid]
        value, *digits = await self._agent.get(*oids)
        if value < 0:
            raise BackendFailed(f"{self.domain} does not meter outlet {self._outlet} (it says {value} W)")
        return float(value / 10 ** sum(digits))

    async def _tell(self, order: Order, repeatable: bool) -> None:
        await self._agent.get(self._model.status.format(self._outlet))
        await self._agent.set(order.oid.format(self._outlet), order.value, repeatable)


class PduAdapter(Adapter[PduOptions]):
    """Outlets of a PDU are in one domain, its meter is another: what flows is no echo of a command."""

    name = family = "pdu"
    connection = frozenset(
        {"host", "port", "model", "version", "credential", "auth", "privacy", "privacy_credential", "timeout"}
    )
    options = PduOptions

    def line(self, rest: str) -> Mapping[str, object]:
        found = LINE.fullmatch(rest)
        if found is None:
            raise ValueError("expected pdu:HOST/OUTLET or pdu:HOST/OUTLET:watts>NUMBER")
        return {key: value for key, value in found.groupdict().items() if value is not None}

    def check(self, options: PduOptions, site: Site) -> None:
        for name in (options.credential, options.privacy_credential):
            if name is not None:
                site.configured.credentials(name)

    def open(self, options: PduOptions, place: Place) -> Parts:
        lease = _lease(options, place.site)
        outlet = PduOutlet(lease.device, options)

        async def drawing() -> PowerState:
            return PowerState.ON if await outlet.watts() > (options.watts or 0) else PowerState.OFF

        metered = options.watts is not None
        ask, domain = (drawing, f"{outlet.domain} meter") if metered else (outlet.state, outlet.domain)
        sense = OutletSense(place.title, domain, ask, place.clock, options.poll)
        return Parts(
            running=LettingGo(sense.close, lease.end),
            switch=None if metered else outlet,
            supply=None if metered else outlet,
            senses=(sense,),
        )


def _lease(options: PduOptions, site: Site) -> Lease[snmp.Agent]:
    where = options.host if options.port == PORT else f"{options.host}:{options.port}"
    key = (
        "pdu",
        options.host.lower(),
        options.port,
        options.version,
        options.credential,
        options.auth,
        options.privacy,
        options.privacy_credential,
        options.timeout,
    )

    def login() -> snmp.Login:
        if options.credential is None:
            return snmp.community("public")
        name, password = (part.decode() for part in site.configured.credentials(options.credential))
        if options.version == "2c":
            return snmp.community(password)
        privacy = password
        if options.privacy_credential is not None:
            privacy = site.configured.credentials(options.privacy_credential)[1].decode()
        return snmp.user(name, password, options.auth, options.privacy, privacy)

    return site.devices.lease(
        key, lambda: snmp.Agent(f"PDU {where}", options.host, options.port, login, options.timeout)
    )


adapter = PduAdapter()
