"""The System Event Log as a file, oldest record first: CSV, JSON, or as `ipmitool sel elist` prints it."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from bmc.model.node import NodeSnapshot
from bmc.model.sel import SelEntry
from bmc.records import sel_words
from bmc.redfish.query import condition_of
from bmc.redfish.router import Call, Route
from bmc.redfish.sel import ENTRIES, LOG, entry_body
from bmc.redfish.types import JsonObject

COLUMNS = ("Id", "Created", "Severity", "SensorType", "SensorNumber", "EntryCode", "MessageId", "Message", "Resolved")

Told = Sequence[tuple[SelEntry, JsonObject]]
"""Records, each with its LogEntry."""


async def export(call: Call) -> web.Response:
    """$filter chooses among the records."""
    snapshot, file = call.node().snapshot, call.path.rpartition("/")[2]
    media, write = FILES[file]
    wanted = condition_of(call.request.query["$filter"]) if "$filter" in call.request.query else _all
    base = ENTRIES.format(node=snapshot.name)
    told = [(entry, entry_body(entry, snapshot.sel, base)) for entry in snapshot.sel.entries]
    text = write([each for each in told if wanted(each[1])], snapshot)
    headers = {
        "OData-Version": "4.0",
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{snapshot.name}-{file}"',
    }
    return web.Response(text=text, content_type=media, charset="utf-8", headers=headers)


def _all(_: Mapping[str, Any]) -> bool:
    return True


def _csv(told: Told, _: NodeSnapshot) -> str:
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(COLUMNS)
    table.writerows([body.get(column) for column in COLUMNS] for _, body in told)
    return file.getvalue()


def _json(told: Told, _: NodeSnapshot) -> str:
    return json.dumps([body for _, body in told], indent=2, ensure_ascii=False) + "\n"


def _text(told: Told, snapshot: NodeSnapshot) -> str:
    return "".join(sel_words.line(entry, snapshot.sensors) + "\n" for entry, _ in told)


FILES: dict[str, tuple[str, Callable[[Told, NodeSnapshot], str]]] = {
    "sel.csv": ("text/csv", _csv),
    "sel.json": ("application/json", _json),
    "sel.txt": ("text/plain", _text),
}
"""By name, what it is and how it is written."""
ROUTES = tuple(
    Route("GET", f"{LOG}/Oem/Lightsout/Export/{name}", export, media=(media,)) for name, (media, _) in FILES.items()
)
