"""Hooks of the real service through kill -9: what was told once is heard, in order for each node."""

import asyncio
import contextlib
import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest

from tests.e2e.conftest import NewService
from tests.e2e.service import ADMIN, ADMIN_PASSWORD, SYSTEMS, LiveService
from tests.hooks.lab import Receiver, receiving
from tests.ports import free_port

EVENTS = "/redfish/v1/EventService"
NODES = ("n1", "n2", "n3")
TOLD = re.compile(r"(n\d) (\d+)")
CONFIG = '[fetch]\nallow = ["127.0.0.0/8"]\n[hooks]\nretry_interval = 1\n'
CREDENTIALS = {"Authorization": aiohttp.encode_basic_auth(ADMIN, ADMIN_PASSWORD)}


class Follower:
    """A client of the event stream that comes back with Last-Event-ID whenever it was cut off."""

    def __init__(self, service: LiveService) -> None:
        self.ids: list[int] = []
        self._service = service

    async def run(self) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError, ValueError, asyncio.IncompleteReadError):
                await self._read()
            await asyncio.sleep(0.05)

    async def _read(self) -> None:
        last = {"Last-Event-ID": str(self.ids[-1])} if self.ids else {}
        url = f"{self._service.url}{EVENTS}/SSE"
        async with aiohttp.ClientSession() as client, client.get(url, headers=CREDENTIALS | last) as response:
            while True:
                message = (await response.content.readuntil(b"\n\n")).decode()
                if message.startswith("id: "):
                    self.ids.append(int(message.partition("\n")[0].removeprefix("id: ")))


async def tell(service: LiveService, node: str, numbers: range, told: list[str]) -> None:
    """One after the other until the service is gone; what it has acknowledged is `told`."""
    body = {"OriginOfCondition": f"/redfish/v1/Systems/{node}"}
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession(headers=CREDENTIALS) as client:
            for number in numbers:
                text = f"{node} {number}"
                url = f"{service.url}{EVENTS}/Actions/EventService.SubmitTestEvent"
                async with client.post(url, json=body | {"Message": text}) as response:
                    assert response.status == 204, await response.text()
                told.append(text)


@pytest.mark.parametrize("count", [450, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_nothing_is_lost_or_out_of_order_through_two_kills(new_service: NewService, count: int) -> None:
    # A port of its own: who comes back must not meet another test's service where this one was.
    service = new_service(config=f"{CONFIG}[http]\nport = {free_port()}\n")
    told: list[str] = []
    each = count // len(NODES) // 3
    async with receiving() as receiver:
        await asyncio.to_thread(service.start)
        body = {"Destination": receiver.url, "Protocol": "Redfish"}
        path = (await asyncio.to_thread(service.do, "POST", f"{EVENTS}/Subscriptions", body)).headers["Location"]
        follower = Follower(service)
        following = asyncio.create_task(follower.run())
        try:
            for part in range(3):
                numbers = range(part * each, (part + 1) * each)
                if part < 2:
                    await kill_amid(service, receiver, numbers, told)
                else:
                    await asyncio.gather(*(tell(service, node, numbers, told) for node in NODES))
            await tell(service, "n1", range(count, count + 1), told)
            await receiver.has_told(f"n1 {count}", 300)
            last = receiver.got[-1].sequence
            async with asyncio.timeout(120):
                while follower.ids[-1] < last:  # noqa: ASYNC110 - it reads on its own
                    await asyncio.sleep(0.02)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
        assert len(told) > count // 2
        assert set(told) <= set(receiver.texts)
        heard: dict[str, list[int]] = defaultdict(list)
        for got in receiver.got:
            if found := TOLD.fullmatch(got.text):
                heard[found[1]].append(int(found[2]))
        assert set(heard) == set(NODES)
        assert all(numbers == sorted(numbers) for numbers in heard.values()), "in order for each node"
        assert sum(after == before for before, after in pairwise(got.sequence for got in receiver.got)) <= 2
        assert follower.ids == list(range(follower.ids[0], follower.ids[-1] + 1)), "an administrator sees all, once"
        assert (await asyncio.to_thread(service.get, path))["Oem"]["Lightsout"]["DeadLetters"] == []


async def kill_amid(service: LiveService, receiver: Receiver, numbers: range, told: list[str]) -> None:
    """Tell, and kill the service when half of it is delivered; then start it again and tell the rest."""
    start = len(receiver.got)
    telling = [asyncio.create_task(tell(service, node, numbers, told)) for node in NODES]
    await receiver.has(start + len(numbers) * len(NODES) // 2, 300)
    service.kill()
    await asyncio.gather(*telling)
    await asyncio.to_thread(service.start)


@pytest.fixture
def silent_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Services that the test starts ask a name server that never answers."""
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        address = f"127.7.{os.getpid() % 250}.{os.getpid() // 250 % 250 + 1}"
        server.bind((address, 53))
        (tmp_path / "resolv.conf").write_text(f"nameserver {address}\noptions timeout:5 attempts:4\n")
        mount = f"mount --bind {tmp_path}/resolv.conf /etc/resolv.conf"
        if subprocess.run(["unshare", "-m", "sh", "-c", mount], capture_output=True).returncode != 0:
            pytest.skip("this container may not mount")
        python = tmp_path / "python"
        python.write_text(f'#!/bin/sh\nexec unshare -m sh -c \'{mount} && exec {sys.executable} "$@"\' sh "$@"\n')
        python.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(python))
        yield


@pytest.mark.usefixtures("silent_names")
def test_name_servers_that_hang_hold_up_neither_power_nor_signing_in(new_service: NewService) -> None:
    """There are more hooks that wait for a name than a loop has threads by itself."""
    service = new_service().start()
    service.reset("n3", "On")  # looks for an accelerator, once
    password = "correct horse battery"
    for number in range(3):
        account = {"UserName": f"olga{number}", "Password": password, "RoleId": "Operator"}
        service.do("POST", "/redfish/v1/AccountService/Accounts", account)
        for _ in range(12):
            body = {"Destination": f"http://{secrets.token_hex(4)}.example/", "Protocol": "Redfish"}
            made = service.call("POST", f"{EVENTS}/Subscriptions", body, user=f"olga{number}", password=password)
            assert made.status == 201, made
    began = time.monotonic()
    service.off("n3")
    service.reset("n3", "On")
    service.until_power("n3", "On", 10)
    assert service.call("GET", SYSTEMS, user="olga0", password="wrong").status == 401
    assert time.monotonic() - began < 15
