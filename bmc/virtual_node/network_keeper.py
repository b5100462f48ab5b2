"""Runs alone for each private network: its network namespace, with a bridge and our DHCP.

Arguments: the network's directory, the bridge's address, the user of the DHCP server ("" is who we are). It outlives
the service, as guests do, and ends when no card has been on the bridge for a while. SIGHUP: `dnsmasq.conf` is another.
Standard library only. It says "ready" once, or what is missing.
"""

import contextlib
import fcntl
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

BRIDGE = "br0"
BRIDGE_MAC = "02:4c:4f:00:00:01"
"""Else it would have that of some tap, and forget its neighbours whenever that is another."""
IDLE_SECONDS = 10.0
TICK = 1.0
SIGNALS = {signal.SIGHUP, signal.SIGCHLD, signal.SIGTERM}
LOG_MAX = 1024 * 1024
"""Bytes that the DHCP server may log: a guest can have it say as much as it likes."""
RIGHTS = "+net_admin,+net_raw,+net_bind_service"


def main(directory: str, address: str, user: str) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    os.chdir(directory)
    log = os.open("log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC, 0o600)
    for which in ("all", "default"):
        with contextlib.suppress(FileNotFoundError):  # a kernel without IPv6
            Path(f"/proc/sys/net/ipv6/conf/{which}/disable_ipv6").write_text("1")
    for line in (
        "link set lo up",
        f"link add {BRIDGE} address {BRIDGE_MAC} type bridge",
        f"link set {BRIDGE} up",
        f"addr add {address}/24 dev {BRIDGE}",
    ):
        subprocess.run(["ip", *line.split()], check=True)
    server = serve(user, log)
    started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    scratch = Path("keeper.new")
    scratch.write_text(f"{os.getpid()} {started}\n")
    scratch.replace("keeper")
    print("ready", flush=True)
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    keep(server, user, log)


def keep(server: "subprocess.Popen[bytes]", user: str, log: int) -> None:
    used = time.monotonic()
    while True:
        seen = signal.sigtimedwait(SIGNALS, TICK)
        if seen is not None and seen.si_signo == signal.SIGTERM:
            break
        hung_up = seen is not None and seen.si_signo == signal.SIGHUP
        if hung_up or server.poll() is not None:
            if not hung_up:
                time.sleep(TICK)  # it died: not over and over
            server.kill()
            server.wait()
            server = serve(user, log)
        if in_use():
            used = time.monotonic()
        elif time.monotonic() - used > IDLE_SECONDS and unwanted():
            break
    server.kill()
    server.wait()


def serve(user: str, log: int) -> "subprocess.Popen[bytes]":
    """The DHCP server, with no right but to serve here, which ends with us. It reads its configuration before."""
    ids = [f"--reuid={user}", f"--regid={user}", "--clear-groups"] if user else []
    rights = [f"--inh-caps=-all,{RIGHTS}", f"--ambient-caps=-all,{RIGHTS}", f"--bounding-set=-all,{RIGHTS}"]
    with Path("dnsmasq.conf").open("rb") as configuration:
        return subprocess.Popen(
            [
                *("setpriv", *ids, *rights, "--no-new-privs", "--pdeathsig", "KILL", "--"),
                *("dnsmasq", "--no-daemon", "--conf-file=-"),
            ],
            stdin=configuration,
            stdout=log,
            stderr=log,
            preexec_fn=begin,
            restore_signals=False,  # SIGXFSZ stays ignored: it serves on once its log is full
        )


def begin() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LOG_MAX, LOG_MAX))


def in_use() -> bool:
    return any(name.startswith("tap") for _, name in socket.if_nameindex())


def unwanted() -> bool:
    """Nobody is about to plug in a card, and from now on nobody finds us."""
    lock = os.open("../.keepers.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not in_use():
            Path("keeper").unlink(missing_ok=True)
            return True
    os.close(lock)
    return False


if __name__ == "__main__":
    main(*sys.argv[1:])
