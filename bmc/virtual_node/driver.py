"""The driver `qemu`: composes the backend of one virtual node, and tells what this machine lacks for it."""

import asyncio
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bmc.model.boot import BootMode
from bmc.model.checks import Check, Verdict
from bmc.model.clock import Clock
from bmc.model.errors import Refused
from bmc.model.node import Disk, Hardware, Nic, NodeDefinition
from bmc.model.software import Software
from bmc.ports import Backend, Configured, Driver, Site
from bmc.virtual_node import accelerator, firmware, links, private, process, sandbox
from bmc.virtual_node.argv import Machine, build_argv, link_descriptor, own_boot_order
from bmc.virtual_node.boot import VirtualBoot
from bmc.virtual_node.console import SERIAL_QUOTA, VirtualScreen, VirtualSerial
from bmc.virtual_node.deploy import Meeting, VirtualDeployLink, VirtualLoginLink
from bmc.virtual_node.disk_bay import VirtualDisks
from bmc.virtual_node.disks import largest_file, prepare_disks, require_not_shrunk
from bmc.virtual_node.files import NodeFiles
from bmc.virtual_node.guest import Guest
from bmc.virtual_node.host_interface import VirtualHostInterface
from bmc.virtual_node.links import open_link, require_allowed
from bmc.virtual_node.media import VirtualMedia
from bmc.virtual_node.memory import require_memory
from bmc.virtual_node.options import MIB, USER_NETWORK, VirtualNodeOptions, complete_options, parse_options
from bmc.virtual_node.power import ProcessSense, QmpSense, VirtualSwitch
from bmc.virtual_node.private import PrivateNetwork
from bmc.virtual_node.sensors import VirtualSensors
from bmc.virtual_node.shape import Shape
from bmc.virtual_node.state import Run, StateFile

NAME = "qemu"
QEMU = "qemu-system-x86_64"
ASK_SECONDS = 10.0


class VirtualNodeDriver:
    """Nodes live in `site.directory`/NAME."""

    def complete(self, definition: NodeDefinition, site: Site) -> NodeDefinition:
        options = parse_options(definition.options, definition.uuid)
        require_allowed(options, site.configured.interfaces)
        require_not_shrunk(NodeFiles(site.directory / definition.name), options)
        return replace(definition, options=complete_options(definition.options, definition.uuid))

    def schema(self) -> Mapping[str, Any]:
        return VirtualNodeOptions.model_json_schema()

    async def open(self, definition: NodeDefinition, site: Site) -> Backend:
        return open_virtual_node(definition, site.directory, site.clock, interfaces=site.configured.interfaces)

    def checks(self, directory: Path, configured: Configured) -> Iterator[Check]:
        if (qemu := shutil.which(QEMU)) is None:
            yield Check("qemu", Verdict.FAILED, f"there is no {QEMU}", "install qemu-system-x86")
            return
        yield Check("qemu", Verdict.OK, qemu)
        kvm = accelerator.kvm_verdict(QEMU, directory)
        remedy = "" if kvm.works else "guests are emulated (slower); enable virtualisation on this host for KVM"
        yield Check("accelerator", Verdict.OK if kvm.works else Verdict.WARNING, kvm.reason, remedy)
        try:
            yield Check("uefi firmware", Verdict.OK, str(firmware.find_uefi().code))
        except Refused as error:
            yield Check("uefi firmware", Verdict.WARNING, str(error), firmware.REMEDY)
        namespaces = sandbox.try_namespaces()
        if namespaces.way == "none":
            finding = f"{namespaces.problem}: nodes get no network and cannot be reinstalled"
            yield Check("guest network", Verdict.WARNING, finding, namespaces.remedy)
        yield from private.checks()
        yield from links.checks(configured.interfaces)

    def software(self) -> Iterator[Software]:
        """What is not installed is left out."""
        if shutil.which(QEMU) is None:
            return
        yield Software("qemu", "QEMU", qemu_version(), NAME)
        if (bios := firmware.find_bios(QEMU)) is not None:
            yield Software("seabios", "SeaBIOS", firmware.bios_version(bios) or None, NAME, BootMode.LEGACY)
        with suppress(Refused):
            version = firmware.package_version(firmware.find_uefi().code)
            yield Software("ovmf", "OVMF", version or None, NAME, BootMode.UEFI)


