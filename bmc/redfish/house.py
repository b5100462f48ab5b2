"""Everything the door needs of the rooms before it, wired once."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Protocol

from bmc.accounts import Accounts
from bmc.aggregates import Aggregates
from bmc.events import Audit, Events
from bmc.fleet import Fleet
from bmc.hooks import Hooks
from bmc.jobs import Jobs
from bmc.model.caller import Role
from bmc.model.clock import Clock
from bmc.model.node import Endpoint, NodeSnapshot
from bmc.model.software import Software
from bmc.redfish.closing import Closing
from bmc.redfish.image_names import ImageNames
from bmc.reinstall.images import Catalogue


class IpmiDoors(Protocol):
    """The IPMI door of each node, which its Manager tells of."""

    def endpoint(self, name: str) -> Endpoint | None:
        """Where it listens; None when it is closed."""

    async def restart(self, name: str) -> None:
        """The BMC's own reset; the node is untouched. :raise WrongState: the door is closed."""


@dataclass(frozen=True, slots=True)
class House:
    """`late` holds what goes on after its asker was answered; `systems` the last reply for each System and role, with
    the snapshot and the image names that it was made of.
    """

    accounts: Accounts
    fleet: Fleet
    events: Events
    audit: Audit
    jobs: Jobs
    hooks: Hooks
    aggregates: Aggregates
    catalogue: Catalogue
    image_names: ImageNames
    ipmi: IpmiDoors
    clock: Clock
    software: tuple[Software, ...]
    closing: Closing
    late: set[asyncio.Future[Any]] = field(default_factory=set)
    systems: dict[tuple[str, Role], tuple[NodeSnapshot, list[str], Any]] = field(default_factory=dict)
