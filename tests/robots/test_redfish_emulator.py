"""A server with a vendor BMC that speaks Redfish, against OpenStack's emulator."""

import asyncio
import re
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from bmc.http.tls import self_signed
from bmc.model.boot import BootEnabled, BootOverride, BootTarget
from bmc.model.errors import InvalidRequest
from bmc.model.node import Nic, NodeDefinition
from bmc.model.power import PowerAction, PowerState
from bmc.model.sensor import Entity, Threshold, Unit
from bmc.ports import Backend, Site
from robots.contract import BootContract, InventoryContract, MediaContract, OpenBackend
from robots.hardware import Adapters, Composer, driver, redfish
from robots.redfish import RedfishOptions
from robots.testing import opened
from tests.ports import free_port
from tests.robots.redfish_peers import Emulator, emulator, site
from tests.world import until


@pytest.fixture
def place(tmp_path: Path) -> Site:
    return site(tmp_path / "kept")


@pytest.fixture
async def bmcs(tmp_path: Path) -> AsyncIterator[tuple[Emulator, Emulator]]:
    """Two BMCs of the same machine: one to act by, one to look by."""
    with emulator(tmp_path / "machine") as first, emulator(tmp_path / "machine") as second:
        await asyncio.gather(first.ready(), second.ready())
        yield first, second


def options(bmcs: tuple[Emulator, Emulator], **more: Any) -> dict[str, Any]:
    common = {"adapter": "redfish", "credential": "lab", "poll": "0.5s"}
    return {
        "bmc": {**common, "url": bmcs[0].url, "post_time": "1s", "serve_from": f"127.0.0.1:{free_port()}", **more},
        "sense": [{**common, "url": bmcs[1].url}],
    }


class TestContract(BootContract, MediaContract, InventoryContract):
    @pytest.fixture
    async def open_backend(self, bmcs: tuple[Emulator, Emulator], tmp_path: Path) -> AsyncIterator[OpenBackend]:
        chosen, place = options(bmcs), site(tmp_path / "kept")
        async with AsyncExitStack() as stack:

            async def open_backend() -> Backend:
                return await stack.enter_async_context(opened(chosen, place))

            yield open_backend


async def test_it_signs_in_with_each_request_where_there_are_no_sessions(bmcs: tuple[Emulator, Emulator], place: Site):
    async with opened(options(bmcs, credential="wrong"), place) as backend:
        reading = await backend.senses[0].read()
        assert reading.state is PowerState.UNKNOWN
        assert "refused the credential 'wrong'" in reading.reason
        assert "guess" not in reading.reason
        assert (await backend.senses[1].read()).state is PowerState.OFF


async def test_its_sensors_are_those_of_thermal(bmcs: tuple[Emulator, Emulator], place: Site):
    async with opened(options(bmcs), place) as backend:
        sensors = backend.sensors
        assert sensors
        await until(sensors.sensors)
        assert [(info.name, info.unit, info.entity) for info in sensors.sensors()] == [
            ("CPU Temp", Unit.CELSIUS, Entity.CPU),
            ("Chass Intak Temp", Unit.CELSIUS, Entity.CHASSIS),
            ("Fan", Unit.RPM, Entity.FAN),
            ("Fan Backup", Unit.RPM, Entity.FAN),
        ]
        assert await sensors.read() == {"CPU Temp": 41, "Chass Intak Temp": 25, "Fan": 2100, "Fan Backup": 2050}
        (first, *_) = sensors.sensors()
        assert (first.minimum, first.maximum) == (-40, 60)
        assert first.thresholds == {
            Threshold.UPPER_CAUTION: 42,
            Threshold.UPPER_CRITICAL: 45,
            Threshold.UPPER_FATAL: 48,
        }
        assert backend.inventory
        inventory = backend.inventory
        await until(lambda: inventory.hardware().nics)
        assert inventory.hardware().nics == (Nic("00:5c:52:31:3a:9c", "00:5c:52:31:3a:9c"),)


