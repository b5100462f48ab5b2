"""What setting a session up and closing it costs the server in CPU."""

from benchmarks.harness import compare
from benchmarks.ipmi_load import set_up
from benchmarks.ipmi_servers import KEY, NAME, OURS, PYGHMI, servers

RUNS = 7
SESSIONS = 300
PORT = 9633


def main() -> None:
    cpu: dict[str, list[float]] = {}
    speed: dict[str, list[float]] = {}
    with servers(PORT, 1) as found:
        for run in range(RUNS + 1):
            for server in found:
                before = server.cpu()
                took = set_up(server.where, NAME.encode(), KEY.encode(), SESSIONS)
                used = server.cpu() - before
                if run:  # the first one warms up
                    cpu.setdefault(server.name, []).append(used / SESSIONS * 1e6)
                    speed.setdefault(server.name, []).append(SESSIONS / took)
    compare("Session opened, raised to Administrator, closed: server CPU, suite 3", "µs", {"a session": cpu}, OURS)
    print(f"Aim: at most half of {PYGHMI}'s.")
    compare("Sessions set up one after the other", "1/s", {"sessions": speed}, OURS)


if __name__ == "__main__":
    main()
