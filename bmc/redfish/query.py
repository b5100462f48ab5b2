"""Query parameters (DSP0266 §7.3) on what a handler returned: $expand, $select, $top, $skip, only."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from bmc.redfish.errors import fail
from bmc.redfish.types import JsonObject

SUPPORTED = frozenset({"$expand", "$select", "$top", "$skip", "only"})
EXPANDS = {
    **dict.fromkeys((".", ".($levels=1)"), (True, False)),
    **dict.fromkeys(("*", "*($levels=1)"), (True, True)),
    **dict.fromkeys(("~", "~($levels=1)"), (False, True)),
}

Fetch = Callable[[str], Awaitable[JsonObject | None]]


def check(query: Mapping[str, str]) -> None:
    """:raise RedfishError: 501, a parameter with $ that is not supported (others are ignored); 400, a wrong value."""
    for name in query:
        if name.startswith("$") and name not in SUPPORTED:
            raise fail(501, "QueryParameterUnsupported", name)
    if query.get("$expand", ".") not in EXPANDS:
        raise fail(400, "QueryParameterValueFormatError", query["$expand"], "$expand")
    if query.get("only"):
        raise fail(400, "QueryParameterValueFormatError", query["only"], "only")
    number(query, "$top", 0)
    number(query, "$skip", 0)


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """:raise RedfishError: 400, not a number."""
    given = query.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise fail(400, "QueryParameterValueFormatError", given, name)
    return int(given)


async def apply(body: JsonObject, path: str, query: Mapping[str, str], fetch: Fetch) -> JsonObject:
    """The body as the query wants it. `fetch` gets another resource as this caller sees it, None if it may not."""
    members = body.get("Members")
    if isinstance(members, list):
        if "only" in query and len(members) == 1:
            return await _whole(members[0], fetch)
        body = _page(body, members, path, query)
    elif "$top" in query or "$skip" in query or "only" in query:
        raise fail(400, "QueryNotSupportedOnResource")
    if "$expand" in query:
        outside, inside = EXPANDS[query["$expand"]]
        body = {key: await _expand(value, fetch, key, outside, inside, False) for key, value in body.items()}
    if "$select" in query:
        wanted = {part.strip().partition("/")[0] for part in query["$select"].split(",")}
        body = {key: value for key, value in body.items() if key.startswith("@odata.") or key.split("@")[0] in wanted}
    return body


def _page(body: JsonObject, members: list[object], path: str, query: Mapping[str, str]) -> JsonObject:
    """A handler that pages by itself says so by a count that is not its members'."""
    skip, top = number(query, "$skip", 0), number(query, "$top", len(members))
    total = body["Members@odata.count"]
    shown = members[skip : skip + top] if total == len(members) else members
    page = body | {"Members": shown}
    if isinstance(total, int) and shown and skip + len(shown) < total:
        rest = {**query, "$skip": str(skip + len(shown))}
        page["Members@odata.nextLink"] = f"{path}?{urlencode(rest, safe='$.()=')}"
    return page


async def _whole(member: JsonObject, fetch: Fetch) -> JsonObject:
    return await fetch(str(member["@odata.id"])) or member if len(member) == 1 else member


async def _expand_item(item: object, number: int, fetch: Fetch, how: tuple[bool, bool, bool]) -> object:
    """A long list lets others have their turn: nothing in it need wait for anything."""
    if number % 32 == 31:
        await asyncio.sleep(0)
    return await _expand(item, fetch, "", *how)


async def _expand(value: object, fetch: Fetch, key: str, outside: bool, inside: bool, in_links: bool) -> object:
    """One level of references replaced by what they name: those outside of Links, those inside, or both."""
    if key == "Actions":
        return value
    in_links = in_links or key == "Links"
    if isinstance(value, list):
        return [
            await _expand_item(item, number, fetch, (outside, inside, in_links)) for number, item in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"@odata.id"}:
        wanted = inside if in_links else outside
        return (await fetch(str(value["@odata.id"])) or value) if wanted else value
    return {name: await _expand(item, fetch, name, outside, inside, in_links) for name, item in value.items()}
