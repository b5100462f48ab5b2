"""Two installations on one machine, started at the same time, do not get in each other's way."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.conftest import NewService


@pytest.mark.guest
def test_two_installations_started_at_once_share_nothing(new_service: NewService) -> None:
    first, second = new_service("first"), new_service("second")
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda service: service.start(), (first, second)))
    assert first.url != second.url
    assert set(first.nodes.values()).isdisjoint(second.nodes.values())
    assert first.system("n3")["UUID"] != second.system("n3")["UUID"]

    first.reset("n3", "On")
    assert second.power("n3") == "Off"
    second.ipmitool("n3", "chassis", "power", "on")
    for service in (first, second):
        service.until_power("n3", "On")
    pids = first.qemu("n3"), second.qemu("n3")
    assert None not in pids
    assert pids[0] != pids[1]

    first.kill()
    first.start()
    assert set(first.nodes.values()).isdisjoint(second.nodes.values())
    assert first.bmc("down", "--yes").returncode == 0
    assert (first.power("n3"), second.power("n3")) == ("Off", "On")
    assert second.qemu("n3") == pids[1]
