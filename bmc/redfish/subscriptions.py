"""EventService's subscriptions (DSP0266 §13.5): webhooks of accounts, and the configuration file's destinations."""

import re
from collections.abc import Iterable
from typing import Any, Literal

from pydantic import Field, field_validator

from bmc.events import REFUSED, Target
from bmc.hooks import Configured, RetryPolicy, Subscription
from bmc.hooks.dead_letters import DeadLetter
from bmc.hooks.deliveries import Delivery
from bmc.hooks.filter import ANY_NODE, Filter
from bmc.hooks.webhook import host_of
from bmc.model.caller import Caller, Role
from bmc.model.errors import Denied, InvalidRequest, NotFound, Refused
from bmc.model.events import Event, EventKind, Severity
from bmc.redfish.body import Body, Nothing
from bmc.redfish.errors import RedfishError, fail, not_found
from bmc.redfish.event_record import event_body, message_id
from bmc.redfish.event_service import SUBSCRIPTIONS, sees
from bmc.redfish.house import House
from bmc.redfish.messages import REGISTRY as BASE
from bmc.redfish.oem import DeadLetter as OemDeadLetter
from bmc.redfish.oem import Delivery as OemDelivery
from bmc.redfish.oem import LightsoutEventDestination, extension
from bmc.redfish.router import Call, Reply, Route, narrowed
from bmc.redfish.system_body import SYSTEMS, system_path
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

