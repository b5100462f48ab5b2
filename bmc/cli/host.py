"""What `bmc doctor` looks at on this machine itself: disk, memory, addresses, programs, the service manager."""

import errno
import os
import shutil
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bmc.cli.client import Running
from bmc.config import NodeDoorSettings, Settings
from bmc.model.checks import Check, Verdict, certificate_check
from bmc.reinstall import build_tools

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
    elif existing == path and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o066:
        yield Check(name, Verdict.WARNING, f"{path} is open to others (mode {mode:o})", f"chmod go-rw {path}")
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


def addresses(settings: Settings) -> Iterator[Check]:
    """Whether the service, which does not run, could listen where its configuration says."""
    host, port = str(settings.http.host), settings.http.port
    if port is not None:
        yield address(host, port, socket.SOCK_STREAM)
    else:
        yield address(host, 0, socket.SOCK_STREAM, "8080 or the next free port")
    if settings.ssh.enabled:
        port = settings.ssh.port or 0
        yield address(settings.ssh_host, port, socket.SOCK_STREAM, "free" if port else "2222 or the next free port")
    yield _node_doors(settings.ipmi, socket.SOCK_DGRAM)
    if settings.redfish.enabled:
        yield _node_doors(settings.redfish, socket.SOCK_STREAM)


def _node_doors(doors: NodeDoorSettings, kind: socket.SocketKind) -> Check:
    if doors.addresses is not None:
        first = next(doors.endpoints())
        return address(first.host, first.port, kind, f"the first of {doors.addresses}")
    return address(str(doors.host), 0, kind, f"{doors.first_port} or the next free port")


def address(host: str, port: int, kind: socket.SocketKind, note: str = "free") -> Check:
    name = f"{'TCP' if kind is socket.SOCK_STREAM else 'UDP'} {host}" + (f":{port}" if port else "")
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind) as trial:
        if kind is socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            remedies = {
                errno.EACCES: "choose a port from 1024 on, or grant CAP_NET_BIND_SERVICE",
                errno.EADDRNOTAVAIL: "configure an address that this machine has",
                errno.EADDRINUSE: "end the program that has it, or configure another port",
            }
            return Check(name, Verdict.FAILED, str(error.strerror), remedies.get(error.errno or 0, ""))
    return Check(name, Verdict.OK, note)


def service(running: Running) -> Iterator[Check]:
    """Whether the running service listens where it says."""
    name = "service"
    parts = urlsplit(running.url)
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=5).close()
    except OSError as error:
        yield Check(
            name, Verdict.FAILED, f"{running.url} does not answer: {error}", f"look into its log (pid {running.pid})"
        )
    else:
        yield Check(name, Verdict.OK, f"runs at {running.url} with {len(running.nodes)} nodes (pid {running.pid})")
    for url in (running.url, *(node.get("redfish") or "" for node in running.nodes)):
        if url.startswith("https://"):
            yield certificate(url)
            break  # all have the same
    doors = {
        "IPMI": [node["name"] for node in running.nodes if not node["ipmi"]],
        "Redfish": [node["name"] for node in running.nodes if node.get("redfish") == ""],  # None: not wanted
    }
    for title, closed in doors.items():
        if closed:
            remedy = "the event log says why; mend it, then restart the service"
            yield Check(title, Verdict.WARNING, f"the door is closed for {', '.join(closed)}", remedy)


def certificate(url: str) -> Check:
    """What is served there, whatever lies in files meanwhile."""
    from cryptography.x509 import load_pem_x509_certificate

    parts = urlsplit(url)
    try:
        text = ssl.get_server_certificate((parts.hostname or "", parts.port or 443), timeout=5)
        served = load_pem_x509_certificate(text.encode())
    except (OSError, ValueError) as error:
        return Check("certificate", Verdict.FAILED, f"{url} shows none: {error}", "look into the service's log")
    since, until = served.not_valid_before_utc.timestamp(), served.not_valid_after_utc.timestamp()
    return certificate_check(since, until, time.time())


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


def ipmitool() -> Check:
    path = shutil.which("ipmitool")
    if path is None:
        return Check(
            "ipmitool", Verdict.WARNING, "not found; a client to try the IPMI door with", "apt-get install ipmitool"
        )
    return Check("ipmitool", Verdict.OK, path)


def deploy_kit() -> Iterator[Check]:
    """Whether the deploy ramdisk, its medium and the small operating systems can be built here."""
    missing = []
    for name in build_tools.PACKAGES:
        try:
            build_tools.program(name)
        except build_tools.BuildFailed:
            missing.append(name)
    if missing:
        packages = sorted({build_tools.PACKAGES[name] for name in missing})
        remedy = f"apt-get install {' '.join(packages)}"
        yield Check("deploy tools", Verdict.FAILED, f"not found: {', '.join(missing)}", remedy)
    else:
        yield Check("deploy tools", Verdict.OK, ", ".join(build_tools.PACKAGES))
    try:
        yield Check("deploy kernel", Verdict.OK, str(build_tools.kernel_here().image))
    except build_tools.BuildFailed as error:
        yield Check("deploy kernel", Verdict.FAILED, str(error), "run scripts/kernel")
