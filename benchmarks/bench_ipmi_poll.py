"""A FreeIPMI hostrange poll: one `ipmipower --stat` of 1,000 endpoints, each at an address of its own.

Behind our door are nodes that are nothing but their snapshot. ipmi_sim takes a process for each endpoint.
"""

import shutil
import subprocess
import time

from benchmarks.harness import compare
from benchmarks.ipmi_servers import KEY, NAME, OURS, Server, servers

RUNS = 3
ENDPOINTS = 1000
PORT = 9653


def poll(polled: Server) -> tuple[float, float]:
    """Seconds it took, and seconds of the server's CPU. :raise SystemExit: not every endpoint answered."""
    hosts = ",".join(f"127.77.{block}.[1-250]:{polled.port}" for block in range(ENDPOINTS // 250))
    # pyghmi's server and ipmi_sim know no other suite; ipmi_sim is not to be asked for the highest privilege.
    login = ["-D", "LAN_2_0", "-I", "3", "-u", NAME, "-p", KEY, "-W", "opensesspriv"]
    before, started = polled.cpu(), time.perf_counter()
    told = subprocess.run(["ipmipower", "--stat", "-h", hosts, *login], capture_output=True, text=True, timeout=600)
    took, used = time.perf_counter() - started, polled.cpu() - before
    states = [line for line in told.stdout.splitlines() if line.endswith((": on", ": off"))]
    if len(states) < ENDPOINTS:
        odd = [line for line in (told.stdout + told.stderr).splitlines() if line not in states][:3]
        print(f"{polled.name}: {len(states)} of {ENDPOINTS} endpoints told their state; others: {odd}")
    return took, used


def main() -> None:
    if shutil.which("ipmipower") is None:
        print("Left out: ipmipower is not installed (Debian package freeipmi-tools)")
        return
    took: dict[str, list[float]] = {}
    cpu: dict[str, list[float]] = {}
    with servers(PORT, ENDPOINTS, kind="snapshot") as found:
        for _ in range(RUNS):
            for polled in found:
                seconds, used = poll(polled)
                took.setdefault(polled.name, []).append(seconds)
                cpu.setdefault(polled.name, []).append(used * 1e6 / ENDPOINTS)
    compare(f"ipmipower --stat of {ENDPOINTS} endpoints", "s", {"the poll": took}, OURS)
    compare(f"ipmipower --stat of {ENDPOINTS} endpoints: server CPU", "µs an endpoint", {"the poll": cpu}, OURS)


if __name__ == "__main__":
    main()
