"""Debian's libvirtd, as a session daemon in a directory of its own, with domains that are emulated and tiny."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from uuid import UUID, uuid4

from tests.virtual_node.sector import write_disk

MIB = 1024 * 1024
NOBODY = "nobody"
DOMAIN = """<domain type='qemu'>
  <name>{name}</name><uuid>{uuid}</uuid>
  <memory unit='MiB'>96</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type>{boot}</os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/><source file='{directory}/{name}.raw'/><target dev='vda' bus='virtio'/>
      <serial>LV-1</serial>{disk}
    </disk>
    <disk type='file' device='cdrom'><target dev='sda' bus='sata'/><readonly/>{cd}</disk>
    <interface type='user'><mac address='52:54:00:11:22:33'/><model type='e1000e'/>{nic}</interface>
    <serial type='pty'><log file='{directory}/{name}.log' append='on'/></serial>
    <graphics type='vnc' socket='{directory}/{name}.vnc' passwd='hush'/>
    <panic model='isa'/>
  </devices>
</domain>
"""
OWN_ORDER = {"boot": "<boot dev='hd'/><boot dev='network'/>", "disk": "", "cd": "", "nic": ""}


def lacks() -> str:
    """What this machine is missing for it."""
    missing = [each for each in ("libvirtd", "virsh", "qemu-system-x86_64") if shutil.which(each, path=PATH) is None]
    return f"{', '.join(missing)} (`make setup-test` installs it)" if missing else ""


PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Libvirtd:
    """As root it runs as nobody: root's own would be the system's daemon."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="lv-"))  # short: the paths of its sockets have 107 characters
        self.socket = self.directory / "run/libvirt/libvirt-sock"
        self.uri = f"qemu+unix:///session?socket={self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("run", "config/libvirt", "cache", "data", "home"):
            (self.directory / name).mkdir(parents=True)
        (self.directory / "config/libvirt/qemu.conf").write_text('stdio_handler = "file"\n')  # else it wants virtlogd
        self.directory.chmod(0o755)
        self._give(*self.directory.rglob("*"), self.directory)

    def start(self) -> "Libvirtd":
        where = {"HOME": "home", "XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache"}
        environment = {name: str(self.directory / path) for name, path in where.items()}
        environment |= {"XDG_DATA_HOME": str(self.directory / "data"), "PATH": PATH}
        with (self.directory / "out").open("ab") as out:
            self._process = subprocess.Popen(
                [*self._as_nobody(), "libvirtd", "--timeout", "0"],
                cwd=self.directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        end = time.monotonic() + 60
        while self._virsh("uri").returncode:
            if time.monotonic() > end or self._process.poll() is not None:
                raise AssertionError((self.directory / "out").read_text())
            time.sleep(0.05)
        return self

    def _as_nobody(self) -> list[str]:
        if os.geteuid():
            return []
        drop = ["setpriv", "--reuid", NOBODY, "--regid", "nogroup", "--clear-groups"]
        if Path("/dev/null").stat().st_mode & 0o002:
            return drop
        null = self.directory / "null"  # a machine whose own may be written by root alone
        if not null.exists():
            os.mknod(null, 0o666 | 0o020000, os.makedev(1, 3))
            null.chmod(0o666)
        return ["unshare", "--mount", "sh", "-c", f'mount --bind {null} /dev/null && exec "$@"', "sh", *drop]

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def kill(self) -> None:
        """As kill -9 does it; its guests run on."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def destroy(self) -> None:
        """End it and its guests, and remove everything."""
        self.kill()
        self.kill_guest("*")
        shutil.rmtree(self.directory, ignore_errors=True)

    def kill_guest(self, name: str) -> None:
        """Its QEMU, if there is one."""
        for file in self.directory.glob(f"run/libvirt/qemu/run/{name}.pid"):
            try:
                os.kill(int(file.read_text()), signal.SIGKILL)
            except (OSError, ValueError):
                continue

    def virsh(self, *words: str) -> str:
        """What it printed; it must succeed."""
        done = self._virsh(*words)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout.strip()

    def _virsh(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            ["virsh", "-q", "-c", self.uri, *words], capture_output=True, text=True, timeout=60, check=False
        )

    def define(self, name: str, uuid: UUID | None = None, **parts: str) -> "VirtualMachine":
        """A domain that is off, whose disk boots the guest of one sector."""
        machine = VirtualMachine(self, name, uuid or uuid4())
        write_disk(self.directory / f"{name}.raw", 8 * MIB)
        self.give(self.directory / f"{name}.raw")
        machine.define(**parts)
        return machine

    def give(self, *files: Path) -> None:
        """To the user that QEMU is."""
        self._give(*files)

    def enter(self, file: Path) -> None:
        """Have QEMU's user be able to read it: pytest's own directories are closed to others."""
        file.chmod(0o644)
        for above in file.parents:
            if above.stat().st_uid == os.geteuid() and above != Path("/"):
                above.chmod(above.stat().st_mode | 0o011)

    def _give(self, *files: Path) -> None:
        if not os.geteuid():
            for file in files:
                shutil.chown(file, NOBODY)


class VirtualMachine:
    """A domain as somebody sees it who uses virsh."""

    def __init__(self, daemon: Libvirtd, name: str, uuid: UUID) -> None:
        self.daemon = daemon
        self.name = name
        self.uuid = uuid

    def define(self, **parts: str) -> None:
        xml = DOMAIN.format(name=self.name, uuid=self.uuid, directory=self.daemon.directory, **{**OWN_ORDER, **parts})
        file = self.daemon.directory / f"{self.name}.xml"
        file.write_text(xml)
        self.virsh("define", str(file), after=())

    def virsh(self, verb: str, *words: str, after: tuple[str, ...] | None = None) -> str:
        """`virsh VERB NAME WORDS…`; `define` takes a file instead of the name."""
        return self.daemon.virsh(verb, *(words if after is not None else (self.name, *words)))

    @property
    def state(self) -> str:
        return self.virsh("domstate")

    @property
    def saved(self) -> str:
        return self.virsh("dumpxml", "--inactive")

    @property
    def live(self) -> str:
        return self.virsh("dumpxml")

    @property
    def printed(self) -> str:
        """All that its serial line has said."""
        log = self.daemon.directory / f"{self.name}.log"
        return log.read_text(errors="replace") if log.exists() else ""

    def remove(self) -> None:
        """Quicker than `virsh destroy`, which asks QEMU to end first."""
        self.daemon.kill_guest(self.name)
        if self.name in self.daemon.virsh("list", "--all", "--name").split():
            self.virsh("undefine", "--managed-save")
