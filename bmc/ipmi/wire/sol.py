"""The SOL payload, IPMI v2.0 §15.9."""

from dataclasses import dataclass

from bmc.ipmi.wire.errors import expect_at_least

MAX_CHARACTERS = 255
"""The accepted character count is one byte."""

HEADER = 4

MAX_PAYLOAD = 255
"""What Activate Payload announces, in both directions. Consoles that read it as characters are understood too."""


@dataclass(frozen=True, slots=True)
class ConsolePacket:
    """From the remote console. `sequence` 0 carries no characters, `ack` 0 acknowledges nothing.

    `flush_inbound` drops what was typed before and waits, `flush_outbound` what was printed and waits. A line without
    modem wires has nothing to do with the bits for ring (20h) and for dropping DCD and DSR (04h).
    """

    sequence: int
    ack: int = 0
    accepted: int = 0
    data: bytes = b""
    nack: bool = False
    generate_break: bool = False
    pause: bool = False
    flush_inbound: bool = False
    flush_outbound: bool = False

    def pack(self) -> bytes:
        operation = self.nack << 6 | self.generate_break << 4 | self.pause << 3
        operation |= self.flush_inbound << 1 | self.flush_outbound
        return bytes((self.sequence, self.ack, self.accepted, operation)) + self.data

    @classmethod
    def unpack(cls, payload: bytes) -> "ConsolePacket":
        expect_at_least(payload, HEADER)
        sequence, ack, accepted, operation = payload[:HEADER]
        return cls(
            sequence & 0x0F,
            ack & 0x0F,
            accepted,
            payload[HEADER:],
            nack=bool(operation & 0x40),
            generate_break=bool(operation & 0x10),
            pause=bool(operation & 0x08),
            flush_inbound=bool(operation & 0x02),
            flush_outbound=bool(operation & 0x01),
        )


@dataclass(frozen=True, slots=True)
class BmcPacket:
    """To the remote console."""

    sequence: int
    ack: int = 0
    accepted: int = 0
    data: bytes = b""
    nack: bool = False
    unavailable: bool = False
    deactivated: bool = False

    def pack(self) -> bytes:
        status = self.nack << 6 | self.unavailable << 5 | self.deactivated << 4
        return bytes((self.sequence, self.ack, self.accepted, status)) + self.data

    @classmethod
    def unpack(cls, payload: bytes) -> "BmcPacket":
        expect_at_least(payload, HEADER)
        sequence, ack, accepted, status = payload[:HEADER]
        return cls(
            sequence & 0x0F,
            ack & 0x0F,
            accepted,
            payload[HEADER:],
            nack=bool(status & 0x40),
            unavailable=bool(status & 0x20),
            deactivated=bool(status & 0x10),
        )
