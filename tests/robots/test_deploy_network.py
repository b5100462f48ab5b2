"""The adapter `deploy-network` with real DHCP clients: who is answered, with what, for how long, and who may come."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bmc.http.deploy import DeployServer
from bmc.model.errors import BackendFailed, InvalidOptions, InvalidRequest, Unreachable
from bmc.ports import Backend
from bmc.reinstall.desk import Desk
from robots import dnsmasq
from robots.contract import BootContract, InventoryContract, OpenBackend
from robots.neighbours import mac_of
from robots.testing import opened
from tests.robots.conftest import Simulator
from tests.robots.deploy_lab import (
    ADDRESS,
    BMC,
    DEPLOY,
    URL,
    boots,
    link,
    login,
    node,
    ports,
    servers,
    site_on,
)
from tests.robots.lan import BRIDGE, MAC, SERVICE, STRANGER, Lan, make_lan
from tests.virtual_node.own_network import ip
from tests.world import until

BIOS, EFI = ("-x", "0x5d:0000"), ("-x", "0x5d:0007")
IPXE = ("-x", "0xaf:b10101")
DHCP_SOCKETS = re.compile(" 00000000:0043 ")


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    with make_lan(tmp_path) as lan:
        yield lan


async def dhcp(lan_box, *words: str) -> str:
    return await asyncio.to_thread(lan_box.dhcp, *words)


async def test_nothing_runs_but_while_something_is_armed(lan: Lan, tmp_path: Path):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        box = lan.box(MAC)
        assert (servers(), ports(), await dhcp(box)) == ([], set(), "")
        await boots(backend).offer(URL)
        assert len(servers()) == 2
        assert ports() == {67, 69}
        assert f"ip={ADDRESS}" in await dhcp(box)
        await boots(backend).offer("")
        assert (servers(), ports(), await dhcp(box)) == ([], set(), "")
        await boots(backend).offer("")


async def test_only_a_mac_with_an_armed_job_is_answered(lan: Lan, tmp_path: Path):
    site = site_on(lan.network(), tmp_path)
    idle, stranger = lan.box("52:54:00:00:00:18"), lan.box(STRANGER)
    async with node(site) as backend, node(site, "n2", macs=["52:54:00:00:00:18"], address="192.0.2.24"):
        await boots(backend).offer(URL)
        assert await dhcp(stranger, *BIOS) == ""
        assert await dhcp(idle, *BIOS) == ""


@pytest.mark.parametrize(
    ("words", "boot"),
    [
        (BIOS, "undionly.kpxe"),
        (EFI, "snponly.efi"),
        (("-x", "0x5d:0009"), "snponly.efi"),
        ((*BIOS, *IPXE), URL),
        ((*EFI, *IPXE), URL),
        ((), ""),
    ],
    ids=["BIOS", "UEFI", "UEFI x64", "BIOS iPXE", "UEFI iPXE", "a system"],
)
async def test_each_kind_of_network_boot_gets_what_it_can_start(lan: Lan, tmp_path: Path, words, boot):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
        box = lan.box(MAC)
        told = await dhcp(box, "-V", "PXEClient:Arch:00000:UNDI:002001", *words)
        assert f"ip={ADDRESS} boot={boot} " in told
        if boot and boot != URL:
            assert f"next={SERVICE}" in told
            box.run("ip", "addr", "add", f"{ADDRESS}/24", "dev", "eth0")
            fetched = box.directory / "fetched"
            said = await asyncio.to_thread(box.run, "busybox", "tftp", "-g", "-r", boot, "-l", str(fetched), SERVICE)
            assert fetched.read_bytes() == (dnsmasq.IPXE / boot).read_bytes(), said


async def test_by_tftp_there_is_nothing_but_ipxe(lan: Lan, tmp_path: Path):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
        box = lan.box(MAC, ADDRESS)
        for path in ("../../../etc/passwd", "/etc/passwd", "nothing"):
            said = await asyncio.to_thread(
                box.run, "busybox", "tftp", "-g", "-r", path, "-l", str(tmp_path / "fetched"), SERVICE
            )
            assert "server error" in said
        assert not (tmp_path / "fetched").exists()


async def test_another_client_of_the_same_card_gets_the_same_address(lan: Lan, tmp_path: Path):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
        box = lan.box(MAC)
        for client in ("01aaaaaaaaaaaa", "ff00000000000001", "00112233"):
            assert f"ip={ADDRESS}" in await dhcp(box, "-C", "-x", f"0x3d:{client}")


async def test_a_machine_may_boot_by_any_of_its_cards(lan: Lan, tmp_path: Path):
    second = "52-54-00-00-00-1B"
    async with node(site_on(lan.network(), tmp_path), macs=[MAC, second]) as backend:
        await boots(backend).offer(URL)
        box = lan.box(second.replace("-", ":").lower())
        assert f"ip={ADDRESS}" in await dhcp(box)


async def test_beside_another_server_no_address_is_given(lan: Lan, tmp_path: Path):
    lan.other_dhcp()
    async with node(site_on(lan.network(beside=None), tmp_path)) as backend:
        await boots(backend).offer(URL)
        assert ports() == {67, 69, 4011}
        assert "ip=192.0.2.1" in (told := await dhcp(lan.box(MAC), *BIOS, *IPXE, "-t", "6"))
        assert f"ip={ADDRESS} " not in told


async def test_where_it_was_seen_that_there_is_no_other_the_address_is_given(lan: Lan, tmp_path: Path):
    async with node(site_on(lan.network(beside=None), tmp_path)) as backend:
        await boots(backend).offer(URL)
        assert ports() == {67, 69}
        assert f"ip={ADDRESS}" in await dhcp(lan.box(MAC))


@pytest.mark.parametrize("words", [BIOS, EFI, (*BIOS, *IPXE), ()], ids=["BIOS", "UEFI", "iPXE", "a system"])
async def test_who_is_given_an_address_alone_is_led_nowhere(lan: Lan, tmp_path: Path, words):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
        await boots(backend).give_address()
        assert (len(servers()), ports()) == (1, {67})
        assert f"ip={ADDRESS} boot= " in await dhcp(lan.box(MAC), *words)


async def test_the_address_is_given_again_after_a_restart_until_the_end_of_the_job(lan: Lan, tmp_path: Path):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).give_address()
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await until(lambda: len(servers()) == 1 and ports() == {67})
        assert f"ip={ADDRESS} boot= " in await dhcp(lan.box(MAC), *BIOS)
        await boots(backend).offer("")
        assert (servers(), ports()) == ([], set())


async def test_beside_another_server_there_is_no_address_to_be_given(lan: Lan, tmp_path: Path):
    lan.other_dhcp()
    async with node(site_on(lan.network(beside=None), tmp_path)) as backend:
        await boots(backend).give_address()
        assert (servers(), ports()) == ([], set())
        await boots(backend).offer(URL)
        assert len(servers()) == 2
        await boots(backend).give_address()
        assert (servers(), ports()) == ([], set())


async def test_two_at_a_time_are_served_by_the_same_and_one_that_ends_leaves_the_other(lan: Lan, tmp_path: Path):
    site = site_on(lan.network(), tmp_path)
    first, second = lan.box(MAC), lan.box("52:54:00:00:00:18")
    async with node(site) as one, node(site, "n2", macs=["52:54:00:00:00:18"], address="192.0.2.24") as two:
        await boots(one).offer(URL)
        files, _ = sorted(servers())
        await asyncio.gather(boots(two).offer(link(two).url + "/boot.ipxe"), boots(one).offer(URL))
        assert files in servers()  # a transfer goes on
        assert f"ip={ADDRESS} boot={URL}" in await dhcp(first, *BIOS, *IPXE)
        assert "ip=192.0.2.24 boot=http://192.0.2.1:20024/boot.ipxe" in await dhcp(second, *BIOS, *IPXE)
        await boots(one).offer("")
        assert await dhcp(first) == ""
        assert "ip=192.0.2.24" in await dhcp(second)
        assert files in servers()


async def test_two_nodes_that_say_they_are_the_same_machine_are_not_armed_together(lan: Lan, tmp_path: Path):
    site = site_on(lan.network(), tmp_path)
    async with node(site) as one, node(site, "n2", macs=[STRANGER]) as two:
        await boots(one).offer(URL)
        with pytest.raises(BackendFailed, match=r"192\.0\.2\.1:20023 on br0: another program or node is there"):
            await boots(two).offer(URL)
    async with node(site) as one, node(site, "n2", address="192.0.2.24") as two:
        await boots(one).offer(URL)
        with pytest.raises(BackendFailed, match="n1 boots by lab just now with the same MAC or address; correct"):
            await boots(two).offer(URL)
        assert f"ip={ADDRESS}" in await dhcp(lan.box(MAC))


async def test_what_was_armed_is_armed_again_after_a_restart_and_what_was_not_is_not(lan: Lan, tmp_path: Path):
    box = lan.box(MAC)
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
    assert (servers(), ports()) == ([], set())
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await until(lambda: len(servers()) == 2 and ports() == {67, 69})
        assert f"boot={URL}" in await dhcp(box, *BIOS, *IPXE)
        await boots(backend).offer("")
    async with node(site_on(lan.network(), tmp_path)) as backend:
        assert await dhcp(box) == ""
        await backend.lifecycle.erase()
    assert list(tmp_path.rglob("armed.json")) == []


async def test_after_a_restart_it_waits_for_a_network_that_comes_late(lan: Lan, tmp_path: Path, monkeypatch, caplog):
    monkeypatch.setattr("robots.deploy_network.AGAIN_AFTER", 0.1)
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
    ip(f"addr del {SERVICE}/24 dev {BRIDGE}")
    async with node(site_on(lan.network(), tmp_path)):
        await until(lambda: "that is no address of this host" in caplog.text)
        ip(f"addr add {SERVICE}/24 dev {BRIDGE}")
        await until(lambda: len(servers()) == 2)


async def test_a_damaged_note_of_what_was_armed_arms_nothing(lan: Lan, tmp_path: Path, caplog):
    site = site_on(lan.network(), tmp_path)
    async with node(site) as backend:
        await boots(backend).offer(URL)
        (note,) = tmp_path.rglob("armed.json")
    note.write_text("{")
    async with node(site_on(lan.network(), tmp_path)):
        assert "is damaged and is ignored" in caplog.text
        assert servers() == []


@pytest.mark.parametrize("which", [0, -1], ids=["files", "answers"])
async def test_a_server_that_dies_is_started_again(lan: Lan, tmp_path: Path, which, caplog):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
        killed = sorted(servers())[which]
        os.kill(killed, signal.SIGKILL)
        await until(lambda: killed not in servers())
        await until(lambda: len(servers()) == 2 and ports() == {67, 69}, 30)
        assert "has ended" in caplog.text
        assert f"ip={ADDRESS}" in await dhcp(lan.box(MAC))


async def test_the_servers_have_no_rights_but_to_serve(lan: Lan, tmp_path: Path):
    bind, admin, raw = 1 << 10, 1 << 12, 1 << 13  # linux/capability.h
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
        for pid, rights in zip(sorted(servers()), (bind, bind | admin | raw), strict=True):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            status = {name: value for name, _, value in (line.partition(":\t") for line in lines)}
            assert status["Uid"].split() == ["65534"] * 4
            assert {int(status[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {rights}
            assert status["NoNewPrivs"] == "1"


async def test_who_is_armed_waits_for_a_dhcp_server_of_this_host_to_end(lan: Lan, tmp_path: Path, caplog):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
        other = await asyncio.create_subprocess_exec("socat", "-u", "UDP-LISTEN:67,reuseaddr", "STDOUT")
        await until(lambda: len(DHCP_SOCKETS.findall(Path("/proc/thread-self/net/udp").read_text())) == 2)
        os.kill(max(servers()), signal.SIGKILL)
        await until(lambda: "serves DHCP on all its interfaces" in caplog.text)
        assert len(servers()) == 1
        other.kill()
        await other.wait()
        await until(lambda: len(servers()) == 2)


SERVICE_THAT_DIES = """
import asyncio, sys
from pathlib import Path
from tests.robots.deploy_lab import URL, boots, node, servers, site_on
from tests.robots.lan import Lan

