"""The adapter `fence`: any program `fence_*` of a cluster's fence agents: switch, supply, and a sense of its status."""

import asyncio
import os
import re
import shutil
import signal
from collections.abc import Callable, Mapping
from typing import Literal

from pydantic import Field, field_validator

from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Unreachable
from bmc.model.power import PowerState
from bmc.ports import Site
from robots.adapter import Adapter, Host, LettingGo, Options, Parts, Place, Seconds
from robots.motion import apart
from robots.outlet import Outlet, OutletSense

DIRECTORIES = "/usr/sbin:/sbin:/usr/bin:/bin"
STATUS_ON, STATUS_OFF = 0, 2

# fmt: off
TAKEN = frozenset({
    "api_version", "apiversion", "cipher", "cmd_prompt", "command_prompt", "delay", "drac_version",
    "hexadecimal_kg", "hmc_version", "inet4_only", "inet6_only", "ipport", "lanplus", "login_timeout", "managed",
    "method", "missing_as_off", "notls", "operation_timeout", "power_timeout", "power_wait", "privlvl", "pve_node",
    "redfish_uri", "region", "retry_on", "ribcl_version", "secure", "shell_timeout", "snmp_auth_prot",
    "snmp_priv_prot", "snmp_sec_level", "snmp_version", "ssh", "ssl", "ssl_insecure", "ssl_secure", "suborg",
    "switch", "systems_uri", "target", "tls1.0", "type", "vmware_datacenter", "vmware_type", "zone",
})
# fmt: on
"""Options of agents that a node may set. Others name programs or files of this machine, or are secrets."""

Action = Literal["on", "off", "reboot", "status"]


class FenceOptions(Options):
    """`agent` is the program; `options` are its own. User, password and the like come from credentials only."""

    agent: str = Field(pattern=r"^fence_[a-z0-9_]+$", max_length=64)
    host: Host | None = None
    plug: str = Field(default="", max_length=255, pattern=r"^[^\x00-\x1f\x7f]*$")
    credential: str | None = Field(default=None, min_length=1)
    community_credential: str | None = Field(default=None, min_length=1)
    privacy_credential: str | None = Field(default=None, min_length=1)
    options: dict[str, bool | int | str] = Field(default={})
    timeout: Seconds = Field(default=60.0, ge=1, le=300)
    poll: Seconds = Field(default=30.0, ge=1, le=600)

    @field_validator("options")
    @classmethod
    def harmless(cls, options: dict[str, bool | int | str]) -> dict[str, bool | int | str]:
        for name, value in options.items():
            if name not in TAKEN:
                raise ValueError(
                    f"{name} is no option that a node may set; expected some of {', '.join(sorted(TAKEN))}"
                )
            if isinstance(value, str) and not value.isprintable():
                raise ValueError(f"{name}: expected printable text of one line")
        return options

    @property
    def where(self) -> str:
        return f"PDU {self.host}" if self.host else f"{self.agent} {self.plug}".strip()


