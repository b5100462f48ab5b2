"""A process with BMCs of pyghmi's server class, for the benchmarks: `python -m benchmarks.ipmi_pyghmi PORT`.

Each line read is how many endpoints there are to be; each answer says that there are.
"""

import gc
import select
import sys

from pyghmi.ipmi.bmc import Bmc
from pyghmi.ipmi.private import session

from benchmarks.ipmi_servers import KEY, NAME, address, raise_file_limit


class PoweredOff(Bmc):  # type: ignore[misc]
    """The least that it takes to answer Get Chassis Status."""

    def get_power_state(self) -> str:
        return "off"


def serve(port: int) -> None:
    bmcs: list[PoweredOff] = []
    while line := sys.stdin.readline():
        bmcs += [PoweredOff({NAME: KEY}, port, address=address(n)) for n in range(len(bmcs), int(line))]
        session.myself = address(0)  # where it wakes itself; it believes that its first socket is on 127.0.0.1
        gc.collect()
        print(len(bmcs), flush=True)
        while bmcs and not select.select([sys.stdin], [], [], 0)[0]:
            session.Session.wait_for_rsp(0.2)


if __name__ == "__main__":
    raise_file_limit()
    serve(int(sys.argv[1]))
