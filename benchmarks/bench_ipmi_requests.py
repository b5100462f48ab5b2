"""Get Chassis Status per second, and what one costs the server in CPU, with 1, 10 and 50 sessions."""

from benchmarks.harness import compare
from benchmarks.ipmi_load import poll_status, sessions
from benchmarks.ipmi_servers import KEY, NAME, OURS, PYGHMI, SIM, servers

RUNS = 7
REQUESTS = 3000
SESSIONS = (1, 10, 50)
PORT = 9623


def main() -> None:
    cpu: dict[str, dict[str, list[float]]] = {}
    speed: dict[str, dict[str, list[float]]] = {}
    with servers(PORT, 1) as found:
        for count in SESSIONS:
            row = f"{count} sessions" if count > 1 else "1 session"
            for run in range(RUNS + 1):
                for server in found:
                    with sessions(server.where, NAME.encode(), KEY.encode(), count) as clients:
                        before = server.cpu()
                        took = poll_status(clients, REQUESTS)
                        used = server.cpu() - before
                    if run:  # the first one warms up
                        cpu.setdefault(row, {}).setdefault(server.name, []).append(used / REQUESTS * 1e6)
                        speed.setdefault(row, {}).setdefault(server.name, []).append(REQUESTS / took)
    compare("Get Chassis Status: server CPU a request, suite 3", "µs", cpu, OURS)
    print(f"Aims: 1 session at most 2 x {SIM}; 50 sessions below {PYGHMI}.")
    compare("Get Chassis Status: requests a second, suite 3", "1/s", speed, OURS)


if __name__ == "__main__":
    main()
