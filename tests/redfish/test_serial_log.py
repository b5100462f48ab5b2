"""The permanent log of a serial console: its lines, searched and paged; all of it as a file; for operators only."""

import asyncio
import json
from typing import Any

import pytest

from tests.redfish.service import Service

LOG = "/redfish/v1/Systems/n1/LogServices/SerialLog"
ENTRIES, DATA = f"{LOG}/Entries", f"{LOG}/Data"


@pytest.fixture
async def printed(service: Service) -> Service:
    """n1 has printed something, with colours and a progress bar."""
    line = service.drivers.lines["n1"]
    for number in range(30):
        line.stream.incoming.put_nowait(f"\x1b[32mboot {number:02}\x1b[0m\r\n".encode())
    line.stream.incoming.put_nowait(b"copying 10%\rcopying 100%\r\nKernel panic - not syncing\r\nlogin: ")
    async with asyncio.timeout(20):
        while (await service.get(ENTRIES))["Members@odata.count"] < 34:  # noqa: ASYNC110 - it is written by a thread
            await asyncio.sleep(0.05)
    return service


def texts(page: Any) -> list[str]:
    return [each["Message"] for each in page["Members"]]


async def test_the_lines_are_entries_newest_first(printed: Service) -> None:
    page = await printed.get(f"{ENTRIES}?$top=3")
    assert texts(page) == ["login:", "Kernel panic - not syncing", "copying 100%"]
    assert page["Members@odata.count"] == 34
    following = await printed.get(page["Members@odata.nextLink"])
    assert texts(following)[0] == "boot 29"
    entry = page["Members"][1]
    assert (entry["EntryType"], entry["OemRecordFormat"]) == ("Oem", "Lightsout serial line")
    assert (await printed.get(entry["@odata.id"]))["Message"] == "Kernel panic - not syncing"
    for nothing in (f"{ENTRIES}/1", f"{ENTRIES}/x", f"{ENTRIES}/-1", f"{ENTRIES}/{'9' * 30}"):
        assert (await printed.call("GET", nothing)).status == 404
    log = await printed.get(LOG)
    assert log["OverWritePolicy"] == "WrapsWhenFull"
    assert 0 < log["Oem"]["Lightsout"]["SizeBytes"] <= log["Oem"]["Lightsout"]["MaxSizeBytes"]


async def test_a_search_is_paged_and_looks_through_colours(printed: Service) -> None:
    page = await printed.get(f"{ENTRIES}?search=BOOT%201&$top=4")
    assert texts(page) == ["boot 19", "boot 18", "boot 17", "boot 16"]
    assert page["Members@odata.count"] == 10
    rest = await printed.get(page["Members@odata.nextLink"])
    assert texts(rest) == ["boot 15", "boot 14", "boot 13", "boot 12"]
    assert texts(await printed.get(f"{ENTRIES}?search=10%25")) == []
    assert texts(await printed.get(f"{ENTRIES}?search=panic&since=2000-01-01T00:00:00Z")) == [
        "Kernel panic - not syncing"
    ]
    assert texts(await printed.get(f"{ENTRIES}?search=panic&until=2000-01-01")) == []
    for wrong in ("since=yesterday", "until=0", f"search={'x' * 257}"):
        assert (await printed.call("GET", f"{ENTRIES}?{wrong}")).status == 400


async def test_what_stood_around_a_line_is_told(printed: Service) -> None:
    (panic,) = (await printed.get(f"{ENTRIES}?search=panic"))["Members"]
    near = await printed.get(f"{ENTRIES}?around={panic['Id']}&$top=5")
    assert texts(near) == ["login:", "Kernel panic - not syncing", "copying 100%", "boot 29"]
    assert (await printed.call("GET", f"{ENTRIES}?around=here")).status == 400


async def test_all_of_it_is_a_file_as_text_as_it_was_and_for_players(printed: Service) -> None:
    async def file(query: str, kind: str) -> str:
        answer = await printed.call("GET", f"{DATA}{query}", as_="olga")
        assert answer.status == 200, answer
        assert answer.headers["Content-Type"].startswith(kind)
        assert "n1-serial." in answer.headers["Content-Disposition"]
        return str(answer.body)

    with_times, plain = await file("", "text/plain"), await file("?times=0", "text/plain")
    assert [line.partition("  ")[2] for line in with_times.splitlines()] == plain.splitlines()
    assert plain.splitlines()[-2:] == ["Kernel panic - not syncing", "login:"]
    raw = await file("?format=raw", "application/octet-stream")
    assert raw.endswith("copying 10%\rcopying 100%\r\nKernel panic - not syncing\r\nlogin: ")
    cast = await file("?format=asciicast", "application/x-asciicast")
    head, *chunks = [json.loads(line) for line in cast.splitlines()]
    assert (head["version"], head["title"]) == (2, "n1")
    assert "".join(text for _, _, text in chunks) == raw
    times = [at for at, kind, _ in chunks if kind == "o"]
    assert times == sorted(times)
    assert await file("?format=raw&until=2000-01-01T00:00:00Z", "application/octet-stream") == ""
    assert (await printed.call("GET", f"{DATA}?format=pdf")).status == 400
    assert (await printed.call("HEAD", DATA)).status == 200
    done = [each.account for each in await printed.world.audit.read(0, 100) if each.action == "download-serial-log"]
    assert done == ["olga"] * 5


async def test_who_reads_it_is_recorded_once_a_session(printed: Service) -> None:
    async def readers() -> list[str]:
        return [each.account for each in await printed.world.audit.read(0, 100) if each.action == "read-serial-log"][1:]

    for _ in range(3):
        await printed.get(f"{ENTRIES}?search=panic", as_="olga")
    assert await readers() == ["olga"]
    token, _ = await printed.token("olga")
    for path in (ENTRIES, f"{ENTRIES}/0"):
        assert (await printed.call("GET", path, as_="", headers={"X-Auth-Token": token})).status == 200
    assert await readers() == ["olga", "olga"]


async def test_who_may_not_type_there_may_not_read_it(printed: Service) -> None:
    await printed.world.add("n2")
    for path in (LOG, ENTRIES, f"{ENTRIES}/0", DATA):
        assert (await printed.call("GET", path, as_="vera")).status == 403
        assert (await printed.call("GET", path.replace("n1", "n2"), as_="tina")).status == 404
        assert (await printed.call("GET", path, as_="tina")).status in (200, 404)
    assert "MaxSizeBytes" not in json.dumps(await printed.get(f"{LOG[:-10]}?$expand=.", as_="vera"))


async def test_a_server_without_a_serial_line_has_no_such_log(service: Service) -> None:
    service.drivers.headless.add("n5")
    await service.world.add("n5")
    services = "/redfish/v1/Systems/n5/LogServices"
    assert not [each for each in (await service.get(services))["Members"] if "SerialLog" in each["@odata.id"]]
    assert (await service.call("GET", f"{services}/SerialLog")).status == 404


async def test_a_removed_servers_log_is_gone_and_its_namesake_begins_anew(printed: Service) -> None:
    await printed.call("DELETE", "/redfish/v1/Systems/n1")
    del printed.drivers.lines["n1"]
    await printed.world.add("n1")
    assert texts(await printed.get(ENTRIES)) in ([], ["printed before"])
