"""What `bmc doctor` looks at on this machine itself: directories, sockets, memory, namespaces, the service manager."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bmc.model.checks import Check, Verdict
from bmc.model.node import Endpoint

GIB = 1 << 30
MIB = 1 << 20


def state_directory(path: Path) -> Iterator[Check]:
    """Whether the service can keep its state in `path`."""
    name = "state directory"
    existing = next(parent for parent in (path, *path.parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        yield Check(
            name,
            Verdict.FAILED,
            f"{existing} cannot be written to",
            f"chown it to this user, or set BMC_STATE ({path})",
        )
    elif existing == path and (mode := path.stat().st_mode & 0o077):
        yield Check(name, Verdict.WARNING, f"{path} is open to others (mode {mode | 0o700:o})", f"chmod 700 {path}")
    else:
        yield Check(name, Verdict.OK, str(path) if existing == path else f"{path} will be made")
    yield disk_space(existing)


def disk_space(path: Path) -> Check:
    free = shutil.disk_usage(path).free
    finding = f"{free / GIB:.1f} GiB free below {path}"
    if free < GIB:
        return Check("disk space", Verdict.FAILED, finding, "free some space, or set BMC_STATE to another disk")
    if free < 10 * GIB:
        return Check(
            "disk space", Verdict.WARNING, finding, "disks of nodes grow as guests write; a full disk pauses them"
        )
    return Check("disk space", Verdict.OK, finding)


def available_memory() -> int:
    """Bytes that new processes can have, this cgroup's limit included."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(fields["MemAvailable"].split()[0]) * 1024
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):  # no cgroup of our own at the root, or "max"
        return available
    return min(available, max(0, limit - used))


def memory() -> Check:
    available = available_memory()
    finding = f"{available / GIB:.1f} GiB available"
    if available < 256 * MIB:
        return Check(
            "memory", Verdict.FAILED, finding, "end other programs; power-on is refused when memory does not suffice"
        )
    if available < GIB:
        return Check("memory", Verdict.WARNING, finding, "enough for one or two small nodes only")
    return Check("memory", Verdict.OK, finding)


def namespaces(root: bool) -> Check:
    """Whether a guest can get a network namespace of its own. Tried: AppArmor, sysctls and containers forbid it."""
    command = ["unshare", "--net", "true"] if root else ["unshare", "--user", "--map-root-user", "--net", "true"]
    name = "network namespaces"
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=10)
    except FileNotFoundError:
        return Check(name, Verdict.FAILED, "there is no `unshare`", "install util-linux")
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        reason = str(getattr(error, "stderr", "") or error).strip()
        return Check(name, Verdict.FAILED, f"`{' '.join(command)}`: {reason}", namespace_remedy(root))
    return Check(name, Verdict.OK, "each guest gets one of its own, closed to this host")


def namespace_remedy(root: bool) -> str:
    if root:
        return "in a container: grant CAP_SYS_ADMIN and allow unshare(2) in its seccomp profile"
    restriction = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    if restriction.exists() and restriction.read_text().strip() == "1":
        return "AppArmor forbids it to ordinary users: run scripts/namespaces, which adds a profile, or run as root"
    return (
        "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, user.max_user_namespaces>0), or run as root"
    )


def kvm_permissions() -> Check:
    device = Path("/dev/kvm")
    if not device.exists():
        return Check(
            "/dev/kvm",
            Verdict.WARNING,
            "not there: guests are emulated",
            "enable virtualisation in the firmware or the host",
        )
    if not os.access(device, os.R_OK | os.W_OK):
        return Check(
            "/dev/kvm",
            Verdict.WARNING,
            "not ours to open: guests are emulated",
            "sudo usermod -aG kvm $USER, then log in again",
        )
    return Check("/dev/kvm", Verdict.OK, "can be opened")


def addresses(tcp: Iterable[Endpoint], udp: Iterable[Endpoint], running: bool) -> Iterator[Check]:
    """Whether the service can listen where it is told to; `running` when the service on this state has them already."""
    for kind, protocol, endpoints in ((socket.SOCK_STREAM, "TCP", tcp), (socket.SOCK_DGRAM, "UDP", udp)):
        for endpoint in endpoints:
            yield address(endpoint, kind, protocol, running)


def address(endpoint: Endpoint, kind: socket.SocketKind, protocol: str, running: bool) -> Check:
    name = f"{protocol} {endpoint.host}:{endpoint.port}"
    family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
    with socket.socket(family, kind) as trial:
        if kind is socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((endpoint.host, endpoint.port))
        except PermissionError:
            return Check(
                name,
                Verdict.FAILED,
                "ports below 1024 are root's",
                "choose a higher port, or grant CAP_NET_BIND_SERVICE",
            )
        except OSError as error:
            if running:
                return Check(name, Verdict.OK, "the service listens")
            return Check(
                name,
                Verdict.FAILED,
                os.strerror(error.errno or 0),
                "end the program that has it, or choose another port",
            )
    if running:
        return Check(name, Verdict.FAILED, "the service runs but does not listen here", "look into its log")
    return Check(name, Verdict.OK, "free")


def service_manager(environment: Mapping[str, str]) -> Check:
    """Whether guests outlive the service under what starts it here."""
    name = "service manager"
    container = environment.get("container") or next(
        (p for p in ("/.dockerenv", "/run/.containerenv") if Path(p).exists()), ""
    )
    if not Path("/run/systemd/system").is_dir():
        if container:
            return Check(
                name,
                Verdict.WARNING,
                "a container: guests end when it does",
                "stop nodes before replacing the container",
            )
        return Check(name, Verdict.OK, "no systemd: guests outlive the service")
    kill_mode = unit_kill_mode("lightsout.service")
    if kill_mode not in ("", "process"):
        remedy = "set KillMode=process in the unit (see scripts/lightsout.service)"
        return Check(
            name, Verdict.FAILED, f"lightsout.service has KillMode={kill_mode}: stopping it ends all guests", remedy
        )
    return Check(name, Verdict.OK, "systemd; guests outlive the service")


def unit_kill_mode(unit: str) -> str:
    """KillMode of a loaded unit, empty when there is none."""
    command = ["systemctl", "show", unit, "--property=LoadState", "--property=KillMode"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""
    values = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    return values.get("KillMode", "") if values.get("LoadState") == "loaded" else ""


TOOLS = {
    "qemu-img": (Verdict.FAILED, "makes the nodes' disks", "qemu-utils"),
    "nsenter": (Verdict.FAILED, "opens the deploy listener inside a guest's namespace", "util-linux"),
    "xorriso": (Verdict.WARNING, "reinstalls need it for their medium", "xorriso"),
    "ipmitool": (Verdict.WARNING, "a client to try the IPMI door with", "ipmitool"),
}


def tools() -> Iterator[Check]:
    for tool, (without, purpose, package) in TOOLS.items():
        path = shutil.which(tool)
        if path:
            yield Check(tool, Verdict.OK, path)
        else:
            yield Check(tool, without, f"not found; {purpose}", f"apt-get install {package}")