ROOT = "/redfish/v1"
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
VALUE = re.compile(r"[\x20-\x7e]{0,4096}")
OURS = {"connection", "content-encoding", "content-length", "content-type", "expect", "host", "keep-alive"}
OURS |= {"odata-version", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"}
MOST_HEADERS = 32
MESSAGES = {kind: message_id(kind).split(".") for kind in EventKind}
"""Each kind's message id in its parts: the registry first, the message last."""
PREFIXES = sorted({parts[0] for parts in MESSAGES.values()})
SYSTEM = "ComputerSystem"


class Origin(Body):
    id: str = Field(alias="@odata.id")


class LightsoutOem(Body):
    hmac_secret: str | None = Field(default=None, min_length=16, max_length=256)


class Oem(Body):
    lightsout: LightsoutOem = LightsoutOem()


class SubscriptionChange(Body):
    context: str | None = Field(default=None, max_length=1024)
    http_headers: list[dict[str, str]] = Field(default=[], max_length=MOST_HEADERS)
    delivery_retry_policy: RetryPolicy = RetryPolicy.BACK_OFF
    verify_certificate: bool = True
    oem: Oem = Oem()

    @field_validator("http_headers")
    @classmethod
    def _sendable(cls, headers: list[dict[str, str]]) -> list[dict[str, str]]:
        merged = _merged(headers)
        if len(merged) > MOST_HEADERS:
            raise ValueError(f"there are {len(merged)} headers; expected at most {MOST_HEADERS}")
        for name, value in merged.items():
            if not TOKEN.fullmatch(name) or name.lower() in OURS or name.lower().startswith("webhook-"):
                raise ValueError(
                    f"{name[:128]!r} cannot be set: expected the name of a header that is not the service's own"
                )
            if not VALUE.fullmatch(value):
                raise ValueError(f"the value of {name} is not printable ASCII of at most 4096 characters")
        return headers


class NewSubscription(SubscriptionChange):
    destination: str = Field(min_length=1, max_length=2048)
    protocol: Literal["Redfish"]
    subscription_type: Literal["RedfishEvent"] = "RedfishEvent"
    event_format_type: Literal["Event"] = "Event"
    event_types: list[Literal["Alert"]] = Field(default=[], max_length=256)
    registry_prefixes: list[str] = Field(default=[], max_length=256)
    message_ids: list[str] = Field(default=[], max_length=256)
    resource_types: list[str] = Field(default=[], max_length=256)
    origin_resources: list[Origin] = Field(default=[], max_length=256)
    subordinate_resources: bool = False
    severities: list[Severity] = Field(default=[], max_length=256)


async def list_subscriptions(call: Call) -> Reply:
    paths = [f"{SUBSCRIPTIONS}/{each.id}" for each in visible(call.house, call.caller)]
    return Reply(collection(SUBSCRIPTIONS, "EventDestinationCollection", "Event subscriptions", links(paths)))


async def get_subscription(call: Call) -> Reply:
    found = _find(call)
    body = await _body(call, found)
    return Reply(body, editable=_editable(found))


async def subscribe(call: Call) -> Reply:
    await _operators(call, "subscribe")
    wanted = call.body(NewSubscription)
    hooks, account = call.house.hooks, call.caller.account
    try:
        made = await hooks.subscribe(
            account,
            wanted.destination,
            filter=_filter(call, wanted),
            shown=_shown(wanted),
            **_changes(wanted, wanted.model_fields_set),
        )
    except InvalidRequest as error:
        raise _wrong("Destination", str(error)) from None
    except Refused as error:
        raise fail(400, "CreateLimitReachedForResource", text=str(error)) from None
    details = {"to": host_of(made.destination)}
    await call.house.audit.record(call.caller, "subscribe", made.id, "ok", details, Target.SUBSCRIPTION)
    return Reply(await _body(call, made), 201, {"Location": f"{SUBSCRIPTIONS}/{made.id}"})


async def change_subscription(call: Call) -> Reply:
    await _operators(call, "change-subscription")
    found = _own(call)
    change = call.body(SubscriptionChange, readable=await _body(call, found))
    given = change.model_fields_set
    changed = await call.house.hooks.change(found.id, **_changes(change, given))
    details = {"changed": sorted(given)}
    await call.house.audit.record(call.caller, "change-subscription", found.id, "ok", details, Target.SUBSCRIPTION)
    return Reply(await _body(call, changed), editable=_editable(changed))


async def delete_subscription(call: Call) -> Reply:
    await _operators(call, "unsubscribe")
    found = _own(call)
    await call.house.hooks.remove(found.id)
    await call.house.audit.record(call.caller, "unsubscribe", found.id, "ok", kind=Target.SUBSCRIPTION)
    return Reply(status=204)


async def suspend(call: Call) -> Reply:
    await _operators(call, "suspend-subscription")
    call.body(Nothing, "EventDestination.SuspendSubscription")
    found = _own(call)
    await call.house.hooks.suspend(found.id, call.caller.account)
    await call.house.audit.record(call.caller, "suspend-subscription", found.id, "ok", kind=Target.SUBSCRIPTION)
    return Reply(status=204)


async def resume(call: Call) -> Reply:
    await _operators(call, "resume-subscription")
    call.body(Nothing, "EventDestination.ResumeSubscription")
    found = _own(call)
    await call.house.hooks.resume(found.id)
    await call.house.audit.record(call.caller, "resume-subscription", found.id, "ok", kind=Target.SUBSCRIPTION)
    return Reply(status=204)


async def _operators(call: Call, action: str) -> None:
    """Whoever subscribes has the service send to where they like; it takes no scope of the whole fleet."""
    if call.caller.role.rank < Role.OPERATOR.rank:
        await call.house.audit.record(call.caller, action, call.path, REFUSED, kind=Target.PATH)
        raise Denied(f"{action} takes the role Operator; {call.caller.account} has {call.caller.role.value}")
    if narrowed(call.caller, call.house):
        await call.house.audit.record(call.caller, action, call.path, REFUSED, kind=Target.PATH)
        raise Denied("a subscription is given all that its account sees, and this token may see less")


def visible(house: House, caller: Caller) -> list[Subscription | Configured]:
    """All for who governs; else one's own, but of a token of less: a destination may bear a secret."""
    if caller.governs:
        return [*house.hooks.configured(), *house.hooks.subscriptions()]
    own = "" if narrowed(caller, house) else caller.account
    return [each for each in house.hooks.subscriptions() if each.account == own]


def _find(call: Call) -> Subscription | Configured:
    for each in visible(call.house, call.caller):
        if each.id == call.params["subscription"]:
            return each
    raise not_found(call.path)


def _own(call: Call) -> Subscription:
    found = _find(call)
    if isinstance(found, Configured):
        raise Refused(f"{found.id} is in the configuration file; change it there")
    return found


def _changes(change: SubscriptionChange, given: set[str]) -> dict[str, Any]:
    """What was given, by the names that a Subscription has for it."""
    fields: dict[str, Any] = {}
    if "context" in given:
        fields["context"] = change.context or ""
    if "http_headers" in given:
        fields["headers"] = _merged(change.http_headers)
    if "delivery_retry_policy" in given:
        fields["policy"] = change.delivery_retry_policy
    if "verify_certificate" in given:
        fields["verify"] = change.verify_certificate
    if "hmac_secret" in change.oem.lightsout.model_fields_set:
        fields["secret"] = change.oem.lightsout.hmac_secret or ""
    return fields


def _merged(headers: list[dict[str, str]]) -> dict[str, str]:
    return {name: value for each in headers for name, value in each.items()}


def _filter(call: Call, wanted: NewSubscription) -> Filter:
    """:raise RedfishError: 400, it would let through nothing that there is."""
    return Filter(kinds=_kinds(wanted), nodes=_nodes(call, wanted), severities=wanted.severities)


def _kinds(wanted: NewSubscription) -> list[str]:
    """Messages of one of the registries, or among the ids. A message id's version says nothing (EventDestination)."""
    for prefix in wanted.registry_prefixes:
        if prefix not in PREFIXES:
            raise _not_in(PREFIXES, prefix, "RegistryPrefixes")
    asked = {(parts[0], parts[-1]) for parts in (each.split(".") for each in wanted.message_ids)}
    for prefix, key in asked - {(parts[0], parts[-1]) for parts in MESSAGES.values()}:
        raise _not_in({f"{parts[0]}.{parts[-1]}" for parts in MESSAGES.values()}, f"{prefix}.{key}", "MessageIds")
    if not wanted.registry_prefixes and not asked:
        return []
    fitting = [
        kind
        for kind, parts in MESSAGES.items()
        if parts[0] in wanted.registry_prefixes or (parts[0], parts[-1]) in asked
    ]
    return [] if len(fitting) == len(MESSAGES) else [kind.value for kind in fitting]


def _nodes(call: Call, wanted: NewSubscription) -> list[str]:
    """The origin of every event that is about a node is its ComputerSystem."""
    for kind in wanted.resource_types:
        if kind.partition(".")[0].lstrip("#") != SYSTEM:
            raise _not_in([SYSTEM], kind, "ResourceTypes")
    nodes = [_node(call, origin.id.rstrip("/"), wanted.subordinate_resources) for origin in wanted.origin_resources]
    return nodes or ([ANY_NODE] if wanted.resource_types else [])


def _node(call: Call, path: str, subordinate: bool) -> str:
    if subordinate and path in (ROOT, SYSTEMS):
        return ANY_NODE
    name = path.removeprefix(f"{SYSTEMS}/")
    try:
        node = call.house.fleet.node(name)
    except NotFound:
        node = None
    if node is None or path != system_path(name) or not call.caller.scope.covers(name, call.house.fleet.tags(name)):
        text = f"{path[:200]!r} is the origin of no event: expected a system, or with SubordinateResources {SYSTEMS}"
        raise _wrong("OriginResources", text)
    return name


def _not_in(there: Iterable[str], value: str, name: str) -> RedfishError:
    text = f"{name}: there is no {value[:80]!r}; there is {', '.join(sorted(there))}."
    return fail(400, "PropertyValueNotInList", value, name, text=text, related=f"#/{name}")


def _wrong(name: str, text: str) -> RedfishError:
    return fail(400, "PropertyValueError", name, text=text, related=f"#/{name}")


def _shown(wanted: NewSubscription) -> dict[str, Any]:
    return {
        **({"EventTypes": list(wanted.event_types)} if wanted.event_types else {}),
        "RegistryPrefixes": wanted.registry_prefixes,
        "MessageIds": wanted.message_ids,
        "ResourceTypes": wanted.resource_types,
        "OriginResources": [link(origin.id) for origin in wanted.origin_resources],
        "SubordinateResources": wanted.subordinate_resources,
        "Severities": [severity.value for severity in wanted.severities],
    }


def _editable(found: Subscription | Configured) -> object:
    if isinstance(found, Configured):
        return None
    return [found.context, found.policy.value, found.verify, bool(found.secret), sorted(found.headers), found.suspended]


async def _body(call: Call, found: Subscription | Configured) -> JsonObject:
    path = f"{SUBSCRIPTIONS}/{found.id}"
    body = resource(path, "EventDestination", Id=found.id, Name=f"Event destination {found.id}")
    own = found if isinstance(found, Subscription) else None
    oem = LightsoutEventDestination(
        EventsWaiting=(await call.house.hooks.waiting())[found.id],
        Delivered=call.house.hooks.results(found.id)["delivered"],
        Deliveries=[_delivery(each, call) for each in await call.house.hooks.deliveries(found.id)],
        DeadLetters=await _dead_letters(call, found.id),
        Account=own.account if own else None,
        HmacSecret=None,
        HmacSecretSet=bool(own and own.secret),
    )
    body |= _webhook(path, found) if isinstance(found, Subscription) else _configured(found)
    body |= {"Status": _status(call, found)}
    return body | {"Oem": extension("LightsoutEventDestination", oem)}


def _webhook(path: str, found: Subscription) -> JsonObject:
    actions = {
        f"#EventDestination.{name}": {"target": f"{path}/Actions/EventDestination.{name}"}
        for name in ("ResumeSubscription", "SuspendSubscription")
    }
    return {
        "Destination": found.destination,
        "Protocol": "Redfish",
        "SubscriptionType": "RedfishEvent",
        "EventFormatType": "Event",
        "Context": found.context,
        "HttpHeaders": [],
        "DeliveryRetryPolicy": found.policy.value,
        "VerifyCertificate": found.verify,
        "Actions": actions,
        **found.shown,
    }


def _configured(found: Configured) -> JsonObject:
    body: JsonObject = {"Destination": found.uri, "Protocol": found.protocol, "Context": "configuration file"}
    body |= {"Severities": [severity.value for severity in found.filter.severities]}
    if found.protocol.startswith("Syslog"):
        return body | {"SubscriptionType": "Syslog"}
    what = "Program" if found.protocol == "OEM" else "Mail"
    body |= {"SubscriptionType": "OEM", "OEMSubscriptionType": what}
    return body | ({"OEMProtocol": what} if found.protocol == "OEM" else {})


def _status(call: Call, found: Subscription | Configured) -> JsonObject:
    """While deliveries fail the reason is a condition; it is critical when events are not delivered at all."""
    suspended = found.suspended if isinstance(found, Subscription) else ""
    worker = call.house.hooks.worker(found.id)
    error, since = (worker.error, worker.since) if worker else ("", 0.0)
    if not suspended and not error:
        return {"State": "Enabled", "Health": "OK"}
    asked = isinstance(found, Subscription) and found.asked
    health = "OK" if asked else "Critical" if suspended or (worker and worker.buried) else "Warning"
    condition: JsonObject = {
        "Message": suspended or error,
        "MessageId": f"{BASE}.GeneralError",
        "MessageArgs": [],
        "Severity": health,
    }
    if since:
        condition["Timestamp"] = moment(since)
    return {"State": "Disabled" if suspended else "Enabled", "Health": health, "Conditions": [condition]}


async def _dead_letters(call: Call, id: str) -> list[OemDeadLetter]:
    """The newest ones, oldest first; of what the caller may see."""
    letters = await call.house.hooks.dead_letters(id)
    return [_letter(each) for each in letters if each.event is None or sees(each.event, call.caller, call.house)]


def _delivery(delivery: Delivery, call: Call) -> OemDelivery:
    return OemDelivery(
        Created=moment(delivery.at),
        FirstEventId=str(delivery.event.sequence),
        Events=delivery.events,
        Message=delivery.event.message if sees(delivery.event, call.caller, call.house) else None,
        Outcome=delivery.outcome.value,
        Reason=delivery.reason or None,
        Milliseconds=round(delivery.seconds * 1000),
    )


def _letter(letter: DeadLetter) -> OemDeadLetter:
    event = letter.event
    return OemDeadLetter(
        Created=moment(letter.at),
        Reason=letter.error,
        EventsMissed=letter.missed if event is None else None,
        EventId=str(event.sequence) if event else None,
        Event=_rendered(event) if event else None,
    )


def _rendered(event: Event) -> JsonObject | None:
    """None for one that cannot be put into words, which may be why it is a dead letter: the log has told of it."""
    try:
        return event_body(event)
    except Exception:
        return None


PATH = f"{SUBSCRIPTIONS}/{{subscription}}"
ROUTES = (
    Route("GET", SUBSCRIPTIONS, list_subscriptions),
    Route("POST", SUBSCRIPTIONS, subscribe),
    Route("GET", PATH, get_subscription),
    Route("PATCH", PATH, change_subscription),
    Route("DELETE", PATH, delete_subscription),
    Route("POST", f"{PATH}/Actions/EventDestination.ResumeSubscription", resume),
    Route("POST", f"{PATH}/Actions/EventDestination.SuspendSubscription", suspend),
)
