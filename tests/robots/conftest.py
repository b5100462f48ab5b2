"""A vendor BMC: OpenIPMI's simulator, with a chassis that is a few files and a firmware that reads its boot flags.

And the cell of an arm.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bmc.events import Events
from bmc.ipmi.wire.fru import BoardArea, ChassisArea, Fru, ProductArea
from bmc.ipmi.wire.scale import Scale
from bmc.ipmi.wire.sdr import CompactSensor, FullSensor, SensorRecord, pack_record
from bmc.ports import Site
from bmc.power.safety import Safety
from bmc.store import Store
from robots.testing import make_site
from tests.ports import free_port
from tests.robots.plant import Rules
from tests.robots.ros_arm import Cell, running_cell

CHASSIS = """#!/bin/sh
# $1 MC address, $2 get|set|check, then names (get) or names and values (set)
cd {directory} || exit 1
boots() {{
  [ -e boots-never ] && return
  cat boot >> booted
  [ -e firmware-keeps-flags ] || echo none > boot
}}
echo "$@" >> log
verb=$2; shift 2
while [ $# -gt 0 ]; do
  case $verb in
    get) case $1 in power|boot) echo "$1:$(cat "$1")";; *) echo "$1:0";; esac; shift;;
    set) case $1 in
           power) [ "$2" = 1 ] && [ "$(cat power)" = 0 ] && boots; echo "$2" > power;;
           reset) boots;;
           boot) echo "$2" > boot;;
           shutdown) echo 0 > power;;
         esac; shift 2;;
    check) shift;;
    *) exit 1;;
  esac
