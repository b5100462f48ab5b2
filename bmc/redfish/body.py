"""Request bodies: parsed once, checked by a model, every problem told by the right message of the Base registry."""

import re
from collections.abc import Mapping
from typing import Annotated, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal
from pydantic_core import ErrorDetails, from_json, to_json

from bmc.model.errors import InvalidOptions
from bmc.redfish.errors import RedfishError, fail
from bmc.redfish.messages import message
from bmc.redfish.types import JsonObject

MOST_PROBLEMS = 50
SECRETS = re.compile("password|secret|headers|certificatestring|userdata", re.IGNORECASE)
SECRET = "********"  # noqa: S105 - stands in for one


class Body(BaseModel):
    """Base of every request body: unknown properties are errors, and nothing is converted silently."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_pascal, hide_input_in_errors=True
    )


class Reference(Body):
    """A link to another resource."""

    id: str = Field(alias="@odata.id")


class Nothing(Body):
    """An action without parameters."""


def _tag(text: str) -> str:
    if not 0 < len(text) <= TAG_LENGTH or not text.isprintable() or text != text.strip():
        raise ValueError(f"{text[:TAG_LENGTH]!r} is no tag: 1 to {TAG_LENGTH} printable characters, no space around")
    return text


TAG_LENGTH = 64
Tag = Annotated[str, AfterValidator(_tag)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=64)]

M = TypeVar("M", bound=Body)

# pydantic's error type → message of the Base registry, by the beginning of the type's name; the first match counts.
KINDS: tuple[tuple[str, str], ...] = (
    ("enum", "ValueNotInList"),
    ("literal_error", "ValueNotInList"),
    ("string_pattern_mismatch", "ValueFormatError"),
    ("uuid_", "ValueFormatError"),
    ("url_", "ValueFormatError"),
    ("greater_than", "ValueOutOfRange"),
    ("less_than", "ValueOutOfRange"),
    ("multiple_of", "ValueOutOfRange"),
    ("int_from_float", "ValueTypeError"),
    ("int_parsing", "ValueTypeError"),
    ("float_parsing", "ValueTypeError"),
    ("bool_parsing", "ValueTypeError"),
)


def parse_object(raw: bytes) -> JsonObject:
    """:raise RedfishError: 400, not a JSON object."""
    try:
        parsed = from_json(raw or b"{}", allow_inf_nan=False)
    except ValueError as error:  # it tells the place, and nothing of what stands there
        raise fail(400, "MalformedJSON", text=f"The request body is no JSON: {error}.") from None
    if not isinstance(parsed, dict):
        raise fail(400, "UnrecognizedRequestBody", text="The request body must be a JSON object.")
    return parsed


def parse(model: type[M], raw: bytes, action: str = "", readable: Mapping[str, object] | None = None) -> M:
    """The body as a `model`.

    `action` names the action whose parameters these are; `readable` is the resource as a client reads it, to tell
    a read-only property from an unknown one.

    :raise RedfishError: 400, with every problem in it.
    """
    given = _without_annotations(parse_object(raw))
    if readable is not None and not given:
        raise fail(400, "NoOperation")
    try:
        return model.model_validate_json(to_json(given))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=True)
    raise _refusal([_problem(details, action, readable) for details in found])


def wrong_options(error: InvalidOptions) -> RedfishError:
    """Every option of a node that its driver refused, in the driver's words."""
    found = []
    for details in error.problems:
        there = {**details, "loc": ("Oem", "Lightsout", "Options", *details["loc"])}
        found.append(_problem(cast(ErrorDetails, there), "", None) | {"Message": error.words(details)})
    return _refusal(found)


def _refusal(problems: list[JsonObject]) -> RedfishError:
    if len(problems) > MOST_PROBLEMS:
        problems[MOST_PROBLEMS:] = [message("MaximumErrorsExceeded")]
    return RedfishError(400, problems)


def _without_annotations(given: JsonObject) -> JsonObject:
    """Clients send back what they read: OData annotations say nothing that a change could act upon."""
    return {name: value for name, value in given.items() if not name.startswith("@odata.")}


def _problem(details: ErrorDetails, action: str, readable: Mapping[str, object] | None) -> JsonObject:
    path = [str(part) for part in details["loc"]]
    name = "/".join(path) or "(body)"
    pointer = "#/" + "/".join(path)
    kind, limits = details["type"], details.get("ctx", {})
    value = SECRET if SECRETS.search(name) else details.get("input")
    if kind == "extra_forbidden":
        if action:
            return message("ActionParameterUnknown", action, name, related=pointer)
        known = readable is not None and _present(readable, path)
        return message("PropertyNotWritable" if known else "PropertyUnknown", name, related=pointer)
    if kind == "missing":
        if action:
            return message("ActionParameterMissing", action, name, related=pointer)
        created = "PropertyMissing" if readable is not None else "CreateFailedMissingReqProperties"
        return message(created, name, related=pointer)
    if kind == "string_too_long":
        return message("StringValueTooLong", value, limits["max_length"], related=pointer)
    if kind == "string_too_short":
        return message("StringValueTooShort", value, limits["min_length"], related=pointer)
    if kind == "too_long":
        return message("ArraySizeTooLong", name, limits["max_length"], related=pointer)
    if kind == "too_short":
        return message("ArraySizeTooShort", name, limits["min_length"], related=pointer)
    if kind.endswith("_type"):
        what = "ValueTypeError"
    else:
        what = next((what for start, what in KINDS if kind.startswith(start)), "ValueError")
    said = details["msg"].removeprefix("Value error, ")
    what = f"ActionParameter{what}" if action else f"Property{what}"
    where = (name, action) if action else (name,)
    if what.endswith("ValueError"):
        return message(what, *where, text=f"{name}: {said}", related=pointer)
    entry = message(what, value, *where, related=pointer)
    return entry | {"Message": f"{entry['Message']} {said}."}  # the registry does not say what would be right


def _present(resource: Mapping[str, object], path: list[str]) -> bool:
    value: object = resource
    for part in path:
        if not isinstance(value, Mapping) or part not in value:
            return False
        value = value[part]
    return True
