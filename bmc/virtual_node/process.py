"""The QEMU process: started so that it outlives us, found again by its identity, watched by a pidfd."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from bmc.model.errors import BackendFailed
from bmc.virtual_node.files import NodeFiles

LAUNCHER = """
umask 077
echo $$ $(cut -d' ' -f22 /proc/$$/stat) > "$1" || exit 1
cd "$2" || exit 1
ulimit -f "$3"
trap '' XFSZ
shift 3
exec "$@"
"""
"""Becomes QEMU: so the process id is on disk before there is a QEMU, whenever the service dies. No file of QEMU's grows
beyond $3 blocks of 512 bytes, not even a log while the service is dead; such a write fails and does not kill."""

LOG_TAIL = 2000
FW_CFG_WARNING = "externally provided fw_cfg item"  # about the serial port for SeaBIOS, at each start


@dataclass(frozen=True, slots=True)
class Ended:
    """`status`: exit code or negative signal number, None when it was not our child. `log`: its last output."""

    status: int | None
    log: str

    @property
    def text(self) -> str:
        how = "QEMU ended unexpectedly"
        if self.status is not None and self.status < 0:
            how = f"QEMU was killed by {signal.Signals(-self.status).name}"
        elif self.status:
            how = f"QEMU ended with exit code {self.status}"
        return f"{how}: {self.log}" if self.log else how


class QemuProcess:
    """One running QEMU. `ended` is set once it is gone."""

    def __init__(self, pid: int, descriptor: int, log: Path) -> None:
        self.pid = pid
        self.ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._descriptor = descriptor
        self._log = log
        asyncio.get_running_loop().add_reader(descriptor, self._on_end)

    @property
    def alive(self) -> bool:
        return not self.ended.done()

    def kill(self) -> None:
        """End it without a word."""
        if self.alive:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    async def wait(self, seconds: float) -> bool:
        """Whether it has ended within that time."""
        done, _ = await asyncio.wait([self.ended], timeout=seconds)
        return bool(done)

    def close(self) -> None:
        """Let go without touching it."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1

    def _on_end(self) -> None:
        status: int | None = None
        with contextlib.suppress(ChildProcessError):
            _, raw = os.waitpid(self.pid, os.WNOHANG)
            status = os.waitstatus_to_exitcode(raw)
        self.close()
        self.ended.set_result(Ended(status, log_tail(self._log)))


def spawn(
    files: NodeFiles, argv: list[str], largest_file: int, descriptors: Mapping[int, int] | None = None
) -> QemuProcess:
    """Start QEMU in a session of its own, so that what ends the service does not end it.

    `descriptors` are open files of ours, by the number that QEMU has each as.

    :raise BackendFailed: it cannot be started.
    """
    blocks = -(-largest_file // 512)
    command = ["sh", "-c", LAUNCHER, "launcher", str(files.pid), str(files.guest), str(blocks), *argv]
    append = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    try:
        pid = os.posix_spawn(
            "/bin/sh",
            command,
            {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(files.log), append, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                *((os.POSIX_SPAWN_DUP2, ours, its) for its, ours in (descriptors or {}).items()),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=[signal.SIGPIPE, signal.SIGINT, signal.SIGTERM],
        )
    except OSError as error:
        raise BackendFailed(f"QEMU cannot be started: {error}") from None
    return QemuProcess(pid, os.pidfd_open(pid), files.log)


def find(files: NodeFiles, uuid: UUID) -> QemuProcess | None:
    """The node's QEMU if it still runs: the process of the pid file, no younger one with its number, no stranger."""
    try:
        pid, started = files.pid.read_text().split()
        descriptor = os.pidfd_open(int(pid))
    except (OSError, ValueError):
        return None
    if _is_ours(int(pid), started, files.guest, str(uuid).encode()):
        return QemuProcess(int(pid), descriptor, files.log)
    os.close(descriptor)
    return None


def find_pid(file: Path, directory: Path, word: bytes) -> int | None:
    """The process that `file` names by id and start time, if it still is at home in `directory` and has that word."""
    try:
        pid, started = file.read_text().split()
        return int(pid) if _is_ours(int(pid), started, directory, word) else None
    except (OSError, ValueError):
        return None


def host_boot_id() -> str:
    """Another one after each start of this host."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def log_tail(path: Path) -> str:
    """The end of QEMU's own output, as one line of text."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - LOG_TAIL))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return " | ".join(line.strip() for line in text.splitlines() if line.strip() and FW_CFG_WARNING not in line)


def _is_ours(pid: int, started: str, directory: Path, word: bytes) -> bool:
    """By start time, by a word in its arguments, and by its working directory, which no other installation shares."""
    process = Path("/proc") / str(pid)
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        arguments = (process / "cmdline").read_bytes().split(b"\0")
        state, start = fields[0], fields[19]
        at_home = (process / "cwd").samefile(directory)
    except OSError:
        return False
    return state not in ("Z", "X") and start == started and word in arguments and at_home
