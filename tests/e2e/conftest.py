"""Live services: one for each worker that all reads share, and one of its own for each test that breaks things."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.service import DEMO, LiveService
from tests.ports import free_port

SECURE = """
[http]
tls = true
[[hooks.program]]
name = "none"
command = ["/bin/true"]
[[hooks.syslog]]
name = "away"
host = "127.0.0.1"
port = 9
protocol = "tcp"
[[hooks.mail]]
name = "away"
host = "127.0.0.1"
port = 9
security = "none"
sender = "bmc@example.org"
to = ["oncall@example.org"]
"""
NewService = Callable[..., LiveService]


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """The worker's own service with its demo fleet. Tests leave its nodes in any state, and the service running."""
    service = LiveService(tmp_path_factory.mktemp("live"))
    try:
        yield service.start()
    finally:
        service.destroy()


@pytest.fixture(scope="session")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveService]:
    """A service over HTTPS with the node n1 alone, as DMTF's tools take seconds for each; with a hook of each kind, of
    which most reach nobody.
    """
    service = LiveService(tmp_path_factory.mktemp("secure"), config=SECURE)
    try:
        service.start()
        for node in DEMO[1:]:
            service.remove_node(node)
        yield service
    finally:
        service.destroy()


def ports_of_its_own() -> str:
    """The configuration of a service whose nodes keep their ports while it is down: no other test's service, which has
    the same IPMI password, takes them meanwhile.
    """
    return f"[ipmi]\nfirst_port = {free_port()}\n"


@pytest.fixture
def new_service(tmp_path: Path) -> Iterator[NewService]:
    """Makes services that are not started yet; all of them are gone after the test."""
    made: list[LiveService] = []

    def make(name: str = "service", **options: object) -> LiveService:
        made.append(LiveService(tmp_path / name, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for service in made:
        service.destroy()


@pytest.fixture
def service(new_service: NewService) -> LiveService:
    """A service of this test's own, started, with the demo fleet."""
    return new_service().start()
