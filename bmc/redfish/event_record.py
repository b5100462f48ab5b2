"""One event as Redfish sends it (DSP0266 §12.6, Event schema)."""

import json

from bmc.model.events import Event, EventKind
from bmc.redfish import oem
from bmc.redfish.system_body import system_path
from bmc.redfish.types import VERSIONS, JsonObject, link, moment

REGISTRY = "Lightsout.1.0"


def message_id(kind: EventKind) -> str:
    """`boot.override-set` → `Lightsout.1.0.BootOverrideSet`."""
    return f"{REGISTRY}." + "".join(word.capitalize() for word in kind.value.replace("-", ".").split("."))


def event_body(event: Event) -> JsonObject:
    record: JsonObject = {
        "EventType": "Alert",
        "EventId": str(event.sequence),
        "MemberId": "0",
        "EventTimestamp": moment(event.at),
        "MessageId": message_id(event.kind),
        "Message": event.message,
        "MessageArgs": [],
        "MessageSeverity": event.severity.value,
        "Oem": oem.extension(
            "LightsoutEvent",
            oem.LightsoutEvent(
                Kind=event.kind.value,
                Node=event.node or None,
                Maintenance=event.maintenance,
                Account=event.account or None,
                Details=dict(event.details),
            ),
        ),
    }
    if "message_id" in event.details:
        record |= {"MessageId": event.details["message_id"], "MessageArgs": event.details["message_args"]}
    if event.node:
        record["OriginOfCondition"] = link(system_path(event.node))
    return {
        "@odata.type": f"#Event.{VERSIONS['Event']}.Event",
        "Id": str(event.sequence),
        "Name": "Event",
        "Events": [record],
    }


def server_sent(event: Event) -> bytes:
    """One message of the SSE stream; JSON has no raw line ends, so that `data` is one line."""
    data = json.dumps(event_body(event), separators=(",", ":"))
    return f"id: {event.sequence}\ndata: {data}\n\n".encode()
