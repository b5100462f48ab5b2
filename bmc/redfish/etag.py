"""ETags in two halves: what a client may change, and all that it sees.

If-Match compares the first half only, so that a server which goes off by itself does not void an edit under way;
If-None-Match compares both, so that a 304 never hides a change.
"""

import hashlib
import json

from bmc.redfish.types import JsonObject


def make_etag(body: JsonObject, editable: object = None) -> str:
    view = _digest(body)
    return f'W/"{view if editable is None else _digest(editable)}.{view}"'


def permits(if_match: str, etag: str) -> bool:
    """Whether a change under this If-Match header may go ahead."""
    return if_match.strip() == "*" or _halves(etag)[0] in {_halves(tag)[0] for tag in if_match.split(",")}


def unchanged(if_none_match: str, etag: str) -> bool:
    """Whether the client has this very view already."""
    return if_none_match.strip() == "*" or _halves(etag) in [_halves(tag) for tag in if_none_match.split(",")]


def _halves(tag: str) -> tuple[str, str]:
    """Weak and strong forms are the same to us; some clients drop the W/ or the quotes."""
    edit, _, view = tag.strip().removeprefix("W/").strip('"').partition(".")
    return edit, view


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