async def main():
    async with node(site_on(Lan.network(None), Path(sys.argv[1]))) as backend:
        await boots(backend).offer(URL)
        print(*servers(), flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_the_servers_end_with_a_service_that_is_killed(lan: Lan, tmp_path: Path):
    words = [sys.executable, "-c", SERVICE_THAT_DIES, str(tmp_path)]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        begun = [int(pid) for pid in (await process.stdout.readline()).split()]
        assert len(begun) == 2
    finally:
        process.kill()
        await process.communicate()
    await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in begun))
    assert ports() == set()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (f"link del {BRIDGE}", "on br0: there is no such interface"),
        (f"addr del {SERVICE}/24 dev {BRIDGE}", r"at 192\.0\.2\.1:20023 on br0: that is no address of this host: give"),
    ],
)
async def test_a_network_that_is_not_there_is_a_clear_error(lan: Lan, tmp_path: Path, command, words):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        ip(command)
        with pytest.raises(BackendFailed, match=words):
            await boots(backend).offer(URL)
        assert servers() == []


async def test_another_dhcp_server_on_this_host_is_not_silenced(lan: Lan, tmp_path: Path):
    await asyncio.to_thread(lan.dhcp_server, lan.host, BRIDGE)
    async with node(site_on(lan.network(), tmp_path)) as backend:
        with pytest.raises(BackendFailed, match="another program of this host serves DHCP on br0: stop it"):
            await boots(backend).offer(URL)
        assert servers() == []


