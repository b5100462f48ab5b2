"""A node's own users, its numbered IPMI slots: its Manager's RemoteAccountService (DSP0268, Manager) at the fleet's
root, and the AccountService of its own endpoint.
"""

from enum import Enum

from pydantic import Field

from bmc.accounts import IpmiSlot, SlotFields
from bmc.model.caller import Role
from bmc.model.node import NodeDefinition
from bmc.redfish import accounts as fleet
from bmc.redfish.body import Body
from bmc.redfish.errors import fail, not_found
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.types import JsonObject, collection, link, links, resource

MANAGER = "/redfish/v1/Managers/{node}"
SERVICE = f"{MANAGER}/RemoteAccountService"
ACCOUNTS = f"{SERVICE}/Accounts"
SLOTS = 14
"""IPMI v2.0 §6.9: 2 to 15, for slot 1 is the user without a name, whom we do not have."""
NO_ACCESS = "NoAccess"
"""IPMI's own: a name without a privilege, until somebody gives it one."""


class AccountType(Enum):
    IPMI = "IPMI"
    REDFISH = "Redfish"


class NewUser(Body):
    """`password` is the IPMI key, at most 20 bytes: a secret of its own, never that of a web account."""

    user_name: str = Field(min_length=1)
    password: str = Field(min_length=1)
    role_id: Role
    enabled: bool = True
    account_types: tuple[AccountType, ...] = (AccountType.IPMI,)


class UserChange(Body):
    user_name: str | None = Field(None, min_length=1)
    password: str | None = Field(None, min_length=1)
    role_id: Role | None = None
    enabled: bool | None = None


async def service(call: Call) -> Reply:
    call.node()
    path = call.path
    body = resource(path, "AccountService", Id=path.rpartition("/")[2], Name="IPMI users", ServiceEnabled=True)
    if call.house.only:
        body["Roles"] = link(fleet.ROLES)
    limits = {"MaxPasswordLength": 20, "MinPasswordLength": 1}
    return Reply(body | limits | {"Accounts": link(f"{path}/Accounts"), "Status": {"State": "Enabled", "Health": "OK"}})


async def list_users(call: Call) -> Reply:
    users = [f"{call.path}/{slot.slot}" for slot in _users(call)]
    return Reply(collection(call.path, "ManagerAccountCollection", "IPMI users", links(users)))


async def get_user(call: Call) -> Reply:
    return Reply(_body(call, _find(call)))


async def create_user(call: Call) -> Reply:
    """The first free slot. :raise RedfishError: the name is taken, or all slots are."""
    node = await _administer(call)
    wanted = call.body(NewUser)
    there = _users(call)
    if wanted.user_name.encode() in [slot.name for slot in there]:
        raise fail(409, "ResourceAlreadyExists", "ManagerAccount", "UserName", wanted.user_name, related="#/UserName")
    if len(there) == SLOTS:
        raise fail(409, "CreateLimitReachedForResource")
    slot = await call.house.accounts.change_slot(node, None, call.caller, **_fields(wanted))
    return Reply(_body(call, slot), 201, {"Location": f"{_accounts(call)}/{slot.slot}"})


async def change_user(call: Call) -> Reply:
    """:raise Denied: the slot is granted to an account of the fleet, and the change is not the caller's to make."""
    node, slot = await _administer(call), _find(call)
    change = call.body(UserChange, readable=_body(call, slot))
    if not _only_takes(change):
        await call.house.accounts.guard_slot(node.name, slot.slot, call.caller)
    slot = await call.house.accounts.change_slot(node, slot.slot, call.caller, **_fields(change))
    return Reply(_body(call, slot))


async def delete_user(call: Call) -> Reply:
    node, slot = await _administer(call), _find(call)
    await call.house.accounts.change_slot(node, slot.slot, call.caller, name=b"")
    return Reply(status=204)


async def _administer(call: Call) -> NodeDefinition:
    """The node, for whoever may administer it. :raise Denied:"""
    definition = call.node().snapshot.definition
    await require(call, Role.ADMINISTRATOR, "ipmi-users", definition.name, definition.tags)
    return definition


def _users(call: Call) -> list[IpmiSlot]:
    """Who has a name: what else a slot may hold is IPMI's own affair."""
    return [slot for slot in call.house.accounts.slots(call.node().snapshot.name) if slot.name]


def _fields(change: NewUser | UserChange) -> SlotFields:
    """Who is enabled here can log in, whatever IPMI had switched off."""
    fields = SlotFields()
    if change.user_name is not None:
        fields["name"] = change.user_name.encode(errors="surrogatepass")
    if change.password is not None:
        fields["key"], fields["key_form"] = change.password.encode(errors="surrogatepass"), 0
    if change.role_id is not None:
        fields["privilege"] = change.role_id
    if change.enabled is not None:
        fields["enabled"] = change.enabled
    if change.enabled:
        fields["messaging"], fields["callback"] = True, False
    return fields


def _only_takes(change: UserChange) -> bool:
    """Whether the change gives nobody anything: it disables the user at most."""
    return not change.enabled and change.user_name is None and change.password is None and change.role_id is None


def _find(call: Call) -> IpmiSlot:
    for slot in _users(call):
        if str(slot.slot) == call.params["slot"]:
            return slot
    raise not_found(call.path)


def _accounts(call: Call) -> str:
    return (fleet.ACCOUNTS if call.house.only else ACCOUNTS).format(node=call.node().snapshot.name)


def _types(call: Call) -> list[AccountType]:
    """Redfish where the node has an endpoint of its own."""
    return list(AccountType) if call.node().snapshot.name in call.house.endpoints else [AccountType.IPMI]


def _body(call: Call, slot: IpmiSlot) -> JsonObject:
    name = slot.name.decode(errors="replace")
    return resource(
        f"{_accounts(call)}/{slot.slot}",
        "ManagerAccount",
        Id=str(slot.slot),
        Name=f"IPMI user {name}",
        UserName=name,
        Password=None,
        RoleId=slot.privilege.value if slot.privilege else NO_ACCESS,
        Enabled=slot.open,
        AccountTypes=[kind.value for kind in _types(call)],
        Links={"Role": link(f"{fleet.ROLES}/{slot.privilege.value}")} if slot.privilege else {},
    )


def _routes(service_path: str) -> tuple[Route, ...]:
    accounts = f"{service_path}/Accounts"
    return (
        Route("GET", service_path, service),
        Route("GET", accounts, list_users),
        Route("POST", accounts, create_user),
        Route("GET", f"{accounts}/{{slot}}", get_user),
        Route("PATCH", f"{accounts}/{{slot}}", change_user),
        Route("DELETE", f"{accounts}/{{slot}}", delete_user),
    )


ROUTES = _routes(SERVICE)
OWN_ROUTES = _routes(fleet.SERVICE)
"""Those of the node's own endpoint."""
