"""What a client takes and what it sends: Accept, Accept-Encoding and Content-Type (RFC 9110 §12.5.1, §12.5.3, §8.3;
DSP0266 §6.5).
"""

from collections.abc import Iterable

from bmc.redfish.errors import fail

JSON, XML, EVENT_STREAM = "application/json", "application/xml", "text/event-stream"
OFFSET_OCTETS = "application/offset+octet-stream"
_UTF8 = frozenset({"", "utf-8", "utf8", "us-ascii"})


def check_accept(accept: str, media: Iterable[str]) -> None:
    """`accept` is the header, "" when there is none: then anything goes. :raise RedfishError: 406."""
    ranges = [_parse(each) for each in accept.split(",") if each.strip()]
    media = tuple(media)
    if not ranges or any(_quality(ranges, each) > 0 for each in media):
        return
    text = f"This answers with {' or '.join(media)}, which the request's Accept header does not take."
    raise fail(406, "HeaderInvalid", "Accept", text=text)


def takes_gzip(accept_encoding: str) -> bool:
    """`accept_encoding` is the header, "" when there is none."""
    codings = dict(map(_parse, accept_encoding.split(",")))
    wanted = codings.get("gzip", codings.get("*"))
    return wanted is not None and _number(wanted.get("q", "1")) > 0


def check_content_type(content_type: str, takes: str = JSON) -> None:
    """Of a body that is there. A client that does not say what it sends is taken to send what the route takes.

    :raise RedfishError: 415.
    """
    kind, parameters = _parse(content_type)
    if takes != JSON:
        if kind not in ("", takes):
            text = f"The request body must be {takes}; the request's Content-Type header says otherwise."
            raise fail(415, "HeaderInvalid", "Content-Type", text=text)
        return
    if kind not in ("", JSON) or parameters.get("charset", "").lower() not in _UTF8:
        text = f"The request body must be {JSON} in UTF-8; the request's Content-Type header says otherwise."
        raise fail(415, "HeaderInvalid", "Content-Type", text=text)


def _quality(ranges: list[tuple[str, dict[str, str]]], media: str) -> float:
    """The most specific range decides; what none of them names is not taken."""
    for wanted in (media, f"{media.partition('/')[0]}/*", "*/*"):
        for kind, parameters in ranges:
            if kind == wanted:
                return _number(parameters.get("q", "1"))
    return 0.0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def _parse(text: str) -> tuple[str, dict[str, str]]:
    kind, *parameters = text.split(";")
    pairs = (each.partition("=") for each in parameters)
    return kind.strip().lower(), {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