@pytest.mark.parametrize(("device", "words"), [("", "on all its interfaces"), (",bindtodevice=lo", "")])
async def test_a_dhcp_server_of_this_host_is_in_the_way_unless_it_is_elsewhere(lan: Lan, tmp_path: Path, device, words):
    lan.host.start("socat", "-u", f"UDP-LISTEN:67,reuseaddr{device}", "STDOUT")
    await until(lambda: ports() == {67})
    async with node(site_on(lan.network(), tmp_path)) as backend:
        if words:
            with pytest.raises(BackendFailed, match=words):
                await boots(backend).offer(URL)
        else:
            await boots(backend).offer(URL)


@pytest.mark.parametrize(
    ("lacking", "words"),
    [
        ({"IPXE": Path("/nowhere")}, "no /nowhere/undionly.kpxe for BIOS; apt install ipxe"),
        ({"PROGRAMS": {"no-such-program": "dnsmasq-base"}}, "no no-such-program; apt install dnsmasq-base"),
    ],
)
async def test_what_this_machine_lacks_is_said_with_the_remedy(lan: Lan, tmp_path: Path, monkeypatch, lacking, words):
    for name, value in lacking.items():
        monkeypatch.setattr(dnsmasq, name, value)
    async with node(site_on(lan.network(), tmp_path)) as backend:
        with pytest.raises(BackendFailed, match=words):
            await boots(backend).offer(URL)


