"""The System Event Log of a node as a value, IPMI v2.0 §31 and §32."""

from dataclasses import dataclass

from bmc.model.events import Severity

CAPACITY = 1024
"""Records that a SEL holds."""
SYSTEM_EVENT = 0x02
TIMESTAMPED_OEM = range(0xC0, 0xE0)
PLAIN_OEM = range(0xE0, 0x100)


@dataclass(frozen=True, slots=True)
class SelEntry:
    """One record, §32: `id` 1 to FFFEh; `data` is what follows the time stamp (9 bytes), or the type where a record
    has none (13 bytes).

    `stamp` is the time of the SEL's own clock, in seconds since the epoch, None for a record without one. `at` is when
    it was recorded by the service's clock. `message` says what happened, in words, and `severity` how bad that is; what
    others have added has neither. `maintenance`: a person had reserved the node then, so it alerts nobody.
    """

    id: int
    record_type: int
    stamp: int | None
    data: bytes
    at: float
    message: str = ""
    severity: Severity | None = None
    maintenance: bool = False


@dataclass(frozen=True, slots=True)
class Sel:
    """All records, oldest first. When it is full nothing is overwritten: `overflow` says that records were dropped.

    `added` and `erased` are times of the SEL's own clock, which is `offset` seconds ahead of the service's; None when
    that never happened. `utc_offset` is in minutes, None when unspecified. `resolved` are the ids of records that
    somebody has dealt with.
    """

    entries: tuple[SelEntry, ...] = ()
    overflow: bool = False
    added: int | None = None
    erased: int | None = None
    offset: int = 0
    utc_offset: int | None = None
    resolved: frozenset[int] = frozenset()

    @property
    def free(self) -> int:
        """Records that there is room for."""
        return CAPACITY - len(self.entries)


EMPTY_SEL = Sel()


@dataclass(frozen=True, slots=True)
class SystemEvent:
    """What a record of type 02h tells, §32.1: 9 bytes after the time stamp.

    `generator` is two bytes, 0020h for this BMC, 0041h for system software; `data` is three bytes.
    """

    sensor_type: int
    sensor: int
    event_type: int
    data: bytes
    asserted: bool = True
    generator: int = 0x0020
    revision: int = 0x04

    def pack(self) -> bytes:
        direction = (not self.asserted) << 7 | self.event_type
        return self.generator.to_bytes(2, "little") + bytes(
            (self.revision, self.sensor_type, self.sensor, direction, *self.data.ljust(3, b"\xff"))
        )

    @classmethod
    def unpack(cls, data: bytes) -> "SystemEvent":
        """:raise ValueError: not 9 bytes."""
        if len(data) != 9:
            raise ValueError(f"{len(data)} bytes where 9 were expected")
        generator, direction = int.from_bytes(data[:2], "little"), data[5]
        return cls(data[3], data[4], direction & 0x7F, data[6:], not direction & 0x80, generator, data[2])
