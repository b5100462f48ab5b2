"""Long answers go out in gzip to who takes it, packed in a thread so that nobody else waits.

Only what a GET reads is packed: no such answer holds a secret, as keys, passwords and tokens are told by the POST that
makes them or never, so that its length betrays none to who has text of their own beside it (BREACH).
"""

import asyncio
import gzip

from aiohttp import web

from bmc.redfish.negotiation import takes_gzip

LEAST = 16_384
"""Bytes. Of a shorter answer, as a single resource, a thread costs more time than the network saves."""
LEVEL = 1
"""Of zlib; the higher ones make little less of JSON, and take several times as long."""


async def pack(request: web.Request, response: web.Response) -> None:
    """Its ETag stays: it is weak, and so holds for every coding of the same answer (RFC 9110 §8.8.1)."""
    body = response.body
    if not isinstance(body, bytes) or len(body) < LEAST:
        return
    response.headers["Vary"] = "Accept-Encoding"
    if takes_gzip(",".join(request.headers.getall("Accept-Encoding", ()))):
        response.body = await asyncio.to_thread(gzip.compress, body, LEVEL, mtime=0)
        response.headers["Content-Encoding"] = "gzip"