done
"""
CONFIG = """name "sim"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 {port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcdef
  endlan
  chassis_control "{directory}/chassis.sh 0x20"
  sol "tcp:127.0.0.1:{line}" 115200
  console 127.0.0.1 {console}
  user 2 true "admin" "{password}" admin 10 none md2 md5 straight
"""
EMULATOR = """mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 100 0x0a
mc_add_fru_data 0x20 0 {fru_size} data {fru}
sensor_add 0x20 0 1 1 1
sensor_set_value 0x20 0 1 40 0
sensor_set_event_support 0x20 0 1 enable scanning none {no_events} {no_events} {no_events} {no_events}
sensor_add 0x20 0 2 4 1
sensor_set_value 0x20 0 2 50 0
sensor_set_event_support 0x20 0 2 enable scanning none {no_events} {no_events} {no_events} {no_events}
mc_enable 0x20
"""
RECORDS: tuple[SensorRecord, ...] = (
    FullSensor(1, 3, 1, 1, 0, 0x80, 1, Scale(1), 127, 0x80, bytes((90, 85, 80, 0, 5, 10)), "CPU Temp", readable=0x1B),
    FullSensor(2, 29, 1, 4, 0, 0, 18, Scale(60), 255, 0, bytes(6), "Fan 1", readable=0),
    FullSensor(3, 29, 1, 4, 0, 0, 18, Scale(60), 255, 0, bytes(6), "Fan 2", readable=0),
    CompactSensor(4, 10, 1, 8, 0x6F, 3, "PSU 1"),
)
"""Fan 2 has a record but is not there."""
FRU = Fru(ChassisArea(serial="C1"), BoardArea("Acme Boards", "B7"), ProductArea("Acme", "Rack Box 9", serial="SN0042"))


def bytes_of(data: bytes) -> str:
    return " ".join(f"{byte:#04x}" for byte in data)


class Simulator:
    """One simulated server with its BMC at 127.0.0.1:`port`; its serial line connects to `line`, and `console` takes
    commands. A second BMC of the server of another one has that as its `plant`.
    """

    def __init__(self, directory: Path, plant: "Simulator | None" = None) -> None:
        self.directory = directory
        chassis = plant.directory if plant else directory
        self.line = socket.create_server(("127.0.0.1", 0))
        self.port, self.console = free_port(), free_port()
        script = directory / "chassis.sh"
        script.write_text(CHASSIS.format(directory=chassis))
        script.chmod(0o755)
        self.change_password("secret")
        fru = FRU.pack(256)
        emulator = EMULATOR.format(fru=bytes_of(fru), fru_size=len(fru), no_events="0" * 15)
        for id, record in enumerate(RECORDS, 1):
            emulator += f"main_sdr_add 0x20 {bytes_of(pack_record(id, record))}\n"
        (directory / "emu").write_text(emulator)
        if plant is None:
            self.write("power", "0")
            self.write("boot", "none")
        self._process: subprocess.Popen[bytes] | None = None

    def change_password(self, password: str) -> None:
        """That of its user admin, from the next start on."""
        line = self.line.getsockname()[1]
        ports = {"port": self.port, "line": line, "console": self.console}
        (self.directory / "lan.conf").write_text(CONFIG.format(directory=self.directory, password=password, **ports))

    def close(self) -> None:
        self.stop()
        self.line.close()

    def start(self) -> None:
        command = ["ipmi_sim", "-c", "lan.conf", "-f", "emu", "-s", str(self.directory), "-n"]
        with (self.directory / "out").open("wb") as out:
            self._process = subprocess.Popen(
                command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )
        end = time.monotonic() + 10
        while not self._listens():
            if time.monotonic() > end or self._process.poll() is not None:
                raise RuntimeError((self.directory / "out").read_text())
            time.sleep(0.02)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def tell(self, command: str) -> str:
        """One command of ipmi_sim_cmd(5), and what it answers."""
        with socket.create_connection(("127.0.0.1", self.console), timeout=5) as console:
            _until_prompt(console)
            console.sendall(command.encode() + b"\n")
            return _until_prompt(console)

    def read(self, name: str) -> str:
        """A file of the chassis: power ("0", "1"), boot, booted (a line per boot), log (a line per command)."""
        path = self.directory / name
        return path.read_text().strip() if path.exists() else ""

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text + "\n")

    def _listens(self) -> bool:
        return _is_bound("udp", self.port) and _is_bound("tcp", self.console)


def _is_bound(protocol: str, port: int) -> bool:
    lines = Path(f"/proc/net/{protocol}").read_text().splitlines()
    return any(line.split()[1:2] == [f"0100007F:{port:04X}"] for line in lines)


def _until_prompt(console: socket.socket) -> str:
    heard = b""
    while not heard.endswith(b"> ") and (some := console.recv(4096)):
        heard += some
    return heard.decode(errors="replace")


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[Simulator]:
    yield from _running(Simulator, tmp_path / "sim")


@pytest.fixture
def second(simulator: Simulator, tmp_path: Path) -> Iterator[Simulator]:
    """Another BMC that looks at the same server."""
    yield from _running(lambda directory: Simulator(directory, simulator), tmp_path / "second")


def _running(make: Callable[[Path], Simulator], directory: Path) -> Iterator[Simulator]:
    if shutil.which("ipmi_sim") is None:
        pytest.skip("ipmi_sim (Debian package openipmi) is not installed")
    directory.mkdir()
    simulator = make(directory)
    simulator.start()
    yield simulator
    simulator.close()


@pytest.fixture(scope="module")
def lasting_cell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cell]:
    with running_cell(tmp_path_factory.mktemp("arm") / "cell", Rules(hold=0.8)) as cell:
        yield cell


@pytest.fixture
def cell(lasting_cell: Cell) -> Cell:
    lasting_cell.reset()
    return lasting_cell


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return make_site(tmp_path / "site")


@pytest.fixture
async def safety(site: Site, tmp_path: Path) -> AsyncIterator[Safety]:
    async with Store.open(tmp_path / "store" / "lightsout.db") as store:
        yield await Safety.open(store, Events(store, site.clock), site.clock, {})
