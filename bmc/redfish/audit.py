"""Who did what to a node, as a log of its Manager, newest first; for its Administrators."""

import json

from bmc.events import AuditRecord
from bmc.model.caller import Door, Role
from bmc.redfish.errors import not_found
from bmc.redfish.event_record import REGISTRY
from bmc.redfish.query import number
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

SERVICES = "/redfish/v1/Managers/{node}/LogServices"
LOG = f"{SERVICES}/Audit"
ENTRIES = f"{LOG}/Entries"
SHOWN = 1000
FORMAT = "Lightsout audit"
MESSAGE = f"{REGISTRY}.Audited"
_WITHIN = frozenset({Door.JOB, Door.SERVICE})


async def list_services(call: Call) -> Reply:
    await _administer(call)
    return Reply(collection(call.path, "LogServiceCollection", "Logs", links([f"{call.path}/Audit"])))


async def get_service(call: Call) -> Reply:
    await _administer(call)
    body = resource(
        call.path,
        "LogService",
        Id="Audit",
        Name="Audit",
        ServiceEnabled=True,
        LogEntryType="OEM",
        LogPurposes=["Security"],
        OverWritePolicy="WrapsWhenFull",
        MaxNumberOfRecords=SHOWN,
        Entries=link(f"{call.path}/Entries"),
        Status={"State": "Enabled", "Health": "OK"},
    )
    return Reply(body)


async def list_entries(call: Call) -> Reply:
    """The last thousand records at most; only those that are asked for are turned into entries."""
    records = await _records(call)
    skip, top = number(call.request.query, "$skip", 0), number(call.request.query, "$top", SHOWN)
    members: list[object] = [_entry(record, call.path) for record in records[skip : skip + top]]
    return Reply(collection(call.path, "LogEntryCollection", "Audit", members, total=len(records)))


async def get_entry(call: Call) -> Reply:
    for record in await _records(call):
        if str(record.sequence) == call.params["entry"]:
            return Reply(_entry(record, call.path.rpartition("/")[0]))
    raise not_found(call.path)


async def _administer(call: Call) -> str:
    """The node's name, for whoever may administer it. :raise Denied:"""
    definition = call.node().snapshot.definition
    await require(call, Role.ADMINISTRATOR, "read-audit", definition.name, definition.tags)
    return definition.name


async def _records(call: Call) -> list[AuditRecord]:
    return (await call.house.audit.newest(SHOWN, target=await _administer(call)))[::-1]


def _entry(record: AuditRecord, base: str) -> JsonObject:
    return resource(
        f"{base}/{record.sequence}",
        "LogEntry",
        Id=str(record.sequence),
        Name=f"Audit record {record.sequence}",
        EntryType="Oem",
        OemRecordFormat=FORMAT,
        Created=moment(record.at),
        Severity="OK" if record.outcome in ("ok", "done") else "Warning",
        MessageId=MESSAGE,
        Message=_sentence(record),
        Username=record.account,
        Originator=record.account,
        OriginatorType="Internal" if record.door in _WITHIN else "Client",
    )


def _sentence(record: AuditRecord) -> str:
    """`olga (Operator) by redfish from 10.0.0.7, request 4711: power of n1 {"action": "On"}: ok`."""
    who = f"{record.account} ({record.role.value}) by {record.door.value}"
    if record.address:
        who += f" from {record.address}"
    if record.job:
        who += f", job {record.job}"
    if record.request_id:
        who += f", request {record.request_id}"
    details = f" {json.dumps(dict(record.details))}" if record.details else ""
    return f"{who}: {record.action} of {record.target}{details}: {record.outcome}"


ROUTES = (
    Route("GET", SERVICES, list_services),
    Route("GET", LOG, get_service),
    Route("GET", ENTRIES, list_entries),
    Route("GET", f"{ENTRIES}/{{entry}}", get_entry),
)
