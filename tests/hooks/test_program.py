"""Programs of the configuration file: no shell, a time limit, and nothing of them stays behind."""

import json
import logging
import os
from pathlib import Path

import pytest

from bmc.hooks import HookSettings
from bmc.hooks.filter import Filter
from bmc.hooks.program import ENVIRONMENT, OUTPUT, Program, ProgramOptions
from bmc.hooks.sink import DeliveryFailed
from bmc.model.events import Event, EventKind
from bmc.redfish.event_record import event_body
from tests.hooks.lab import open_lab
from tests.world import until

EVENT = Event(EventKind.POWER_CHANGED, "n1 is on; $(touch x) `id`", 1.0, "n1", sequence=7)


def script(path: Path, text: str) -> str:
    file = path / "hook"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o700)
    return str(file)


async def run(path: Path, text: str, *arguments: str, timeout: float = 10) -> None:
    options = ProgramOptions(name="one", command=[script(path, text), *arguments], timeout=timeout)
    await Program(options, event_body).deliver([EVENT])


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_program_gets_the_event_on_its_input_and_little_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECRET_OF_THE_SERVICE", "x")
    await run(
        tmp_path,
        f'cat > {tmp_path}/in; env > {tmp_path}/env; pwd > {tmp_path}/pwd; echo "$1" > {tmp_path}/arg',
        "$(id)",
    )
    told = json.loads((tmp_path / "in").read_text())
    assert (told["Id"], told["Events"][0]["Message"]) == ("7", EVENT.message)
    names = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert names <= {*ENVIRONMENT, "PWD", "OLDPWD", "SHLVL", "_"}
    assert (tmp_path / "pwd").read_text() == "/\n"
    assert (tmp_path / "arg").read_text() == "$(id)\n"


async def test_a_program_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    text = f"sleep 1000 & echo $! $$ > {tmp_path}/pids; wait"
    with pytest.raises(DeliveryFailed, match="did not end within 3 s and was killed") as failed:
        await run(tmp_path, text, timeout=3)
    assert failed.value.refused
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert len(pids) == 2
    await until(lambda: not any(map(alive, pids)))


async def test_what_a_program_leaves_behind_is_killed_and_not_waited_for(tmp_path: Path) -> None:
    await run(tmp_path, f"sleep 1000 & echo $! > {tmp_path}/pid", timeout=5)
    await until(lambda: not alive(int((tmp_path / "pid").read_text())))


async def test_a_child_in_a_group_of_its_own_holds_up_nothing(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    await run(
        tmp_path,
        f"setsid sh -c 'echo $$ > {tmp_path}/pid; exec sleep 1000' & until [ -s {tmp_path}/pid ]; do :; done",
        timeout=5,
    )
    pid = int((tmp_path / "pid").read_text())
    try:
        assert alive(pid)
        await until(lambda: len(os.listdir("/proc/self/fd")) <= before)
    finally:
        os.kill(pid, 9)


async def test_megabytes_of_output_are_read_and_the_beginning_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await run(tmp_path, "echo hello; head -c 20000000 /dev/zero | tr '\\0' x")
    said = next(record.getMessage() for record in caplog.records if "says" in record.getMessage())
    assert said.startswith("hook one says: hello xxx")
    assert len(said) < OUTPUT + 50


async def test_a_program_need_not_read_its_input(tmp_path: Path) -> None:
    options = ProgramOptions(name="one", command=[script(tmp_path, f"echo ran > {tmp_path}/out")])
    big = Event(EventKind.NODE_CHANGED, "x" * 1_000_000, 1.0, "n1")
    await Program(options, event_body).deliver([big])
    assert (tmp_path / "out").read_text() == "ran\n"


@pytest.mark.parametrize(("text", "words"), [("exit 3", "it ended with 3"), ("kill -9 $$", "it ended with -9")])
async def test_a_program_that_fails_says_how(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(DeliveryFailed, match=words):
        await run(tmp_path, text)


async def test_a_program_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    options = ProgramOptions(name="one", command=[str(tmp_path / "missing")])
    with pytest.raises(DeliveryFailed, match="cannot be started: No such file") as failed:
        await Program(options, event_body).deliver([EVENT])
    assert not failed.value.refused


async def test_a_configured_program_hears_what_its_filter_lets_through_also_after_a_restart(tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = ProgramOptions(name="log", command=[script(tmp_path, f"cat >> {out}")], filter=Filter(nodes=["n1"]))
    settings = HookSettings(program=[options])
    told = []
    async with open_lab(tmp_path, settings) as lab:
        for text in ("one", "two"):
            told.append(await lab.tell(text))
            await lab.tell("not this", "n2")
    async with open_lab(tmp_path) as lab:  # without it
        assert await lab.world.events.followers() == []
    async with open_lab(tmp_path, settings) as lab:
        told.append(await lab.tell("three"))
        await until(lambda: out.exists() and len(out.read_text().splitlines()) >= 1)
        assert [each.id for each in lab.hooks.configured()] == ["program-log"]

        def last() -> int:
            return int(json.loads(out.read_text().splitlines()[-1])["Id"])

        await until(lambda: last() == told[-1])
