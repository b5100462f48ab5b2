"""From QEMU's event log to facts, without a QEMU."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bmc.virtual_node.events import PIECE, EventLog, FactKind, Interpreter, QemuEvent, parse_events


def shutdown(at, reason, guest=True):
    return QemuEvent("SHUTDOWN", at, {"guest": guest, "reason": reason})


def reset(at, guest=True):
    return QemuEvent("RESET", at, {"guest": guest, "reason": "guest-reset"})


def event(name, at, **data):
    return QemuEvent(name, at, data)


ON = event("RESUME", 10.0)
STORIES = [
    ("power on", [ON], [FactKind.STARTED]),
    ("power on by an override", [reset(9.9, False), ON], [FactKind.STARTED]),
    ("SeaBIOS resets itself while booting", [ON, reset(10.05), reset(10.06)], [FactKind.STARTED]),
    ("a reboot, and SeaBIOS after it", [ON, reset(50), reset(50.05), reset(50.06)], [FactKind.STARTED, FactKind.BOOT]),
    ("two reboots", [ON, reset(50), reset(70)], [FactKind.STARTED, FactKind.BOOT, FactKind.BOOT]),
    ("a reset by the host soon after", [ON, reset(10.2, False)], [FactKind.STARTED, FactKind.BOOT]),
    (
        "a held reboot, carried out an hour later",
        [ON, shutdown(50, "guest-reset"), event("STOP", 50.1), reset(3650, False), event("RESUME", 3650.1)],
        [FactKind.STARTED, FactKind.REBOOT_HELD],
    ),
    (
        "the firmware's own reset, held",
        [
            *(ON, shutdown(50, "guest-reset"), event("STOP", 50), reset(50.1, False), event("RESUME", 50.2)),
            *(shutdown(50.3, "guest-reset"), event("STOP", 50.3), reset(50.4, False), event("RESUME", 50.5)),
        ],
        [FactKind.STARTED, FactKind.REBOOT_HELD, FactKind.FIRMWARE_RESET_HELD],
    ),
    (
        "shutdown and quit",
        [ON, shutdown(50, "guest-shutdown"), event("STOP", 50), shutdown(50.1, "host-qmp-quit", False)],
        [FactKind.STARTED, FactKind.SHUTDOWN, FactKind.QUIT],
    ),
    ("killed politely", [ON, shutdown(50, "host-signal", False)], [FactKind.STARTED, FactKind.KILLED]),
    (
        "panic and resume",
        [ON, event("GUEST_PANICKED", 50, action="pause"), event("STOP", 50), event("RESUME", 60)],
        [FactKind.STARTED, FactKind.PANIC, FactKind.RESUMED],
    ),
    (
        "a full disk",
        [ON, event("BLOCK_IO_ERROR", 50, action="stop", operation="write", nospace=True), event("STOP", 50)],
        [FactKind.STARTED, FactKind.DISK_ERROR],
    ),
    ("an error that is only reported", [ON, event("BLOCK_IO_ERROR", 50, action="report")], [FactKind.STARTED]),
    ("paused by somebody", [ON, event("STOP", 50)], [FactKind.STARTED, FactKind.PAUSED]),
    ("what does not matter", [ON, event("RTC_CHANGE", 50, offset=1)], [FactKind.STARTED]),
]


@pytest.mark.parametrize(("events", "kinds"), [story[1:] for story in STORIES], ids=[story[0] for story in STORIES])
def test_the_story_is_understood(events, kinds):
    interpreter = Interpreter()
    facts = [interpreter.fold(event) for event in events]
    assert [fact.kind for fact in facts if fact is not None] == kinds


def test_a_full_disk_says_which_and_what_to_do():
    interpreter = Interpreter()
    fact = interpreter.fold(
        event(
            "BLOCK_IO_ERROR",
            50,
            **{"action": "stop", "operation": "write", "nospace": True, "reason": "No space left on device"},
            **{"node-name": "disk1-drive"},
        )
    )
    assert fact is not None
    assert fact.text.startswith("disk1 failed to write (No space left on device)")
    assert "free space" in fact.text


def line(name: str, second: int) -> bytes:
    return json.dumps({"event": name, "timestamp": {"seconds": second, "microseconds": 0}}).encode() + b"\n"


def test_greetings_replies_and_rubbish_are_passed_over():
    rubbish = b'{"QMP": {}}\r\n{"return": {}}\n\xff\xfe\n[]\n{"event": "X"}\n'
    assert [event.name for event in parse_events(rubbish + line("STOP", 5))] == ["STOP"]


def test_each_event_is_read_once_and_an_unfinished_line_waits(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    whole = line("STOP", 1) + line("RESUME", 2)
    path.write_bytes(whole[:-5])
    log = EventLog(path)
    assert [event.name for event in log.read() or ()] == ["STOP"]
    assert log.read() is None
    path.write_bytes(whole)
    assert [event.name for event in log.read() or ()] == ["RESUME"]
    again = EventLog(path)
    assert len(again.read_until(log.offset)) == 2
    assert again.read() is None


def test_a_log_begun_anew_behind_our_back_is_all_new(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(line("STOP", 1))
    log = EventLog(path)
    assert log.read_until(5000) == []
    assert [event.name for event in log.read() or ()] == ["STOP"]


def test_a_long_log_is_begun_anew_after_reading(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(line("STOP", 1) * 100)
    log = EventLog(path)
    assert not log.restart(100)
    log.read()
    assert log.restart(100)
    assert path.stat().st_size == 0
    path.write_bytes(line("RESUME", 2))
    assert [event.name for event in log.read() or ()] == ["RESUME"]


def test_a_link_in_the_guests_directory_is_not_followed(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_bytes(line("STOP", 1))
    os.symlink(secret, tmp_path / "events.jsonl")
    assert EventLog(tmp_path / "events.jsonl").read() is None


NASTY = [
    b'{"event": "SHUTDOWN", "timestamp": {"seconds": 1, "microseconds": 1}, "data": []}',
    b'{"event": ["SHUTDOWN"], "timestamp": {"seconds": 1, "microseconds": 1}}',
    b'{"event": "RESET", "timestamp": {"seconds": 1e999, "microseconds": 1}}',
    b'{"event": "RESET", "timestamp": {"seconds": ' + b"9" * 400 + b', "microseconds": 1}}',
    b'{"event": "RESET", "timestamp": {"seconds": 253402300801, "microseconds": 1}}',
    b'{"event": "RESET", "timestamp": {"seconds": "1", "microseconds": 1}}',
    b'{"event": "RESET", "timestamp": {"seconds": NaN, "microseconds": 1}}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("nasty", NASTY, ids=lambda nasty: nasty[:60].decode())
def test_what_qemus_user_may_write_into_the_log_is_no_event(nasty: bytes):
    assert [event.name for event in parse_events(nasty + b"\n" + line("STOP", 5))] == ["STOP"]


@given(
    st.dictionaries(
        st.sampled_from(["reason", "guest", "action", "qom-path", "node-name", "operation", "nospace"]),
        st.none() | st.booleans() | st.text() | st.lists(st.integers()),
    ),
    st.lists(st.sampled_from(["SHUTDOWN", "RESET", "RESUME", "STOP", "GUEST_PANICKED", "BLOCK_IO_ERROR"]), max_size=6),
)
def test_no_event_however_odd_is_too_much(data: dict[str, object], names: list[str]):
    interpreter = Interpreter()
    for at, name in enumerate(names):
        interpreter.fold(QemuEvent(name, float(at), data))


def test_a_log_without_an_end_is_passed_over_a_piece_at_a_time(tmp_path: Path):
    path = tmp_path / "events.jsonl"
    with path.open("wb") as file:
        file.truncate(3 * PIECE)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + line("STOP", 1))
    log = EventLog(path)
    names = []
    while (events := log.read()) is not None:
        names += [event.name for event in events]
    assert names == ["STOP"]
    assert log.offset == path.stat().st_size
