"""`bmc robot probe` against real peers: what answers is named, and what is proposed is a node that can be composed."""

import asyncio
import shutil
import socket
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bmc.cli.probers import PROBERS, Found, ping, probe
from bmc.cli.proposal import hints, proposal, toml
from bmc.model.errors import InvalidOptions
from bmc.model.node import NodeDefinition
from robots.hardware import driver
from robots.testing import make_site
from tests.cli.conftest import Shell
from tests.ports import free_port
from tests.redfish.service import Service, open_service
from tests.robots.conftest import Simulator
from tests.robots.modbus_rack import racked
from tests.robots.mqtt_lab import Mosquitto
from tests.robots.nut_lab import Nut
from tests.robots.pdu_lab import Plant, Snmpsim
from tests.robots.plant import Rules, port_of, program
from tests.robots.terminal_server import Port

HERE = "127.0.0.1"
USUAL = {kind: port for kind, (_, port, _) in PROBERS.items()}


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


def composes(text: str, directory: Path) -> dict[str, Any]:
    """The one node in `text`, whose options `hardware` takes."""
    (node,) = tomllib.loads(text)["node"]
    options = {key: value for key, value in node.items() if key != "name"}
    driver.complete(NodeDefinition(node["name"], UUID(int=1), "hardware", options), make_site(directory))
    return options


@pytest.fixture
def bmc_simulator(tmp_path: Path) -> Iterator[Simulator]:
    if shutil.which("ipmi_sim") is None:
        pytest.skip("ipmi_sim (Debian package openipmi) is not installed")
    (tmp_path / "sim").mkdir()
    simulator = Simulator(tmp_path / "sim")
    simulator.start()
    yield simulator
    simulator.close()


async def test_a_bmc_that_speaks_ipmi_is_found(bmc_simulator: Simulator, tmp_path: Path) -> None:
    ports = {"ipmi": bmc_simulator.port}
    found = await probe(HERE, ports)
    assert found["ipmi"].says.startswith("IPMI 2.0")
    assert composes(proposal(HERE, "a7", found, ports, "lab"), tmp_path) == {
        "bmc": {"adapter": "ipmi", "host": HERE, "port": bmc_simulator.port, "credential": "lab"}
    }
    assert "bmc credential set" in proposal(HERE, "a7", found, ports, "")


async def test_our_own_ipmi_door_is_found(service: Service) -> None:
    endpoint = service.ipmi.endpoint("n1")
    assert endpoint is not None
    found = await probe(endpoint.host, {"ipmi": endpoint.port})
    assert found["ipmi"].says == "IPMI 2.0"


@pytest.mark.parametrize("secure", [True, False])
async def test_a_redfish_service_is_found_with_its_certificate(tmp_path: Path, secure: bool) -> None:
    async with open_service(tmp_path, secure=secure) as service:
        ports = {"redfish": service.server.port}
        found = await probe(HERE, ports)
    assert found["redfish"].says.startswith("Redfish 1.")
    bmc = composes(proposal(HERE, "a7", found, ports, "lab"), tmp_path)["bmc"]
    if secure:
        assert service.certificate is not None
        from cryptography.hazmat.primitives.hashes import SHA256

        assert bmc["fingerprint"] == service.certificate.chain[0].fingerprint(SHA256()).hex()
    else:
        assert bmc["url"] == f"http://{HERE}:{ports['redfish']}"


async def test_a_modbus_board_is_found(tmp_path: Path) -> None:
    with racked(Rules()) as rack:
        ports = {"modbus": rack.hand}
        found = await probe(HERE, ports)
    assert found["modbus"].says.startswith("Modbus/TCP")
    assert composes(proposal(HERE, "a7", found, ports, ""), tmp_path)["power"]["adapter"] == "modbus-button"


