"""What vendors do otherwise: a real Redfish service whose answers are changed on the way as theirs are."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bmc.fetch import Fetcher
from bmc.media import MediaLibrary
from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.errors import BackendFailed, NotSupported
from bmc.model.power import PowerAction, PowerState
from bmc.ports import Backend
from robots.redfish_log import RedfishLog
from robots.redfish_quirks import quirks_of
from robots.testing import opened
from tests.ports import free_port
from tests.redfish.estate import Estate, open_estate
from tests.robots.redfish_peers import site
from tests.world import MemoryServer, until

SYSTEM = "/redfish/v1/Systems/n1"
DRIVE = f"{SYSTEM}/VirtualMedia/cd0"
RESET = f"{SYSTEM}/Actions/ComputerSystem.Reset"
ONCE_CD = BootOverride(BootTarget.CD, BootEnabled.ONCE)

Change = Callable[[dict[str, Any]], None]
Reply = tuple[int, dict[str, Any]]


@dataclass
class Vendor:
    """Answers are `changed` by path; `own` answers instead; what was asked to take effect is in `asked`."""

    estate: Estate
    directory: Path
    changed: dict[str, Change] = field(default_factory=dict)
    own: dict[tuple[str, str], Callable[[dict[str, Any]], Reply | None]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    headers: list[str | None] = field(default_factory=list)
    port: int = field(default_factory=free_port)

    @property
    def server(self) -> MemoryServer:
        return self.estate.service.drivers.servers["n1"]

    def taken(self, verb: str) -> list[tuple[str, dict[str, Any]]]:
        return [(path, body) for method, path, body in self.asked if method == verb and "Sessions" not in path]

    async def serve(self, request: web.Request) -> web.Response:
        data = await request.read()
        body = json.loads(data) if data else {}
        if request.method != "GET":
            self.asked.append((request.method, request.path, body))
        if request.method == "PATCH":
            self.headers.append(request.headers.get("If-Match"))
        if (own := self.own.get((request.method, request.path))) and (reply := own(body)):
            return web.json_response(reply[1], status=reply[0])
        passed = {name: value for name, value in request.headers.items() if name not in ("Host", "Accept-Encoding")}
        url = self.estate.service.url + request.raw_path
        async with aiohttp.ClientSession() as client:
            async with client.request(request.method, url, data=data or None, headers=passed) as response:
                text = await response.text()
                kept = ("ETag", "X-Auth-Token", "Location")
                headers = {name: response.headers[name] for name in kept if name in response.headers}
                if request.method == "GET" and (change := self.changed.get(request.path)):
                    answer = json.loads(text)
                    change(answer)
                    text = json.dumps(answer)
                return web.Response(
                    status=response.status, text=text or None, headers=headers, content_type="application/json"
                )

    async def open(self, stack: AsyncExitStack) -> Backend:
        bmc = {
            "adapter": "redfish",
            "url": f"http://127.0.0.1:{self.port}",
            "credential": "fleet",
            "system": "n1",
            "poll": "0.5s",
            "serve_from": f"127.0.0.1:{free_port()}",
        }
        backend = await stack.enter_async_context(opened({"bmc": bmc}, site(self.directory)))
        assert backend.media
        await until(backend.media.slots)
        return backend


@pytest.fixture
async def vendor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Vendor]:
    (tmp_path / "lightsout").mkdir()
    async with open_estate(tmp_path / "lightsout") as estate:
        library = MediaLibrary(tmp_path / "library", Fetcher((ip_network("127.0.0.1/32"),)), 1 << 24)
        monkeypatch.setattr(estate.service.world.media, "path", library.path)
        vendor = Vendor(estate, tmp_path / "kept")
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", vendor.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", vendor.port).start()
        yield vendor
        await runner.cleanup()


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.iso"
    path.write_bytes(b"an image" * 2000)
    return path


def refusal(text: str) -> Reply:
    return 400, {"error": {"code": "Base.1.18.GeneralError", "message": text}}


def supermicro(body: dict[str, Any]) -> None:
    body["Manufacturer"], body["Model"] = "Supermicro", "SYS-1029P"
    if "Boot" in body:
        body["Boot"]["BootSourceOverrideTarget@Redfish.AllowableValues"].append("UsbCd")


async def test_a_supermicro_boots_a_virtual_cd_as_a_usb_cd_and_is_told_the_mode(vendor: Vendor, stack: AsyncExitStack):
    vendor.changed[SYSTEM] = supermicro
    vendor.own["PATCH", SYSTEM] = lambda body: (204, {})
    backend = await vendor.open(stack)
    assert backend.boot
    await backend.boot.apply(ONCE_CD)
    assert vendor.taken("PATCH") == [
        (
            SYSTEM,
            {
                "Boot": {
                    "BootSourceOverrideTarget": "UsbCd",
                    "BootSourceOverrideEnabled": "Once",
                    "BootSourceOverrideMode": "UEFI",
                }
            },
        )
    ]


def hpe(body: dict[str, Any]) -> None:
    body["Manufacturer"], body["Model"] = "HPE", "ProLiant DL380 Gen10"


async def test_an_hpe_is_never_told_a_mode_and_keeps_a_target(vendor: Vendor, stack: AsyncExitStack):
    vendor.changed[SYSTEM] = hpe
    backend = await vendor.open(stack)
    assert backend.boot
    await backend.boot.apply(BootOverride(BootTarget.CD, BootEnabled.ONCE, BootMode.UEFI))
    await backend.boot.apply(BootOverride())
    assert [body["Boot"] for _, body in vendor.taken("PATCH")] == [
        {"BootSourceOverrideTarget": "Cd", "BootSourceOverrideEnabled": "Once"},
        {"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Disabled"},
    ]
    with pytest.raises(BackendFailed, match="change it in the firmware's setup"):
        await backend.boot.apply(BootOverride(BootTarget.CD, BootEnabled.ONCE, BootMode.LEGACY))


async def test_a_boot_override_is_changed_where_the_settings_are(vendor: Vendor, stack: AsyncExitStack):
    """Dell's iDRAC10 and AMI's MegaRAC."""
    pending: dict[str, Any] = {"BootSourceOverrideTarget": "None", "BootSourceOverrideEnabled": "Disabled"}

    def change(body: dict[str, Any]) -> Reply:
        pending.update(body["Boot"])
        return 204, {}

    def settings(body: dict[str, Any]) -> None:
        body["@Redfish.Settings"] = {"SettingsObject": {"@odata.id": f"{SYSTEM}/SD"}}

    vendor.changed[SYSTEM] = settings
    vendor.own["GET", f"{SYSTEM}/SD"] = lambda body: (200, {"Boot": pending})
    vendor.own["PATCH", f"{SYSTEM}/SD"] = change
    backend = await vendor.open(stack)
    assert backend.boot
    seen = backend.boot.seen()
    await backend.boot.apply(ONCE_CD)
    assert [path for path, _ in vendor.taken("PATCH")] == [f"{SYSTEM}/SD"]
    waiting = asyncio.ensure_future(anext(seen))
    await asyncio.sleep(1)
    assert not waiting.done()
    pending.update(BootSourceOverrideTarget="None", BootSourceOverrideEnabled="Disabled")
    assert (await asyncio.wait_for(waiting, 5)).override == ONCE_CD


async def test_a_bmc_that_tells_of_its_override_late_has_not_spent_it(vendor: Vendor, stack: AsyncExitStack):
    told: dict[str, Any] = {"BootSourceOverrideTarget": "None", "BootSourceOverrideEnabled": "Disabled"}
    vendor.changed[SYSTEM] = lambda body: body["Boot"].update(told)
    backend = await vendor.open(stack)
    assert backend.boot
    await backend.boot.apply(ONCE_CD)
    waiting = asyncio.ensure_future(anext(backend.boot.seen()))
    await asyncio.sleep(1)
    told.update(BootSourceOverrideTarget="Cd", BootSourceOverrideEnabled="Once")
    await asyncio.sleep(1)
    assert not waiting.done()
    told.update(BootSourceOverrideTarget="None", BootSourceOverrideEnabled="Disabled")
    assert (await asyncio.wait_for(waiting, 5)).override == ONCE_CD


async def test_a_bmc_without_a_boot_override_has_no_targets_and_still_boots(vendor: Vendor, stack: AsyncExitStack):
    vendor.changed[SYSTEM] = lambda body: body.pop("Boot")
    backend = await vendor.open(stack)
    assert backend.boot
    assert backend.boot.targets == frozenset()
    await backend.boot.apply(BootOverride())
    with pytest.raises(NotSupported):
        await backend.boot.apply(ONCE_CD)
    assert vendor.taken("PATCH") == []


async def test_a_weak_tag_that_does_not_match_is_given_without_its_mark(vendor: Vendor, stack: AsyncExitStack):
    refused: list[int] = []

    def once(body: dict[str, Any]) -> Reply | None:
        refused.append(412)
        return (412, {}) if len(refused) == 1 else None

    vendor.own["PATCH", SYSTEM] = once
    backend = await vendor.open(stack)
    assert backend.boot
    await backend.boot.apply(ONCE_CD)
    assert len(vendor.headers) == 2
    first, second = vendor.headers
    assert first
    assert second
    assert not second.startswith("W/")
    assert vendor.server.override == ONCE_CD


async def test_what_can_be_reset_is_read_from_the_action_info_too(vendor: Vendor, stack: AsyncExitStack):
    def without(body: dict[str, Any]) -> None:
        del body["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"]

    def only(body: dict[str, Any]) -> None:
        body["Parameters"] = [{"Name": "ResetType", "AllowableValues": ["ForceOn", "ForceOff", "GracefulRestart"]}]

    vendor.changed[SYSTEM], vendor.changed[f"{SYSTEM}/ResetActionInfo"] = without, only
    vendor.own["POST", RESET] = lambda body: (204, {})
    backend = await vendor.open(stack)
    assert backend.switch.actions == {PowerAction.ON, PowerAction.FORCE_OFF}
    await backend.switch.apply(PowerAction.ON)
    assert vendor.taken("POST")[-1] == (RESET, {"ResetType": "ForceOn"})


@pytest.mark.parametrize(("action", "state"), [(PowerAction.ON, "On"), (PowerAction.FORCE_OFF, "Off")])
async def test_on_when_on_and_off_when_off_do_not_fail_where_the_bmc_refuses_them(
    vendor: Vendor, stack: AsyncExitStack, action: PowerAction, state: str
):
    vendor.changed[SYSTEM] = lambda body: body.update(PowerState=state)
    vendor.own["POST", RESET] = lambda body: refusal("The server is in that state already.")
    backend = await vendor.open(stack)
    await backend.switch.apply(action)
    with pytest.raises(BackendFailed, match="in that state already"):
        await backend.switch.apply(PowerAction.NMI)


@pytest.mark.parametrize("state", ["PoweringOn", "PoweringOff"])
async def test_on_the_way_it_is_still_what_it_was(vendor: Vendor, stack: AsyncExitStack, state: str):
    vendor.changed[SYSTEM] = lambda body: body.update(PowerState=state)
    backend = await vendor.open(stack)
    expected = PowerState.OFF if state == "PoweringOn" else PowerState.ON
    assert (await backend.senses[0].read()).state is expected


@pytest.mark.parametrize("missing", ["TransferProtocolType", "TransferMethod"])
async def test_a_parameter_that_is_told_to_be_missing_is_given(
    vendor: Vendor, stack: AsyncExitStack, image: Path, missing: str
):
    def wants(body: dict[str, Any]) -> Reply | None:
        return None if missing in body else refusal(f"The action requires the parameter {missing} to be present.")

    vendor.own["POST", f"{DRIVE}/Actions/VirtualMedia.InsertMedia"] = wants
    backend = await vendor.open(stack)
    assert backend.media
    await backend.media.insert("cd0", str(image), "rescue.iso")
    first, second = [body for path, body in vendor.taken("POST") if path.endswith("InsertMedia")]
    assert set(first) == {"Image"}
    assert set(second) == {"Image", missing}


async def test_a_drive_without_actions_is_changed_itself(vendor: Vendor, stack: AsyncExitStack, image: Path):
    """Lenovo's XCC, whose other drives take no URL."""
    holds: dict[str, Any] = {"Image": None, "Inserted": False}

    def lenovo(body: dict[str, Any]) -> None:
        body["Manufacturer"] = "Lenovo"

    def drive(id: str) -> Change:
        return lambda body: body.update(Id=id, Actions={}, **holds)

    def more(body: dict[str, Any]) -> None:
        body["Members"].insert(0, {"@odata.id": f"{SYSTEM}/VirtualMedia/RDOC1"})

    def change(body: dict[str, Any]) -> Reply:
        holds.update(Image=body["Image"], Inserted=body["Inserted"])
        if body["Image"]:
            fetching.append(asyncio.create_task(fetch(body["Image"])))
        return 204, {}

    async def fetch(url: str) -> None:
        async with aiohttp.ClientSession() as client, client.get(url) as response:
            fetched.append(await response.read())

    fetching: list[asyncio.Task[None]] = []
    fetched: list[bytes] = []
    vendor.changed[SYSTEM], vendor.changed[DRIVE] = lenovo, drive("EXT1")
    vendor.changed[f"{SYSTEM}/VirtualMedia"] = more
    vendor.own["GET", f"{SYSTEM}/VirtualMedia/RDOC1"] = lambda body: (200, {"Id": "RDOC1", "MediaTypes": ["CD"]})
    vendor.own["PATCH", DRIVE] = change
    backend = await vendor.open(stack)
    assert backend.media
    assert [slot.id for slot in backend.media.slots()] == ["EXT1"]
    await backend.media.insert("EXT1", str(image), "rescue.iso")
    await asyncio.gather(*fetching)
    assert fetched == [image.read_bytes()]
    await backend.media.eject("EXT1")
    assert vendor.taken("PATCH")[-1] == (DRIVE, {"Image": None, "Inserted": False})


