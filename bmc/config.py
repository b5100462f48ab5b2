"""One TOML file → typed settings of the service, checked whole at start."""

import tomllib
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from bmc.hooks import HookSettings
from bmc.model.errors import InvalidRequest
from bmc.model.node import Endpoint


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HttpSettings(Section):
    """The web console and Redfish. Without a port, 8080 or the next free one is taken and remembered.

    `origins` are those of reverse proxies that show the page, as `https://bmc.example.org`. Of `trusted_proxies` it is
    believed who asks them, and by which scheme.
    """

    host: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
    port: int | None = Field(default=None, ge=0, le=65535)
    tls: bool | None = None
    certificate: Path | None = None
    key: Path | None = None
    origins: list[str] = []
    trusted_proxies: list[IPv4Network | IPv6Network] = []

    @model_validator(mode="after")
    def _a_pair(self) -> "HttpSettings":
        if (self.certificate is None) != (self.key is None):
            raise ValueError("expected both certificate and key, or neither")
        return self

    @property
    def secure(self) -> bool:
        """HTTPS: always beyond loopback, and where asked for."""
        return bool(self.tls) or self.certificate is not None or not self.host.is_loopback


class NodeDoorSettings(Section):
    """Each node's endpoint is at a port of its own, or with `addresses` at an address of its own.

    A port is the first free one from `first_port` on, at `host`; an address is the next free one, at `port`.
    """

    host: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
    first_port: int = Field(ge=1, le=65535)
    addresses: IPvAnyNetwork | None = None
    port: int = Field(ge=1, le=65535)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = self.model_fields_set
        if self.addresses is None and "port" in given:
            raise ValueError("port is that of `addresses`, which is missing; with a port for each node set first_port")
        if self.addresses is not None and given & {"host", "first_port"}:
            raise ValueError("expected either `addresses` (with `port`) or `host` and `first_port`, not both")
        return self

    def endpoints(self) -> Iterator[Endpoint]:
        """All that there are, in the order in which nodes get them."""
        if self.addresses is None:
            return (Endpoint(str(self.host), port) for port in range(self.first_port, 65536))
        return (Endpoint(str(address), self.port) for address in self.addresses.hosts())

    def has(self, endpoint: Endpoint) -> bool:
        """Whether a node may be there: at any port of the one address, or at any address and the one port."""
        if self.addresses is None:
            return endpoint.host == str(self.host)
        return self.keeps(endpoint) and endpoint.port == self.port

    def keeps(self, endpoint: Endpoint) -> bool:
        """Whether a node stays there even if it cannot listen: an address is for good, a port is not."""
        return self.addresses is not None and ip_address(endpoint.host) in self.addresses


class IpmiSettings(NodeDoorSettings):
    first_port: int = Field(default=6230, ge=1, le=65535)
    port: int = Field(default=623, ge=1, le=65535)


class RedfishSettings(NodeDoorSettings):
    """Each node's own Redfish endpoint; the fleet's root is where `http` says."""

    enabled: bool = True
    first_port: int = Field(default=8230, ge=1, le=65535)
    port: int = Field(default=443, ge=1, le=65535)

    @property
    def beyond_loopback(self) -> bool:
        return not (self.host if self.addresses is None else self.addresses.network_address).is_loopback


class SshSettings(Section):
    """Serial consoles by SSH, at the address of the web console if no other is given. Without a port, 2222 or the next
    free one is taken and remembered.
    """

    enabled: bool = True
    host: IPv4Address | IPv6Address | None = None
    port: int | None = Field(default=None, ge=0, le=65535)


class FetchSettings(Section):
    """`allow` lists networks that media may come from and events go to, although they are our own, link-local or
    private.
    """

    allow: list[IPv4Network | IPv6Network] = []


class MediaSettings(Section):
    quota_gib: int = Field(default=32, ge=1)


