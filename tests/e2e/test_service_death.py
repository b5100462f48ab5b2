"""kill -9 of the service: guests do not notice, and the next start finds everything as it was."""

import asyncio
import re
import time

import pytest

from tests.e2e.conftest import NewService, ports_of_its_own
from tests.e2e.service import BOOT, LiveService, boot, booting, event_stream, serial_console, wait_until

pytestmark = pytest.mark.guest


async def test_a_killed_service_adopts_its_running_guest_without_a_blink(new_service: NewService) -> None:
    service = new_service(config=ports_of_its_own()).start()
    (service.state / "media").mkdir(exist_ok=True)
    (service.state / "media" / "tools.iso").write_bytes(b"tools".ljust(1 << 20, b"\0"))
    await boot(service, "n1")
    slot = "/redfish/v1/Systems/n1/VirtualMedia/cd0"
    service.do("POST", f"{slot}/Actions/VirtualMedia.InsertMedia", {"Image": "tools.iso"})
    service.ipmitool("n1", "chassis", "bootdev", "cdrom", "options=persistent")
    service.ipmitool("n2", "chassis", "bootdev", "pxe")
    pid = service.qemu("n1")
    before = service.system("n1")
    async with serial_console(service, "n1") as shell:
        await shell.login(service.root_password)
        await shell.run("dmesg -n 1; i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo tick-$i; sleep 0.5; done & true")
        await shell.expect("tick-3\r", 30)

    service.kill()
    await asyncio.sleep(4)
    assert service.qemu("n1") == pid
    service.start()

    assert service.qemu("n1") == pid
    after = service.system("n1")
    for same in ("PowerState", "Boot", "UUID", "Status"):
        assert after[same] == before[same]
    for same in ("PowerSince", "PowerCause", "InstalledImage", "IPMI"):
        assert after["Oem"]["Lightsout"][same] == before["Oem"]["Lightsout"][same]
    assert service.get(slot)["Image"] == "tools.iso"
    assert service.system("n2")["Boot"]["BootSourceOverrideTarget"] == "Pxe"
    assert "is on" in service.ipmitool("n1", "chassis", "power", "status")
    assert "Force Boot from CD/DVD" in service.ipmitool("n1", "chassis", "bootparam", "get", "5")
    async with serial_console(service, "n1", past=True) as shell:
        # What was printed before one came comes first: also what was printed while nobody was there.
        seen = await shell.expect("(?s)tick-1\r.*tick-40\r", 60)
        assert [int(number) for number in re.findall(rb"tick-(\d+)\r", seen[0])] == list(range(1, 41))
        await shell.login(service.root_password)
        assert "up" in await shell.run("uptime")
    log = service.get("/redfish/v1/Systems/n1/LogServices/SerialLog/Entries?search=tick-&$top=1000")["Members"]
    ticks = [found for each in reversed(log) if (found := re.fullmatch(r"(?:.*# )?tick-(\d+)", each["Message"]))]
    assert [int(found[1]) for found in ticks] == list(range(1, 41))
    told = [entry["Oem"]["Lightsout"]["Kind"] for entry in service.events("n1")]
    assert told.count("power.changed") == 1
    assert "node.reset" not in told


async def test_a_once_override_is_followed_once_by_a_reboot_that_the_service_did_not_see(service: LiveService) -> None:
    await boot(service, "n1")
    service.ipmitool("n1", "chassis", "bootdev", "cdrom")
    async with serial_console(service, "n1") as shell:
        await shell.login(service.root_password)
        await shell.type("(sleep 3; reboot) &\r")
        await asyncio.sleep(1)
    service.kill()
    await asyncio.sleep(10)
    async with booting():
        service.start()
        wait_until(lambda: service.system("n1")["Boot"]["BootSourceOverrideEnabled"] == "Disabled", 30, "spent")
        async with serial_console(service, "n1", past=True) as shell:
            boots = await shell.expect(r"(?s)Restarting system.*login: $", BOOT)
            # There is nothing in the drive, so the disk comes after it; but the drive was asked first.
            assert boots[0].count(b"Booting from DVD/CD") == 1
            await shell.login(service.root_password)
            await shell.type("reboot\r")
            again = await shell.expect(r"(?s)Restarting system.*Loading /vmlinuz", BOOT)
            assert b"Booting from DVD/CD" not in again[0]
            assert b"Booting from Hard Disk" in again[0]
    told = [entry["Oem"]["Lightsout"]["Kind"] for entry in service.events("n1")]
    assert told.count("boot.override-spent") == 1


async def test_an_end_by_signal_leaves_guests_running_and_a_follower_catches_up(new_service: NewService) -> None:
    """SIGTERM as Ctrl-C: exit code 0, nodes run on; who followed the events gets what was missed."""
    service = new_service().start()
    service.reset("n3", "On")
    pid = service.qemu("n3")
    assert pid is not None
    async with event_stream(service) as events:
        await asyncio.to_thread(service.reset, "n3", "ForceRestart")
        await events.expect("n3", "node.reset")
        began = time.monotonic()
        assert await asyncio.to_thread(service.stop) == 0
        assert time.monotonic() - began < 15
    assert service.qemu("n3") == pid
    assert not (service.state / "service.json").exists()
    told = service.bmc("info", "--json")
    assert told.returncode == 1
    assert "no service runs" in told.stderr.replace("\n", " ")
    service.start()
    last = max(int(entry["Id"]) for entry in service.events("n3")) - 1
    async with event_stream(service, last=last) as events:
        service.off("n3")
        await events.expect("n3", "power.changed", where=lambda event: event["Details"]["to"] == "Off")
    service.reset("n3", "On")
    service.stop()
    down = service.bmc("down", "--yes")
    assert down.returncode == 0, down.stderr
    assert "powered off: n3" in down.stdout
    assert service.qemu("n3") is None


def test_a_first_start_that_was_killed_half_way_is_gone_through_again(new_service: NewService) -> None:
    service = new_service()
    service.process = service.launch()
    wait_until(lambda: "n2: IPMI" in service.log, 60, "the second demo node")
    service.kill()
    assert "Lightsout is up." not in service.log
    service.start()
    assert sorted(service.nodes) == ["n1", "n2", "n3"]
    assert all(service.system(node)["Oem"]["Lightsout"]["InstalledImage"] for node in ("n1", "n2"))
    assert service.root_password
    assert "is off" in service.ipmitool("n1", "chassis", "power", "status")


def test_whether_kvm_works_is_found_out_before_anybody_turns_a_node_on(new_service: NewService) -> None:
    """Where it hangs, finding out takes 10 s."""
    service = new_service(demo=False, knows_kvm=False).start()
    kept = service.state / "drivers" / "qemu" / "kvm.json"
    wait_until(
        lambda: "accelerator: there is no /dev/kvm" in service.log or (kept.exists() and kept.read_text() != ""), 60
    )
    assert service.stop() == 0
