"""Runs dnsmasq by a configuration of ours: without rights but to serve, for as long as we live, again when it dies."""

import asyncio
import logging
import os
import pwd
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from bmc.model.errors import BackendFailed
from robots.motion import apart

TO_SERVE = "+net_bind_service"
TO_SERVE_DHCP = "+net_bind_service,+net_admin,+net_raw"
"""Capabilities; without the last two dnsmasq gives no answers."""
IPXE = Path("/usr/lib/ipxe")
LOADERS = {"undionly.kpxe": "BIOS", "snponly.efi": "UEFI"}
"""iPXE as a program for the machine's own network boot, which drives the card for it."""
PROGRAMS = {"dnsmasq": "dnsmasq-base", "setpriv": "util-linux", "ss": "iproute2"}
"""What it takes, and the package that brings each."""
STARTED = "started, "
WHEN = re.compile(r"^\w+ +\d+ [\d:]+ ")
START_TIME = 10.0
AGAIN_AFTER = 1.0

log = logging.getLogger(__name__)


class Dnsmasq:
    """One process at a time, which keeps those `rights`. `told` hears each line that it logs.

    Before each start there is a look whether another program of this host has the DHCP of that interface, if given.
    """

    def __init__(self, purpose: str, rights: str, told: Callable[[str], None], sole_on: str = "") -> None:
        self._purpose = purpose
        self._rights = rights
        self._told = told
        self._sole_on = sole_on
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    @property
    def serving(self) -> bool:
        return self._keeper is not None

    async def serve(self, configuration: str) -> None:
        """Serve by it from now on, and by no other. :raise BackendFailed: it does not start; it is tried on."""
        await self.stop()
        started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeper = asyncio.create_task(self._keep(configuration, started), name=f"dnsmasq for {self._purpose}")
        await started

    async def stop(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await apart(self._let_go(keeper))

    async def _let_go(self, keeper: "asyncio.Task[None]") -> None:
        await asyncio.gather(keeper, return_exceptions=True)
        await self._end()

    async def _keep(self, configuration: str, started: "asyncio.Future[None]") -> None:
        while True:
            try:
                said = await self._start(configuration)
                if not started.done():
                    started.set_result(None)
                said = await self._listen() or said
                log.error("dnsmasq for %s has ended (%s) and is started again", self._purpose, said)
            except BackendFailed as error:
                if started.done():
                    log.error("%s; it is tried again", error)
                else:
                    started.set_exception(error)
            await self._end()
            await asyncio.sleep(AGAIN_AFTER)

    async def _start(self, configuration: str) -> str:
        """What it said last; by then it listens. :raise BackendFailed: it does not start."""
        require_programs()
        try:
            if self._sole_on:
                await require_sole_server(self._sole_on)
            await self._spawn(configuration)
        except OSError as error:
            raise BackendFailed(f"dnsmasq for {self._purpose} cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(START_TIME):
                said = await self._listen(STARTED)
        except TimeoutError:
            raise BackendFailed(f"dnsmasq for {self._purpose} did not start within {START_TIME:.0f} s") from None
        if STARTED not in said:
            raise BackendFailed(f"dnsmasq for {self._purpose} does not start: {said or 'it said nothing'}")
        return said

    async def _spawn(self, configuration: str) -> None:
        with open(os.memfd_create("dnsmasq.conf"), "w+b") as file:
            file.write(configuration.encode())
            file.seek(0)
            self._process = await asyncio.create_subprocess_exec(
                *confined(self._rights),
                *("dnsmasq", "--no-daemon", "--conf-file=-", "--log-facility=-"),
                stdin=file,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={"PATH": _path(), "LC_ALL": "C"},
            )

    async def _listen(self, until: str | None = None) -> str:
        """Hear what it says until it says that, or to its end; what it said last."""
        said = ""
        while self._process is not None and self._process.stderr is not None:
            try:
                line = await self._process.stderr.readline()
            except ValueError:  # longer than any of its own
                continue
            if not line:
                break
            said = WHEN.sub("", line.decode(errors="replace")).strip()
            self._told(said)
            if until is not None and until in said:
                break
        return said

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            if process.returncode is None:
                process.kill()  # it keeps nothing that would have to be written
            await process.communicate()


async def require_sole_server(interface: str) -> None:
    """:raise BackendFailed: a program of this host serves DHCP there, which would hear nothing any more beside ours."""
    words = ("ss", "--no-header", "--listening", "--udp", "--numeric", "sport = :67")
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, env={"PATH": _path(), "LC_ALL": "C"}
    )
    found, _ = await process.communicate()
    for line in found.decode().splitlines():
        # State, bytes waiting and to be sent, ADDRESS%INTERFACE:67
        _, _, device = line.split()[3].rpartition(":")[0].partition("%")
        if device in ("", interface):
            raise BackendFailed(
                f"another program of this host serves DHCP on {device or 'all its interfaces'}: stop it, or keep it to "
                f"interfaces other than {interface} (ss -lunp 'sport = :67' shows it)"
            )


def confined(rights: str) -> list[str]:
    """The command prefix for a program that ends with us. Where we are root it is nobody, with no more rights."""
    if os.geteuid() != 0:
        return ["setpriv", "--no-new-privs", "--pdeathsig", "KILL", "--"]
    nobody = pwd.getpwnam("nobody")
    ids = [f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    kept = [f"--{which}=-all,{rights}" for which in ("inh-caps", "ambient-caps", "bounding-set")]
    return ["setpriv", *ids, *kept, "--no-new-privs", "--pdeathsig", "KILL", "--"]


def require_programs() -> None:
    """:raise BackendFailed: this machine lacks something; with the remedy."""
    if (problem := missing()) is not None:
        raise BackendFailed(f"no machine can be booted by network: {problem[0]}; {problem[1]}")


def missing() -> tuple[str, str] | None:
    """What this machine lacks, and the remedy."""
    for program, package in PROGRAMS.items():
        if shutil.which(program, path=_path()) is None:
            return f"there is no {program}", f"apt install {package}"
    for loader, firmware in LOADERS.items():
        if not (IPXE / loader).is_file():
            return f"there is no {IPXE / loader} for {firmware}", "apt install ipxe"
    return None


def _path() -> str:
    """Debian keeps dnsmasq where an ordinary user does not look."""
    return f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