async def test_a_pdu_is_found_by_its_public_community(tmp_path: Path) -> None:
    (tmp_path / "plant").mkdir()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe_socket:
        probe_socket.bind((HERE, 0))
        port = probe_socket.getsockname()[1]
    pdu = Snmpsim(tmp_path / "pdu", Plant(tmp_path / "plant"), HERE, port)
    text = "Raritan PX2-5475R " + "x" * 200
    (tmp_path / "pdu" / "data" / "public.snmprec").write_text(f"1.3.6.1.2.1.1.1.0|4|{text}\n")
    try:
        pdu.start()
        found = await probe(HERE, {"snmp": port})
    finally:
        pdu.stop()
    assert text in found["snmp"].says
    options = composes(proposal(HERE, "a7", found, {"snmp": port}, "lab"), tmp_path)
    assert (options["power"]["model"], options["sense"]) == ("raritan", [f"pdu:{HERE}/1:watts>30"])


@needs("mosquitto")
@pytest.mark.parametrize(("extra", "told"), [("", "it wants a user"), ("allow_anonymous true\n", "anybody")])
async def test_a_broker_is_found(tmp_path: Path, extra: str, told: str) -> None:
    broker = Mosquitto(tmp_path / "broker")
    configuration = tmp_path / "broker" / "mosquitto.conf"
    if extra:
        configuration.write_text(configuration.read_text().replace("allow_anonymous false\n", extra))
    try:
        broker.start()
        found = await probe(HERE, {"mqtt": broker.port})
    finally:
        broker.stop()
    assert told in found["mqtt"].says
    options = composes(proposal(HERE, "a7", found, {"mqtt": broker.port}, "lab"), tmp_path)
    assert options["power"]["credential"] == "lab"


@needs("upsd")
async def test_the_devices_of_network_ups_tools_are_found(tmp_path: Path) -> None:
    for name in ("plant", "nut"):
        (tmp_path / name).mkdir()
    nut = Nut(tmp_path / "nut", Snmpsim(tmp_path / "pdu", Plant(tmp_path / "plant"), HERE, 1))
    try:
        nut.start_one("dummy-ups", "-a", "meter", "-i", "1")
        nut.start_one("upsd")
        async with asyncio.timeout(30):
            while not (found := await probe(HERE, {"nut": nut.port})):  # noqa: ASYNC110 - upsd tells nobody
                await asyncio.sleep(0.1)
    finally:
        nut.stop()
    assert found["nut"].facts["devices"] == ["pdu1", "meter"]
    assert composes(proposal(HERE, "a7", found, {"nut": nut.port}, ""), tmp_path)["power"]["ups"] == "pdu1"


async def test_a_rosbridge_is_found(tmp_path: Path) -> None:
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "log").touch()
    with program("tests.robots.rosbridge", str(tmp_path / "cell"), "--port", "0") as bridge:
        ports = {"rosbridge": port_of(bridge)}
        found = await probe(HERE, ports)
    assert "WebSocket" in found["rosbridge"].says
    with pytest.raises(InvalidOptions, match="no sense outside"):  # which one, is for a person to say
        await driver.open(_definition(proposal(HERE, "a7", found, ports, "")), make_site(tmp_path))


def _definition(text: str) -> NodeDefinition:
    (node,) = tomllib.loads(text)["node"]
    name = node.pop("name")
    return NodeDefinition(name, UUID(int=1), "hardware", node)


@needs("ser2net")
@needs("socat")
@pytest.mark.parametrize(("mode", "told"), [("rfc2217", "a serial port by RFC 2217"), ("raw", None)])
async def test_a_serial_port_by_rfc_2217_is_found_and_one_that_is_raw_says_nothing(
    tmp_path: Path, mode: str, told: str | None
) -> None:
    port = Port(tmp_path, mode)
    try:
        found = await probe(HERE, {"serial": port.number})
    finally:
        port.close()
    assert (found["serial"].says if "serial" in found else None) == told
    if found:
        both = {**found, "ipmi": Found("IPMI 2.0", {"version": 2})}
        text = proposal(HERE, "a7", both, {"serial": port.number, "ipmi": 623}, "lab")
        assert composes(text, tmp_path)["console"] == {"adapter": "serial", "host": HERE, "port": port.number}


