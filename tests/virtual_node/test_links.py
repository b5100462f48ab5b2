"""Cards on a bridge and on a tap of the host, which is a network namespace of the test's own; and what is refused."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from bmc.model.checks import Verdict
from bmc.model.errors import InvalidRequest, Refused
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerAction
from bmc.ports import Configured
from bmc.virtual_node import links, tap
from bmc.virtual_node.driver import driver
from bmc.virtual_node.options import NicOptions
from robots.testing import make_site
from tests.virtual_node.linux_guest import install
from tests.virtual_node.own_network import ip, own_network
from tests.virtual_node.rig import Rig

pytestmark = [
    pytest.mark.guest,
    pytest.mark.skipif(os.geteuid() != 0, reason="takes root to make a network namespace with a bridge"),
]
SOMEBODY = 12345
CONFIGURE = (
    "modprobe e1000e; n=; until n=$(grep -l {mac} /sys/class/net/eth*/address); do sleep 0.2; done; "
    "n=${{n%/address}}; e=${{n##*/}}; ip addr flush dev $e; ip addr add {address}/24 dev $e; ip link set $e up; "
    "until grep -q 1 $n/carrier; do sleep 0.2; done"
)
"""In the guest: give a card its address, and wait for its link, for which e1000e takes seconds."""


@pytest.fixture
def host() -> Iterator[None]:
    with own_network():
        ip("link add br0 type bridge")
        ip("addr add 10.9.0.1/24 dev br0")
        ip("link set br0 mtu 1400 up")
        ip("tuntap add tap7 mode tap")
        ip("addr add 10.8.0.1/24 dev tap7")
        ip("link set tap7 up")
        yield


@pytest.mark.usefixtures("host")
async def test_cards_on_a_bridge_and_a_tap_reach_what_these_lead_to(make_rig: Callable[..., Rig]):
    nics = [{"network": {"bridge": "br0"}, "model": "e1000e"}, {"network": {"tap": "tap7"}}]
    rig = make_rig(memory_mib=192, nics=nics, disks=[{"size_mib": 24}])
    rig.interfaces = frozenset({"br0", "tap7"})
    install(rig)
    await rig.start()
    server = await asyncio.start_server(lambda _, writer: writer.close(), "0.0.0.0", 0)
    port = server.sockets[0].getsockname()[1]
    await rig.power_on("GUEST-UP")
    assert {name for _, name in socket.if_nameindex()} == {"lo", "br0", "tap7", "bmctap0"}
    for address, host, index in (("10.9.0.2", "10.9.0.1", 0), ("10.8.0.2", "10.8.0.1", 1)):
        mac = rig.options.nics[index].mac
        position = await rig.serial.say(f"run {CONFIGURE.format(mac=mac, address=address)}\n")
        position = await rig.serial.until("RUN-DONE", position)
        await rig.serial.say(f"try {host} {port}\n")
        await rig.serial.until("TRY-OPEN", position)
    server.close()
    await rig.apply(PowerAction.FORCE_OFF)
    async with asyncio.timeout(10):
        while "bmctap0" in {name for _, name in socket.if_nameindex()}:  # noqa: ASYNC110 - the kernel has no event
            await asyncio.sleep(0.02)


def nic(**network: str) -> NicOptions:
    return NicOptions.model_validate({"network": network})


REFUSALS = [
    ({"bridge": "br1"}, "br1: this host has no such interface"),
    ({"tap": "tap8"}, "tap8: this host has no such interface"),
    ({"tap": "down0"}, "down0 is down; ip link set down0 up"),
    ({"tap": "br0"}, "br0 is no tap"),
    ({"bridge": "lo"}, "lo takes no tap"),
]


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize(("network", "why"), REFUSALS)
def test_what_this_machine_lacks_is_refused(network: dict[str, str], why: str):
    ip("tuntap add down0 mode tap")
    with pytest.raises(Refused, match=why) as refused:
        links.open_link("options.nics[0]", nic(**network))
    assert str(refused.value).startswith("options.nics[0].network.")
    assert "bmctap0" not in {name for _, name in socket.if_nameindex()}


@pytest.mark.usefixtures("host")
def test_a_tap_has_one_user():
    first = links.open_link("options.nics[0]", nic(tap="tap7"))
    try:
        with pytest.raises(Refused, match="another program's"):
            links.open_link("options.nics[0]", nic(tap="tap7"))
    finally:
        os.close(first)


@pytest.mark.usefixtures("host")
def test_without_the_device_or_its_rights_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    closed = tmp_path / "tun"
    closed.touch(mode=0o600)
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o711)
    monkeypatch.setattr(tap, "TUN", str(closed))
    os.seteuid(SOMEBODY)
    try:
        with pytest.raises(Refused, match="ip tuntap add tap0 mode tap user"):
            links.open_link("options.nics[0]", nic(bridge="br0"))
    finally:
        os.seteuid(0)
    monkeypatch.setattr(tap, "TUN", str(tmp_path / "none"))
    with pytest.raises(Refused, match="modprobe tun"):
        links.open_link("options.nics[0]", nic(bridge="br0"))
    (check,) = links.checks({"br0"})
    assert (check.verdict, "modprobe tun" in check.remedy) == (Verdict.WARNING, True)


async def test_an_interface_that_the_configuration_does_not_name_is_refused_at_the_door_and_at_power_on(
    make_rig: Callable[..., Rig], tmp_path: Path
):
    options = {"nics": [{}, {"network": {"bridge": "br0"}}]}
    definition = NodeDefinition("n1", UUID(int=1), "qemu", options)
    site = make_site(tmp_path, configured=Configured(lambda name: (b"", b""), frozenset({"br1", "tap0"})))
    with pytest.raises(InvalidRequest) as refused:
        driver.complete(definition, site)
    assert str(refused.value) == (
        "options.nics[1].network.bridge: the configuration file does not allow it: network.interfaces names br1, tap0 "
        "(given: 'br0')"
    )
    rig = make_rig(**options)  # as defined when it was still allowed
    await rig.start()
    with pytest.raises(InvalidRequest, match="names none"):
        await rig.apply(PowerAction.ON)
