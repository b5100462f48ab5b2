"""Consoles over a network that loses up to a third of everything: what is printed and typed arrives once, in order."""

import asyncio
from contextlib import AbstractAsyncContextManager

import pytest

from tests.ipmi.conftest import Rack
from tests.ipmi.fakes import KEY
from tests.ipmi.lossy import LossyNetwork, lossy
from tests.ipmi.terminal import Terminal, pyghmi_line, terminal

PRINTED = b"".join(b"line %05d\r\n" % number for number in range(200))
TYPED = b"".join(b"%04d." % number for number in range(24))


def console(client: str, rack: Rack, network: LossyNetwork) -> AbstractAsyncContextManager[Terminal]:
    if client == "ipmitool":
        line = rack.ipmitool_line("sol", "activate")
        line[line.index("-H") + 1] = network.host
        return terminal(*line)
    if client == "pyghmi":
        return terminal(*pyghmi_line(network.host, rack.port, "admin", rack.key_file))
    return terminal("ipmiconsole", "-h", f"{network.host}:{rack.port}", "-u", "admin", "-p", KEY)


@pytest.mark.parametrize(("client", "typing_loss"), [("ipmitool", 0.3), ("ipmiconsole", 0.3), ("pyghmi", 0.1)])
async def test_a_console_over_a_bad_network(rack: Rack, client: str, typing_loss: float):
    """pyghmi gives up after five tries of what it sends, so it types over a network that loses less."""
    async with lossy((rack.endpoint.host, rack.port)) as network, console(client, rack, network) as person:
        await person.expect(b"n1 login: ")
        network.loss, network.repeats = 0.3, 0.1
        rack.node.lines[0].print(PRINTED + b"that was all")
        assert await person.expect(b"that was all", timeout=60) == PRINTED
        network.loss = typing_loss
        for start in range(0, len(TYPED), 20):
            person.type(TYPED[start : start + 20])
        async with asyncio.timeout(60):
            while len(rack.node.lines[0].written) < len(TYPED):  # noqa: ASYNC110 - the other side is another process
                await asyncio.sleep(0.01)
        assert rack.node.lines[0].written == TYPED
        assert network.lost > 5