def qemu_version() -> str | None:
    """What QEMU says of itself; None if it says nothing that we know."""
    try:
        said = subprocess.run([QEMU, "--version"], capture_output=True, text=True, timeout=ASK_SECONDS).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"QEMU emulator version (.+)", said)
    return found[1] if found else None


def open_virtual_node(
    definition: NodeDefinition,
    directory: Path,
    clock: Clock,
    qemu: str = QEMU,
    proc: Path = Path("/proc"),
    interfaces: frozenset[str] = frozenset(),
) -> Backend:
    """Compose the backend of one node, kept in `directory`/NAME; touches nothing yet.

    :raise InvalidRequest: with every option that is wrong.
    """
    files = NodeFiles(directory / definition.name)
    guest = Guest(definition.name, definition.uuid, files, StateFile(files.state), clock)
    serial = VirtualSerial(guest)
    shape = Shape(definition.name, parse_options(definition.options, definition.uuid), guest.state)
    starts_with = firmware.VirtualFirmware(shape)
    boot = VirtualBoot(guest, shape, starts_with, serial.attached)
    media = VirtualMedia(guest)
    meeting = Meeting(guest, shape, directory)
    deploy = VirtualDeployLink(meeting) if shape.next.nics else None
    start = _Start(definition, shape, guest, media, deploy, _Host(qemu, directory, proc, interfaces))
    senses = (QmpSense(guest), ProcessSense(guest))
    return Backend(
        lifecycle=VirtualLifecycle(guest, serial, shape, deploy),
        switch=VirtualSwitch(guest, boot, start.run),
        senses=senses,
        boot=boot,
        media=media,
        screen=VirtualScreen(guest),
        serial=serial,
        inventory=VirtualInventory(shape, starts_with, guest),
        sensors=VirtualSensors(guest, shape, proc),
        mains=HostMains(),
        deploy=deploy,
        network_boot=deploy,
        login=VirtualLoginLink(meeting) if shape.next.nics else None,
        disks=VirtualDisks(guest, shape),
        host=VirtualHostInterface(guest),
        firmware=starts_with,
        redefinition=shape,
        here=True,
    )


