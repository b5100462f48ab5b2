"""Alerts of one node: PET traps to its destinations, sent again until they are acknowledged or tried often enough."""

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address

from bmc.fetch import check_address
from bmc.ipmi.config import ConfigKeeper, DoorConfig
from bmc.ipmi.patience import done_after
from bmc.ipmi.settings import DoorSettings
from bmc.ipmi.wire.pef import AlertStatus, Destination
from bmc.ipmi.wire.pet import EPOCH, UNSPECIFIED_OFFSET, Acknowledge, Trap
from bmc.model.caller import Caller
from bmc.model.clock import Clock
from bmc.model.node import Endpoint, NodeSnapshot
from bmc.model.sel import SystemEvent

log = logging.getLogger(__name__)

DESTINATIONS = 4
"""Numbers of those that are kept; 0 is one more, which is volatile."""
_MOST_UNDER_WAY = 64


class Alerts:
    def __init__(self, config: ConfigKeeper, clock: Clock, settings: DoorSettings, endpoint: Endpoint) -> None:
        self.status = AlertStatus.NONE
        self._config = config
        self._clock = clock
        self._settings = settings
        self._endpoint = endpoint
        self._volatile = Destination()
        self._sequence = 0
        self._began = clock.monotonic()
        self._awaited: dict[int, tuple[Trap, asyncio.Future[None]]] = {}

    def destination(self, number: int) -> Destination:
        """One that was never set has the address 0.0.0.0."""
        return _stored(self._config.config, number) if number else self._volatile

    async def change_destination(self, number: int, update: Callable[[Destination], Destination], by: Caller) -> None:
        """:raise Forbidden: nothing may be sent there. 0.0.0.0 is no destination, and may be set."""
        if not number:
            self._volatile = self._checked(update(self._volatile))
            return

        def change(config: DoorConfig) -> DoorConfig:
            destination = self._checked(update(_stored(config, number)))
            data = destination.pack_type() + destination.pack_address()
            return replace(config, destinations={**config.destinations, str(number): data.hex()})

        await self._config.change(change, by)

    def _checked(self, destination: Destination) -> Destination:
        address = IPv4Address(destination.address)
        if not address.is_unspecified:
            check_address(address, self._settings.allowed)
        return destination

    async def send(self, number: int, snapshot: NodeSnapshot, event: SystemEvent, severity: int = 0) -> AlertStatus:
        """ENDED when it was acknowledged, or sent where no acknowledge is asked for."""
        destination = self.destination(number)
        address = IPv4Address(destination.address)
        if address.is_unspecified or len(self._awaited) >= _MOST_UNDER_WAY:
            log.warning("%s: no alert to destination %d (%s)", snapshot.name, number, address)
            return AlertStatus.RETRIES_FAILED
        trap = self._trap(snapshot, event, severity)
        answered = asyncio.get_running_loop().create_future()
        self._awaited[trap.sequence] = trap, answered
        sent = False
        try:
            for attempt in range(1 + destination.retries):
                sent = self._transmit(trap, address) or sent
                last = attempt == destination.retries
                if last and not destination.acknowledged:
                    break
                if await done_after(self._clock, destination.interval, answered):
                    return AlertStatus.ENDED
        finally:
            del self._awaited[trap.sequence]
        if destination.acknowledged:
            return AlertStatus.NO_ACKNOWLEDGE
        return AlertStatus.ENDED if sent else AlertStatus.RETRIES_FAILED

    def acknowledge(self, told: Acknowledge) -> None:
        """Whoever received the trap has said so; what answers none is passed over."""
        trap, answered = self._awaited.get(told.sequence, (None, None))
        if trap is not None and answered is not None and told.answers(trap) and not answered.done():
            answered.set_result(None)

    def _trap(self, snapshot: NodeSnapshot, event: SystemEvent, severity: int) -> Trap:
        self._sequence = self._sequence % 0xFFFF + 1
        chosen = bytes.fromhex(self._config.config.pef.get("10", ""))
        guid = chosen[1:] if chosen and chosen[0] & 0x01 else snapshot.definition.uuid.bytes[::-1]
        time = int(self._clock.now()) + snapshot.sel.offset - EPOCH
        offset = snapshot.sel.utc_offset
        return Trap(
            guid,
            self._sequence,
            time if 0 <= time <= 0xFFFFFFFF else 0,
            severity,
            event.sensor_type,
            event.sensor,
            event.event_type | (not event.asserted) << 7,
            event.data,
            event.generator,
            UNSPECIFIED_OFFSET if offset is None else offset,
        )

    def _transmit(self, trap: Trap, address: IPv4Address) -> bool:
        """The address is looked at again, as what is allowed may have changed since it was set."""
        uptime = self._clock.monotonic() - self._began
        datagram = trap.datagram(self._config.config.community, self._agent(), uptime)
        try:
            check_address(address, self._settings.allowed)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
                sock.setblocking(False)
                sock.sendto(datagram, (str(address), self._settings.trap_port))
        except OSError as error:
            log.warning("alert to %s: %s", address, error)
            return False
        return True

    def _agent(self) -> IPv4Address:
        try:
            return IPv4Address(self._endpoint.host)
        except AddressValueError:
            return IPv4Address(0)


def _stored(config: DoorConfig, number: int) -> Destination:
    data = bytes.fromhex(config.destinations.get(str(number), ""))
    if not data:
        return Destination()
    return Destination(data[5:9], *Destination.unpack_type(data[:3]), mac=data[9:], backup_gateway=bool(data[4] & 0x01))