async def test_the_bmc_fetches_the_medium(bmcs: tuple[Emulator, Emulator], place: Site, tmp_path: Path):
    image = tmp_path / "image.iso"
    image.write_bytes(b"an image" * 20000)
    async with opened(options(bmcs), place) as backend:
        bay = backend.media
        assert bay
        await until(bay.slots)
        assert [slot.id for slot in bay.slots()] == ["Cd"]
        await bay.insert("Cd", str(image), "rescue.iso")
        assert [slot.image for slot in bay.slots()] == ["rescue.iso"]
        kept = [path for path in (tmp_path / "machine").rglob("medium.iso") if path.is_file()]
        assert [path.read_bytes() for path in kept] == [image.read_bytes()]
        await bay.eject("Cd")
        assert not any(slot.inserted for slot in bay.slots())


async def test_a_once_override_that_the_bmc_keeps_is_taken_away_after_the_boot(
    bmcs: tuple[Emulator, Emulator], place: Site
):
    """The emulator makes Continuous of every Once."""
    async with opened(options(bmcs), place) as backend:
        assert backend.boot
        override = BootOverride(BootTarget.PXE, BootEnabled.ONCE)
        await backend.boot.apply(override)
        waiting = asyncio.ensure_future(anext(backend.boot.seen()))
        await asyncio.sleep(2)
        assert not waiting.done()
        await backend.switch.apply(PowerAction.ON)
        assert (await asyncio.wait_for(waiting, 20)).override == override


# HTTPS


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[tuple[Emulator, str]]:
    """A BMC with a certificate of its own making, and the certificate's fingerprint."""
    files = self_signed(tmp_path / "certificate", ["127.0.0.1"])
    certificate = x509.load_pem_x509_certificate(files[0].read_bytes())
    with emulator(tmp_path / "machine", files) as started:
        await started.ready()
        yield started, certificate.fingerprint(hashes.SHA256()).hex()


async def test_a_certificate_is_verified_or_has_the_fingerprint_that_was_given(
    secure: tuple[Emulator, str], place: Site
):
    bmc, fingerprint = secure
    common = {"adapter": "redfish", "host": "127.0.0.1", "port": bmc.port, "credential": "lab"}
    colons = ":".join(fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()
    for more, state, reason in (
        ({}, PowerState.UNKNOWN, "its certificate cannot be verified"),
        ({"fingerprint": "00" * 32}, PowerState.UNKNOWN, f"its certificate has the fingerprint {fingerprint}"),
        ({"fingerprint": fingerprint}, PowerState.OFF, ""),
        ({"fingerprint": colons}, PowerState.OFF, ""),
        ({"verify": False}, PowerState.OFF, ""),
    ):
        async with opened({"bmc": {**common, **more}}, place) as backend:
            reading = await backend.senses[0].read()
            assert reading.state is state
            assert reason in reading.reason


# Options

GOOD = {"adapter": "redfish", "host": "192.0.2.7", "credential": "lab"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"host": None}, "options.bmc: expected either url or host"),
        ({"url": "https://192.0.2.7"}, "options.bmc: expected either url or host"),
        ({"host": "two words"}, "options.bmc.host: String should match"),
        ({"port": 0}, "options.bmc.port: Input should be greater than or equal to 1 (given: 0)"),
        ({"host": None, "url": "http://192.0.2.7"}, "options.bmc: url: http would send the password in the clear"),
        ({"host": None, "url": "ftp://192.0.2.7"}, "options.bmc: url: expected https://HOST[:PORT]"),
        ({"host": None, "url": "https://root:calvin@192.0.2.7"}, "who signs in is for credential to say"),
        ({"host": None, "url": "https://192.0.2.7/redfish/v1"}, "options.bmc: url: expected https://HOST[:PORT]"),
        ({"credential": None}, "options.bmc.credential: Field required"),
        ({"credential": "none"}, "credential 'none' is not in the configuration file"),
        ({"fingerprint": "12:34"}, "options.bmc.fingerprint: String should match"),
        ({"serve_from": "192.0.2.1"}, "options.bmc.serve_from: String should match"),
        ({"poll": "often"}, "options.bmc.poll: expected a duration such as 0.4s, 400ms or 2min"),
        ({"password": "secret"}, "options.bmc.password: there is no such option"),
    ],
)
def test_a_wrong_option_is_told_with_its_key_path(place: Site, change: dict[str, Any], told: str):
    given = {key: value for key, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(InvalidRequest) as error:
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", {"bmc": given}), place)
    assert told in str(error.value)
    assert "calvin" not in str(error.value)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://127.0.0.1:8000"},
        {"url": "http://[::1]:8000"},
        {"url": "http://localhost"},
        {"url": "http://192.0.2.7", "insecure": True},
        {"url": "https://bmc.example:8443/"},
        {"host": "2001:db8::7"},
    ],
)
def test_an_address_is_taken_where_the_password_is_safe_or_the_operator_says_so(place: Site, change: dict[str, Any]):
    given = {"adapter": "redfish", "credential": "lab", **change}
    driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", {"bmc": given}), place)


