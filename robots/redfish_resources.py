"""Looking into Redfish resources, of which any part may be missing, null, or something else than the schema says."""

from typing import Any

from robots.redfish_link import Json

ABSURD = 1e15


def table(body: Json, *names: str) -> Json:
    """The object that lies under these names; an empty one where there is none."""
    found: Any = body
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def link_of(body: Json, name: str) -> str:
    """Where the link of this name leads; "": nowhere."""
    path = table(body, name).get("@odata.id")
    return path if isinstance(path, str) else ""


def rows(body: Json, *names: str) -> list[Json]:
    """The objects of an array."""
    found = table(body, *names[:-1]).get(names[-1])
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def links_of(body: Json, *names: str) -> list[str]:
    """Where the links of an array lead."""
    return [path for each in rows(body, *names) if isinstance(path := each.get("@odata.id"), str)]


def members(collection: Json) -> list[str]:
    return links_of(collection, "Members")


def text(body: Json, name: str) -> str:
    value = body.get(name)
    return value.strip() if isinstance(value, str) else ""


def number(body: Json, *names: str) -> float | None:
    """The first of these properties that is a number which can be meant."""
    for name in names:
        value = body.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= ABSURD:
            return float(value)
    return None