async def test_an_offer_that_is_given_up_leaves_nothing_behind(lan: Lan, tmp_path: Path):
    async with node(site_on(lan.network(beside=None), tmp_path)) as backend:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(boots(backend).offer(URL), 1)  # while it looks for another server
        assert servers() == []
        (await link(backend).listener()).close()  # its place is free


async def get(lan_box, path: str = "/boot.ipxe") -> str:
    return await asyncio.to_thread(lan_box.run, "curl", "-sS", "-m", "5", f"http://{SERVICE}:20023{path}")


async def test_the_deploy_listener_hears_the_machine_and_no_other(lan: Lan, tmp_path: Path, caplog):
    box, stranger = lan.box(MAC, ADDRESS), lan.box(STRANGER, "192.0.2.99")
    async with node(site_on(lan.network(), tmp_path)) as backend:
        assert link(backend).leads
        assert link(backend).url == "http://192.0.2.1:20023"
        close = await DeployServer().serve("n1", await link(backend).listener(), Desk(), link(backend).admits)
        try:
            assert await get(box) == "nothing is there to be booted by network\n"
            assert (await get(stranger)).startswith("curl: ")
            assert "a connection from 192.0.2.99, which is another machine, was refused" in caplog.text
            assert (await get(lan.host)).startswith("curl: ")
        finally:
            await close()


async def test_a_machine_that_comes_before_anybody_listens_waits_for_its_answer(lan: Lan, tmp_path: Path):
    box = lan.box(MAC, ADDRESS)
    async with node(site_on(lan.network(), tmp_path)) as backend:
        await boots(backend).offer(URL)
        asking = asyncio.create_task(get(box))
        await asyncio.sleep(1)
        assert not asking.done()
        close = await DeployServer().serve("n1", await link(backend).listener(), Desk(), link(backend).admits)
        assert await asking == "nothing is there to be booted by network\n"
        await close()


