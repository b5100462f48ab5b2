"""From a power request to the state that the senses confirm, by way of each kind of device; and what it costs to look
at many BMCs.

The devices are those of the tests: ipmi_sim, sushy-emulator, and outlets by Modbus, SNMP and MQTT, each with a sense of
its own. Beside the fleet of BMCs stands what ipmitool takes for one look at each.
"""

import asyncio
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from statistics import median
from uuid import uuid4

from rich.console import Console
from rich.table import Table

from bmc.drivers import Drivers
from bmc.events import Audit, Events
from bmc.fleet import Fleet
from bmc.model.clock import SystemClock
from bmc.model.commands import Power
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Configured
from bmc.store import Store
from robots.testing import NobodyThere, NothingHeld
from tests.robots import mqtt_lab, pdu_lab
from tests.robots.conftest import Simulator
from tests.robots.ipmi_processes import children
from tests.robots.modbus_rack import BOOTS, racked
from tests.robots.redfish_peers import Emulator, emulator
from tests.world import ADMIN, PlainMedia

RUNS = 5
BMCS, POLL, WATCHED = 200, 5.0, 20.0
PATIENCE = 120.0
LOGINS = {"lab": (b"admin", b"secret"), "pdu": (b"admin", b"secret-community")}

Options = Mapping[str, object]


@contextmanager
def bmc_by_ipmi(directory: Path) -> Iterator[Options]:
    simulator = Simulator(directory)
    simulator.start()
    try:
        yield {"bmc": by_ipmi(simulator)}
    finally:
        simulator.close()


def by_ipmi(simulator: Simulator, poll: float = 1.0) -> dict[str, object]:
    where = {"host": "127.0.0.1", "port": simulator.port, "credential": "lab"}
    return {"adapter": "ipmi", **where, "poll": poll, "sol": False}


@contextmanager
def bmc_by_redfish(directory: Path) -> Iterator[Options]:
    with emulator(directory) as running:
        asyncio.run(Emulator.ready(running))
        yield {"bmc": {"adapter": "redfish", "url": running.url, "credential": "lab", "poll": "0.5s"}}


@contextmanager
def outlet_by_modbus(directory: Path) -> Iterator[Options]:
    with racked(BOOTS) as rack:
        yield {"power": rack.outlet(), "sense": [rack.sense()], "settle": "5s"}


@contextmanager
def outlet_by_snmp(directory: Path) -> Iterator[Options]:
    with pdu_lab.running_pdus(directory, [pdu_lab.PDU, pdu_lab.METER]) as lab:
        yield pdu_lab.node(lab.pdus[0], credential="pdu")


@contextmanager
def outlet_by_mqtt(directory: Path) -> Iterator[Options]:
    with mqtt_lab.open_lab(directory, "tasmota", "outlet") as lab:
        yield mqtt_lab.outlet(lab)


DEVICES = {
    "BMC by IPMI (ipmi_sim)": bmc_by_ipmi,
    "BMC by Redfish (sushy-emulator)": bmc_by_redfish,
    "outlet by Modbus": outlet_by_modbus,
    "outlet by SNMP (snmpsim)": outlet_by_snmp,
    "outlet by MQTT (mosquitto)": outlet_by_mqtt,
}


@asynccontextmanager
async def fleet(directory: Path) -> AsyncIterator[Fleet]:
    clock = SystemClock()
    async with Store.open(directory / "store.db") as store:
        drivers = Drivers(directory / "drivers", clock, Configured(LOGINS.__getitem__), NothingHeld(), NobodyThere())
        opened = Fleet(store, Events(store, clock), Audit(store, clock), clock, drivers, PlainMedia())
        await opened.start()
        try:
            yield opened
        finally:
            await opened.close()


