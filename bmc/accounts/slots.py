"""The IPMI users of each node: numbered slots, their keys encrypted in the store and open only in memory."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bmc.accounts.keyfile import SEALED, Sealer, open_key_file
from bmc.accounts.values import IpmiSlot
from bmc.model.caller import Role, Scope
from bmc.model.errors import InvalidRequest, Refused
from bmc.store import Json, Store

BUCKET = "ipmi-slots"
FIRST, LAST = 2, 15
LONGEST_NAME, LONGEST_KEY = 16, 20

_LATER = ("messaging", "link", "callback", "sessions", "sol", "key_form")
"""Fields that a store of an earlier version does not have."""

SlotCallback = Callable[[str, int], None]


class IpmiSlots:
    """All slots of all nodes, by node and number."""

    def __init__(self, store: Store, sealer: Sealer, slots: dict[str, dict[int, IpmiSlot]]) -> None:
        self._store = store
        self._sealer = sealer
        self._slots = slots

    @classmethod
    async def open(cls, store: Store, key_file: Path) -> "IpmiSlots":
        """:raise KeyFileUnusable: the stored keys cannot be opened."""
        entries = await store.list(BUCKET)
        sealed = [await store.list(bucket) for bucket in SEALED]
        sealer = open_key_file(key_file, may_make=not any(sealed))
        slots: dict[str, dict[int, IpmiSlot]] = {}
        for entry in entries:
            node, _, number = entry.key.rpartition("/")
            slots.setdefault(node, {})[int(number)] = _load(node, int(number), entry.value, sealer)
        return cls(store, sealer, slots)

    def of_node(self, node: str) -> tuple[IpmiSlot, ...]:
        return tuple(slot for _, slot in sorted(self._slots.get(node, {}).items()))

    def get(self, node: str, number: int) -> IpmiSlot:
        """An empty one where there is none."""
        return self._slots.get(node, {}).get(number) or _empty(node, number)

    def free(self, node: str) -> IpmiSlot:
        """The first slot without a name, emptied of whatever else it holds. :raise Refused: there is none."""
        for number in range(FIRST, LAST + 1):
            if not self.get(node, number).name:
                return _empty(node, number)
        raise Refused(f"all IPMI user slots of {node} are taken; delete a user first")

    def of_account(self, account: str) -> list[tuple[str, IpmiSlot]]:
        return [(node, slot) for node in self._slots for slot in self.of_node(node) if slot.account == account]

    def named(self, node: str, name: bytes) -> IpmiSlot | None:
        """Nobody is called nothing."""
        return next((slot for slot in self._slots.get(node, {}).values() if slot.name == name), None) if name else None

    async def put(self, node: str, slot: IpmiSlot) -> None:
        """Name and key may still be missing. :raise InvalidRequest: nothing is cut; names are unique on a node."""
        _check(slot)
        other = self.named(node, slot.name)
        if other is not None and other.slot != slot.slot:
            raise InvalidRequest(f"slot {other.slot} of {node} has the name {slot.name.decode()!r} already")
        key = _key(node, slot.slot)
        await self._store.put(BUCKET, key, _dump(slot, self._sealer, key))
        self._slots.setdefault(node, {})[slot.slot] = slot

    async def clear(self, node: str, number: int) -> None:
        """Must not fail when the slot is empty."""
        await self._store.delete(BUCKET, _key(node, number))
        self._slots.get(node, {}).pop(number, None)


def _empty(node: str, number: int) -> IpmiSlot:
    return IpmiSlot(number, b"", b"", None, enabled=False, scope=Scope.only(node))


def _check(slot: IpmiSlot) -> None:
    if slot.slot == 1:
        raise InvalidRequest("IPMI slot 1 is the anonymous user, which does not exist here; expected 2 to 15")
    if not FIRST <= slot.slot <= LAST:
        raise InvalidRequest(f"IPMI slot is {slot.slot}; expected {FIRST} to {LAST}")
    if len(slot.name) > LONGEST_NAME:
        raise InvalidRequest(f"IPMI user name has {len(slot.name)} bytes; expected 1 to {LONGEST_NAME}")
    if not all(0x21 <= byte <= 0x7E for byte in slot.name):
        raise InvalidRequest("IPMI user name has a character that is not printable ASCII, or a space")
    if len(slot.key) > LONGEST_KEY:
        raise InvalidRequest(f"IPMI key has {len(slot.key)} bytes; expected 1 to {LONGEST_KEY}")
    if 0 in slot.key:
        raise InvalidRequest("IPMI key holds a zero byte, which IPMI takes for its end")


def check_whole(slot: IpmiSlot) -> None:
    """:raise InvalidRequest: something is missing."""
    if not slot.name:
        raise InvalidRequest(f"IPMI user name has 0 bytes; expected 1 to {LONGEST_NAME}")
    if not slot.key:
        raise InvalidRequest(f"IPMI key has 0 bytes; expected 1 to {LONGEST_KEY}")


def _key(node: str, number: int) -> str:
    return f"{node}/{number}"


def _dump(slot: IpmiSlot, sealer: Sealer, key: str) -> Mapping[str, Json]:
    return {
        "name": slot.name.decode(),
        "key": sealer.seal(slot.key, key),
        "privilege": slot.privilege.value if slot.privilege else None,
        "enabled": slot.enabled,
        "account": slot.account,
        **{name: getattr(slot, name) for name in _LATER},
    }


def _load(node: str, number: int, value: Mapping[str, Any], sealer: Sealer) -> IpmiSlot:
    return IpmiSlot(
        number,
        value["name"].encode(),
        sealer.unseal(value["key"], _key(node, number)),
        Role(value["privilege"]) if value["privilege"] else None,
        value["enabled"],
        value["account"],
        Scope.only(node),
        **{name: value[name] for name in _LATER if name in value},
    )


def carried(slot: IpmiSlot, role: Role, scope: Scope, enabled: bool) -> IpmiSlot:
    """The slot as far as its account, of that role and scope, carries it."""
    privilege = min(slot.privilege, role, key=lambda each: each.rank) if slot.privilege else None
    return replace(slot, privilege=privilege, enabled=slot.enabled and enabled, scope=scope)


def gives(old: IpmiSlot, new: IpmiSlot) -> bool:
    """Whether the change lets anybody do what he could not do before; to lose something, or all, gives nothing."""
    if not new.name:
        return False
    return (
        (new.name, new.key) != (old.name, old.key)
        or (new.enabled and not old.enabled)
        or (new.messaging and not old.messaging)
        or (old.callback and not new.callback)
        or (new.sol and not old.sol)
        or _rank(new.privilege) > _rank(old.privilege)
        or (old.sessions or 64) < (new.sessions or 64)
    )


def _rank(privilege: Role | None) -> int:
    return privilege.rank if privilege else -1