async def test_a_log_in_pages_of_links_is_read_once_and_in_order(vendor: Vendor, stack: AsyncExitStack):
    """Newest first, as iDRACs have it; the pages behind the first known entry are not asked for again."""
    entries = {id: f"2024-05-01T10:00:{id:02}Z" for id in range(1, 8)}
    asked: list[str] = []

    def page(numbers: list[int], following: str) -> Callable[[dict[str, Any]], Reply]:
        def answer(_: dict[str, Any]) -> Reply:
            asked.append(following)
            body: dict[str, Any] = {"Members": [{"@odata.id": f"/redfish/v1/entry/{each}"} for each in numbers]}
            return 200, body | ({"Members@odata.nextLink": following} if following else {})

        return answer

    def entry(id: int, created: str) -> Callable[[dict[str, Any]], Reply]:
        return lambda _: (200, {"Id": str(id), "Created": created, "Message": f"entry {id}", "Severity": "OK"})

    for id, created in entries.items():
        vendor.own["GET", f"/redfish/v1/entry/{id}"] = entry(id, created)
    path = f"{SYSTEM}/LogServices/SEL/Entries"
    vendor.own["GET", path] = page([4, 3], "/redfish/v1/more")
    vendor.own["GET", "/redfish/v1/more"] = page([2, 1], "")
    backend = await vendor.open(stack)
    log = backend.event_log
    assert isinstance(log, RedfishLog)
    told: list[str] = []

    async def follow() -> None:
        async for event in log.entries():
            told.append(event.message)

    following = asyncio.create_task(follow())
    await until(lambda: log._known is not None)
    assert set(asked) == {"/redfish/v1/more", ""}
    vendor.own["GET", path] = page([7, 6, 5, 4], "/redfish/v1/more")
    asked.clear()
    log.hint()
    await until(lambda: len(told) == 3)
    assert told == ["entry 5", "entry 6", "entry 7"]
    assert set(asked) == {"/redfish/v1/more"}
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


@pytest.mark.parametrize(
    ("manufacturer", "model", "cd"),
    [
        ("Supermicro", "SYS-1029P", "UsbCd"),
        ("SUPERMICRO", "X12", "UsbCd"),
        ("Supermicro", "ARS-111GL-NHR", None),
        ("Dell Inc.", "PowerEdge R640", None),
        ("", "", None),
    ],
)
def test_the_vendor_is_known_by_its_name_and_model(manufacturer: str, model: str, cd: str | None):
    assert quirks_of(manufacturer, model).targets.get(BootTarget.CD) == cd
