"""The numbers that several messages share, named as the specification names them."""

from enum import IntEnum


class NetFn(IntEnum):
    """Network function of a request, IPMI v2.0 §5.1; its response has the next odd number."""

    CHASSIS = 0x00
    BRIDGE = 0x02
    SENSOR = 0x04
    APP = 0x06
    FIRMWARE = 0x08
    STORAGE = 0x0A
    TRANSPORT = 0x0C
    GROUP = 0x2C


class Privilege(IntEnum):
    """Privilege level, IPMI v2.0 §6.8."""

    HIGHEST = 0
    CALLBACK = 1
    USER = 2
    OPERATOR = 3
    ADMINISTRATOR = 4
    OEM = 5
    NO_ACCESS = 0xF


class Code(IntEnum):
    """Completion code, IPMI v2.0 §5.2."""

    OK = 0x00
    BUSY = 0xC0
    INVALID_COMMAND = 0xC1
    INVALID_FOR_LUN = 0xC2
    TIMEOUT = 0xC3
    OUT_OF_SPACE = 0xC4
    RESERVATION_CANCELLED = 0xC5
    LENGTH_INVALID = 0xC7
    LENGTH_EXCEEDED = 0xC8
    OUT_OF_RANGE = 0xC9
    NOT_PRESENT = 0xCB
    INVALID_FIELD = 0xCC
    NO_RESPONSE = 0xCE
    INSUFFICIENT_PRIVILEGE = 0xD4
    WRONG_STATE = 0xD5
    SUB_FUNCTION_DISABLED = 0xD6
    UNSPECIFIED = 0xFF


class ParameterCode(IntEnum):
    """What the commands that get and set parameters answer beside, IPMI v2.0 §23.1, §26.2, §28.12, §30.3."""

    NOT_SUPPORTED = 0x80
    IN_PROGRESS = 0x81
    READ_ONLY = 0x82


class PayloadType(IntEnum):
    """Payload type of an RMCP+ packet, IPMI v2.0 §13.27.3."""

    IPMI = 0x00
    SOL = 0x01
    OEM_EXPLICIT = 0x02
    OPEN_SESSION_REQUEST = 0x10
    OPEN_SESSION_RESPONSE = 0x11
    RAKP_1 = 0x12
    RAKP_2 = 0x13
    RAKP_3 = 0x14
    RAKP_4 = 0x15


class Status(IntEnum):
    """RMCP+ and RAKP message status code, IPMI v2.0 §13.24."""

    OK = 0x00
    NO_RESOURCES = 0x01
    INVALID_SESSION_ID = 0x02
    INVALID_PAYLOAD_TYPE = 0x03
    INVALID_AUTHENTICATION = 0x04
    INVALID_INTEGRITY = 0x05
    NO_MATCHING_AUTHENTICATION = 0x06
    NO_MATCHING_INTEGRITY = 0x07
    INACTIVE_SESSION_ID = 0x08
    INVALID_ROLE = 0x09
    UNAUTHORIZED_ROLE = 0x0A
    NO_RESOURCES_FOR_ROLE = 0x0B
    INVALID_NAME_LENGTH = 0x0C
    UNAUTHORIZED_NAME = 0x0D
    UNAUTHORIZED_GUID = 0x0E
    INVALID_INTEGRITY_CHECK = 0x0F
    INVALID_CONFIDENTIALITY = 0x10
    NO_CIPHER_SUITE_MATCH = 0x11
    ILLEGAL_PARAMETER = 0x12


LAN_CHANNEL = 1
PRESENT_CHANNEL = 0x0E
SYSTEM_CHANNEL = 0x0F
BMC_ADDRESS = 0x20