class FenceDevice:
    """Runs one agent at a time, since most PDUs bear only one session."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()

    async def close(self) -> None:
        return None


class FenceAgent:
    """One plug by one program. What it is told goes through its standard input."""

    def __init__(
        self, options: FenceOptions, program: str, device: FenceDevice, secrets: Callable[[], Mapping[str, str]]
    ) -> None:
        self._options = options
        self._program = program
        self._device = device
        self._secrets = secrets

    async def run(self, action: Action) -> tuple[int, str, str]:
        """Its exit code, what it printed, and what it complained of. It is gone at the end, also when cancelled.

        :raise Unreachable: it could not be started. :raise OutcomeUnknown: it was ended for being too slow.
        """
        secrets = self._secrets()
        async with self._device.turn:
            try:
                process = await asyncio.create_subprocess_exec(
                    self._program,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                    start_new_session=True,
                    cwd="/",
                    env={"PATH": DIRECTORIES, "LANG": "C.UTF-8"},
                )
            except OSError as error:
                raise Unreachable(f"{self._program} cannot be started: {error.strerror}") from error
            try:
                async with asyncio.timeout(self._options.timeout):
                    out, err = await process.communicate(self._input(action, secrets))
            except TimeoutError:
                text = (
                    f"{self._options.agent} did not {action} {self._options.where} within {self._options.timeout:g} s"
                )
                raise OutcomeUnknown(text) from None
            finally:
                if process.returncode is None:
                    await apart(_end(process))
        return process.returncode or 0, out.decode(errors="replace"), _complaint(err, secrets)

    def _input(self, action: Action, secrets: Mapping[str, str]) -> bytes:
        given: dict[str, object] = {"action": action, **self._options.options, **secrets}
        if self._options.host:
            given["ip"] = self._options.host
        if self._options.plug:
            given["plug"] = self._options.plug
        words = {True: "1", False: "0"}
        lines = (f"{name}={words[value] if isinstance(value, bool) else value}\n" for name, value in given.items())
        return "".join(lines).encode()


class FenceOutlet(Outlet):
    """The agent itself waits until the device says that it is done; a reboot is off and on, begun at most once."""

    def __init__(self, agent: FenceAgent, options: FenceOptions) -> None:
        super().__init__(options.where, cycles=True, patience=3 * options.timeout)
        self._agent = agent

    async def state(self) -> PowerState:
        try:
            code, said, complaint = await self._agent.run("status")
        except OutcomeUnknown as error:
            raise Unreachable(str(error)) from error
        if code == STATUS_ON and not re.search(r"\boff\b", said, re.IGNORECASE):
            return PowerState.ON
        # An interpreter that cannot run the program exits with 2 as well.
        if code == STATUS_OFF and re.search(r"\boff\b", said, re.IGNORECASE):
            return PowerState.OFF
        raise Unreachable(f"{self.domain}: {complaint or f'the agent exited with {code}'}")

    async def turn(self, on: bool) -> None:
        await self._do("on" if on else "off")

    async def cycle(self) -> None:
        await self._do("reboot")

    async def _do(self, action: Action) -> None:
        code, _, complaint = await self._agent.run(action)
        if code != 0:
            raise _failed(f"{self.domain}: {complaint or f'the agent exited with {code}'}", complaint)


class FenceAdapter(Adapter[FenceOptions]):
    """One plug of what a fence agent can switch. Its sense is in the same domain: it is the device that says it."""

    name = family = "fence"
    connection = frozenset(
        {"agent", "host", "credential", "community_credential", "privacy_credential", "options", "timeout"}
    )
    options = FenceOptions

    def line(self, rest: str) -> Mapping[str, object]:
        if not rest:
            raise ValueError("expected fence:PLUG; the agent is that of another table of this node")
        return {"plug": rest}

    def check(self, options: FenceOptions, site: Site) -> None:
        for name in (options.credential, options.community_credential, options.privacy_credential):
            if name is not None:
                site.configured.credentials(name)

    def open(self, options: FenceOptions, place: Place) -> Parts:
        program = shutil.which(options.agent, path=f"{DIRECTORIES}:{os.environ.get('PATH', '')}")
        if program is None:
            raise BackendFailed(f"there is no {options.agent} on this machine; install the package fence-agents")
        key = ("fence", options.agent, options.host, "" if options.host else options.plug)
        lease = place.site.devices.lease(key, FenceDevice)
        agent = FenceAgent(options, program, lease.device, lambda: _secrets(options, place.site))
        outlet = FenceOutlet(agent, options)
        sense = OutletSense(place.title, outlet.domain, outlet.state, place.clock, options.poll)
        return Parts(running=LettingGo(sense.close, lease.end), switch=outlet, supply=outlet, senses=(sense,))


def _secrets(options: FenceOptions, site: Site) -> dict[str, str]:
    """:raise InvalidRequest: the configuration file lacks one. :raise BackendFailed: one has more than one line."""
    found: dict[str, str] = {}
    if options.credential is not None:
        user, password = site.configured.credentials(options.credential)
        found |= {"username": user.decode(), "password": password.decode()}
    if options.community_credential is not None:
        found["community"] = site.configured.credentials(options.community_credential)[1].decode()
    if options.privacy_credential is not None:
        found["snmp_priv_passwd"] = site.configured.credentials(options.privacy_credential)[1].decode()
    if any("\n" in value for value in found.values()):
        raise BackendFailed("a credential for a fence agent must be of one line")
    return found


def _complaint(err: bytes, secrets: Mapping[str, str]) -> str:
    """What it said last, without what nobody may read."""
    lines = [line.strip() for line in err.decode(errors="replace").splitlines() if line.strip()]
    said = re.sub(r"^[\d-]+ [\d:,]+ (ERROR: )?", "", lines[-1]) if lines else ""
    if said.startswith("Please use '-h'") and len(lines) > 1:
        said = re.sub(r"^[\d-]+ [\d:,]+ (ERROR: )?", "", lines[-2])
    for name in ("password", "community", "snmp_priv_passwd"):
        if secrets.get(name):
            said = said.replace(secrets[name], "***")
    return said[:200]


def _failed(text: str, complaint: str) -> BmcError:
    """Who could not log in has done nothing, who saw no effect has tried; all else may have been in the midst of it."""
    if complaint.startswith("Unable to connect/login"):
        return Unreachable(text)
    return BackendFailed(text) if complaint.startswith("Failed:") else OutcomeUnknown(text)


async def _end(process: asyncio.subprocess.Process) -> None:
    """With all that it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    await process.wait()


adapter = FenceAdapter()
