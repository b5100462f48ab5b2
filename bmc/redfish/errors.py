"""What goes wrong, as Redfish says it (DSP0266 §8.6): one table from the house's errors to status and message."""

import re
from collections.abc import Mapping, Sequence

from bmc.model.errors import (
    BackendFailed,
    BmcError,
    Busy,
    Denied,
    InvalidRequest,
    NotFound,
    NotSupported,
    OutcomeUnknown,
    Refused,
    TimedOut,
    Unreachable,
    WrongState,
)
from bmc.redfish.messages import message
from bmc.redfish.types import JsonObject

RETRY_AFTER = 5
ABOUT = re.compile(r"(?:^|(?<=; ))[a-z0-9_]+(?=(?:\.\w+)?[:,] )")

# Error class → status, message, the message's arguments: {path} is the request's, {retry} the seconds to wait.
TRANSLATION: Mapping[type[BmcError], tuple[int, str, tuple[str, ...]]] = {
    Busy: (503, "ServiceTemporarilyUnavailable", ("{retry}",)),
    WrongState: (409, "ResourceInUse", ()),
    Refused: (409, "ResourceInUse", ()),
    NotSupported: (400, "ActionNotSupported", ("{path}",)),
    InvalidRequest: (400, "GeneralError", ()),
    NotFound: (404, "ResourceMissingAtURI", ("{path}",)),
    Denied: (403, "InsufficientPrivilege", ()),
    Unreachable: (502, "CouldNotEstablishConnection", ("{path}",)),
    OutcomeUnknown: (502, "OperationFailed", ()),
    BackendFailed: (502, "OperationFailed", ()),
    TimedOut: (504, "OperationTimeout", ()),
    BmcError: (500, "InternalError", ()),
}


class RedfishError(Exception):
    """A reply that is an error: its status, all its messages, and headers beside them."""

    def __init__(self, status: int, messages: Sequence[JsonObject], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, messages)
        self.status = status
        self.messages = messages
        self.headers = dict(headers or {})

    @property
    def body(self) -> JsonObject:
        first = self.messages[0]
        text = "  ".join(str(entry["Message"]) for entry in self.messages)
        return {"error": {"code": first["MessageId"], "message": text, "@Message.ExtendedInfo": list(self.messages)}}


def fail(status: int, name: str, *arguments: object, text: str = "", related: str = "") -> RedfishError:
    return RedfishError(status, [message(name, *arguments, text=text, related=related)])


def not_found(path: str) -> RedfishError:
    return fail(404, "ResourceMissingAtURI", path)


def named(error: InvalidRequest, names: Mapping[str, str]) -> InvalidRequest:
    """Problems of a job, each of which begins with what it is about, by the `names` that the client has for it."""
    return InvalidRequest(ABOUT.sub(lambda found: names.get(found[0], found[0]), str(error)))


def translate(error: BmcError, path: str) -> RedfishError:
    """The nearest class in the table decides; the person reads the error's own text."""
    status, name, arguments = next(TRANSLATION[kind] for kind in type(error).__mro__ if kind in TRANSLATION)
    filled = [argument.format(path=path, retry=RETRY_AFTER) for argument in arguments]
    headers = {"Retry-After": str(RETRY_AFTER)} if status == 503 else {}
    return RedfishError(status, [message(name, *filled, text=str(error))], headers)
