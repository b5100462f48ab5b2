"""What a vendor BMC says it has, read once and kept: its sensors, and what its FRU inventory says of the server."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from bmc.ipmi.wire.errors import WireError
from bmc.ipmi.wire.fru import Fru
from bmc.ipmi.wire.fru_device import BMC_FRU
from bmc.ipmi.wire.numbers import BMC_ADDRESS, NetFn
from bmc.ipmi.wire.scale import Scale
from bmc.ipmi.wire.sdr import LARGEST_ID, FullSensor, SensorName
from bmc.ipmi.wire.sensor import Reading
from bmc.model.clock import Clock
from bmc.model.errors import BmcError, Unreachable
from bmc.model.node import NO_HARDWARE, Hardware
from bmc.model.sensor import Entity, SensorInfo, Threshold, Unit
from robots.ipmi_link import Link
from robots.ipmi_records import read_inventory, read_records, repository_info
from robots.kept import KeptFile

AGAIN_AFTER = 30.0
CHECKED_EVERY = 3600.0
"""Seconds to the next try, and to the next look whether anything is another by now."""

GET_READING = 0x2D

UNITS = {1: Unit.CELSIUS, 4: Unit.VOLTS, 5: Unit.AMPERES, 6: Unit.WATTS, 18: Unit.RPM}
"""Base units, IPMI v2.0 table 43-15, of those that the doors know."""
_PERCENT, _NOT_BASE_ALONE = 0x01, 0x3E

_IN_A_RECORD = (
    Threshold.UPPER_FATAL,
    Threshold.UPPER_CRITICAL,
    Threshold.UPPER_CAUTION,
    Threshold.LOWER_FATAL,
    Threshold.LOWER_CRITICAL,
    Threshold.LOWER_CAUTION,
)

ENTITIES = {
    0x03: Entity.CPU,
    0x04: Entity.DISK,
    0x08: Entity.MEMORY,
    0x0A: Entity.POWER_SUPPLY,
    0x13: Entity.POWER_SUPPLY,
    0x14: Entity.POWER_SUPPLY,
    0x17: Entity.CHASSIS,
    0x1A: Entity.DISK,
    0x1D: Entity.FAN,
    0x1E: Entity.FAN,
    0x20: Entity.MEMORY,
    0x40: Entity.CHASSIS,
    0x41: Entity.CPU,
}
"""Entity ids, table 43-13; the rest counts as the system board."""

log = logging.getLogger(__name__)


class IpmiSurvey:
    """SensorSource and Inventory. Asks the BMC nothing before somebody has asked what there is.

    A sensor is what the BMC itself measures, in a unit that the doors know, by a scale that its record gives.
    """

    def __init__(self, link: Link, clock: Clock, records: KeptFile, inventory: KeptFile) -> None:
        self._link = link
        self._clock = clock
        self._records = records
        self._inventory = inventory
        self._wanted = asyncio.Event()
        self._stamps: object = None
        self._sensors: dict[str, tuple[FullSensor, SensorInfo]] = {}
        self._full: dict[tuple[int, int], FullSensor] = {}
        self._names: dict[tuple[int, int], str] = {}
        self._hardware = NO_HARDWARE
        self._take_what_is_kept()

    def want(self) -> None:
        self._wanted.set()

    def sensors(self) -> tuple[SensorInfo, ...]:
        self.want()
        return tuple(info for _, info in self._sensors.values())

    async def read(self) -> Mapping[str, float]:
        readings: dict[str, float] = {}
        for name, (sensor, _) in list(self._sensors.items()):
            try:
                answer = await self._link.ask(NetFn.SENSOR, GET_READING, bytes((sensor.number,)), in_passing=True)
                reading = Reading.unpack(answer)
                if reading.available:
                    readings[name] = sensor.figure(reading.raw)
            except Unreachable:
                return {}
            except (BmcError, WireError, ValueError) as error:
                log.debug("%s gives no reading of %s: %s", self._link.where, name, error)
        return readings

    def hardware(self) -> Hardware:
        self.want()
        return self._hardware

    def name_of(self, owner: int, number: int) -> str:
        """How the sensor is called that an event is of; "" where no record says."""
        return self._names.get((owner, number), "")

    def measuring(self, owner: int, number: int) -> FullSensor | None:
        """Its record, where it is one that measures."""
        return self._full.get((owner, number))

    async def run(self) -> None:
        """Read what is wanted, and again what has changed, without end."""
        await self._wanted.wait()
        while True:
            done = [await self._told("sensors", self._look_for_sensors)]
            done += [await self._told("FRU inventory", self._look_at_inventory)]
            await self._clock.sleep(CHECKED_EVERY if all(done) else AGAIN_AFTER)

    async def _told(self, what: str, look: Callable[[], Awaitable[None]]) -> bool:
        """Whether it need not be asked again soon."""
        try:
            await look()
        except Unreachable:
            return False
        except (BmcError, WireError) as error:
            log.warning("%s does not tell its %s: %s", self._link.where, what, error)
        return True

    async def _look_for_sensors(self) -> None:
        info = await repository_info(self._link)
        stamps = [info.records, info.added, info.erased]
        if stamps != self._stamps:
            records = await read_records(self._link) if info.records else []
            self._take_records(records)
            self._stamps = stamps
            self._records.save({"stamps": stamps, "records": [record.hex() for record in records]})

    async def _look_at_inventory(self) -> None:
        hardware = hardware_of(await read_inventory(self._link, BMC_FRU))
        if hardware != self._hardware:
            self._hardware = hardware
            self._inventory.save(hardware.to_json())

    def _take_what_is_kept(self) -> None:
        try:
            if kept := self._records.load():
                self._take_records(bytes.fromhex(record) for record in kept["records"])
                self._stamps = kept["stamps"]
        except (KeyError, TypeError, ValueError) as error:
            self._records.damaged(error)
        try:
            if kept := self._inventory.load():
                self._hardware = Hardware.from_json(kept)
        except (AttributeError, TypeError, ValueError) as error:
            self._inventory.damaged(error)

    def _take_records(self, records: Iterable[bytes]) -> None:
        sensors: dict[str, tuple[FullSensor, SensorInfo]] = {}
        self._names, self._full = {}, {}
        for record in records:
            try:
                named = SensorName.unpack(record)
                self._names[named.owner, named.number] = named.name
                sensor = FullSensor.unpack(record)
                self._full[sensor.owner, sensor.number] = sensor
                info = info_of(sensor, sensors.keys())
            except (WireError, ValueError) as error:
                log.debug("%s: passed over record %s: %s", self._link.where, record[:2].hex(), error)
                continue
            sensors[info.name] = (sensor, info)
        self._sensors = sensors


def info_of(sensor: FullSensor, taken: Iterable[str]) -> SensorInfo:
    """:raise ValueError: why the doors cannot show it."""
    if (sensor.owner, sensor.lun) != (BMC_ADDRESS, 0):
        raise ValueError(f"it belongs to another controller ({sensor.owner:02X}h)")
    unit = Unit.PERCENT if sensor.units & _PERCENT else UNITS.get(sensor.unit)
    if unit is None or sensor.units & _NOT_BASE_ALONE:
        raise ValueError(f"it is in an unknown unit ({sensor.units:02X}h {sensor.unit:02X}h)")
    figures = [figure for raw in range(256) if (figure := _figure(sensor, raw)) is not None]
    minimum, maximum = min(figures, default=0.0), max(figures, default=0.0)
    Scale.spanning(minimum, maximum)
    thresholds = {
        threshold: figure
        for threshold, raw in zip(_IN_A_RECORD, sensor.thresholds, strict=True)
        if sensor.readable >> threshold.bit & 1 and (figure := _figure(sensor, raw)) is not None
    }
    entity = ENTITIES.get(sensor.entity, Entity.SYSTEM_BOARD)
    return SensorInfo(_unique(sensor, taken), unit, entity, maximum, minimum, thresholds=thresholds)


def _figure(sensor: FullSensor, raw: int) -> float | None:
    try:
        return sensor.figure(raw)
    except ValueError:
        return None


def _unique(sensor: FullSensor, taken: Iterable[str]) -> str:
    plain = "".join(each if " " <= each <= "~" else "?" for each in sensor.name).strip()[:LARGEST_ID]
    name = plain or f"Sensor {sensor.number:02X}h"
    suffix = f" {sensor.number:02X}h"
    return f"{name[: LARGEST_ID - len(suffix)]}{suffix}" if name in taken else name


def hardware_of(fru: Fru) -> Hardware:
    """What the inventory says of the whole server; of its board, where it says no more."""
    product, board, chassis = fru.product, fru.board, fru.chassis
    return Hardware(
        manufacturer=(product and product.manufacturer) or (board and board.manufacturer) or "",
        model=(product and product.name) or (board and board.product) or "",
        serial=(product and product.serial) or (chassis and chassis.serial) or (board and board.serial) or "",
    )
