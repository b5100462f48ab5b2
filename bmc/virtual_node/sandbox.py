"""The walls around one QEMU: a user of its own, a network namespace of its own, no way to gain rights.

As root each node gets its own high user id. Without root QEMU runs as the service's user inside a user namespace.
Where namespaces are forbidden a guest has no network at all, rather than one that reaches this host.
"""

import os
import subprocess
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID

UNUSED_IDS = 0x70000000
"""Ids from here to 2^31 belong to nobody (systemd's "Users, Groups, UIDs and GIDs" calls the range unused)."""
SMALL_IDS = 30000
"""Used where a container maps only the lowest 65,536 ids."""

Way = Literal["root", "user", "none"]

REMEDY = {
    "root": "give the service CAP_SYS_ADMIN (in a container: --cap-add SYS_ADMIN, or --privileged)",
    "user": "allow user namespaces (sysctl user.max_user_namespaces > 0, kernel.unprivileged_userns_clone=1; on Ubuntu "
    "kernel.apparmor_restrict_unprivileged_userns=0), or run the service as root",
}


@dataclass(frozen=True, slots=True)
class Namespaces:
    """`way` is how network namespaces are made here; "none": they cannot be, and `problem` and `remedy` say why."""

    way: Way
    problem: str = ""
    remedy: str = ""


def own_way() -> Way:
    """How network namespaces are made with our rights."""
    return "root" if os.geteuid() == 0 else "user"


def try_namespaces() -> Namespaces:
    """Make one and see."""
    way = own_way()
    try:
        trial = subprocess.run([*unshare(way), "true"], capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Namespaces("none", f"no network namespace can be made ({error})", REMEDY[way])
    if trial.returncode == 0:
        return Namespaces(way)
    problem = trial.stderr.strip() or f"unshare ended with {trial.returncode}"
    return Namespaces("none", f"no network namespace can be made ({problem})", REMEDY[way])


def unshare(way: Way) -> list[str]:
    """The command prefix that puts a program into a network namespace of its own; the process id stays the same."""
    return {
        "root": ["unshare", "--net", "--"],
        "user": ["unshare", "--user", "--map-root-user", "--net", "--"],
        "none": [],
    }[way]


def enter(way: Way, pid: int) -> list[str]:
    """The command prefix that runs a program in the network namespace of process `pid`."""
    user = ["-U", "--preserve-credentials"] if way == "user" else []
    return ["nsenter", "-t", str(pid), *user, "-n", "--"]


def drop_rights(user: int | None, groups: list[int]) -> list[str]:
    """The command prefix that becomes `user` for good, with no capability left; None stays who we are."""
    if user is None:
        return ["setpriv", "--no-new-privs", "--"]
    keep = ["--groups", ",".join(map(str, groups))] if groups else ["--clear-groups"]
    ids = [f"--reuid={user}", f"--regid={user}", *keep]
    return ["setpriv", *ids, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--"]


def guest_user(uuid: UUID) -> int | None:
    """The node's own user and group id when we are root, else None."""
    if os.geteuid() != 0:
        return None
    return pick_user(uuid, Path("/proc/self/uid_map").read_text())


def pick_user(uuid: UUID, uid_map: str) -> int:
    """An id that belongs to this node alone, among those that `uid_map` (as in /proc/PID/uid_map) makes usable."""
    number = zlib.crc32(uuid.bytes)
    ranges = [tuple(map(int, line.split())) for line in uid_map.splitlines()]
    wide = UNUSED_IDS + number % 0x0FFFFFF0
    if any(first <= wide < first + count for first, _, count in ranges):
        return wide
    return SMALL_IDS + number % 30000


def give_to(user: int | None, directory: Path) -> None:
    """Make the directory and what is in it the guest user's, if there is one."""
    if user is None:
        return
    for path in [directory, *directory.iterdir()]:
        if path.lstat().st_uid != user:
            os.chown(path, user, user, follow_symlinks=False)
