"""Another eye on a plant: a vendor BMC, OpenIPMI's simulator, that tells whether the server runs and can do nothing."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.robots.conftest import Simulator
from tests.robots.plant import RemotePlant


@contextmanager
def witnessed(plant: RemotePlant, directory: Path) -> Iterator[Mapping[str, object]]:
    """The table of a sense that sees the plant."""
    directory.mkdir()
    simulator, ended = Simulator(directory), threading.Event()
    simulator.start()

    def watch() -> None:
        shown = False
        while not ended.wait(0.05):
            if (running := plant.look().says) is not shown:
                draft = directory / "power.new"
                draft.write_text(f"{running:d}\n")
                draft.replace(directory / "power")
                shown = running

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield {"adapter": "ipmi", "host": "127.0.0.1", "port": simulator.port, "credential": "lab", "poll": "1s"}
    finally:
        ended.set()
        thread.join()
        simulator.close()
