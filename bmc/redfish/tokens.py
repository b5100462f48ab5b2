"""OEM: API tokens. Whoever signs in makes their own; an Administrator of the whole fleet sees and revokes all."""

from datetime import datetime

from pydantic import AwareDatetime, Field

from bmc.accounts import ApiToken
from bmc.events import Target
from bmc.model.caller import Role, Scope
from bmc.redfish import oem
from bmc.redfish.accounts import SERVICE, ScopeBody, leads_nowhere
from bmc.redfish.body import Body
from bmc.redfish.errors import not_found
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.types import JsonObject, collection, links, moment, resource

TOKENS = f"{SERVICE}/Oem/Lightsout/Tokens"


class NewToken(Body):
    """Without a role it has the caller's, without a scope all that the account has, without an end it stays."""

    name: str = Field(min_length=1, max_length=64)
    role_id: Role | None = None
    scope: ScopeBody | None = None
    expires: AwareDatetime | None = Field(default=None, strict=False)


async def list_tokens(call: Call) -> Reply:
    paths = [f"{TOKENS}/{token.id}" for token in _visible(call)]
    return Reply(collection(TOKENS, "LightsoutTokenCollection", "API tokens", links(paths)))


async def get_token(call: Call) -> Reply:
    return Reply(_body(_find(call)))


async def create_token(call: Call) -> Reply:
    """Its secret is in this answer, and in no other."""
    wanted = call.body(NewToken)
    scope = Scope() if wanted.scope is None else wanted.scope.scope()
    role = wanted.role_id or call.caller.role
    token, secret = await call.house.accounts.tokens.create(
        call.caller, wanted.name, role, scope, _seconds(wanted.expires)
    )
    details = {"token": token.id, "name": token.name, "role": token.role.value}
    await call.house.audit.record(call.caller, "create-token", token.account, "ok", details, Target.ACCOUNT)
    body = _body(token, secret) | leads_nowhere(call, wanted.scope, "Scope")
    return Reply(body, 201, {"Location": f"{TOKENS}/{token.id}"})


async def delete_token(call: Call) -> Reply:
    token = _find(call)
    await call.house.accounts.tokens.revoke(token.id)
    details = {"token": token.id, "name": token.name}
    await call.house.audit.record(call.caller, "revoke-token", token.account, "ok", details, Target.ACCOUNT)
    return Reply(status=204)


def _visible(call: Call) -> list[ApiToken]:
    """A token sees itself alone, unless it governs."""
    caller = call.caller
    mine = (token for token in call.house.accounts.tokens.all() if caller.governs or token.account == caller.account)
    return [token for token in mine if caller.governs or not caller.token or token.id == caller.token]


def _find(call: Call) -> ApiToken:
    for token in _visible(call):
        if token.id == call.params["token"]:
            return token
    raise not_found(call.path)


def _seconds(at: datetime | None) -> float | None:
    return None if at is None else at.timestamp()


def _body(token: ApiToken, secret: str | None = None) -> JsonObject:
    scope = token.scope
    return resource(
        f"{TOKENS}/{token.id}",
        "LightsoutToken",
        Id=token.id,
        Name=token.name,
        **oem.LightsoutToken(
            Token=secret,
            Account=token.account,
            RoleId=token.role.value,
            Scope=oem.Scope(AllNodes=scope.all_nodes, Nodes=sorted(scope.nodes), Tags=sorted(scope.tags)),
            Created=moment(token.created),
            Expires=None if token.expires is None else moment(token.expires),
            LastUsed=moment(token.used) if token.used else None,
            LastAddress=token.address or None,
        ),
    )


ROUTES = (
    Route("GET", TOKENS, list_tokens),
    Route("POST", TOKENS, create_token),
    Route("GET", f"{TOKENS}/{{token}}", get_token),
    Route("DELETE", f"{TOKENS}/{{token}}", delete_token),
)
