"""BMC device and messaging commands of the system interface, IPMI v2.0 §22.1 to §22.9."""

from dataclasses import dataclass
from enum import IntEnum, IntFlag

from bmc.ipmi.wire.errors import WireError, expect_length


class GlobalEnables(IntFlag):
    """Set BMC Global Enables, §22.1."""

    RECEIVE_QUEUE_INTERRUPT = 0x01
    EVENT_BUFFER_INTERRUPT = 0x02
    EVENT_BUFFER = 0x04
    EVENT_LOGGING = 0x08


class MessageFlags(IntFlag):
    """Get Message Flags, §22.4."""

    RECEIVE_QUEUE = 0x01
    EVENT_BUFFER_FULL = 0x02
    WATCHDOG_PRE_TIMEOUT = 0x08


class ReceiveState(IntEnum):
    """What Enable Message Channel Receive is to do, §22.5."""

    DISABLE = 0
    ENABLE = 1
    GET = 2


@dataclass(frozen=True, slots=True)
class ChannelReceive:
    """Enable Message Channel Receive request, §22.5."""

    channel: int
    state: ReceiveState

    def pack(self) -> bytes:
        return bytes((self.channel, self.state))

    @classmethod
    def unpack(cls, data: bytes) -> "ChannelReceive":
        expect_length(data, 2)
        if data[1] & 0x03 > ReceiveState.GET:
            raise WireError("a reserved channel state")
        return cls(data[0] & 0x0F, ReceiveState(data[1] & 0x03))


KCS_CAPABILITIES = bytes((0x00, 0x00, 0xFF))
"""Get System Interface Capabilities response, §22.9: one version, input of up to 255 bytes."""
KCS = 0x01


def unpack_byte(data: bytes) -> int:
    expect_length(data, 1)
    return data[0]
