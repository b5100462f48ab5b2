"""A server with a vendor BMC, against OpenIPMI's simulator."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import robots.ipmi_link
from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.errors import BackendFailed, InvalidRequest, NotSupported, OutcomeUnknown, Unreachable
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend
from robots.contract import BootContract, InventoryContract, OpenBackend
from robots.hardware import driver, ipmi
from robots.testing import make_site, opened
from tests.clocks import QuickClock
from tests.robots.conftest import Simulator
from tests.robots.ipmi_processes import children, workers

ONCE_PXE = BootOverride(BootTarget.PXE, BootEnabled.ONCE)

Compose = Callable[..., Awaitable[Backend]]


def table(port: int, **options: object) -> dict[str, object]:
    return {"adapter": "ipmi", "host": "127.0.0.1", "port": port, "credential": "lab", "sol": False, **options}


@pytest.fixture
async def compose(tmp_path: Path) -> AsyncIterator[Compose]:
    """Opens the backend of one node, whose parts are tables of the adapter `ipmi`; the same site each time."""
    site = make_site(tmp_path / "site", QuickClock())
    async with AsyncExitStack() as stack:

        async def compose(port: int, **options: object) -> Backend:
            return await stack.enter_async_context(opened({"bmc": table(port, **options)}, site))

        yield compose


@pytest.fixture
async def backend(compose: Compose, simulator: Simulator) -> Backend:
    return await compose(simulator.port)


async def power(backend: Backend) -> tuple[PowerState, str]:
    reading = await backend.senses[0].read()
    return reading.state, reading.reason


class TestContract(BootContract, InventoryContract):
    @pytest.fixture
    def open_backend(self, compose: Compose, simulator: Simulator) -> OpenBackend:
        return lambda: compose(simulator.port)


class TestContractWhenAnotherBmcLooks(BootContract, InventoryContract):
    """The actuator, and what arms the boot device, is one BMC; the eye is another one, which is told nothing."""

    @pytest.fixture
    async def open_backend(self, simulator: Simulator, second: Simulator, tmp_path: Path) -> AsyncIterator[OpenBackend]:
        site = make_site(tmp_path / "site", QuickClock())
        options = {
            "power": table(simulator.port),
            "boot": table(simulator.port),
            "sense": [table(second.port)],
            "sensors": table(second.port),
        }
        async with AsyncExitStack() as stack:
            yield lambda: stack.enter_async_context(opened(options, site))


async def test_power_on_and_off_reach_the_chassis(backend: Backend, simulator: Simulator):
    assert await power(backend) == (PowerState.OFF, "")
    await backend.switch.apply(PowerAction.ON)
    assert simulator.read("power") == "1"
    assert await power(backend) == (PowerState.ON, "")
    await backend.switch.apply(PowerAction.FORCE_OFF)
    assert simulator.read("power") == "0"


@pytest.mark.parametrize(
    ("action", "seen"),
    [
        (PowerAction.FORCE_RESTART, ["reset 1"]),
        (PowerAction.GRACEFUL_SHUTDOWN, ["shutdown 1"]),
        (PowerAction.POWER_CYCLE, ["power 0"]),
    ],
)
async def test_what_must_not_happen_twice_happens_once(backend: Backend, simulator: Simulator, action, seen):
    await backend.switch.apply(PowerAction.ON)
    simulator.write("log", "")
    await backend.switch.apply(action)
    done = [line.split(" set ")[1] for line in simulator.read("log").splitlines() if " set " in line]
    assert done[: len(seen)] == seen
    assert len(done) == len(set(done))


async def test_what_the_bmc_refuses_is_told_with_its_code(backend: Backend):
    with pytest.raises(BackendFailed, match=r"refused: chassis command 02h got completion code CCh"):
        await backend.switch.apply(PowerAction.NMI)
    assert await power(backend) == (PowerState.OFF, "")


@pytest.mark.parametrize("credential", ["wrong", "nobody"])
async def test_a_wrong_password_is_told_and_is_never_off(compose, simulator: Simulator, credential):
    backend = await compose(simulator.port, credential=credential)
    state, reason = await power(backend)
    assert state is PowerState.UNKNOWN
    assert "refused" in reason
    assert "secret" not in reason.lower()
    simulator.stop()  # it is not asked again so soon: BMCs lock accounts out
    with pytest.raises(BackendFailed, match="refused"):
        await backend.switch.apply(PowerAction.ON)


async def test_a_dead_bmc_is_unknown_and_nothing_was_done(compose):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        backend = await compose(port)
        state, reason = await power(backend)
        assert state is PowerState.UNKNOWN
        assert reason.startswith(f"BMC 127.0.0.1:{port} is unreachable")
        with pytest.raises(Unreachable):
            await backend.switch.apply(PowerAction.FORCE_RESTART)


async def test_a_bmc_that_comes_back_is_found_again(backend: Backend, simulator: Simulator):
    assert (await power(backend))[0] is PowerState.OFF
    before = workers()
    simulator.stop()
    assert (await power(backend))[0] is PowerState.UNKNOWN
    simulator.start()
    await backend.switch.apply(PowerAction.ON)
    assert await power(backend) == (PowerState.ON, "")
    assert len(workers()) == len(before)


async def test_a_session_that_went_stale_does_not_swallow_a_command(backend: Backend, simulator: Simulator):
    await backend.switch.apply(PowerAction.ON)
    simulator.stop()
    simulator.start()
    simulator.write("log", "")
    await backend.switch.apply(PowerAction.FORCE_RESTART)
    assert simulator.read("log").count("set reset") == 1


async def test_a_command_cut_off_after_sending_may_have_happened(
    backend: Backend, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    await backend.switch.apply(PowerAction.ON)
    slow = simulator.directory / "chassis.sh"
    slow.write_text(slow.read_text().replace("reset) ", "reset) sleep 6; "))
    monkeypatch.setattr(robots.ipmi_link, "ACT_WITHIN", 3.0)
    with pytest.raises(OutcomeUnknown, match="may have carried out the command: no answer within"):
        await backend.switch.apply(PowerAction.FORCE_RESTART)


@pytest.mark.slow
async def test_a_reset_whose_answer_is_lost_is_sent_once_and_told_as_unknown(backend: Backend, simulator: Simulator):
    await backend.switch.apply(PowerAction.ON)
    slow = simulator.directory / "chassis.sh"
    slow.write_text(slow.read_text().replace("reset) ", "reset) sleep 7; "))
    with pytest.raises(OutcomeUnknown, match="may have carried out the command: no answer within 5 seconds"):
        await backend.switch.apply(PowerAction.FORCE_RESTART)
    await asyncio.sleep(8)
    assert await power(backend) == (PowerState.ON, "")
    assert simulator.read("log").count("set reset") == 1


async def test_a_chassis_that_says_yes_and_does_nothing_is_seen_as_it_is(backend: Backend, simulator: Simulator):
    stuck = simulator.directory / "chassis.sh"
    stuck.write_text(stuck.read_text().replace("power) [", "power) : ;; never) ["))
    await backend.switch.apply(PowerAction.ON)
    assert await power(backend) == (PowerState.OFF, "")


async def test_a_worker_that_hangs_is_killed_and_replaced(
    backend: Backend, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
):
    before = workers()
    assert (await power(backend))[0] is PowerState.OFF
    (worker,) = workers() - before
    os.kill(worker, signal.SIGSTOP)
    monkeypatch.setattr(robots.ipmi_link, "LOOK_WITHIN", 0.5)
    state, reason = await power(backend)
    assert (state, reason.rpartition(": ")[2]) == (PowerState.UNKNOWN, "no answer within 0.5 seconds")
    assert worker not in workers()
    monkeypatch.undo()
    assert (await power(backend))[0] is PowerState.OFF


async def test_a_worker_that_died_is_replaced(backend: Backend):
    before = workers()
    assert (await power(backend))[0] is PowerState.OFF
    (worker,) = workers() - before
    os.kill(worker, signal.SIGKILL)
    assert (await power(backend))[0] is PowerState.UNKNOWN
    assert (await power(backend))[0] is PowerState.OFF


async def test_a_nursery_that_died_is_replaced_when_the_next_worker_is_needed(backend: Backend):
    assert (await power(backend))[0] is PowerState.OFF
    (worker,), (nursery,) = workers(), children(os.getpid())
    os.kill(nursery, signal.SIGKILL)
    assert (await power(backend))[0] is PowerState.OFF, "the worker lives on"
    os.kill(worker, signal.SIGKILL)
    await power(backend)
    assert (await power(backend))[0] is PowerState.OFF
    (replaced,) = children(os.getpid())
    assert replaced != nursery


async def test_all_tables_of_one_bmc_share_one_session(simulator: Simulator, tmp_path: Path):
    one = table(simulator.port)
    async with opened({"power": one, "boot": one, "sense": ["ipmi:"], "sensors": one}, make_site(tmp_path)) as backend:
        assert await power(backend) == (PowerState.OFF, "")
        await backend.switch.apply(PowerAction.ON)
        assert backend.boot is not None
        await backend.boot.apply(ONCE_PXE)
        assert len(workers()) == 1


async def test_giving_up_leaves_no_worker_with_a_stale_answer(backend: Backend, simulator: Simulator):
    assert (await power(backend))[0] is PowerState.OFF
    for delay in (0, 0.001, 0.003):
        looking = asyncio.ensure_future(backend.senses[0].read())
        await asyncio.sleep(delay)
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
    await backend.switch.apply(PowerAction.ON)
    assert await power(backend) == (PowerState.ON, "")


async def test_closing_leaves_no_process(compose, simulator: Simulator):
    before = workers()
    backend = await compose(simulator.port)
    await power(backend)
    assert workers() - before
    await backend.lifecycle.close()
    assert workers() == before


async def test_no_secret_stands_in_a_command_line(backend: Backend):
    await power(backend)
    assert workers()
    for worker in workers():
        shown = Path(f"/proc/{worker}/cmdline").read_bytes()
        assert b"secret" not in shown
        assert b"secret".hex().encode() not in shown


@pytest.mark.parametrize(
    ("target", "device"),
    [(BootTarget.PXE, "pxe"), (BootTarget.HDD, "default"), (BootTarget.CD, "cdrom"), (BootTarget.BIOS_SETUP, "bios")],
)
async def test_the_boot_device_reaches_the_chassis(backend: Backend, simulator: Simulator, target, device):
    assert backend.boot is not None
    await backend.boot.apply(BootOverride(target, BootEnabled.CONTINUOUS, BootMode.UEFI))
    assert simulator.read("boot") == device
    await backend.boot.apply(BootOverride())
    assert simulator.read("boot") == "none"


async def test_a_once_override_is_spent_when_the_firmware_took_it(backend: Backend, simulator: Simulator):
    assert backend.boot is not None
    seen = backend.boot.seen()
    await backend.boot.apply(ONCE_PXE)
    waiting = asyncio.ensure_future(anext(seen))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await backend.switch.apply(PowerAction.ON)
    assert (await asyncio.wait_for(waiting, 10)).override == ONCE_PXE
    assert simulator.read("booted") == "pxe"


async def test_a_boot_while_the_service_was_dead_is_noticed(compose, simulator: Simulator):
    before = await compose(simulator.port)
    await before.boot.apply(ONCE_PXE)
    await before.lifecycle.close()
    simulator.write("boot", "none")
    simulator.write("power", "1")
    after = await compose(simulator.port)
    assert (await asyncio.wait_for(anext(after.boot.seen()), 10)).override == ONCE_PXE
    await after.lifecycle.erase()


async def test_a_once_override_that_the_firmware_keeps_is_taken_away_after_the_boot(compose, simulator: Simulator):
    simulator.write("firmware-keeps-flags", "")
    backend = await compose(simulator.port, post_time=1)
    await backend.boot.apply(ONCE_PXE)
    waiting = asyncio.ensure_future(anext(backend.boot.seen()))
    await asyncio.sleep(0.5)
    assert not waiting.done()
    await backend.switch.apply(PowerAction.ON)
    assert simulator.read("boot") == "pxe"
    assert (await asyncio.wait_for(waiting, 10)).override == ONCE_PXE
    assert simulator.read("boot") == "none"


async def test_a_server_turned_on_by_hand_is_told_and_counts_as_a_boot(compose, simulator: Simulator):
    simulator.write("firmware-keeps-flags", "")
    backend = await compose(simulator.port, post_time=0)
    changes = backend.senses[0].changes()
    assert (await anext(changes)).state is PowerState.OFF
    await backend.boot.apply(ONCE_PXE)
    simulator.write("power", "1")
    assert (await asyncio.wait_for(anext(changes), 10)).state is PowerState.ON
    assert (await asyncio.wait_for(anext(backend.boot.seen()), 10)).override == ONCE_PXE


async def test_resume_is_not_supported(backend: Backend):
    with pytest.raises(NotSupported):
        await backend.switch.resume()


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"host": ""}, r"options\.{}host"),
    ({"host": "a b"}, r"options\.{}host"),
    ({"port": 0}, r"options\.{}port"),
    ({"poll": 0}, r"options\.{}poll"),
    ({"poll": "soon"}, r"options\.{}poll.*expected a duration such as"),
    ({"post_time": "2h"}, r"options\.{}post_time"),
    ({"sol": "perhaps"}, r"options\.{}sol"),
    ({"credential": ""}, r"options\.{}credential"),
    ({"password": "x"}, r"options\.{}password: there is no such option$"),
    ({"port": 0, "poll": 0}, r"options\.{}port: .*options\.{}poll: "),
]


@pytest.mark.parametrize(("options", "complaint"), WRONG)
def test_wrong_options_are_named_all(options, complaint, tmp_path: Path):
    site, whole = make_site(tmp_path), {**table(623), **options}
    with pytest.raises(InvalidRequest, match=complaint.replace("{}", r"bmc\.")):
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", {"bmc": whole}), site)
    del whole["adapter"]
    with pytest.raises(InvalidRequest, match=complaint.replace("{}", "")):
        ipmi.complete(NodeDefinition("n1", UUID(int=1), "ipmi", whole), site)


async def test_credentials_must_exist(tmp_path: Path):
    definition = NodeDefinition("n1", UUID(int=1), "hardware", {"bmc": table(623, credential="missing")})
    with pytest.raises(InvalidRequest, match="credential 'missing' is not in the configuration file"):
        driver.complete(definition, make_site(tmp_path))


async def test_what_was_armed_is_forgotten_when_its_file_is_damaged(compose, simulator: Simulator, tmp_path: Path):
    kept = tmp_path / "site" / "n1" / "bmc"
    kept.mkdir(parents=True)
    (kept / "armed.json").write_text("{")
    (kept / "log.json").write_text("7")
    (kept / "sensors.json").write_text("[]")
    (kept / "inventory.json").write_text('"x"')
    backend = await compose(simulator.port)
    await backend.boot.apply(ONCE_PXE)
    assert simulator.read("boot") == "pxe"
