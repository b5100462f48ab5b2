"""Everything the door needs of the rooms before it, wired once."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from bmc.accounts import Accounts
from bmc.events import Audit, Events
from bmc.fleet import Fleet
from bmc.hooks import Hooks
from bmc.jobs import Jobs
from bmc.model.clock import Clock
from bmc.redfish.closing import Closing
from bmc.redfish.image_names import ImageNames
from bmc.reinstall.images import Catalogue


@dataclass(frozen=True, slots=True)
class House:
    """`late` holds what goes on after its asker was answered."""

    accounts: Accounts
    fleet: Fleet
    events: Events
    audit: Audit
    jobs: Jobs
    hooks: Hooks
    catalogue: Catalogue
    image_names: ImageNames
    clock: Clock
    closing: Closing
    late: set[asyncio.Future[Any]] = field(default_factory=set)
