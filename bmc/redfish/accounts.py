"""AccountService: the fleet's accounts, their roles and scope."""

from enum import Enum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bmc.accounts import Account
from bmc.events import REFUSED, Target
from bmc.fleet import NAME, NAME_RULE
from bmc.model.caller import Role, Scope
from bmc.model.errors import Denied
from bmc.redfish import oem
from bmc.redfish.body import Body, Tag
from bmc.redfish.errors import fail, not_found
from bmc.redfish.messages import message
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.types import JsonObject, collection, link, links, resource

SERVICE = "/redfish/v1/AccountService"
ACCOUNTS, ROLES = f"{SERVICE}/Accounts", f"{SERVICE}/Roles"
SCOPE = "Oem/Lightsout/Scope"
# DSP0266 §13.5.3: the standard roles' privileges.
PRIVILEGES = {
    Role.ADMINISTRATOR: ("Login", "ConfigureManager", "ConfigureUsers", "ConfigureSelf", "ConfigureComponents"),
    Role.OPERATOR: ("Login", "ConfigureSelf", "ConfigureComponents"),
    Role.READ_ONLY: ("Login", "ConfigureSelf"),
}


class AccountType(Enum):
    """`HOST_CONSOLE` is the serial console, by SSH too."""

    REDFISH = "Redfish"
    WEB_UI = "WebUI"
    HOST_CONSOLE = "HostConsole"


def _node_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name[:63]!r} is no server's name: it {NAME_RULE}")
    return name


class ScopeBody(Body):
    all_nodes: bool = False
    nodes: Annotated[tuple[Annotated[str, AfterValidator(_node_name)], ...], Field(max_length=1024)] = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=1024)] = ()

    def scope(self) -> Scope:
        return Scope(self.all_nodes, frozenset(self.nodes), frozenset(self.tags))


class LightsoutOem(Body):
    scope: ScopeBody | None = None


class Oem(Body):
    lightsout: LightsoutOem = LightsoutOem()


class NewAccount(Body):
    user_name: str
    password: str
    role_id: Role
    enabled: bool = True
    account_types: tuple[AccountType, ...] = ()
    oem: Oem = Oem()


class AccountChange(Body):
    password: str | None = None
    role_id: Role | None = None
    enabled: bool | None = None
    locked: Literal[False] | None = None
    oem: Oem = Field(default=Oem())


async def service(call: Call) -> Reply:
    body = resource(SERVICE, "AccountService", Id="AccountService", Name="Accounts", ServiceEnabled=True)
    tokens = oem.LightsoutAccountService(Tokens=link(f"{SERVICE}/Oem/Lightsout/Tokens"))
    body |= {"Oem": oem.extension("LightsoutAccountService", tokens)}
    body |= {"Accounts": link(ACCOUNTS), "Roles": link(ROLES), "Status": {"State": "Enabled", "Health": "OK"}}
    return Reply(body)


async def list_accounts(call: Call) -> Reply:
    names = [account.name for account in call.house.accounts.list() if _sees(call, account.name)]
    paths = [f"{ACCOUNTS}/{name}" for name in names]
    return Reply(collection(ACCOUNTS, "ManagerAccountCollection", "Accounts", links(paths)))


async def get_account(call: Call) -> Reply:
    return Reply(_body(call, find_account(call)))


async def create_account(call: Call) -> Reply:
    wanted = call.body(NewAccount)
    accounts = call.house.accounts
    if wanted.user_name in [account.name for account in accounts.list()]:
        raise fail(409, "ResourceAlreadyExists", "ManagerAccount", "UserName", wanted.user_name, related="#/UserName")
    asked = wanted.oem.lightsout.scope
    scope = asked.scope() if asked else Scope()
    account = await accounts.create(wanted.user_name, wanted.password, wanted.role_id, scope)
    if not wanted.enabled:
        account = await accounts.change(account.name, enabled=False)
    details = {"role": wanted.role_id.value, "scope": _plain(scope)}
    await call.house.audit.record(call.caller, "create-account", wanted.user_name, "ok", details, Target.ACCOUNT)
    body = _body(call, account) | leads_nowhere(call, asked, SCOPE)
    return Reply(body, 201, {"Location": f"{ACCOUNTS}/{account.name}"})


