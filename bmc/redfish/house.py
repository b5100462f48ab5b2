"""Everything the door needs of the rooms before it, wired once."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakValueDictionary

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import Certificate, CertificateSigningRequestBuilder

from bmc.accounts import Accounts, Credentials, NodeUsers
from bmc.aggregates import Aggregates
from bmc.assignments import Assignments
from bmc.events import Audit, Events
from bmc.fleet import Fleet
from bmc.hooks import Hooks
from bmc.images.catalogue import Catalogue, Image
from bmc.images.library import Library
from bmc.ipmi.wire.crypto import CipherSuite
from bmc.ipmi.wire.numbers import Privilege
from bmc.jobs import Jobs
from bmc.model.caller import Role
from bmc.model.clock import Clock
from bmc.model.node import Endpoint, NodeSnapshot
from bmc.model.software import Software
from bmc.power.safety import Safety
from bmc.redfish.closing import Closing
from bmc.redfish.image_list import ImageList

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey
"""The kinds that every browser takes."""


class IpmiDoors(Protocol):
    """The IPMI door of each node, which its Manager tells of."""

    def endpoint(self, name: str) -> Endpoint | None:
        """Where it listens; None when it is closed."""

    def suites(self, name: str) -> Mapping[CipherSuite, Privilege]:
        """The most that a session with each cipher suite may do, strongest first; without those not in use."""

    async def restart(self, name: str) -> None:
        """The BMC's own reset; the node is untouched. :raise WrongState: the door is closed."""


class SshConsoles(Protocol):
    """The SSH door: the port of all serial consoles, the fingerprint of its host key, as ssh prints it, and what the
    door has seen, by name.
    """

    port: int
    fingerprint: str

    @property
    def counters(self) -> Mapping[str, int]:
        """Since the service started."""


class WebCertificate(Protocol):
    """What HTTPS is served with. `fixed` says why it cannot be replaced from here; "" where it can.

    `chain` begins with the server's own certificate.
    """

    fixed: str
    chain: tuple[Certificate, ...]

    async def request(self, builder: CertificateSigningRequestBuilder, make_key: Callable[[], PrivateKey]) -> str:
        """A signing request (PEM) with a new key, which stays; it replaces the one before. May take seconds.

        :raise Refused: it is fixed. :raise InvalidRequest: it cannot be signed. :raise BackendFailed: nor stored.
        """

    async def renew(self) -> None:
        """Serve new connections with a self-signed one for the same names. :raise Refused, BackendFailed:"""

    async def replace(self, text: str) -> None:
        """Serve new connections with the certificates in `text` (PEM), and the key beside them or one that is kept.

        :raise Refused: it is fixed. :raise InvalidRequest, BackendFailed: why not; nothing was changed.
        """


@dataclass(frozen=True, slots=True)
class House:
    """`only` is the node whose own endpoint this is, "" at the fleet's root, and `sign_in` says who may sign in here.
    `endpoints` are the URLs of the nodes' own endpoints, by node, and `changing` the resources that are being changed.
    `certificate` is None where nothing is served over HTTPS, `ssh` where that door is closed. The state is kept in
    the directory `state`; the service `started` then, in epoch seconds. `late` holds what goes on after its asker was
    answered; `reading` when it was recorded last who reads the serial log of which node; `systems` the last reply for
    each System and role, and for who has reserved it, with the snapshot and the image names that it was made of.
    """

    accounts: Accounts
    credentials: Credentials
    fleet: Fleet
    events: Events
    audit: Audit
    jobs: Jobs
    hooks: Hooks
    aggregates: Aggregates
    catalogue: Catalogue
    library: Library
    image_list: ImageList
    ipmi: IpmiDoors
    ssh: SshConsoles | None
    safety: Safety
    assignments: Assignments
    clock: Clock
    software: tuple[Software, ...]
    certificate: WebCertificate | None
    closing: Closing
    sign_in: Accounts | NodeUsers
    state: Path
    started: float
    only: str = ""
    endpoints: dict[str, str] = field(default_factory=dict)
    changing: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    late: set[asyncio.Future[Any]] = field(default_factory=set)
    reading: dict[tuple[str, str], float] = field(default_factory=dict)
    systems: dict[tuple[str, Role, bool], tuple[NodeSnapshot, list[Image], Any]] = field(default_factory=dict)

    def of(self, node: str) -> "House":
        """As it is seen through the node's own endpoint, whose users have no account at the SSH door."""
        users = self.accounts.users(node, partial(self.fleet.tags, node))
        return replace(self, sign_in=users, only=node, ssh=None, systems={})