async def test_the_login_goes_to_the_machine_or_is_not_made(lan: Lan, tmp_path: Path):
    async with node(site_on(lan.network(), tmp_path)) as backend:
        with pytest.raises(Unreachable, match=rf"{ADDRESS}, port 22|nothing answers at {ADDRESS}"):
            await login(backend).connect()
        box = lan.box(MAC, ADDRESS)
        with pytest.raises(Unreachable, match=f"{ADDRESS}, port 22: Connection refused"):
            await login(backend).connect()
        box.start("socat", "TCP-LISTEN:22,fork,reuseaddr", "SYSTEM:echo SSH-2.0-it")
        await until(lambda: ":22 " in box.run("ss", "-ltn"))
        connection = await login(backend).connect()
        assert (await asyncio.get_running_loop().sock_recv(connection, 100)).startswith(b"SSH-2.0-it")
        connection.close()
        box.run("ip", "link", "set", "eth0", "address", STRANGER)
        ip(f"neigh flush dev {BRIDGE}")
        with pytest.raises(Unreachable, match=rf"another machine \({STRANGER}\) answers at {ADDRESS}"):
            await login(backend).connect()


def test_a_neighbour_is_who_answered_on_that_interface(tmp_path: Path):
    table = tmp_path / "arp"
    table.write_text(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "192.0.2.23       0x1         0x2         52:54:00:00:00:17     *        br0\n"
        "192.0.2.24       0x1         0x0         00:00:00:00:00:00     *        br0\n"
        "192.0.2.25       0x1         0x2         52:54:00:00:00:19     *        eth0\n"
    )
    found = [mac_of(f"192.0.2.{host}", BRIDGE, table) for host in (23, 24, 25, 26)]
    assert found == ["52:54:00:00:00:17", None, None, None]


@pytest.mark.parametrize(
    ("given", "path", "words"),
    [
        ({"macs": MAC}, ("deploy", "macs"), "list"),
        ({"macs": ["52:54:00"]}, ("deploy", "macs", 0), "expected a MAC address such as"),
        ({"macs": ["01:00:5e:00:00:01"]}, ("deploy", "macs", 0), "01:00:5e:00:00:01 is that of a group"),
        ({"macs": []}, ("deploy", "macs"), "at least 1"),
        ({"macs": [MAC, "x"]}, ("deploy", "macs", 1), "expected a MAC address such as"),
        ({"address": "192.0.2"}, ("deploy", "address"), "IPv4"),
        ({"network": ""}, ("deploy", "network"), "at least 1"),
        ({"route": "x"}, ("deploy", "route"), "not permitted"),
    ],
)
async def test_every_wrong_option_is_named(tmp_path: Path, given, path, words):
    with pytest.raises(InvalidOptions) as caught:
        async with node(site_on(Lan.network(None), tmp_path), **given):
            pass
    (problem,) = caught.value.problems
    assert problem["loc"] == path
    assert words in problem["msg"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"network": "loft"}, "deploy.network: 'loft' is not in the configuration file; there is lab"),
        ({"address": "198.51.100.7"}, r"deploy.address: expected an address of a machine in 192\.0\.2\.0/24"),
        ({"address": "192.0.2.1"}, "deploy.address: expected .* other than 192"),
        ({"address": "192.0.2.255"}, "deploy.address: expected"),
    ],
)
async def test_what_does_not_fit_the_network_is_refused(tmp_path: Path, given, words):
    with pytest.raises(InvalidRequest, match=words):
        async with node(site_on(Lan.network(None), tmp_path), **given):
            pass


class TestABackendThatIsBootedByNetwork(BootContract, InventoryContract):
    """The table changes nothing of what the node's BMC does."""

    @pytest.fixture
    async def open_backend(self, simulator: Simulator, tmp_path: Path) -> AsyncIterator[OpenBackend]:
        backends: list[Backend] = []
        bmc = {**BMC, "port": simulator.port, "poll": 1}

        async def open_backend() -> Backend:
            manager = opened({"bmc": bmc, "deploy": DEPLOY}, site_on(Lan.network(None), tmp_path))
            backends.append(backend := await manager.__aenter__())
            managers.append(manager)
            return backend

        managers: list = []
        yield open_backend
        for manager in managers:
            await manager.__aexit__(None, None, None)
