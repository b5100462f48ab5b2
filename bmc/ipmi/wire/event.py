"""Event commands, IPMI v2.0 §29."""

from dataclasses import dataclass

from bmc.ipmi.wire.errors import WrongLength
from bmc.model.sel import SystemEvent

_SHORTEST, _FULL = 5, 7


@dataclass(frozen=True, slots=True)
class PlatformEvent:
    """Platform Event Message request, §29.3. `generator` None: it is the requester; data not sent are FFh."""

    revision: int
    sensor_type: int
    sensor: int
    direction: int
    data: bytes
    generator: int | None = None

    def pack(self) -> bytes:
        head = b"" if self.generator is None else bytes((self.generator,))
        return head + bytes((self.revision, self.sensor_type, self.sensor, self.direction)) + self.data

    @classmethod
    def unpack(cls, data: bytes, with_generator: bool = False) -> "PlatformEvent":
        """From the system interface the first byte is the generator's id."""
        body = data[1:] if with_generator else data
        if not _SHORTEST <= len(body) <= _FULL:
            raise WrongLength(f"{len(data)} bytes are no platform event")
        generator = data[0] if with_generator else None
        return cls(body[0], body[1], body[2], body[3], body[4:].ljust(3, b"\xff"), generator)

    def system_event(self, requester: int) -> SystemEvent:
        """As it stands in the SEL; the `requester` is its generator where it names none."""
        generator = requester if self.generator is None else self.generator
        asserted, event_type = not self.direction & 0x80, self.direction & 0x7F
        return SystemEvent(self.sensor_type, self.sensor, event_type, self.data, asserted, generator, self.revision)


RECEIVER_DISABLED = b"\xff\x00"
"""Get Event Receiver response, §29.2: events are sent to nobody, as this BMC receives its own."""
