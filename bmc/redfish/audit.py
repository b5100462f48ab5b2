"""Who did what to a node, or to anything, newest first, as a log of its Manager; for its Administrators."""

import json
from dataclasses import replace

from bmc.events import AUDIT_KEPT, AuditRecord, Target
from bmc.model.caller import Door, Role
from bmc.redfish import oem
from bmc.redfish.errors import not_found
from bmc.redfish.event_record import REGISTRY
from bmc.redfish.logs import Source, flat, list_log, log_routes
from bmc.redfish.query import SEQUENCE
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.types import JsonObject, collection, link, links, moment, resource

SERVICES = "/redfish/v1/Managers/{node}/LogServices"
FORMAT = "Lightsout audit"
MESSAGE = f"{REGISTRY}.Audited"
_WITHIN = frozenset({Door.JOB, Door.SERVICE})
_THE_FLEETS = frozenset({"options", "tags", "tags_before"})


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
        MaxNumberOfRecords=AUDIT_KEPT,
        Entries=link(f"{call.path}/Entries"),
        Status={"State": "Enabled", "Health": "OK"},
    )
    return Reply(body)


async def list_entries(call: Call) -> Reply:
    node, audit = await _administer(call), call.house.audit
    source = Source(
        lambda top, skip: audit.newest(top, node, skip), lambda: audit.walk(node), lambda: audit.count(node)
    )
    return await list_log(call, "Audit", source, lambda record, base: _entry(_told_here(record, call), base))


async def get_entry(call: Call) -> Reply:
    node, wanted = await _administer(call), call.params["entry"]
    record = await call.house.audit.get(int(wanted), node) if SEQUENCE.fullmatch(wanted) else None
    if record is None:
        raise not_found(call.path)
    return Reply(_entry(_told_here(record, call), call.path.rpartition("/")[0]))


async def _administer(call: Call) -> str:
    """The node's name, "" for all of the fleet, for whoever may administer it. :raise Denied:"""
    if "node" not in call.params:
        await require(call, Role.ADMINISTRATOR, "read-audit")
        return ""
    definition = call.node().snapshot.definition
    await require(call, Role.ADMINISTRATOR, "read-audit", definition.name, definition.tags)
    return definition.name


def _told_here(record: AuditRecord, call: Call) -> AuditRecord:
    """At a node's own endpoint without its options and tags, which are the fleet's."""
    if not call.house.only:
        return record
    return replace(record, details={name: each for name, each in record.details.items() if name not in _THE_FLEETS})


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
        Oem=oem.extension(
            "LightsoutAuditRecord",
            oem.LightsoutAuditRecord(
                Account=record.account,
                Role=record.role.value,
                Door=record.door.value,
                Address=record.address or None,
                RequestId=record.request_id or None,
                Task=record.job or None,
                ApiToken=record.token or None,
                Action=record.action,
                TargetKind=record.kind.value,
                Target=record.target or None,
                Outcome=record.outcome,
                Details=flat(record.details),
            ),
        ),
    )


def _sentence(record: AuditRecord) -> str:
    """`olga (Operator) by redfish from 10.0.0.7, request 4711: power of n1 {"action": "On"}: ok`."""
    who = f"{record.account} ({record.role.value}) by {record.door.value}"
    if record.address:
        who += f" from {record.address}"
    if record.token:
        who += f", token {record.token}"
    if record.job:
        who += f", job {record.job}"
    if record.request_id:
        who += f", request {record.request_id}"
    details = f" {json.dumps(dict(record.details))}" if record.details else ""
    plain = record.kind in (Target.NODE, Target.PATH)
    what = record.target if plain else f"{record.kind.value} {record.target}".rstrip()
    return f"{who}: {record.action} of {what}{details}: {record.outcome}"


def audit_log(services: str) -> tuple[Route, ...]:
    """The routes of the audit below `services`, with {node} in it or not."""
    return log_routes(f"{services}/Audit", get_service, list_entries, get_entry)


ROUTES = (Route("GET", SERVICES, list_services), *audit_log(SERVICES))
