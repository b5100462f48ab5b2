"""Nothing that is sent breaks the door: what is wrong is told in the words of the registry, and never by a 500."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bmc.redfish.body import Body
from bmc.redfish.messages import PLACE, REGISTRY, TEMPLATES
from bmc.redfish.tree import all_routes
from tests.redfish.service import N1, Service, open_service

ROOT = "/redfish/v1"
NOT_MINE = 501  # a query parameter that this service does not know
BUSY = 503
NAMES_OF_PATHS = {
    "node": "n1", "account": "vera", "role": "Operator", "slot": "cd0", "sensor": "InletTemp", "subscription": "1",
    "aggregate": "a", "session": "1", "job": "1", "option": "disk0", "storage": "sata", "drive": "disk0",
}  # fmt: skip
CHANGES = sorted(
    {
        (route.method, re.sub(r"{(\w+)}", lambda name: NAMES_OF_PATHS.get(name[1], "1"), route.path))
        for route in all_routes()
        if route.method in ("POST", "PATCH")
    }
)
BODIES = {
    "cut off": b'{"ResetType": ',
    "not UTF-8": b'{"Name": "\xff\xfe"}',
    "UTF-16": '{"Name": "x"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf{}",
    "an array": b"[]",
    "null": b"null",
    "a string": b'"x"',
    "a number beyond a float": b'{"Name": 1e999, "ResetType": -1e999}',
    "not a number": b'{"Name": NaN, "ResetType": Infinity}',
    "a very long number": b'{"Name": ' + b"9" * 5000 + b"}",
    "deep objects": b'{"Boot":' * 5000 + b"{}" + b"}" * 5000,
    "deep arrays": b'{"Tags":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "deep enough to be parsed": b'{"Oem":' * 150 + b"{}" + b"}" * 150,
    "the same name twice": b'{"ResetType": "On", "ResetType": "Bogus", "Name": "a", "Name": 1}',
    "half a character": b'{"Name": "\\ud800", "ResetType": "\\udfff", "\\ud800": 1}',
    "a zero byte": b'{"Name": "a\\u0000b", "UserName": "\\u0000", "Image": "\\u0000"}',
    "a thousand names": json.dumps({f"x{number}": number for number in range(1000)}).encode(),
    "an empty name": b'{"": {"": [{"": null}]}}',
    "two documents": b"{}{}",
    "only spaces": b"   ",
}


def told(body: Any) -> list[str]:
    """The message ids of an error, each checked against the registry."""
    messages = body["error"]["@Message.ExtendedInfo"]
    assert messages
    assert body["error"]["code"] == messages[0]["MessageId"]
    for entry in messages:
        registry, _, name = entry["MessageId"].rpartition(".")
        assert registry == REGISTRY
        places = {int(number) for number in PLACE.findall(TEMPLATES[name].text)}
        assert len(entry["MessageArgs"]) == max(places, default=0), entry
        assert entry["Message"]
        assert "Traceback" not in entry["Message"]
    return [entry["MessageId"].rpartition(".")[2] for entry in messages]


def check(status: int, body: Any) -> None:
    assert status < 500 or status in (NOT_MINE, BUSY, 502, 507), (status, body)
    if status >= 400:
        told(body)


@pytest.mark.parametrize("kind", BODIES)
async def test_a_nasty_body_is_refused_at_every_route_that_changes_something(service: Service, kind: str) -> None:
    for method, path in CHANGES:
        answer = await service.call(method, path, BODIES[kind])
        check(answer.status, answer.body)
    assert (await service.call("GET", N1)).status == 200


async def test_every_problem_of_a_change_is_told_at_once(service: Service) -> None:
    body = {
        "Boot": {"BootSourceOverrideTarget": "Tape", "BootSourceOverrideEnabled": 1, "Speed": 9},
        "LocationIndicatorActive": "yes",
        "AssetTag": "x" * 64,
        "PowerRestorePolicy": None,
        "UUID": "x",
        "Oem": {"Lightsout": {"Tags": "x", "Nonsense": 1}, "Contoso": {}},
    }
    answer = await service.call("PATCH", N1, body)
    assert answer.status == 400
    told(answer.body)
    related = {entry["RelatedProperties"][0] for entry in answer.body["error"]["@Message.ExtendedInfo"]}
    assert related == {
        "#/Boot/BootSourceOverrideTarget",
        "#/Boot/BootSourceOverrideEnabled",
        "#/Boot/Speed",
        "#/LocationIndicatorActive",
        "#/AssetTag",
        "#/UUID",
        "#/Oem/Lightsout/Tags",
        "#/Oem/Lightsout/Nonsense",
        "#/Oem/Contoso",
    }


def _bodies(kind: type[Body]) -> Iterator[type[Body]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _bodies(below)


WORDS = sorted({str(field.alias) for kind in _bodies(Body) for field in kind.model_fields.values()})
"""Every name that some request body has."""
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["On", "Cd", "Once", "Operator", "n1", "cd0", N1, "OnReset", "tiny", "https://127.0.0.2/"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=15,
)
SEGMENTS = st.sampled_from(
    ["redfish", "v1", "Systems", "n1", "Chassis", "Managers", "Registries", "Sensors", "Members", "Actions", "..", ".",
     "", "%2e%2e", "%2f", "%2F..%2F", "%00", "%ff", "%c0%af", "%u0041", "%", "%zz", "n1%20", "n1;a=b", "{node}", "*",
     "$metadata", "SSE%00", "ä".encode().decode("latin-1"), "x" * 3000]
)  # fmt: skip
QUERIES = st.sampled_from(
    ["", "?", "?&&==&", "?$top", "?$top=%00", "?$skip=1e9", "?$filter=" + "(" * 3000, "?$filter=not", "?only=1",
     "?$filter=Name%20eq%20'" + "x" * 3000, "?$expand=*($levels=99999)", "?$select=" + "a/" * 1000, "?%24top=1",
     "?$expand=.&$expand=~", "?$filter=a%20eq%20" + "9" * 400, "?a[]=1", "?$top=%F0%9F%98%80", "?\x7f", "#x"]
)  # fmt: skip


async def _raw(service: Service, token: str, target: str) -> tuple[int, Any]:
    """One GET of this very target, as no library would send it; the body when it is JSON."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.server.port)
    head = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{service.server.port}\r\nConnection: close\r\n"
    writer.write(head.encode("latin-1") + f"X-Auth-Token: {token}\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    top, _, body = answer.partition(b"\r\n\r\n")
    return int(top[9:12]), json.loads(body) if b"application/json" in top else None


async def test_whatever_is_asked_is_answered(tmp_path: Path) -> None:
    async with open_service(tmp_path) as service:
        await service.world.add("n1")
        token, _ = await service.token("vera")
        loop = asyncio.get_running_loop()

        async def change(target: tuple[str, str], body: dict[str, object]) -> None:
            answer = await service.call(*target, body)
            check(answer.status, answer.body)

        async def read(target: str) -> None:
            status, body = await _raw(service, token, target)
            assert status < 500 or status == NOT_MINE, (status, target[:200])
            if body is not None and status >= 400:
                told(body)

        quick = settings(max_examples=150, suppress_health_check=list(HealthCheck))

        @quick
        @given(st.sampled_from(CHANGES), st.dictionaries(st.sampled_from(WORDS), VALUES, max_size=6))
        def attack(target: tuple[str, str], body: dict[str, object]) -> None:
            asyncio.run_coroutine_threadsafe(change(target, body), loop).result(30)

        @quick
        @given(
            st.sampled_from(["/redfish/v1/", "/redfish/", "//redfish/v1/", "/"]),
            st.lists(SEGMENTS, max_size=4),
            QUERIES,
        )
        def wander(start: str, segments: list[str], query: str) -> None:
            asyncio.run_coroutine_threadsafe(read(start + "/".join(segments) + query), loop).result(30)

        await asyncio.to_thread(attack)
        await asyncio.to_thread(wander)
        assert (await service.call("GET", f"{ROOT}/Systems")).status == 200
