"""A node's own IPMI users: the numbered slots of its Manager's RemoteAccountService (DSP0268, Manager)."""

from enum import Enum

from bmc.accounts import IpmiSlot
from bmc.model.caller import Role
from bmc.model.errors import Denied
from bmc.redfish.accounts import ROLES
from bmc.redfish.body import Body
from bmc.redfish.errors import fail, not_found
from bmc.redfish.router import Call, Reply, Route, governs, require
from bmc.redfish.types import JsonObject, collection, link, links, resource

MANAGER = "/redfish/v1/Managers/{node}"
SERVICE = f"{MANAGER}/RemoteAccountService"
ACCOUNTS = f"{SERVICE}/Accounts"
SLOTS = range(2, 16)
"""IPMI v2.0 §6.9: slot 1 is the user without a name, whom we do not have."""


class AccountType(Enum):
    IPMI = "IPMI"


class NewUser(Body):
    """`password` is the IPMI key, at most 20 bytes: a secret of its own, never that of a web account."""

    user_name: str
    password: str
    role_id: Role
    enabled: bool = True
    account_types: tuple[AccountType, ...] = (AccountType.IPMI,)


class UserChange(Body):
    user_name: str | None = None
    password: str | None = None
    role_id: Role | None = None
    enabled: bool | None = None


async def service(call: Call) -> Reply:
    path = SERVICE.format(node=call.node().snapshot.name)
    body = resource(path, "AccountService", Id="RemoteAccountService", Name="IPMI users", ServiceEnabled=True)
    limits = {"MaxPasswordLength": 20, "MinPasswordLength": 1}
    return Reply(body | limits | {"Accounts": link(f"{path}/Accounts"), "Status": {"State": "Enabled", "Health": "OK"}})


async def list_users(call: Call) -> Reply:
    name = call.node().snapshot.name
    path = ACCOUNTS.format(node=name)
    users = [f"{path}/{slot.slot}" for slot in call.house.accounts.slots(name)]
    return Reply(collection(path, "ManagerAccountCollection", "IPMI users", links(users)))


async def get_user(call: Call) -> Reply:
    return Reply(_body(call, _find(call)))


async def create_user(call: Call) -> Reply:
    """The first free slot. :raise RedfishError: the name is taken, or all slots are."""
    name = await _administer(call)
    wanted = call.body(NewUser)
    there = call.house.accounts.slots(name)
    if wanted.user_name.encode() in [slot.name for slot in there]:
        raise fail(409, "ResourceAlreadyExists", "ManagerAccount", "UserName", wanted.user_name, related="#/UserName")
    free = set(SLOTS) - {slot.slot for slot in there}
    if not free:
        raise fail(409, "CreateLimitReachedForResource")
    slot = await call.house.accounts.set_slot(
        name, min(free), wanted.user_name, wanted.password.encode(), wanted.role_id, wanted.enabled
    )
    await _audit(call, "create-ipmi-user", slot)
    return Reply(_body(call, slot), 201, {"Location": f"{ACCOUNTS.format(node=name)}/{slot.slot}"})


async def change_user(call: Call) -> Reply:
    """:raise Denied: the slot is granted to an account of the fleet, and the change is not the caller's to make."""
    name, slot = await _administer(call), _find(call)
    change = call.body(UserChange, readable=_body(call, slot))
    if not _only_takes(change):
        await _guard_granted(call, slot)
    slot = await call.house.accounts.set_slot(
        name,
        slot.slot,
        slot.name.decode() if change.user_name is None else change.user_name,
        slot.key if change.password is None else change.password.encode(),
        change.role_id or slot.privilege,
        slot.enabled if change.enabled is None else change.enabled,
        slot.account,
    )
    await _audit(call, "change-ipmi-user", slot)
    return Reply(_body(call, slot))


async def delete_user(call: Call) -> Reply:
    name, slot = await _administer(call), _find(call)
    await call.house.accounts.clear_slot(name, slot.slot)
    await _audit(call, "delete-ipmi-user", slot)
    return Reply(status=204)


async def _administer(call: Call) -> str:
    """The node's name, for whoever may administer it. :raise Denied:"""
    definition = call.node().snapshot.definition
    await require(call, Role.ADMINISTRATOR, "ipmi-users", definition.name, definition.tags)
    return definition.name


def _only_takes(change: UserChange) -> bool:
    """Whether the change gives nobody anything: it disables the user at most."""
    return not change.enabled and change.user_name is None and change.password is None and change.role_id is None


async def _guard_granted(call: Call, slot: IpmiSlot) -> None:
    """Whoever sets the key of an account's slot can act in that account's name.

    :raise Denied: the account is another's, and the caller's scope is not the whole fleet.
    """
    if slot.account in ("", call.caller.account) or governs(call.caller):
        return
    node = call.params["node"]
    await call.house.audit.record(call.caller, "change-ipmi-user", node, "Denied", {"slot": slot.slot})
    raise Denied(
        f"slot {slot.slot} of {node} is granted to the account {slot.account}: only {slot.account} itself or an "
        "Administrator of the whole fleet may change or enable it; you may disable or delete it"
    )


def _find(call: Call) -> IpmiSlot:
    for slot in call.house.accounts.slots(call.node().snapshot.name):
        if str(slot.slot) == call.params["slot"]:
            return slot
    raise not_found(call.path)


async def _audit(call: Call, action: str, slot: IpmiSlot) -> None:
    details = {"slot": slot.slot, "user": slot.name.decode(errors="replace")}
    await call.house.audit.record(call.caller, action, call.params["node"], "ok", details)


def _body(call: Call, slot: IpmiSlot) -> JsonObject:
    name = slot.name.decode(errors="replace")
    return resource(
        f"{ACCOUNTS.format(node=call.node().snapshot.name)}/{slot.slot}",
        "ManagerAccount",
        Id=str(slot.slot),
        Name=f"IPMI user {name}",
        UserName=name,
        Password=None,
        RoleId=slot.privilege.value,
        Enabled=slot.enabled,
        AccountTypes=[AccountType.IPMI.value],
        Links={"Role": link(f"{ROLES}/{slot.privilege.value}")},
    )


ROUTES = (
    Route("GET", SERVICE, service),
    Route("GET", ACCOUNTS, list_users),
    Route("POST", ACCOUNTS, create_user),
    Route("GET", f"{ACCOUNTS}/{{slot}}", get_user),
    Route("PATCH", f"{ACCOUNTS}/{{slot}}", change_user),
    Route("DELETE", f"{ACCOUNTS}/{{slot}}", delete_user),
)
