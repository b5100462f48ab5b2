"""QEMU's events: read from the log that QEMU itself writes, and told as facts about the guest.

QEMU goes on writing while the service is dead, so this is the one source: a live event on the monitor only says
that there is something to read.
"""

import json
import os
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from bmc.virtual_node.files import open_guest_file

PIECE = 256 * 1024
END_OF_TIME = 253_402_300_800  # the year 10000, which no date can show

FIRMWARE_RESET_WINDOW = 1.9
"""Seconds after a boot began within which a reset is the firmware's own: SeaBIOS resets the machine once or twice more
after each reset. No system can ask for one so early, as the boot menu alone waits longer (MENU_MILLISECONDS)."""


@dataclass(frozen=True, slots=True)
class QemuEvent:
    """One QMP event; `at` is seconds since the epoch by QEMU's clock."""

    name: str
    at: float
    data: dict[str, object] = field(default_factory=dict)


class EventLog:
    """`offset` is how far it was read."""

    def __init__(self, path: Path, offset: int = 0) -> None:
        self._path = path
        self.offset = offset

    def read(self) -> list[QemuEvent] | None:
        """The events of the next piece; None when nothing new is there.

        An unfinished last line waits for the next read, but what fills a piece without an end is no event.
        """
        try:
            descriptor = open_guest_file(self._path, os.O_RDONLY)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            file.seek(self.offset)
            data = file.read(PIECE)
        end = data.rfind(b"\n") + 1 or (PIECE if len(data) == PIECE else 0)
        self.offset += end
        return parse_events(data[:end]) if end else None

    def read_until(self, offset: int) -> list[QemuEvent]:
        """What was read before the service ended. A log shorter than that was begun anew since: all of it is new."""
        try:
            descriptor = open_guest_file(self._path, os.O_RDONLY)
        except OSError:
            return []
        with os.fdopen(descriptor, "rb") as file:
            data = file.read(offset)
        if len(data) < offset:
            return []
        self.offset = offset
        return parse_events(data)

    def restart(self, quota: int) -> bool:
        """Empty a log that was read and is longer than `quota`. An event may have come meanwhile: look at QEMU anew."""
        if self.offset <= quota:
            return False
        descriptor = open_guest_file(self._path, os.O_WRONLY)
        os.ftruncate(descriptor, 0)
        os.close(descriptor)
        self.offset = 0
        return True


def parse_events(data: bytes) -> list[QemuEvent]:
    """The events among the monitor's lines; greetings, replies and whatever else is there are passed over.

    QEMU's own user can write anything into the log.
    """
    return [event for line in data.splitlines() if (event := _parse_event(line)) is not None]


def _parse_event(line: bytes) -> QemuEvent | None:
    try:
        message = json.loads(line)
        at = message["timestamp"]["seconds"] + message["timestamp"]["microseconds"] / 1e6
        name, details = message["event"], message.get("data", {})
        if isinstance(name, str) and isinstance(details, dict) and 0 <= at < END_OF_TIME:
            return QemuEvent(name, at, details)
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        pass
    return None


class FactKind(Enum):
    STARTED = "the guest began its first boot"
    BOOT = "the guest was reset and runs on"
    REBOOT_HELD = "the guest was reset and waits for the service"
    FIRMWARE_RESET_HELD = "the firmware reset the machine while booting; it waits for the service"
    SHUTDOWN = "the guest shut down"
    QUIT = "QEMU was told to quit"
    KILLED = "QEMU was ended by a signal"
    MAINS_LOST = "this host went down while the guest ran"
    PANIC = "the guest's kernel panicked"
    DISK_ERROR = "a disk failed"
    PAUSED = "the guest was paused"
    RESUMED = "the guest goes on after a pause"
    ENDED = "the QEMU process is gone, as it should be"
    DIED = "the QEMU process is gone without a word"


@dataclass(frozen=True, slots=True)
class Fact:
    """`by_guest` tells a reset from inside from one by the host."""

    kind: FactKind
    at: float
    by_guest: bool = False
    text: str = ""


class Interpreter:
    """Folds events, in order, into facts."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._held = False
        self._stopped = False

    @property
    def held(self) -> bool:
        """Whether a reboot waits for the service."""
        return self._held

    def presume_running(self) -> None:
        """The beginning of the log is gone, but the guest is known to have booted before."""
        if self._began is None:
            self._began = 0.0

    def fold(self, event: QemuEvent) -> Fact | None:
        match event.name:
            case "SHUTDOWN":
                return self._shutdown(event)
            case "RESET":
                return self._reset(event)
            case "RESUME":
                return self._resume(event)
            case "STOP":
                return self._stop(event)
            case "GUEST_PANICKED":
                self._stopped = True
                return Fact(FactKind.PANIC, event.at, True, "the guest's kernel panicked")
            case "BLOCK_IO_ERROR" if event.data.get("action") == "stop":
                self._stopped = True
                return Fact(FactKind.DISK_ERROR, event.at, False, _disk_error(event.data))
        return None

    def _shutdown(self, event: QemuEvent) -> Fact | None:
        reason = str(event.data.get("reason", ""))
        by_guest = event.data.get("guest") is True
        self._stopped = True
        if reason in ("guest-reset", "host-qmp-system-reset", "subsystem-reset"):
            self._held = True
            if self._is_firmware(event):
                return Fact(FactKind.FIRMWARE_RESET_HELD, event.at, by_guest)
            self._began = event.at
            return Fact(FactKind.REBOOT_HELD, event.at, by_guest)
        if reason == "host-qmp-quit":
            return Fact(FactKind.QUIT, event.at)
        if reason in ("host-signal", "host-ui", "host-error"):
            return Fact(FactKind.KILLED, event.at, text=f"QEMU was ended from outside ({reason})")
        return Fact(FactKind.SHUTDOWN, event.at, by_guest)

    def _reset(self, event: QemuEvent) -> Fact | None:
        if self._began is None or self._held:
            return None  # before the first boot, or carrying out a reboot already told
        if self._is_firmware(event):
            return None
        self._began = event.at
        return Fact(FactKind.BOOT, event.at, event.data.get("guest") is True)

    def _resume(self, event: QemuEvent) -> Fact | None:
        stopped, held = self._stopped, self._held
        self._stopped = self._held = False
        if self._began is None:
            self._began = event.at
            return Fact(FactKind.STARTED, event.at)
        if held:
            self._began = event.at
            return None
        return Fact(FactKind.RESUMED, event.at) if stopped else None

    def _stop(self, event: QemuEvent) -> Fact | None:
        if self._stopped:
            return None
        self._stopped = True
        return Fact(FactKind.PAUSED, event.at, text="the guest was paused through QEMU's monitor")

    def _is_firmware(self, event: QemuEvent) -> bool:
        if self._began is None or event.data.get("guest") is not True:
            return False
        return 0 <= event.at - self._began < FIRMWARE_RESET_WINDOW


def _disk_error(data: dict[str, object]) -> str:
    device = str(data.get("qom-path", "")).rsplit("/", 1)[-1] or str(data.get("node-name", "")) or "a disk"
    device = device.removesuffix("-drive")
    remedy = "; free space on the host, then resume" if data.get("nospace") else ""
    return (
        f"{device} failed to {data.get('operation', 'work')} ({data.get('reason', 'no reason given')}): paused{remedy}"
    )
