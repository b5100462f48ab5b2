"""RFC 2217, the client's side: a serial line and its settings through Telnet. Bytes in, bytes out; no socket."""

from dataclasses import dataclass
from enum import IntEnum

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
BINARY, SUPPRESS_GO_AHEAD, COM_PORT = 0, 3, 44
OURS = frozenset({BINARY, SUPPRESS_GO_AHEAD, COM_PORT})
THEIRS = frozenset({BINARY, SUPPRESS_GO_AHEAD, 1})
"""Options that each side may have; 1 is ECHO, which many servers announce."""

LONGEST = 4096
"""No command of Telnet is longer."""


class Command(IntEnum):
    """COM-PORT-OPTION, RFC 2217 §3; the server's answer has 100 added."""

    BAUD = 1
    DATA_BITS = 2
    PARITY = 3
    STOP_BITS = 4
    CONTROL = 5
    SUSPEND = 8
    RESUME = 9
    LINE_MASK = 10
    MODEM_MASK = 11


FROM_SERVER = 100
NO_FLOW, HARDWARE_FLOW, SOFTWARE_FLOW = 1, 3, 2
BREAK_ON, BREAK_OFF, DTR_ON, RTS_ON = 5, 6, 8, 11


@dataclass(frozen=True, slots=True)
class Line:
    """How the serial line is set; the numbers are those of RFC 2217."""

    baud: int
    data_bits: int
    parity: int
    stop_bits: int
    flow: int

    def requests(self) -> dict[Command, bytes]:
        return {
            Command.BAUD: self.baud.to_bytes(4, "big"),
            Command.DATA_BITS: bytes([self.data_bits]),
            Command.PARITY: bytes([self.parity]),
            Command.STOP_BITS: bytes([self.stop_bits]),
        }


class Telnet:
    """One connection. `refused` says why it cannot go on; `suspended`: the server wants nothing now."""

    def __init__(self, line: Line) -> None:
        self.refused = ""
        self.suspended = False
        self._line = line
        self._waiting = dict(line.requests())
        self._held = bytearray()
        self._agreed: set[tuple[int, int]] = set()

    @property
    def settled(self) -> bool:
        """The server has set the line as it was asked to."""
        return not self._waiting

    def greeting(self) -> bytes:
        offers = [(WILL, COM_PORT), (WILL, BINARY), (DO, BINARY), (WILL, SUPPRESS_GO_AHEAD), (DO, SUPPRESS_GO_AHEAD)]
        self._agreed |= set(offers)
        return b"".join(bytes([IAC, verb, option]) for verb, option in offers)

    def received(self, data: bytes) -> tuple[bytes, bytes]:
        """What came over the serial line, and what must be sent back."""
        self._held += data
        line, answers = bytearray(), bytearray()
        while self._held:
            start = self._held.find(IAC)
            if start != 0:
                end = len(self._held) if start < 0 else start
                line += self._held[:end]
                del self._held[:end]
                continue
            length = self._command_length()
            if not length:
                break
            command = bytes(self._held[:length])
            del self._held[:length]
            if command[1] == IAC:
                line.append(IAC)
            elif command[1] == SB:
                self._subnegotiated(command[2:-2].replace(b"\xff\xff", b"\xff"))
            elif command[1] in (DO, DONT, WILL, WONT):
                answers += self._negotiated(command[1], command[2])
        return bytes(line), bytes(answers)

    def sending(self, data: bytes) -> bytes:
        return data.replace(b"\xff", b"\xff\xff")

    def control(self, value: int) -> bytes:
        return _sub(Command.CONTROL, bytes([value]))

    def _command_length(self) -> int:
        """Of the command that the held bytes begin with; 0: more must come."""
        held = self._held
        if len(held) < 2:
            return 0
        if held[1] in (DO, DONT, WILL, WONT):
            return 3 if len(held) >= 3 else 0
        if held[1] != SB:
            return 2
        at = 2
        while (at := held.find(IAC, at)) >= 0 and at + 1 < len(held):
            if held[at + 1] == SE:
                return at + 2
            at += 2
        if len(held) > LONGEST:
            self.refused = "what the other side sends is no Telnet"
            return len(held)
        return 0

    def _negotiated(self, verb: int, option: int) -> bytes:
        if verb in (DONT, WONT):
            if option == COM_PORT and verb == DONT:
                self.refused = 'the other side does not speak RFC 2217; expected mode = "raw"'
            return b""
        reply, known = (WILL, OURS) if verb == DO else (DO, THEIRS)
        if option not in known:
            return bytes([IAC, WONT if verb == DO else DONT, option])
        answer = b""
        if (reply, option) not in self._agreed:
            self._agreed.add((reply, option))
            answer = bytes([IAC, reply, option])
        if (verb, option) == (DO, COM_PORT):
            answer += self._settings()
        return answer

    def _settings(self) -> bytes:
        """No word of the modem lines; the terminal is ready."""
        masks = _sub(Command.LINE_MASK, b"\0") + _sub(Command.MODEM_MASK, b"\0")
        requests = b"".join(_sub(command, value) for command, value in self._line.requests().items())
        return masks + requests + self.control(self._line.flow) + self.control(DTR_ON) + self.control(RTS_ON)

    def _subnegotiated(self, body: bytes) -> None:
        if len(body) < 2 or body[0] != COM_PORT:
            return
        command, value = body[1] - FROM_SERVER, body[2:]
        if command in (Command.SUSPEND, Command.RESUME):
            self.suspended = command == Command.SUSPEND
        elif command in (Command.BAUD, Command.DATA_BITS, Command.PARITY, Command.STOP_BITS):
            wanted = self._waiting.pop(Command(command), None)
            if wanted is not None and value != wanted:
                got = int.from_bytes(value, "big")
                self.refused = (
                    f"the other side set {Command(command).name} to {got}, not {int.from_bytes(wanted, 'big')}"
                )


def _sub(command: Command, value: bytes) -> bytes:
    return bytes([IAC, SB, COM_PORT, command]) + value.replace(b"\xff", b"\xff\xff") + bytes([IAC, SE])
