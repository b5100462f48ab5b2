"""Real firmware on a network of ours: it comes to its job's ramdisk, alone and beside another DHCP server."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bmc.http.deploy import DeployServer
from bmc.reinstall.build import Artefacts, build_all, default_cache
from bmc.reinstall.desk import Desk
from bmc.reinstall.network_boot import SCRIPT, BootFiles, boot_files, boot_script
from bmc.reinstall.ticket import Errand, Ticket, hidden
from robots import boot_server
from tests.robots.deploy_lab import ADDRESS, boots, link, node, site_on
from tests.robots.lan import MAC, Lan, make_lan
from tests.world import until

pytestmark = pytest.mark.guest

FIRMWARE = Path("/usr/share/OVMF")
LONG = 300.0


@pytest.fixture(scope="module")
def artefacts() -> Artefacts:
    return build_all(default_cache())


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Lan]:
    with make_lan(tmp_path) as lan:
        yield lan


@asynccontextmanager
async def machine(lan: Lan, directory: Path, firmware: str, rom: bool) -> AsyncIterator[Path]:
    """It boots by its network card, which has iPXE in its `rom` or nothing; where its console goes."""
    console, words = directory / "console", ["-machine", "pc"]
    if firmware == "uefi":
        shutil.copy(FIRMWARE / "OVMF_VARS_4M.fd", variables := directory / "variables.fd")
        words = ["-machine", "q35"]
        words += ["-drive", f"if=pflash,format=raw,readonly=on,file={FIRMWARE}/OVMF_CODE_4M.fd"]
        words += ["-drive", f"if=pflash,format=raw,file={variables}"]
    card = f"virtio-net-pci,netdev=net,bootindex=1,mac={MAC}{'' if rom else ',romfile='}"
    process = await asyncio.create_subprocess_exec(
        *("qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-nodefaults", "-display", "none", *words),
        *("-netdev", f"tap,id=net,ifname={lan.tap('tap0')},script=no,downscript=no", "-device", card),
        *("-serial", f"file:{console}"),
        stdin=asyncio.subprocess.DEVNULL,
    )
    try:
        yield console
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("beside", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["alone", "beside"])
@pytest.mark.parametrize(
    ("firmware", "network_boot"),
    [
        ("bios", "iPXE in the card"),
        pytest.param("bios", "taken for plain PXE", marks=pytest.mark.slow),
        pytest.param("uefi", "iPXE in the card", marks=pytest.mark.slow),
        pytest.param("uefi", "of the firmware", marks=pytest.mark.slow),
    ],
)
async def test_it_fetches_its_boot_script_and_the_ramdisk_checks_in(
    lan: Lan, tmp_path: Path, artefacts: Artefacts, monkeypatch, caplog, firmware, network_boot, beside
):
    caplog.set_level(logging.DEBUG, "robots.boot_server")
    if beside:
        lan.other_dhcp()
    told = boot_server.answers_configuration
    if network_boot == "taken for plain PXE":  # of which nobody has one here: QEMU's own ROM is iPXE

        def plain(*words) -> str:
            return told(*words).replace("set:ipxe,175", "set:ipxe,254")

        monkeypatch.setattr(boot_server, "answers_configuration", plain)
    async with node(site_on(lan.network(beside=None), tmp_path)) as backend:
        url, desk = link(backend).url, Desk()
        files = BootFiles(hidden("key"), boot_script(url, "key"), boot_files(artefacts, {"api": url, "token": "token"}))
        ticket = Ticket("7", "n1", hidden("token"), Errand.INSPECT, boot=files)
        desk.arm(ticket)
        await boots(backend).offer(url + SCRIPT)
        async with machine(lan, tmp_path, firmware, network_boot != "of the firmware") as console:
            close = await DeployServer().serve("n1", await link(backend).listener(), desk, link(backend).admits)
            try:
                if network_boot == "taken for plain PXE":
                    await until(lambda: "sent /usr/lib/ipxe/undionly.kpxe" in caplog.text, LONG)
                    monkeypatch.undo()
                    await boots(backend).offer(url + SCRIPT)
                await until(lambda: ticket.facts.checked_in, LONG)
            except TimeoutError:
                said = [line for line in caplog.messages if "network boot" in line]
                pytest.fail("\n".join([*said, console.read_text(errors="replace")[-3000:]]))
            finally:
                await close()
        assert ticket.facts.fetched == ("boot script", "kernel", "configuration", "ramdisk")
        given = f"DHCPACK(br0) {ADDRESS} {MAC}" in caplog.text
        assert given is not beside