async def becomes(what: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not what():  # noqa: ASYNC110 - snapshots are looked at, as doors do
            await asyncio.sleep(0.01)


async def switched(directory: Path, options: Options) -> dict[PowerAction, list[float]]:
    """Seconds of each action."""
    took: dict[PowerAction, list[float]] = {PowerAction.ON: [], PowerAction.FORCE_OFF: []}
    async with fleet(directory) as opened:
        node = await opened.create(NodeDefinition("n1", uuid4(), "hardware", options), ADMIN)
        await becomes(lambda: node.snapshot.power in (PowerState.ON, PowerState.OFF))
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
        for _ in range(RUNS):
            for action, state in ((PowerAction.ON, PowerState.ON), (PowerAction.FORCE_OFF, PowerState.OFF)):
                began = time.monotonic()
                await node.do(Power(action), ADMIN)
                await becomes(lambda state=state: node.snapshot.power is state)  # type: ignore[misc]
                took[action].append(time.monotonic() - began)
    return took


def cpu_of(pid: int) -> float:
    """Seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def polled(directory: Path, simulators: list[Simulator]) -> tuple[float, float]:
    """CPU milliseconds for one look at one BMC, of this process, the nursery and its workers; and looks in a second."""
    async with fleet(directory) as opened:
        for number, simulator in enumerate(simulators):
            options = {"bmc": by_ipmi(simulator, POLL)}
            await opened.create(NodeDefinition(f"n{number}", uuid4(), "hardware", options), ADMIN)
        nodes = opened.visible(ADMIN)
        await becomes(lambda: all(node.snapshot.power is not PowerState.UNKNOWN for node in nodes))
        nurseries = children(os.getpid())
        processes = {os.getpid(), *nurseries, *(worker for each in nurseries for worker in children(each))}
        before = sum(cpu_of(pid) for pid in processes)
        looks, end = set[tuple[str, float]](), time.monotonic() + WATCHED
        while time.monotonic() < end:
            looks |= {(node.snapshot.name, vote.reading.at) for node in nodes for vote in node.snapshot.votes}
            await asyncio.sleep(0.5)
        used = sum(cpu_of(pid) for pid in processes) - before
    return 1000 * used / len(looks), len(looks) / WATCHED


def asked_by_ipmitool(simulators: list[Simulator]) -> float:
    """CPU milliseconds for one question for the power status."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for simulator in simulators:
        where = ["-I", "lanplus", "-C", "3", "-H", "127.0.0.1", "-p", str(simulator.port), "-U", "admin", "-E"]
        environment = {**os.environ, "IPMI_PASSWORD": "secret"}
        command = ["ipmitool", *where, "chassis", "power", "status"]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / len(simulators)


def power_table(base: Path) -> None:
    table = Table(title=f"Power request to confirmed state (s, median of {RUNS})", title_justify="left")
    for column in ("by way of", "On", "ForceOff"):
        table.add_column(column, justify="left" if column == "by way of" else "right")
    for name, device in DEVICES.items():
        place = Path(tempfile.mkdtemp(dir=base))
        (place / "device").mkdir()
        with device(place / "device") as options:
            took = asyncio.run(switched(place / "fleet", options))
        cells = [f"{median(values):.2f} ({min(values):.2f}-{max(values):.2f})" for values in took.values()]
        table.add_row(name, *cells)
    Console(width=120).print(table)


def fleet_table(base: Path) -> None:
    simulators = []
    with ExitStack() as stack:
        for number in range(BMCS):
            directory = base / f"bmc{number}"
            directory.mkdir()
            simulator = Simulator(directory)
            stack.callback(simulator.close)
            simulator.start()
            simulators.append(simulator)
        ours, looks = asyncio.run(polled(base / "polled", simulators))
        theirs = asked_by_ipmitool(simulators[:20])
    print(f"{BMCS} BMCs, to be looked at every {POLL:.0f} s, were looked at {looks:.0f} times a second, which took")
    print(f"{ours * looks / 1000:.0%} of one core: {ours:.1f} ms of CPU a look. ipmitool takes {theirs:.1f} ms.")


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="lightsout-bench-") as folder:
        power_table(Path(folder))
        fleet_table(Path(folder))


if __name__ == "__main__":
    main()
