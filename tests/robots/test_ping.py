"""A server that answers is on; a silent one may be anything."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

import robots.ping
from bmc.model.errors import InvalidRequest
from bmc.model.node import NodeDefinition
from bmc.model.power import PowerReading, PowerState
from bmc.ports import PowerSense
from robots.adapter import Place
from robots.hardware import driver
from robots.ping import adapter
from robots.testing import make_site
from tests.robots.mqtt_lab import ROOT


@pytest.fixture
async def open_sense(tmp_path: Path) -> AsyncIterator[Any]:
    async with contextlib.AsyncExitStack() as stack:

        def open_sense(**options: object) -> PowerSense:
            parts = adapter.open(
                adapter.options.model_validate(options), Place("n1", "ping x", tmp_path, make_site(tmp_path))
            )
            assert parts.running
            stack.push_async_callback(parts.running.close)
            return parts.senses[0]

        yield open_sense


@pytest.fixture
def icmp(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "socket":
        try:
            robots.ping._Echo.open(socket.AF_INET).socket.close()
        except PermissionError:
            pytest.skip("the kernel allows no ICMP socket to this group (net.ipv4.ping_group_range)")
    else:

        def denied(family: int) -> None:
            raise PermissionError

        monkeypatch.setattr(robots.ping._Echo, "open", denied)
    return str(request.param)


@pytest.mark.parametrize("icmp", ["socket", "program"], indirect=True)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
async def test_a_host_that_answers_is_on(open_sense: Any, icmp: str, host: str):
    if host == "::1" and not Path("/proc/net/if_inet6").read_text():
        pytest.skip("no IPv6 here")
    reading = await open_sense(host=host).read()
    assert (reading.state, reading.reason) == (PowerState.ON, "")


@pytest.mark.parametrize("icmp", ["socket", "program"], indirect=True)
async def test_a_host_that_is_silent_is_unknown_and_never_off(open_sense: Any, icmp: str):
    """TEST-NET-1 leads nowhere."""
    reading = await open_sense(host="192.0.2.1", wait="0.2s").read()
    assert reading.state is PowerState.UNKNOWN
    assert "192.0.2.1" in reading.reason


async def test_a_name_that_leads_nowhere_is_unknown(open_sense: Any):
    reading = await open_sense(host="no-such-host.invalid").read()
    assert (reading.state, reading.reason[:21]) == (PowerState.UNKNOWN, "no-such-host.invalid:")


async def test_a_port_that_somebody_answers_is_on_and_a_closed_one_is_unknown(open_sense: Any):
    server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sense = open_sense(host="127.0.0.1", tcp_port=port, poll=1)
    changes = sense.changes()
    assert (await anext(changes)).state is PowerState.ON
    server.close()
    await server.wait_closed()
    gone: PowerReading = await asyncio.wait_for(anext(changes), 10)
    assert gone.state is PowerState.UNKNOWN
    assert gone.reason == f"127.0.0.1 does not answer (TCP port {port}), which does not mean that it is off"


IN_A_NAMESPACE = """
ip link set lo up && echo "0 2147483647" > /proc/sys/net/ipv4/ping_group_range &&
exec "$0" -m pytest -q -p no:cacheprovider tests/robots/test_ping.py -k "host and socket"
"""


async def test_where_the_kernel_allows_it_no_program_is_needed():
    """In a network namespace of its own, as an ordinary user has it too."""
    unshare = ["unshare", "--net", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    child = await asyncio.create_subprocess_exec(
        *unshare, "sh", "-c", IN_A_NAMESPACE, sys.executable, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await asyncio.wait_for(child.communicate(), 60)
    if b"passed" not in told and b"failed" not in told:
        pytest.skip("no network namespace can be made here")
    assert b"4 passed" in told, told.decode()


def test_it_proves_only_on(tmp_path: Path):
    """So a node whose only other eye it is cannot be."""
    options = {"power": {"adapter": "wol", "mac": "52:54:00:00:00:01"}, "sense": ["ping:127.0.0.1"]}

    async def compose() -> None:
        site = make_site(tmp_path)
        await driver.open(NodeDefinition("n1", UUID(int=1), "hardware", options), site)

    with pytest.raises(InvalidRequest, match="could tell that the node is off"):
        asyncio.run(compose())


@pytest.mark.parametrize(
    ("line", "options"),
    [
        ("n1.lab", {"host": "n1.lab"}),
        ("n1.lab:22", {"host": "n1.lab", "tcp_port": 22}),
        ("fe80::1%eth0", {"host": "fe80::1%eth0"}),
        ("[fd00::7]:22", {"host": "fd00::7", "tcp_port": 22}),
        ("[fd00::7]", {"host": "fd00::7"}),
    ],
)
def test_a_sense_may_be_a_line(line: str, options: dict[str, object]):
    assert adapter.line(line) == options
    adapter.options.model_validate(options)


@pytest.mark.parametrize(
    ("sense", "complaint"),
    [
        ("ping:", r"options\.sense\[0\]: expected ping:HOST"),
        ("ping:n1:ssh", r"options\.sense\[0\]: expected ping:HOST"),
        ("ping:n1:0", r"options\.sense\[0\]\.tcp_port: Input should be greater"),
        ("ping:-n 1", r"options\.sense\[0\]\.host: String should match"),
        ({"adapter": "ping"}, r"options\.sense\[0\]\.host: Field required"),
        ({"adapter": "ping", "host": "n1", "wait": "1 year"}, r"options\.sense\[0\]\.wait: expected a duration"),
    ],
)
def test_wrong_options_are_named_with_their_place(sense: object, complaint: str, tmp_path: Path):
    options = {"power": {"adapter": "wol", "mac": "52:54:00:00:00:01"}, "sense": [sense]}
    with pytest.raises(InvalidRequest, match=complaint):
        driver.complete(NodeDefinition("n1", UUID(int=1), "hardware", options), make_site(tmp_path))


def test_doctor_tells_when_nothing_can_be_pinged(monkeypatch: pytest.MonkeyPatch):
    def denied(family: int) -> None:
        raise PermissionError

    monkeypatch.setattr(robots.ping._Echo, "open", denied)
    monkeypatch.setenv("PATH", "/nowhere")
    (check,) = adapter.checks()
    assert "ping_group_range" in check.remedy