def test_a_sense_of_the_same_bmc_needs_no_more_than_its_name(place: Site):
    for sense, told in (("redfish", ""), ("redfish:192.0.2.8", "options.sense[0]: expected")):
        given = {"bmc": GOOD, "sense": [sense]}
        definition = NodeDefinition("n1", UUID(int=1), "hardware", given)
        if not told:
            driver.complete(definition, place)
        else:
            with pytest.raises(InvalidRequest, match=re.escape(told)):
                driver.complete(definition, place)


def test_a_sense_at_another_bmc_takes_over_no_more_than_the_credential(place: Site):
    bmc = {**GOOD, "system": "Blade7", "fingerprint": "12" * 32}
    given = {"bmc": bmc, "sense": [{"adapter": "redfish", "url": "https://192.0.2.8"}, "redfish"]}
    _, slots = Composer(Adapters(), place).compose(given)
    _, elsewhere, here = (slot.options for slot in slots)
    assert isinstance(elsewhere, RedfishOptions)
    assert isinstance(here, RedfishOptions)
    assert (elsewhere.credential, elsewhere.system, elsewhere.fingerprint) == ("lab", "", None)
    assert (here.address, here.system, here.fingerprint) == ("https://192.0.2.7:443", "Blade7", "12" * 32)


def test_the_page_tells_of_every_option_and_its_examples_are_valid(place: Site):
    page = (Path(__file__).parents[2] / "docs/robots/redfish.md").read_text()
    assert [name for name in RedfishOptions.model_fields if f"| `{name}` |" not in page] == []
    tables = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    nodes = [node for each in tables for node in each.get("node", ())]
    assert [node["name"] for node in nodes] == ["a7", "a8"]
    for node in nodes:
        options = {key: value for key, value in node.items() if key not in ("name", "driver")}
        driver.complete(NodeDefinition(node["name"], UUID(int=1), node["driver"], options), place)


async def test_a_place_that_the_bmc_cannot_fill_is_told(bmcs: tuple[Emulator, Emulator], place: Site):
    """The emulator has no serial console; and no drive is there without an address to serve media from."""
    common = {"adapter": "redfish", "url": bmcs[0].url, "credential": "lab"}
    async with opened({"bmc": common, "console": common}, place) as backend:
        assert backend.serial
        assert backend.sensors
        await until(backend.sensors.sensors)
        await asyncio.sleep(1)
    for part, told in (("console", "redfish has no console"), ("media", "redfish has no media")):
        with pytest.raises(InvalidRequest, match=told):
            async with opened({"bmc": common, part: common}, place):
                pass


async def test_the_driver_redfish_is_a_node_that_is_one_bmc(bmcs: tuple[Emulator, Emulator], place: Site):
    given = {"url": bmcs[0].url, "credential": "lab"}
    definition = redfish.complete(NodeDefinition("n1", UUID(int=1), "redfish", given), place)
    backend = await redfish.open(definition, place)
    await backend.lifecycle.start()
    assert (await backend.senses[0].read()).state is PowerState.OFF
    await backend.lifecycle.close()
    with pytest.raises(InvalidRequest, match=r"options\.port: Input should be"):
        redfish.complete(NodeDefinition("n1", UUID(int=1), "redfish", {**given, "port": 0}), place)
