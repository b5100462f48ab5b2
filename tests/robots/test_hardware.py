"""How a node on real hardware is composed, and every way in which its options may be wrong."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bmc.model.errors import BackendFailed, InvalidOptions, InvalidRequest
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction
from bmc.shared_devices import D, Lease, SharedDevices
from robots.hardware import driver, ipmi
from robots.testing import make_site, opened

BMC = {"adapter": "ipmi", "host": "127.0.0.1", "credential": "lab"}
OTHER = {"adapter": "ipmi", "host": "127.0.0.2", "credential": "lab"}

WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, r"options\.power: expected power or bmc: nothing could turn this node on"),
    ({"bmc": BMC, "colour": "red"}, r"options\.colour: there is no such option$"),
    ({"bmc": {"host": "127.0.0.1"}}, r"options\.bmc\.adapter: expected one of .*ipmi"),
    ({"bmc": {"adapter": "imaginary"}}, r"options\.bmc\.adapter: expected one of .*\(given: 'imaginary'\)"),
    ({"power": [BMC, {**OTHER, "port": 0}]}, r"options\.power\[1\]\.port: .*greater than or equal to 1"),
    ({"power": [BMC, {**OTHER, "password": "x"}]}, r"options\.power\[1\]\.password: there is no such option$"),
    ({"bmc": BMC, "sense": ["imaginary:di0"]}, r"options\.sense\[0\]: expected one of .*\(given: 'imaginary'\)"),
    ({"bmc": BMC, "settle": "soon"}, r"options\.settle: expected a duration such as 0\.4s, 400ms or 2min"),
    ({"bmc": BMC, "settle": 0}, r"options\.settle: .*greater than 0"),
    ({"bmc": BMC, "escalate": ["shout"]}, r"options\.escalate\[0\]: .*'hold' or 'outlet'"),
    ({"bmc": {**BMC, "port": 0}, "power": {"adapter": "x"}}, r"options\.bmc\.port: .*; options\.power\.adapter: "),
]


def complete(options: dict[str, Any], tmp_path: Path) -> NodeDefinition:
    return driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", options), make_site(tmp_path))


@pytest.mark.parametrize(("options", "complaint"), WRONG)
def test_every_wrong_option_is_named_with_its_place(options, complaint, tmp_path: Path):
    with pytest.raises(InvalidOptions, match=complaint):
        complete(options, tmp_path)


MISPLACED: list[tuple[dict[str, Any], str]] = [
    ({"bmc": BMC, "supply": BMC}, r"options\.supply: ipmi has no supply; it cannot stand in supply"),
    ({"bmc": BMC, "media": BMC}, r"options\.media: ipmi has no media; it cannot stand in media"),
    ({"power": BMC}, r"options\.power: no sense outside of BMC 127\.0\.0\.1 could tell that the node is off"),
    ({"bmc": BMC, "sense": 2 * ["ipmi:h2"]}, r"options\.sense\[1\]: there is another sense of the name 'ipmi:h2'"),
]


@pytest.mark.parametrize(("options", "complaint"), MISPLACED)
async def test_an_adapter_must_have_what_its_place_asks_for(options, complaint, tmp_path: Path):
    with pytest.raises(InvalidOptions, match=complaint):
        async with opened(options, make_site(tmp_path)):
            pass


def test_what_the_site_lacks_is_named(tmp_path: Path):
    with pytest.raises(InvalidRequest, match="credential 'missing' is not in the configuration file"):
        complete({"bmc": {**BMC, "credential": "missing"}}, tmp_path)


def test_a_definition_is_kept_as_it_was_written(tmp_path: Path):
    options = {"bmc": BMC, "settle": "30s", "sense": ["ipmi:127.0.0.2"]}
    assert complete(options, tmp_path).options == options


def test_one_table_of_power_is_a_list_of_one(tmp_path: Path):
    one = complete({"power": OTHER, "bmc": BMC}, tmp_path)
    assert one.options["power"] == [OTHER]
    assert complete(dict(one.options), tmp_path) == one


async def test_a_bmc_gives_whatever_has_no_table_of_its_own(tmp_path: Path):
    options = {"bmc": BMC, "power": [OTHER], "sense": ["ipmi:127.0.0.3"], "on_unknown": "maintenance", "agree": "1s"}
    async with opened(options, make_site(tmp_path)) as backend:
        assert [sense.name for sense in backend.senses] == ["ipmi 127.0.0.1", "ipmi:127.0.0.3"]
        assert backend.boot is not None
        assert backend.media is None
        assert backend.lacks.keys() == {"virtual drive"}
        assert {PowerAction.ON, PowerAction.FORCE_OFF} <= backend.switch.actions
        assert backend.rules.locks_unknown
        assert backend.rules.agree == 1.0
        assert backend.rules.moved == {"BMC 127.0.0.1", "BMC 127.0.0.2"}


class CountedDevices(SharedDevices):
    """Knows how many leases have not ended."""

    def __init__(self) -> None:
        super().__init__()
        self.leases = 0

    def lease(self, key: tuple[object, ...], make: Callable[[], D]) -> Lease[D]:
        lease = super().lease(key, make)
        self.leases += 1

        async def end() -> None:
            self.leases -= 1
            await lease.end()

        return Lease(lease.device, end)


OUTLET = {"adapter": "pdu", "host": "127.0.0.1", "outlet": 1}
ABSENT = {"adapter": "fence", "agent": "fence_imaginary", "host": "127.0.0.1", "plug": "1"}
UNOPENED: list[dict[str, Any]] = [
    {"bmc": BMC, "supply": OUTLET, "power": ABSENT},
    {"bmc": BMC, "supply": {"together": [OUTLET, ABSENT]}},
    {"bmc": BMC, "supply": {"together": [OUTLET, OUTLET]}, "power": {"together": [OUTLET, ABSENT]}},
]


@pytest.mark.parametrize("options", UNOPENED)
async def test_a_node_that_cannot_be_opened_keeps_no_device(options, tmp_path: Path):
    devices = CountedDevices()
    site = replace(make_site(tmp_path), devices=devices)
    with pytest.raises(BackendFailed, match="there is no fence_imaginary on this machine"):
        await driver.open(NodeDefinition("n1", UUID(int=1), "hardware", options), site)
    assert devices.leases == 0


REDFISH = {"adapter": "redfish", "host": "127.0.0.1", "credential": "lab"}
BOTH: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    ({}, {}, True),
    ({}, {"host": None, "url": "https://127.0.0.1/"}, True),
    ({"host": "fd00::1"}, {"host": "FD00:0::1"}, True),
    ({"port": 6230}, {}, False),
    ({"port": 6230}, {"port": 8443}, False),
    ({"host": "127.0.0.2"}, {}, False),
]


@pytest.mark.parametrize(("by_ipmi", "by_redfish", "one"), BOTH)
async def test_a_bmc_is_one_failure_domain_by_whatever_protocol(by_ipmi, by_redfish, one, tmp_path: Path):
    options = {"bmc": {**BMC, **by_ipmi}, "sense": [{**REDFISH, **by_redfish}]}
    async with opened({**options, "power": options["sense"]}, make_site(tmp_path)) as backend:
        assert (len({sense.domain for sense in backend.senses}) == 1) is one
        assert (len(backend.rules.moved) == 1) is one


def test_the_options_of_a_node_that_is_one_bmc_are_those_of_its_adapter(tmp_path: Path):
    site = make_site(tmp_path)
    options = {"host": "127.0.0.1", "credential": "lab"}
    assert ipmi.complete(NodeDefinition("n1", UUID(int=1), "ipmi", options), site).options == options
    with pytest.raises(InvalidOptions, match=r"^options\.port: .*; options\.colour: there is no such option$"):
        ipmi.complete(NodeDefinition("n1", UUID(int=1), "ipmi", {**options, "port": 0, "colour": "red"}), site)
    assert "host" in ipmi.schema()["properties"]
