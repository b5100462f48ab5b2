"""ETags in two halves: what a client may change, and all that it sees.

If-Match compares the first half only, so that a server which goes off by itself does not void an edit under way;
If-None-Match compares both, so that a 304 never hides a change.
"""

import hashlib
import json
import re

from bmc.redfish.types import JsonObject

TAG = re.compile(r"[0-9a-f]{16}\.[0-9a-f]{16}")


def make_etag(body: JsonObject, editable: object = None) -> str:
    view = _digest(body)
    return f'W/"{view if editable is None else _digest(editable)}.{view}"'


def permits(if_match: str, etag: str) -> bool:
    """Whether a change under this If-Match header may go ahead."""
    tags = [_opaque(tag) for tag in if_match.split(",")]
    now = _opaque(etag)
    edit, _, view = now.partition(".")
    if edit == view:
        return "*" in tags or now in tags
    return "*" in tags or edit in {tag.partition(".")[0] for tag in tags if TAG.fullmatch(tag)}


def unchanged(if_none_match: str, etag: str) -> bool:
    """Whether the client has this very view already."""
    tags = [_opaque(tag) for tag in if_none_match.split(",")]
    return "*" in tags or _opaque(etag) in tags


def _opaque(tag: str) -> str:
    """Weak and strong forms are the same to us; some clients drop the W/ or the quotes."""
    return tag.strip().removeprefix("W/").strip('"')


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