class ImagesSettings(Section):
    """Images that were added take `quota_gib` at most, and no raw disk more than `largest_gib`. Files in `directories`
    may be added by their names, and stay where they are.
    """

    quota_gib: int = Field(default=64, ge=1)
    largest_gib: int = Field(default=512, ge=1)
    directories: list[Path] = []

    @field_validator("directories")
    @classmethod
    def _whole_paths(cls, directories: list[Path]) -> list[Path]:
        if any(not directory.is_absolute() for directory in directories):
            raise ValueError("expected absolute paths")
        return directories


class BudgetSettings(Section):
    """So many machines of one feed or rack may start within so many seconds."""

    starts: int = Field(ge=1, le=1000)
    within: float = Field(gt=0, le=3600)


class PowerSettings(Section):
    """Seconds that a guest may take to shut down before the caller is told that it did not; and the start budgets that
    nodes on real hardware name.
    """

    graceful_timeout: float = Field(default=120.0, gt=0)
    budgets: dict[str, BudgetSettings] = {}


class NetworkSettings(Section):
    """The host's bridges and taps that virtual nodes may be put on: who is on them reaches what they lead to."""

    interfaces: list[str] = []


class Credential(Section):
    """What a BMC, a PDU or a broker wants; a node's options name it. Use `password_file` rather than `password`."""

    user: str = Field(min_length=1, max_length=256)
    password: SecretStr | None = None
    password_file: Path | None = None


class LibvirtConnection(Section):
    """Where a libvirt is, as `qemu:///system`; a node's options name it."""

    uri: str = Field(min_length=1, max_length=1024, pattern=r"^[a-z]+(\+[a-z]+)?://\S*$")


class DeploySettings(Section):
    """A network in which machines whose options name it are booted, for their jobs only.

    `address` is this host's own there, with the length of the network; `beside` whether another DHCP server gives the
    addresses.
    """

    interface: str = Field(pattern=r"^[A-Za-z0-9._-]{1,15}$")
    address: IPv4Interface
    beside: Literal["auto", "yes", "no"] = "auto"
    first_port: int = Field(default=20000, ge=1024, le=60000)

    @field_validator("address")
    @classmethod
    def _in_its_network(cls, address: IPv4Interface) -> IPv4Interface:
        if not 20 <= address.network.prefixlen <= 30:
            raise ValueError("expected an address with the length of its network, 20 to 30, such as 192.0.2.1/24")
        if address.ip in (address.network.network_address, address.network.broadcast_address):
            raise ValueError(f"expected the address of this host, not that of the network {address.network}")
        return address


class ConsoleSettings(Section):
    """How much of what each serial console prints is kept on disk; 0: nothing."""

    log_mib: int = Field(default=16, ge=0, le=4096)


class LogSettings(Section):
    format: Literal["text", "json"] = "text"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(Section):
    http: HttpSettings = HttpSettings()
    ipmi: IpmiSettings = IpmiSettings()
    redfish: RedfishSettings = RedfishSettings()
    ssh: SshSettings = SshSettings()
    fetch: FetchSettings = FetchSettings()
    media: MediaSettings = MediaSettings()
    images: ImagesSettings = ImagesSettings()
    power: PowerSettings = PowerSettings()
    network: NetworkSettings = NetworkSettings()
    console: ConsoleSettings = ConsoleSettings()
    log: LogSettings = LogSettings()
    credentials: dict[str, Credential] = {}
    libvirt: dict[str, LibvirtConnection] = {}
    deploy: dict[str, DeploySettings] = {}
    hooks: HookSettings = HookSettings()

    @property
    def ssh_host(self) -> str:
        return str(self.ssh.host or self.http.host)


def load(path: Path) -> Settings:
    """The settings in `path`; the defaults when there is no such file.

    :raise InvalidRequest: naming every key that is wrong and what was expected.
    """
    try:
        values = tomllib.loads(path.read_text())
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidRequest(f"{path}: {error}") from error
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InvalidRequest(f"{path}: {wrong}") from error