@asynccontextmanager
async def says(what: bytes, hangs: bool = False) -> AsyncIterator[int]:
    """A port that greets with `what`."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer):
            writer.write(what)
            await asyncio.sleep(3600 if hangs else 0)

    server = await asyncio.start_server(serve, HERE, 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        server.close()


async def test_an_ssh_server_is_found_by_its_banner() -> None:
    async with says(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") as port:
        found = await probe(HERE, {"ssh": port})
    assert found["ssh"].says == "SSH-2.0-OpenSSH_9.2p1 Debian-2"
    assert hints(HERE, found) == [
        'a sense of a server that this is the operating system of: sense = ["ping:127.0.0.1:22"]; '
        "it proves only that it is on"
    ]


@needs("ping")
async def test_a_host_that_answers_a_ping_is_found() -> None:
    assert await ping(HERE, 0) is not None


TCP = [kind for kind, (how, _, _) in PROBERS.items() if how == "TCP"]


@pytest.mark.parametrize(
    "noise", [b"", b"\0" * 300, b"\xff" * 300, b"HTTP/1.0 200 OK\r\n\r\n{}", b"220 ftp\r\n", b"HTTP/1.1 200\r\n\r\n[1]"]
)
async def test_what_speaks_otherwise_is_none_of_them_and_nobody_is_upset(noise: bytes) -> None:
    async with says(noise) as port:
        found = await probe(HERE, dict.fromkeys(TCP, port))
    assert found.keys() <= ({"telnet", "serial"} if noise[:1] == b"\xff" else set())


async def test_what_takes_the_connection_and_says_nothing_is_given_up_in_time() -> None:
    async with says(b"", hangs=True) as port:
        began = asyncio.get_running_loop().time()
        assert await probe(HERE, dict.fromkeys(TCP, port)) == {}
        assert asyncio.get_running_loop().time() - began < 6


async def test_the_command_prints_toml_that_can_be_applied(
    bmc_simulator: Simulator, bmc: Shell, tmp_path: Path
) -> None:
    words = ("robot", "probe", HERE, "--credential", "lab", "--name", "a7", "--port", f"ipmi={bmc_simulator.port}")
    closed = [f"--port={kind}={free_port()}" for kind in PROBERS if kind not in ("ping", "ipmi", "snmp")]
    done = await bmc(*words, *closed)
    assert done.code == 0, done
    assert "# ipmi: UDP" in done.out
    assert composes(done.out, tmp_path)["bmc"]["credential"] == "lab"
    told = (await bmc(*words, *closed, "--json")).json
    says = "IPMI 2.0; signing in takes no password"
    assert {"kind": "ipmi", "port": bmc_simulator.port, "says": says} in told["found"]
    assert told["proposal"] in done.out


@pytest.mark.parametrize("word", ["serial", "pigeon=1", "ipmi=0", "ipmi=x", "ping=1"])
async def test_a_port_of_nothing_is_refused(bmc: Shell, word: str) -> None:
    assert "expected KIND=PORT" in (await bmc("robot", "probe", HERE, "--port", word)).err


async def test_a_name_that_is_none_is_told(bmc: Shell) -> None:
    done = await bmc("robot", "probe", "no-such-name.invalid")
    assert (done.code, done.err.count("\n")) == (1, 1)


def test_a_device_writes_nothing_into_the_proposal_but_a_text() -> None:
    name = 'x"\n[[node]]\nname="evil"\x1b[2J\x7f'
    found = {"nut": Found("upsd", {"devices": [name]})}
    (node,) = tomllib.loads(proposal(HERE, "a7", found, USUAL, ""))["node"]
    assert node["name"] == "a7"
    assert tomllib.loads(f"x = {toml({'a': [1, True, name]})}")["x"]["a"][:2] == [1, True]
