"""The permanent log of a System's serial console: its lines as entries, newest first, and all of it as a file."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime

from aiohttp import web

from bmc.console.asciicast import Recording
from bmc.console.lines import Line, lines
from bmc.console.serial_log import SerialLog
from bmc.model.commands import SerialHistory
from bmc.redfish import oem
from bmc.redfish.authentication import require_serial
from bmc.redfish.errors import not_found
from bmc.redfish.logs import PAGE, SERVICES, log_routes
from bmc.redfish.query import malformed, page
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.types import JsonObject, collection, link, moment, resource

LOG = f"{SERVICES}/SerialLog"
DATA = f"{LOG}/Data"
FORMAT = "Lightsout serial line"
LONGEST_SEARCH = 256
SLOWEST_SECONDS = 60.0
"""Within which a client must take what one file of the log holds."""
MOST_READING = 4096
TEXT, RAW, CAST = "text/plain", "application/octet-stream", "application/x-asciicast"
FORMATS = {"text": (TEXT, "txt"), "raw": (RAW, "log"), "asciicast": (CAST, "cast")}


async def get_service(call: Call) -> Reply:
    log = await _log(call)
    body = resource(
        call.path,
        "LogService",
        Id="SerialLog",
        Name="Serial console log",
        ServiceEnabled=True,
        LogEntryType="OEM",
        OverWritePolicy="WrapsWhenFull",
        Persistency=True,
        Entries=link(f"{call.path}/Entries"),
        Status={"State": "Enabled", "Health": "OK"},
        Oem=oem.extension(
            "LightsoutLogService",
            oem.LightsoutLogService(
                ExportURIs=[f"{call.path}/Data?format={each}" for each in FORMATS],
                SizeBytes=log.size,
                MaxSizeBytes=log.quota,
            ),
        ),
    )
    return Reply(body)


async def list_entries(call: Call) -> Reply:
    """Beside what every collection takes, `search`, `since` and `until`; or `around`, the Id of an entry."""
    log, query = await _read(call), call.request.query
    skip, top = page(query, PAGE)
    if (place := query.get("around")) is not None:
        if not _is_position(place):
            raise malformed("around", place[:64], f"is {place[:64]!r}; expected the Id of an entry, a number")
        near: list[object] = [_entry(line, call.path) for line in await log.around(int(place), top)]
        return Reply(collection(call.path, "LogEntryCollection", "Serial console log", near, len(near)), paged=True)
    text = query.get("search", "")
    if len(text) > LONGEST_SEARCH:
        raise malformed("search", text[:64], f"has {len(text)} characters; expected at most {LONGEST_SEARCH}")
    found, total = await log.find(text, *_window(query), skip, top)
    members: list[object] = [_entry(line, call.path) for line in found]
    return Reply(collection(call.path, "LogEntryCollection", "Serial console log", members, total), paged=True)


async def get_entry(call: Call) -> Reply:
    log, wanted = await _read(call), call.params["entry"]
    line = await log.line(int(wanted)) if _is_position(wanted) else None
    if line is None or str(line.position) != wanted:
        raise not_found(call.path)
    return Reply(_entry(line, call.path.rpartition("/")[0]))


async def download(call: Call) -> web.StreamResponse:
    """`format` is text, raw or asciicast; `times=0` leaves the times out of a text; `since`, `until` as of entries."""
    log, query = await _log(call), call.request.query
    kind = query.get("format", "text")
    if kind not in FORMATS:
        raise malformed("format", kind[:64], f"is {kind[:64]!r}; expected one of {', '.join(FORMATS)}")
    since, until = _window(query)
    media, ending = FORMATS[kind]
    name = call.node().snapshot.name
    response = web.StreamResponse(headers={"Content-Type": f"{media}; charset=utf-8" if kind != "raw" else media})
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}-serial.{ending}"'
    response.headers["OData-Version"] = "4.0"
    if call.request.method == "HEAD":
        await response.prepare(call.request)
        return response
    await call.house.audit.record(call.caller, "download-serial-log", name, "done", {"format": kind})
    with call.house.closing.watch(call.identity) as ended:
        await response.prepare(call.request)
        try:
            async for piece in _pieces(log, kind, name, query.get("times", "1") != "0", since, until):
                if ended.done():
                    raise ConnectionError(ended.result())
                async with asyncio.timeout(SLOWEST_SECONDS):
                    await response.write(piece)
        except (TimeoutError, ConnectionError):
            # Whoever has only a part of it must see that.
            if call.request.transport is not None:
                call.request.transport.abort()
    return response


async def _pieces(
    log: SerialLog, kind: str, title: str, times: bool, since: float, until: float
) -> AsyncIterator[bytes]:
    recording = Recording(title)
    async for chunks in log.chunks(since, until):
        if kind == "raw":
            yield b"".join(chunk.data for chunk in chunks)
        elif kind == "asciicast":
            yield "".join(recording.feed(chunks)).encode()
        else:
            told = (f"{moment(line.at)}  {line.text}\n" if times else f"{line.text}\n" for line in lines(chunks))
            yield "".join(told).encode()


async def _log(call: Call) -> SerialLog:
    """For who may type there, too: secrets that were typed may be in it. :raise Denied, NotSupported:"""
    node = call.node()
    definition = node.snapshot.definition
    if not node.snapshot.has_serial_log:
        raise not_found(call.path)
    await require(call, SerialHistory.role, SerialHistory.action, definition.name, definition.tags)
    require_serial(call.request, call.house.sign_in)
    return await node.open(SerialHistory(), call.caller)


async def _read(call: Call) -> SerialLog:
    """As `_log`; recorded once a session, and once an hour of a token and of who signs in with each request."""
    log = await _log(call)
    caller, reading = call.caller, call.house.reading
    name, now = call.node().snapshot.name, call.house.clock.monotonic()
    reader = call.identity.session or f"{caller.account} {caller.address}"
    known = reading.get((reader, name))
    if known is None or ((caller.token or not call.identity.session) and now > known + 3600):
        if len(reading) >= MOST_READING:
            reading.clear()
        reading[reader, name] = now
        await call.house.audit.record(caller, "read-serial-log", name, "done")
    return log


def _is_position(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 18


def _window(query: Mapping[str, str]) -> tuple[float, float]:
    return _instant(query, "since", 0.0), _instant(query, "until", float("inf"))


def _instant(query: Mapping[str, str], name: str, default: float) -> float:
    """A moment in RFC 3339, of UTC unless it says another zone. :raise RedfishError: 400."""
    if name not in query:
        return default
    try:
        told = datetime.fromisoformat(query[name])
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        what = f"is {query[name][:64]!r}; expected a time as 2026-01-31T12:00:00Z"
        raise malformed(name, query[name][:64], what) from None


def _entry(line: Line, base: str) -> JsonObject:
    return resource(
        f"{base}/{line.position}",
        "LogEntry",
        Id=str(line.position),
        Name=f"Serial line at {line.position}",
        EntryType="Oem",
        OemRecordFormat=FORMAT,
        Created=moment(line.at),
        Message=line.text,
    )


ROUTES = (
    *log_routes(LOG, get_service, list_entries, get_entry),
    Route("GET", DATA, download, media=(TEXT, RAW, CAST)),
)
