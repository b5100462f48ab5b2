"""How long from a guest's own shutdown, by QEMU's clock, to the event in a client of the event stream."""

import http.client
import json
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from benchmarks.harness import Service, service, wait_for
from bmc.cli.client import Client, system_path

NODE = "n1"
RUNS = 5
AIM = 0.1
STREAM = "/redfish/v1/EventService/SSE"


def prompts(directory: Path) -> int:
    log = directory / "serial.log"
    return log.read_bytes().count(b"login:") if log.exists() else 0


def told_shutdown(directory: Path) -> float:
    """When QEMU last said that the guest had shut down, in seconds since the epoch."""
    lines = [json.loads(line) for line in (directory / "events.jsonl").read_text().splitlines()]
    said = [line["timestamp"] for line in lines if line.get("event") == "SHUTDOWN" and line["data"]["guest"]]
    return float(said[-1]["seconds"] + said[-1]["microseconds"] / 1e6)


def heard_off(stream: http.client.HTTPResponse) -> float:
    """When the next event comes that says that the node is off."""
    while line := stream.readline():
        if line.startswith(b"data: "):
            now = time.time()
            oem = json.loads(line[6:])["Events"][0]["Oem"]["Lightsout"]
            if (oem["Kind"], oem["Node"], oem["Details"].get("to")) == ("power.changed", NODE, "Off"):
                return now
    raise SystemExit("the event stream has ended")


def one(lightsout: Service) -> float:
    directory = lightsout.directory(NODE)
    before = prompts(directory)
    lightsout.power(NODE, "On", "On")
    wait_for(lambda: prompts(directory) > before, "the login prompt", every=0.5)
    connection = http.client.HTTPConnection(urlsplit(lightsout.url).netloc)
    connection.request("GET", STREAM, headers={"X-Auth-Token": lightsout.token})
    stream = connection.getresponse()
    stream.readline()
    action = f"{system_path(NODE)}/Actions/ComputerSystem.Reset"
    Client(lightsout.state).post(action, {"ResetType": "GracefulShutdown"})  # the guest is asked, and obeys by itself
    heard = heard_off(stream)
    connection.close()
    return heard - told_shutdown(directory)


def main() -> None:
    with service() as lightsout:
        times = [one(lightsout) for _ in range(RUNS)]
    print(
        f"From a guest's own shutdown to the event in a client: {1000 * median(times):.0f} ms, median of {RUNS} "
        f"({1000 * min(times):.0f}-{1000 * max(times):.0f}); aim: under {1000 * AIM:.0f} ms"
    )


if __name__ == "__main__":
    main()
