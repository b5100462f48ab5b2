"""Query parameters (DSP0266 §7.3) on what a handler returned: only, $filter, $skip, $top, $expand, $select."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlencode

from bmc.redfish.errors import RedfishError, fail
from bmc.redfish.filter import BadFilter, Condition, parse_filter
from bmc.redfish.types import JsonObject

SUPPORTED = frozenset({"$expand", "$filter", "$select", "$top", "$skip", "only"})
MAX_LEVELS = 4
MOST_EXPANDED = 20_000
"""Resources that one answer may hold."""
SEQUENCE = re.compile(r"[1-9][0-9]{0,17}")
"""The Id of an entry of a log that is a stream."""
_EXPAND = re.compile(r"([.*~])(?:\(\$levels=(\d{1,3})\))?")
_SELECT = re.compile(r"[\w@.#]+(/[\w@.#]+)*(,\s*[\w@.#]+(/[\w@.#]+)*)*")
# Of every resource these stay, whatever is selected.
_ALWAYS = ("@odata.id", "@odata.type", "@odata.context", "@odata.etag", "Members@odata.nextLink")

T = TypeVar("T")
Fetch = Callable[[str], Awaitable[JsonObject | None]]
Tree = dict[str, "Tree"]


def check(query: Mapping[str, str]) -> None:
    """:raise RedfishError: 501, a parameter with $ that is not supported (others are ignored); 400, a wrong value."""
    for name in query:
        if name.startswith("$") and name not in SUPPORTED:
            raise fail(501, "QueryParameterUnsupported", name)
    if "only" in query and SUPPORTED & query.keys() != {"only"}:
        raise fail(400, "QueryCombinationInvalid")
    if query.get("only"):
        raise fail(400, "QueryParameterValueFormatError", query["only"], "only")
    if "$expand" in query:
        _expansion(query["$expand"])
    if not _SELECT.fullmatch(query.get("$select", "any")):
        raise fail(400, "QueryParameterValueFormatError", query["$select"], "$select")
    number(query, "$top", 0)
    number(query, "$skip", 0)


def refuse(query: Mapping[str, str]) -> None:
    """For what is no GET. :raise RedfishError: 400."""
    if SUPPORTED & query.keys():
        raise fail(400, "QueryNotSupportedOnOperation")


def malformed(name: str, value: str, what: str) -> RedfishError:
    """400: `what` says what is wrong with the parameter and what was expected."""
    return fail(400, "QueryParameterValueFormatError", value, name, text=f"{name} {what}.")


def number(query: Mapping[str, str], name: str, default: int) -> int:
    """$top or $skip. :raise RedfishError: 400, not a number."""
    given = query.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise fail(400, "QueryParameterValueTypeError", given, name)
    return int(given)


def page(query: Mapping[str, str], most: int) -> tuple[int, int]:
    """$skip and $top, for a handler that gives at most `most` members at a time. :raise RedfishError: as `number`."""
    return number(query, "$skip", 0), min(number(query, "$top", most), most)


async def pick(
    query: Mapping[str, str], items: AsyncIterator[T], render: Callable[[T], JsonObject], most: int
) -> tuple[list[object], int]:
    """The page of those `items` that $filter lets through, and how many these are. Others have their turn meanwhile.

    :raise RedfishError: as `page` and `condition_of`.
    """
    skip, top = page(query, most)
    condition = condition_of(query["$filter"]) if "$filter" in query else None
    found: list[object] = []
    total = seen = 0
    async for item in items:
        seen += 1
        if seen % 32 == 0:
            await asyncio.sleep(0)
        body = render(item) if condition or skip <= total < skip + top else {}
        if condition and not condition(body):
            continue
        if skip <= total < skip + top:
            found.append(body)
        total += 1
    return found, total


async def each(items: Iterable[T]) -> AsyncIterator[T]:
    """Items that are at hand, as `pick` takes them."""
    for item in items:
        yield item


async def apply(body: JsonObject, path: str, query: Mapping[str, str], fetch: Fetch, paged: bool = False) -> JsonObject:
    """The body as the query wants it. `fetch` gets another resource as this caller sees it, None if it may not.

    `paged`: the handler has seen to $filter, $skip and $top.
    """
    members = body.get("Members")
    if isinstance(members, list):
        if "only" in query:
            return await _whole(members[0], fetch) if len(members) == 1 else body
        if "$filter" in query and not paged:
            members = await _filter(members, query["$filter"], fetch)
            body = body | {"Members@odata.count": len(members)}
        body = _page(body, members, path, query, paged)
    elif {"$top", "$skip", "$filter", "only"} & query.keys():
        raise fail(400, "QueryNotSupportedOnResource")
    if "$expand" in query:
        body = await _Expansion(fetch, *_expansion(query["$expand"])).inside(body)
    return _select(body, _paths(query["$select"])) if "$select" in query else body


def condition_of(text: str, names: Collection[str] | None = None) -> Condition:
    """:raise RedfishError: 400, it is no $filter, or one on a property that is not among `names`."""
    try:
        return parse_filter(text, names)
    except BadFilter as error:
        raise malformed("$filter", text, f"is wrong: {error}") from None


async def _filter(members: list[JsonObject], text: str, fetch: Fetch) -> list[JsonObject]:
    condition = condition_of(text)
    kept = []
    for place, member in enumerate(members):
        if condition(await _whole(member, fetch)):
            kept.append(member)
        if place % 32 == 31:
            await asyncio.sleep(0)
    return kept


def _page(body: JsonObject, members: list[JsonObject], path: str, query: Mapping[str, str], paged: bool) -> JsonObject:
    skip, total = number(query, "$skip", 0), body["Members@odata.count"]
    shown = members if paged else members[skip : skip + number(query, "$top", len(members))]
    page = body | {"Members": shown}
    if shown and isinstance(total, int) and skip + len(shown) < total:
        rest = {**query, "$skip": str(skip + len(shown))}
        page["Members@odata.nextLink"] = f"{path}?{urlencode(rest, safe='$.()=*~')}"
    return page


async def _whole(member: JsonObject, fetch: Fetch) -> JsonObject:
    return await fetch(str(member["@odata.id"])) or member if len(member) == 1 else member


@dataclass(slots=True)
class _Expansion:
    """References replaced by what they name: those outside of Links, those inside, or both, `levels` deep."""

    fetch: Fetch
    outside: bool
    in_links: bool
    levels: int
    made: int = 0

    async def inside(self, body: JsonObject, level: int = 1) -> JsonObject:
        return {key: await self._value(value, key, False, level) for key, value in body.items()}

    async def _value(self, value: object, key: str, in_links: bool, level: int) -> object:
        if not isinstance(value, dict | list) or key == "Actions":
            return value
        in_links = in_links or key == "Links"
        if isinstance(value, list):
            return [await self._value(item, "", in_links, level) for item in value]
        if value.keys() == {"@odata.id"}:
            return await self._reference(value, level) if (self.in_links if in_links else self.outside) else value
        return {name: await self._value(item, name, in_links, level) for name, item in value.items()}

    async def _reference(self, link: JsonObject, level: int) -> JsonObject:
        """:raise RedfishError: 507, the answer would hold too much."""
        self.made += 1
        if self.made > MOST_EXPANDED:
            text = f"The answer would hold more than {MOST_EXPANDED} resources; ask for fewer levels or pages."
            raise fail(507, "InsufficientStorage", text=text)
        if self.made % 32 == 0:
            await asyncio.sleep(0)  # a long answer lets others have their turn: nothing in it need wait for anything
        found = await self.fetch(str(link["@odata.id"]))
        if found is None:
            return link
        return await self.inside(found, level + 1) if level < self.levels else found


def _expansion(text: str) -> tuple[bool, bool, int]:
    """Whether outside of Links, whether inside, how deep. :raise RedfishError: 400."""
    found = _EXPAND.fullmatch(text)
    if found is None:
        raise fail(400, "QueryParameterValueFormatError", text, "$expand")
    levels = int(found[2] or 1)
    if not 0 < levels <= MAX_LEVELS:
        raise fail(400, "QueryParameterOutOfRange", levels, "$expand", f"1 to {MAX_LEVELS}")
    return found[1] != "~", found[1] != ".", levels


def _paths(text: str) -> Tree:
    """`Boot/BootSourceOverrideMode,Name` as a tree; a leaf means all that is below."""
    tree: Tree = {}
    for path in text.split(","):
        branch = tree
        for name in path.strip().split("/"):
            branch = branch.setdefault(name, {})
    return tree


def _select(value: JsonObject, tree: Tree) -> JsonObject:
    """Annotations of a property go with it."""
    kept: JsonObject = {}
    for key, item in value.items():
        below = tree.get(key, tree.get(key.partition("@")[0]) if not key.startswith("@") else None)
        if below is not None:
            kept[key] = _below(item, below)
        elif key in _ALWAYS or (key == "Members@odata.count" and "Members" in tree):
            kept[key] = item
    return kept


def _below(value: object, tree: Tree) -> object:
    if not tree:
        return value
    if isinstance(value, list):
        return [_below(item, tree) for item in value]
    return _select(value, tree) if isinstance(value, dict) else value