@dataclass(frozen=True, slots=True)
class _Host:
    qemu: str
    directory: Path
    proc: Path
    interfaces: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Start:
    """All that comes before the first instruction."""

    definition: NodeDefinition
    shape: Shape
    guest: Guest
    media: VirtualMedia
    deploy: VirtualDeployLink | None
    host: _Host

    async def run(self) -> None:
        """:raise Refused: something is missing, and nothing was done. :raise BackendFailed: QEMU did not start."""
        options = self.shape.next
        argv, run = await asyncio.to_thread(self._prepare, options)
        opened = await asyncio.to_thread(self._open_links, options)
        try:
            await self.guest.start(argv, largest_file(options, SERIAL_QUOTA), run, opened)
        finally:
            for descriptor in opened.values():
                os.close(descriptor)
        try:
            await self.media.load()
            if self.deploy is not None and self.guest.state.now.boot_file:
                await self.deploy.open_ahead()
        except BaseException:
            await self.guest.kill()
            raise

    def _prepare(self, options: VirtualNodeOptions) -> tuple[list[str], Run]:
        host, files = self.host, self.guest.files
        if shutil.which(host.qemu) is None:
            raise Refused(f"there is no {host.qemu}; install qemu-system-x86")
        chosen, _ = accelerator.choose_accelerator(options.accelerator, host.qemu, host.directory)
        require_memory(options.memory_mib, host.proc)
        require_allowed(options, host.interfaces)
        self.media.require()
        files.make()
        code = Path()
        if options.firmware == "uefi":
            found = firmware.find_uefi()
            code = found.code
            version = firmware.package_version(code)
            firmware.prepare_uefi(files, found)
        else:
            version = firmware.bios_version(firmware.find_bios(host.qemu))
            firmware.prepare_bios(files)
        prepare_disks(files, options)
        namespaces = sandbox.try_namespaces()
        user = sandbox.guest_user(self.definition.uuid)
        sandbox.give_to(user, files.guest)
        network = namespaces.way != "none"
        boot_file = self.guest.state.now.boot_file
        machine = Machine(host.qemu, chosen, str(code), "open" if network else "restricted", boot_file)
        groups = [accelerator.KVM.stat().st_gid] if chosen == "kvm" else []
        argv = [
            *sandbox.unshare(namespaces.way),
            *sandbox.drop_rights(user, groups),
            *build_argv(self.definition.name, self.definition.uuid, options, machine),
        ]
        kept = options.model_dump(mode="json", exclude_none=True)
        return argv, Run(process.host_boot_id(), self.guest.clock.now(), chosen, network, version, kept)

    def _open_links(self, options: VirtualNodeOptions) -> dict[int, int]:
        """What cards are plugged into, by the number that QEMU has each as. :raise Refused: what the machine lacks."""
        found: dict[int, int] = {}
        try:
            for index, nic in enumerate(options.nics):
                if nic.network.private:
                    network = PrivateNetwork.of(self.host.directory, nic.network.private)
                    found[link_descriptor(index)] = network.plug_in(nic.mac or "")
                elif nic.network != USER_NETWORK:
                    found[link_descriptor(index)] = open_link(f"options.nics[{index}]", nic)
        except BaseException:
            for descriptor in found.values():
                os.close(descriptor)
            raise
        return found


class VirtualLifecycle:
    def __init__(self, guest: Guest, serial: VirtualSerial, shape: Shape, deploy: VirtualDeployLink | None) -> None:
        self._guest = guest
        self._shape = shape
        self._serial = serial
        self._deploy = deploy

    async def start(self) -> None:
        self._guest.files.make()
        await self._guest.adopt()
        self._guest.spawn(self._serial.keep_quota(), "serial log")

    async def close(self) -> None:
        if self._deploy is not None:
            self._deploy.close()
        await self._guest.close()

    async def erase(self) -> None:
        await self._guest.destroy()
        await asyncio.to_thread(self._forget)

    def _forget(self) -> None:
        for nic in self._shape.next.nics:
            if nic.network.private:
                PrivateNetwork.of(self._guest.files.node.parent, nic.network.private).forget(nic.mac or "")
        shutil.rmtree(self._guest.files.node, ignore_errors=True)


class HostMains:
    """A virtual node has power for as long as its host has."""

    def epoch(self) -> str:
        return process.host_boot_id()


class VirtualInventory:
    def __init__(self, shape: Shape, starts_with: firmware.VirtualFirmware, guest: Guest) -> None:
        self._shape = shape
        self._firmware = starts_with
        self._guest = guest

    def hardware(self) -> Hardware:
        options, run = self._shape.now, self._guest.state.now.run
        return Hardware(
            manufacturer="QEMU",
            model="Standard PC (Q35 + ICH9, 2009)",
            cpus=options.cpus,
            architecture=QEMU.removeprefix("qemu-system-"),
            memory=options.memory_mib * MIB,
            firmware=self._firmware.mode,
            firmware_version=run.firmware_version if run else "",
            accelerator=run.accelerator if run else options.accelerator,
            disks=tuple(
                Disk(f"disk{index}", disk.size, disk.serial or "", disk.bus) for index, disk in enumerate(options.disks)
            ),
            nics=tuple(Nic(f"nic{index}", nic.mac or "") for index, nic in enumerate(options.nics)),
            boot_order=own_boot_order(options),
        )


driver: Driver = VirtualNodeDriver()
