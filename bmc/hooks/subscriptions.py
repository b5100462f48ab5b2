"""What accounts have subscribed to, in the store; its secrets sealed with the key file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from bmc.accounts.keyfile import Sealer
from bmc.hooks.filter import Filter
from bmc.store import Entry, Json, Store

BUCKET = "subscriptions"
EVERYTHING = Filter()


class RetryPolicy(Enum):
    """Redfish DeliveryRetryPolicy."""

    TERMINATE = "TerminateAfterRetries"
    SUSPEND = "SuspendRetries"
    STEADY = "RetryForever"
    BACK_OFF = "RetryForeverWithBackoff"

    @property
    def stops(self) -> bool:
        return self in (RetryPolicy.TERMINATE, RetryPolicy.SUSPEND)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A webhook of `account`, which is given what that account may see. `suspended` says why, empty when it runs;
    `asked` whether somebody wanted it so.

    `shown` is what the door that made it keeps beside.
    """

    id: str
    account: str
    destination: str
    filter: Filter = EVERYTHING
    context: str = ""
    verify: bool = True
    policy: RetryPolicy = RetryPolicy.BACK_OFF
    suspended: str = ""
    asked: bool = False
    shown: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)


class Subscriptions:
    def __init__(self, store: Store, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    async def load(self) -> list[Subscription]:
        """:raise KeyFileUnusable: the key file does not open them."""
        return [self._load(entry) for entry in await self._store.list(BUCKET)]

    async def save(self, subscription: Subscription) -> None:
        secrets = json.dumps({"headers": dict(subscription.headers), "secret": subscription.secret})
        value: dict[str, Json] = {
            "account": subscription.account,
            "destination": subscription.destination,
            "filter": subscription.filter.model_dump(mode="json"),
            "context": subscription.context,
            "verify": subscription.verify,
            "policy": subscription.policy.value,
            "suspended": subscription.suspended,
            "asked": subscription.asked,
            "shown": subscription.shown,
            "sealed": self._sealer.seal(secrets.encode(), _context(subscription.id)),
        }
        await self._store.put(BUCKET, subscription.id, value)

    async def delete(self, id: str) -> None:
        await self._store.delete(BUCKET, id)

    def _load(self, entry: Entry) -> Subscription:
        value: dict[str, Any] = dict(entry.value)
        secrets = json.loads(self._sealer.unseal(value.pop("sealed"), _context(entry.key)))
        value |= {"filter": Filter.model_validate(value["filter"]), "policy": RetryPolicy(value["policy"])}
        return Subscription(entry.key, **value, **secrets)


def _context(id: str) -> str:
    return f"subscription {id}"
