"""What an idle endpoint costs in memory and CPU, with 1, 100, 1,000 and 10,000 of them.

Behind our door are nodes that are nothing but their snapshot and exist from the start: what is counted is the
endpoint's own. ipmi_sim takes a process for each, so it is counted up to 100; pyghmi's server waits with select(),
which ends at 1,024 descriptors. What the kernel keeps for a socket is
in nobody's figure.
"""

import time

from benchmarks.harness import compare
from benchmarks.ipmi_load import poll_status, sessions
from benchmarks.ipmi_servers import KEY, NAME, OURS, PYGHMI, SIM, Server, missing, server

ENDPOINTS = {OURS: (1, 100, 1000, 10_000), PYGHMI: (1, 100, 1000), SIM: (1, 100)}
REQUESTS = 3000
IDLE = 5.0
PORT = 9643


def grow(
    name: str, port: int, memory: dict[str, dict[str, list[float]]], idle: dict[str, dict[str, list[float]]]
) -> None:
    """One server process that gets more and more endpoints."""
    with server(name, port, 0, kind="snapshot") as process:
        empty = process.memory()
        for count in ENDPOINTS[name]:
            process.resize(count)
            row = f"{count:,}"
            memory.setdefault(row, {})[name] = [(process.memory() - empty) / count / 1000]
            idle.setdefault(row, {})[name] = [_idle_cpu(process)]
        if name == OURS:
            with sessions(process.where, NAME.encode(), KEY.encode(), 1) as clients:
                before = process.cpu()
                poll_status(clients, REQUESTS)
                cost = (process.cpu() - before) / REQUESTS * 1e6
            print(f"With {ENDPOINTS[OURS][-1]:,} endpoints a Get Chassis Status costs {cost:.1f} µs of CPU.")


def _idle_cpu(process: Server) -> float:
    """Milliseconds of CPU a second."""
    before = process.cpu()
    time.sleep(IDLE)
    return (process.cpu() - before) / IDLE * 1e3


def main() -> None:
    memory: dict[str, dict[str, list[float]]] = {}
    idle: dict[str, dict[str, list[float]]] = {}
    for number, name in enumerate((OURS, PYGHMI)):
        grow(name, PORT + number, memory, idle)
    if why := missing(SIM):
        print(f"{SIM} is left out: {why}")
    else:
        for count in ENDPOINTS[SIM]:
            with server(SIM, PORT + 2, count) as simulators:
                memory[f"{count:,}"][SIM] = [simulators.memory() / count / 1000]
                idle[f"{count:,}"][SIM] = [_idle_cpu(simulators)]
    compare("Private memory an idle endpoint", "kB", memory, OURS)
    print("Aim: at most 10 kB from 100 endpoints on; one alone bears what the first one loads.")
    compare("All endpoints idle: CPU", "ms a second", idle, OURS)


if __name__ == "__main__":
    main()
