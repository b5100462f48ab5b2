"""A QEMU guest with one disk, started by hand: what the ramdisk and the images meet, without our own virtual node."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd"
OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd"
SERIAL = "SYSDISK0"
DISKS = {
    "virtio": ["-device", f"virtio-blk-pci,drive=disk,serial={SERIAL},bootindex=2"],
    "virtio without discard": ["-device", f"virtio-blk-pci,drive=disk,serial={SERIAL},bootindex=2,discard=off"],
    "sata": ["-device", "ahci,id=sata", "-device", f"ide-hd,bus=sata.0,drive=disk,serial={SERIAL},bootindex=2"],
    "nvme": ["-device", f"nvme,drive=disk,serial={SERIAL},bootindex=2"],
    "scsi": ["-device", "virtio-scsi-pci", "-device", f"scsi-hd,drive=disk,serial={SERIAL},bootindex=2"],
}


@dataclass(frozen=True)
class Shape:
    machine: str = "pc"
    uefi: bool = False
    disk: str = "virtio"
    nic: str = "virtio-net-pci"
    memory: int = 256
    blind_nic: str = ""
    """One more, which gets an address and leads nowhere."""


class Guest:
    def __init__(self, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self._folder = folder
        self.process = process
        self._serial = self._connect("serial")
        self._qmp = self._connect("qmp")
        self._lines = self._qmp.makefile("r")
        self._lines.readline()
        self.command("qmp_capabilities")

    def _connect(self, name: str) -> socket.socket:
        deadline = time.monotonic() + 20
        while True:
            client = socket.socket(socket.AF_UNIX)
            try:
                client.connect(str(self._folder / name))
                return client
            except OSError:
                client.close()
                assert self.process.poll() is None, (self._folder / "stderr").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)

    def command(self, name: str, **arguments: object) -> Any:
        self._qmp.sendall(json.dumps({"execute": name, "arguments": arguments}).encode())
        while True:
            reply = json.loads(self._lines.readline())
            if "event" not in reply:
                assert "return" in reply, reply
                return reply["return"]

    def type(self, text: str) -> None:
        """On the serial console."""
        self._serial.sendall(text.encode())

    def press(self, *keys: str) -> None:
        """On the keyboard, all at once."""
        self.command("send-key", keys=[{"type": "qcode", "data": key} for key in keys])

    @property
    def printed(self) -> str:
        """All of the serial console so far; it must be read, or the guest waits for us."""
        self._serial.setblocking(False)
        try:
            while data := self._serial.recv(65536):
                with (self._folder / "serial.log").open("ab") as log:
                    log.write(data)
        except BlockingIOError:
            pass
        self._serial.setblocking(True)
        log_file = self._folder / "serial.log"
        return log_file.read_text(errors="replace") if log_file.exists() else ""

    def wait_for(self, text: str, timeout: float = 90) -> str:
        """What was printed, once it holds `text`."""
        deadline = time.monotonic() + timeout
        while text not in (printed := self.printed):
            assert time.monotonic() < deadline, f"no {text!r} within {timeout} s; printed: {printed[-1500:]}"
            assert self.process.poll() is None or text in self.printed, f"ended without {text!r}: {printed[-1500:]}"
            time.sleep(0.05)
        return printed

    def wait_off(self, timeout: float = 90) -> str:
        """What was printed, once the guest has powered itself off."""
        deadline = time.monotonic() + timeout
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still on after {timeout} s; printed: {self.printed[-1500:]}"
            _ = self.printed
            time.sleep(0.05)
        return self.printed

    def screenshot(self, file: Path) -> None:
        self.command("screendump", filename=str(file), format="png")

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._lines.close()
        self._qmp.close()
        self._serial.close()


@contextmanager
def running(folder: Path, disk: Path, shape: Shape, medium: Path | None = None, forward: int = 0) -> Iterator[Guest]:
    """`folder` is new, and short enough for sockets; `medium` is booted before the disk; `forward` leads to port 22."""
    folder.mkdir()
    arguments = [
        "qemu-system-x86_64", "-nodefaults", "-machine", f"{shape.machine},accel=tcg", "-cpu", "max",
        "-m", str(shape.memory),
        "-display", "none", "-device", "VGA", "-device", "qemu-xhci", "-device", "usb-tablet", "-no-reboot",
        "-qmp", f"unix:{folder}/qmp,server=on,wait=off",
        "-chardev", f"socket,id=serial,path={folder}/serial,server=on,wait=on",
        "-serial", "chardev:serial",
        "-blockdev", f"driver=raw,node-name=disk,file.driver=file,file.filename={disk}", *DISKS[shape.disk],
        "-netdev", "user,id=net" + (f",hostfwd=tcp:127.0.0.1:{forward}-:22" if forward else ""),
        "-device", f"{shape.nic},netdev=net,bootindex=9",
    ]  # fmt: skip
    if shape.blind_nic:
        arguments += [
            "-netdev",
            "user,id=blind,net=10.9.9.0/24,restrict=on",
            "-device",
            f"{shape.blind_nic},netdev=blind",
        ]
    if shape.uefi:
        shutil.copy(OVMF_VARS, folder / "vars.fd")
        for file, options in ((OVMF_CODE, ",readonly=on"), (folder / "vars.fd", "")):
            arguments += ["-drive", f"if=pflash,format=raw,file={file}{options}"]
    if medium:
        arguments += ["-blockdev", f"driver=raw,node-name=medium,read-only=on,file.driver=file,file.filename={medium}"]
        bus = "ide.2" if shape.machine == "q35" else "ide.1"
        arguments += ["-device", f"ide-cd,bus={bus},drive=medium,bootindex=1"]
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
    try:
        guest = Guest(folder, process)
    except BaseException:
        process.kill()
        process.wait()
        raise
    try:
        yield guest
    finally:
        guest.close()
