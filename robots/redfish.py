"""The adapter `redfish`: a vendor BMC by Redfish: power, boot, virtual media, sensors, inventory, log and console."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import Annotated, Any

import aiohttp
from pydantic import Field, JsonValue, StringConstraints, model_validator
from yarl import URL

from bmc.model.clock import Clock, within
from bmc.model.errors import BmcError
from bmc.ports import Site
from bmc.shared_devices import Lease
from robots.adapter import Adapter, Host, Options, Parts, Place, Seconds
from robots.kept import KeptFile
from robots.redfish_boot import RedfishBoot
from robots.redfish_console import RedfishSerial
from robots.redfish_link import Link, Tls
from robots.redfish_log import RedfishLog, follow_events
from robots.redfish_media import RedfishMedia
from robots.redfish_media_server import MediaServer
from robots.redfish_model import Model
from robots.redfish_power import Boots, RedfishSense, RedfishSwitch
from robots.redfish_sensors import RedfishSensors

LEARN_WITHIN = 8.0
"""Seconds in which a start waits for a BMC that was never asked; a BMC that is away is asked on in the background."""
LEARN_AGAIN, LONGEST_PAUSE = 5.0, 60.0
LOOK_AT_MEDIA = 60.0
REFRESH = 3600.0
"""Seconds after which everything is learned anew: hardware and firmware change."""
ADDRESS, ADDRESS_FREE = frozenset({"url", "host"}), frozenset({"credential"})
WATCHING_ONLY = frozenset({"sense", "interlocks"})
KEPT = ("learned.json", "armed.json", "media.json", "log.json")

Fingerprint = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{2}(:?[0-9A-Fa-f]{2}){31}$")]
ServeFrom = Annotated[str, StringConstraints(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):\d{1,5}$")]

log = logging.getLogger(__name__)


class RedfishOptions(Options):
    """`url` or `host` and `port`; `credential` names one of the configuration file. `system` is the id of the one that
    is meant where a BMC has several. `fingerprint` is the SHA-256 of its certificate. `serve_from` is where the BMC
    fetches media from this host. `post_time` is how long after a boot the firmware has surely read its boot override.
    """

    url: str = Field(default="", max_length=512)
    host: Host | None = None
    port: int = Field(default=443, ge=1, le=65535)
    credential: str = Field(min_length=1)
    system: str = Field(default="", max_length=128)
    verify: bool = True
    fingerprint: Fingerprint | None = None
    insecure: bool = False
    serve_from: ServeFrom | None = None
    poll: Seconds = Field(default=5.0, ge=0.5, le=300)
    post_time: Seconds = Field(default=300.0, ge=0, le=3600)

    @model_validator(mode="after")
    def _reachable(self) -> "RedfishOptions":
        if bool(self.url) == bool(self.host):
            raise ValueError("expected either url or host")
        try:
            url = URL(self.address)
            port = url.port
        except ValueError as error:
            raise ValueError(f"url: expected https://HOST[:PORT] ({error})") from None
        if url.scheme not in ("http", "https") or not url.host or url.user or url.path not in ("", "/"):
            raise ValueError("url: expected https://HOST[:PORT]; who signs in is for credential to say")
        if port is None or (url.scheme == "http" and not self.insecure and not _is_loopback(url.host)):
            raise ValueError(
                "url: http would send the password in the clear; use https, or set insecure = true if nobody listens"
            )
        return self

    @property
    def address(self) -> str:
        if self.url:
            return self.url
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host
        return f"https://{host}:{self.port}"

    @property
    def tls(self) -> Tls:
        if self.fingerprint is not None:
            return aiohttp.Fingerprint(bytes.fromhex(self.fingerprint.replace(":", "")))
        return self.verify

    @property
    def serves(self) -> tuple[str, int] | None:
        if self.serve_from is None:
            return None
        host, _, port = self.serve_from.rpartition(":")
        return host.strip("[]"), int(port)


class Watch:
    """What goes on beside: learning, following events, looking into the drives."""

    def __init__(self, model: Model, clock: Clock, events: RedfishLog, sense: RedfishSense, media: RedfishMedia | None):
        self._model = model
        self._clock = clock
        self._log = events
        self._sense = sense
        self._media = media
        self._asked = asyncio.Event()

    async def learn(self) -> None:
        """Without end. What power and boot need comes first; a start waits for that."""
        pause = LEARN_AGAIN
        while True:
            try:
                try:
                    await self._model.learn_system()
                finally:
                    self._asked.set()
                await self._model.learn_rest()
                self._log.hint()
                pause = REFRESH
            except BmcError as error:
                log.info("%s: %s", self._model.link.where, error)
                pause = min(pause * 2, LONGEST_PAUSE)
            await self._clock.sleep(pause)

    async def asked(self) -> None:
        """Return when it is known what power and boot can do, or that the BMC cannot be asked now."""
        if self._model.learned is None:
            await self._asked.wait()

    async def follow(self) -> None:
        await follow_events(self._model, self._clock, self._hint)

    async def look_at_media(self) -> None:
        while self._media is not None:
            with contextlib.suppress(BmcError):
                await self._media.look()
            await self._clock.sleep(LOOK_AT_MEDIA)

    def _hint(self) -> None:
        self._log.hint()
        self._sense.hint()


class RedfishRunning:
    def __init__(
        self,
        lease: Lease[Link],
        serving: Lease[MediaServer] | None,
        watch: Watch | None,
        senses: Sequence[RedfishSense],
        media: RedfishMedia | None,
        model: Model,
        clock: Clock,
    ) -> None:
        self._lease = lease
        self._serving = serving
        self._watch = watch
        self._senses = senses
        self._media = media
        self._model = model
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        if self._media is not None:
            await self._media.resume()
        if self._watch is None:
            return
        for work, name in (
            (self._watch.learn(), "learning"),
            (self._watch.follow(), "events"),
            (self._watch.look_at_media(), "media"),
        ):
            task = asyncio.create_task(work, name=f"{name} of {self._model.link.where}")
            task.add_done_callback(_tell_fault)
            self._tasks.append(task)
        await within(self._clock, LEARN_WITHIN, self._watch.asked())

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for sense in self._senses:
            await sense.close()
        if self._media is not None:
            self._media.close()
        if self._serving is not None:
            await self._serving.end()
        await self._lease.end()


class RedfishAdapter(Adapter[RedfishOptions]):
    """A vendor BMC by Redfish. Its sense is not in the domain of its switch: it measures the power rail."""

    name = family = "redfish"
    connection = frozenset({"url", "host", "port", "credential", "system", "verify", "fingerprint", "insecure"})
    options = RedfishOptions

    def line(self, rest: str) -> Mapping[str, object]:
        if rest:
            raise ValueError('expected "redfish" alone, for the BMC of this node; write another one as a table')
        return {}

    def taken_over(self, other: Mapping[str, JsonValue], own: Mapping[str, Any]) -> dict[str, JsonValue]:
        """Another BMC has another certificate, and calls its systems otherwise."""
        taken = super().taken_over(other, own)
        return {key: taken[key] for key in ADDRESS_FREE & taken.keys()} if ADDRESS & own.keys() else taken

    def check(self, options: RedfishOptions, site: Site) -> None:
        site.configured.credentials(options.credential)

    def open(self, options: RedfishOptions, place: Place) -> Parts:
        lease = place.site.devices.lease(
            ("redfish", options.address, options.credential, options.verify, options.fingerprint),
            lambda: Link(
                options.address, options.tls, options.credential, place.site.configured.credentials, place.clock
            ),
        )
        files = {name: KeptFile(place.kept / name) for name in KEPT}
        model = Model(lease.device, options.system, files["learned.json"])
        boots = Boots(place.clock)
        sense = RedfishSense(place.title, model, place.clock, options.poll, boots)
        if place.part in WATCHING_ONLY:
            running = RedfishRunning(lease, None, None, [sense], None, model, place.clock)
            return Parts(running=running, senses=(sense,))
        serving, media = None, None
        if (at := options.serves) is not None:
            serving = place.site.devices.lease(("redfish media", *at), lambda: MediaServer(*at))
            media = RedfishMedia(model, serving.device, place.clock, files["media.json"])
        events = RedfishLog(model, place.clock, files["log.json"])
        watch = Watch(model, place.clock, events, sense, media)
        # Whether there is a console is known once the BMC was asked; where one is asked for, it is waited for.
        offered = model.learned.console if model.learned and model.learned.whole else place.part == "console"
        return Parts(
            running=RedfishRunning(lease, serving, watch, [sense], media, model, place.clock),
            switch=RedfishSwitch(model, boots),
            senses=(sense,),
            boot=RedfishBoot(model, place.clock, options.poll, options.post_time, boots, files["armed.json"]),
            media=media,
            serial=RedfishSerial(model, place.clock) if offered else None,
            sensors=RedfishSensors(model),
            inventory=model,
            event_log=events,
        )


def _tell_fault(task: asyncio.Task[None]) -> None:
    """A watcher that dies is a fault of ours."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed; restart the service", task.get_name(), exc_info=error)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(re.sub("%.*", "", host)).is_loopback
    except ValueError:
        return host == "localhost"


adapter = RedfishAdapter()
