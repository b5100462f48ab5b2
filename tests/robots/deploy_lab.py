"""A node that boots by the deploy network `lab`, and what runs here for it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bmc.ports import Backend, Configured, DeployLink, DeployNetwork, LoginLink, NetworkBoot, Site
from robots.testing import credentials, make_site, opened
from tests.robots.lan import MAC

ADDRESS, URL = "192.0.2.23", "http://192.0.2.1:20023/boot.ipxe"
BMC = {"adapter": "ipmi", "host": "127.0.0.1", "credential": "lab"}  # never asked
DEPLOY = {"adapter": "deploy-network", "network": "lab", "macs": [MAC], "address": ADDRESS}


def site_on(network: DeployNetwork, directory: Path) -> Site:
    return make_site(directory, configured=Configured(credentials, deploy_networks={network.name: network}))


@asynccontextmanager
async def node(site: Site, name: str = "n1", **deploy: object) -> AsyncIterator[Backend]:
    async with opened({"bmc": BMC, "deploy": {**DEPLOY, **deploy}}, site, name) as backend:
        yield backend


def boots(backend: Backend) -> NetworkBoot:
    assert backend.network_boot is not None
    return backend.network_boot


def link(backend: Backend) -> DeployLink:
    assert backend.deploy is not None
    return backend.deploy


def login(backend: Backend) -> LoginLink:
    assert backend.login is not None
    return backend.login


def servers() -> list[int]:
    """The processes of ours that serve here."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"--conf-file=-" in command_line(pid)]


def command_line(pid: str) -> bytes:
    """Its words, each ended by a zero byte; none of a process that has ended meanwhile."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""


def ports() -> set[int]:
    """The UDP ports that anybody listens at here."""
    table = Path("/proc/thread-self/net/udp").read_text().splitlines()[1:]
    return {int(line.split()[1].partition(":")[2], 16) for line in table}