async def change_account(call: Call) -> Reply:
    """Everybody may change their own password (ConfigureSelf); all else is the administrator's."""
    account = find_account(call)
    change = call.body(AccountChange, readable=_body(call, account))
    given = change.model_fields_set
    await refuse_token(call, account.name, "change-account")
    if account.name != call.caller.account or given - {"password"}:
        await require(call, Role.ADMINISTRATOR, "change-account", target=account.name, kind=Target.ACCOUNT)
    asked = change.oem.lightsout.scope
    account = await call.house.accounts.change(
        account.name,
        password=change.password,
        role=change.role_id,
        scope=asked.scope() if asked else None,
        enabled=change.enabled,
    )
    if change.locked is False:
        await call.house.accounts.unlock(account.name)
    details: dict[str, object] = {"changed": sorted(given)}
    if change.role_id is not None:
        details["role"] = change.role_id.value
    if asked is not None:
        details["scope"] = _plain(account.scope)
    await call.house.audit.record(call.caller, "change-account", account.name, "ok", details, Target.ACCOUNT)
    return Reply(_body(call, account) | leads_nowhere(call, asked, SCOPE))


async def delete_account(call: Call) -> Reply:
    account = find_account(call)
    await call.house.accounts.delete(account.name)
    await call.house.audit.record(call.caller, "delete-account", account.name, "ok", kind=Target.ACCOUNT)
    return Reply(status=204)


async def list_roles(_: Call) -> Reply:
    return Reply(collection(ROLES, "RoleCollection", "Roles", links([f"{ROLES}/{role.value}" for role in Role])))


async def get_role(call: Call) -> Reply:
    for role, privileges in PRIVILEGES.items():
        if role.value == call.params["role"]:
            path = f"{ROLES}/{role.value}"
            body = resource(path, "Role", Id=role.value, Name=role.value, RoleId=role.value, IsPredefined=True)
            return Reply(body | {"AssignedPrivileges": list(privileges), "OemPrivileges": []})
    raise not_found(call.path)


def leads_nowhere(call: Call, asked: ScopeBody | None, at: str) -> JsonObject:
    """What of the scope leads to no server, which may be to come, or may be a slip: the answer tells it.

    `at` is where the resource has its scope: names with a slash between.
    """
    if asked is None:
        return {}
    there = [node.snapshot.definition for node in call.house.fleet.visible(call.caller)]
    missing = [f"no server is called {name}" for name in sorted(set(asked.nodes) - {each.name for each in there})]
    tags = sorted(set(asked.tags).difference(*(each.tags for each in there)))
    missing += [f"no server has the tag {tag}" for tag in tags]
    told = [message("PropertyValueError", at, text=f"Kept, but {text} yet.", related=f"#/{at}") for text in missing]
    return {"@Message.ExtendedInfo": told} if told else {}


def _plain(scope: Scope) -> object:
    """As the audit has it."""
    return "all nodes" if scope.all_nodes else {"nodes": sorted(scope.nodes), "tags": sorted(scope.tags)}


def _sees(call: Call, name: str) -> bool:
    return call.caller.governs or name == call.caller.account


def find_account(call: Call) -> Account:
    """The account of this path. One that the caller may not see does not exist for it. :raise RedfishError:"""
    for account in call.house.accounts.list():
        if account.name == call.params["account"] and _sees(call, account.name):
            return account
    raise not_found(call.path)


async def refuse_token(call: Call, account: str, action: str) -> None:
    """Who has an account's token must not get the account itself. :raise Denied:"""
    if call.caller.token and account == call.caller.account:
        await call.house.audit.record(call.caller, action, account, REFUSED, kind=Target.ACCOUNT)
        raise Denied("a token cannot change what its own account signs in with; sign in with the password")


def _body(call: Call, account: Account) -> JsonObject:
    scope = oem.Scope(
        AllNodes=account.scope.all_nodes, Nodes=sorted(account.scope.nodes), Tags=sorted(account.scope.tags)
    )
    return resource(
        f"{ACCOUNTS}/{account.name}",
        "ManagerAccount",
        Id=account.name,
        Name=f"Account {account.name}",
        UserName=account.name,
        Password=None,
        RoleId=account.role.value,
        Enabled=account.enabled,
        Locked=call.house.accounts.locked(account.name),
        AccountTypes=[kind.value for kind in AccountType],
        Keys=link(f"{ACCOUNTS}/{account.name}/Keys"),
        Links={"Role": link(f"{ROLES}/{account.role.value}")},
        Oem=oem.extension("LightsoutManagerAccount", oem.LightsoutManagerAccount(Scope=scope)),
    )


ROUTES = (
    Route("GET", SERVICE, service),
    Route("GET", ACCOUNTS, list_accounts),
    Route("POST", ACCOUNTS, create_account, role=Role.ADMINISTRATOR),
    Route("GET", f"{ACCOUNTS}/{{account}}", get_account),
    Route("PATCH", f"{ACCOUNTS}/{{account}}", change_account),
    Route("DELETE", f"{ACCOUNTS}/{{account}}", delete_account, role=Role.ADMINISTRATOR),
    Route("GET", ROLES, list_roles),
    Route("GET", f"{ROLES}/{{role}}", get_role),
)
