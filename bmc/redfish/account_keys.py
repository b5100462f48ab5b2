"""SSH keys of an account (DSP0268, Key): whoever has one may sign in at the SSH door without a password."""

from enum import Enum

from pydantic import Field

from bmc.accounts import AccountKey
from bmc.events import Target
from bmc.model.caller import Role
from bmc.model.ssh_key import KEY_BYTES_MAX, SshKey
from bmc.redfish.accounts import ACCOUNTS, find_account, refuse_token
from bmc.redfish.body import Body
from bmc.redfish.errors import fail, not_found
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.types import JsonObject, collection, links, resource

KEYS = f"{ACCOUNTS}/{{account}}/Keys"
LONGEST_DESCRIPTION = 256


class KeyType(Enum):
    SSH = "SSH"


class NewKey(Body):
    """`key_string` is a line of a .pub file."""

    key_type: KeyType
    key_string: str = Field(max_length=KEY_BYTES_MAX)
    user_description: str = Field(default="", max_length=LONGEST_DESCRIPTION)


class KeyChange(Body):
    user_description: str = Field(max_length=LONGEST_DESCRIPTION)


async def list_keys(call: Call) -> Reply:
    path, account = call.path, find_account(call)
    members = links([f"{path}/{each.key.id}" for each in account.keys])
    return Reply(collection(path, "KeyCollection", f"SSH keys of {account.name}", members))


async def get_key(call: Call) -> Reply:
    return Reply(_body(call.path, _find(call)))


async def create_key(call: Call) -> Reply:
    """:raise RedfishError: it is no public key. :raise Refused: it is an account's already."""
    name = await _authorise(call, "add-key")
    wanted = call.body(NewKey)
    try:
        key = SshKey.parse(wanted.key_string)
    except ValueError as error:  # what was sent may be a private key: it is not repeated
        raise fail(400, "PropertyValueError", "KeyString", text=f"KeyString: {error}", related="#/KeyString") from None
    added = await call.house.accounts.keys.add(name, key, wanted.user_description)
    await _record(call, "add-key", name, key)
    path = f"{call.path}/{key.id}"
    return Reply(_body(path, added), 201, {"Location": path})


async def change_key(call: Call) -> Reply:
    name = await _authorise(call, "change-key")
    found = _find(call)
    change = call.body(KeyChange, readable=_body(call.path, found))
    changed = await call.house.accounts.keys.describe(name, found.key.id, change.user_description)
    await _record(call, "change-key", name, found.key)
    return Reply(_body(call.path, changed))


async def delete_key(call: Call) -> Reply:
    name = await _authorise(call, "remove-key")
    found = _find(call)
    await call.house.accounts.keys.remove(name, found.key.id)
    await _record(call, "remove-key", name, found.key)
    return Reply(status=204)


async def _authorise(call: Call, action: str) -> str:
    """The account's name. One's own keys are like one's own password (ConfigureSelf)."""
    name = find_account(call).name
    await refuse_token(call, name, action)
    if name != call.caller.account:
        await require(call, Role.ADMINISTRATOR, action, target=name, kind=Target.ACCOUNT)
    return name


async def _record(call: Call, action: str, name: str, key: SshKey) -> None:
    details = {"key": key.fingerprint}
    await call.house.audit.record(call.caller, action, name, "ok", details, Target.ACCOUNT)


def _find(call: Call) -> AccountKey:
    for each in find_account(call).keys:
        if each.key.id == call.params["key"]:
            return each
    raise not_found(call.path)


def _body(path: str, found: AccountKey) -> JsonObject:
    key = found.key
    return resource(
        path,
        "Key",
        Id=key.id,
        Name=f"SSH key {key.fingerprint}",
        KeyType=KeyType.SSH.value,
        KeyString=key.line,
        UserDescription=found.description,
        SSH={"Fingerprint": key.fingerprint, "Comment": key.comment},
    )


ROUTES = (
    Route("GET", KEYS, list_keys),
    Route("POST", KEYS, create_key),
    Route("GET", f"{KEYS}/{{key}}", get_key),
    Route("PATCH", f"{KEYS}/{{key}}", change_key),
    Route("DELETE", f"{KEYS}/{{key}}", delete_key),
)
