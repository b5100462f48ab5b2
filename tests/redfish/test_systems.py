"""Systems as clients see and change them."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bmc.model.boot import BootEnabled, BootTarget
from bmc.model.caller import Role, Scope
from bmc.model.commands import ResetWatchdog, SetWatchdog
from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable
from bmc.model.power import Health, PowerAction, PowerCause, PowerState, RestorePolicy
from bmc.model.watchdog import PreTimeout, WatchdogAction, WatchdogSetting
from bmc.redfish.system_body import boot_body
from tests.redfish.service import N1, ROLES, Service
from tests.world import ADMIN, until

RESET = f"{N1}/Actions/ComputerSystem.Reset"


async def test_a_system_says_what_it_is_and_what_can_be_done(service: Service) -> None:
    system = await service.get(N1)
    assert (system["Id"], system["PowerState"], system["Status"]["Health"]) == ("n1", "Off", "OK")
    assert system["MemorySummary"]["TotalSystemMemoryGiB"] == 0.5
    reset = system["Actions"]["#ComputerSystem.Reset"]
    assert reset["target"] == RESET
    assert {"On", "ForceOff", "GracefulRestart", "PowerCycle"} <= set(reset["ResetType@Redfish.AllowableValues"])
    assert system["Oem"]["Lightsout"]["AvailableResetTypes"] == ["On", "PushPowerButton"]
    viewed = await service.get("/redfish/v1/Systems/n1", as_="vera")
    assert viewed["Oem"]["Lightsout"]["AvailableResetTypes"] == []
    assert system["Actions"]["Oem"]["#Lightsout.Reinstall"]["Image@Redfish.AllowableValues"] == ["tiny"]
    info = await service.get(f"{N1}/ResetActionInfo")
    assert info["Parameters"][0]["AllowableValues"] == reset["ResetType@Redfish.AllowableValues"]


async def test_the_boot_mode_is_a_choice_where_nobody_knows_the_firmware(service: Service) -> None:
    offered = "BootSourceOverrideMode@Redfish.AllowableValues"
    assert (await service.get(N1))["Boot"][offered] == ["UEFI"]
    snapshot = service.world.fleet.node("n1").snapshot
    assert boot_body(replace(snapshot, hardware=replace(snapshot.hardware, firmware=None)))[offered] == [
        "Legacy",
        "UEFI",
    ]


async def test_the_power_restore_policy_is_shown_and_changed(service: Service) -> None:
    system = await service.get(N1)
    assert system["PowerRestorePolicy"] == "AlwaysOff"
    assert set(system["PowerRestorePolicy@Redfish.AllowableValues"]) == {"AlwaysOff", "LastState", "AlwaysOn"}
    answer = await service.call("PATCH", N1, {"PowerRestorePolicy": "LastState"})
    assert (answer.status, answer.body["PowerRestorePolicy"]) == (200, "LastState")
    answer = await service.call("PATCH", N1, {"PowerRestorePolicy": "Sometimes"})
    assert (answer.status, answer.ids) == (400, ["PropertyValueNotInList"])
    assert service.world.fleet.node("n1").snapshot.restore_policy is RestorePolicy.LAST_STATE


async def test_the_host_watchdog_timer_is_shown(service: Service) -> None:
    timer = (await service.get(N1))["HostWatchdogTimer"]
    assert timer == {
        "FunctionEnabled": False,
        "TimeoutAction": "None",
        "WarningAction": "None",
        "Status": {"State": "StandbyOffline"},
    }
    node = service.world.fleet.node("n1")
    setting = WatchdogSetting(action=WatchdogAction.POWER_CYCLE, countdown=300.0, pre_timeout=PreTimeout.NMI)
    await node.do(SetWatchdog(setting), ADMIN)
    await node.do(ResetWatchdog(), ADMIN)
    timer = (await service.get(N1))["HostWatchdogTimer"]
    assert (timer["FunctionEnabled"], timer["Status"]["State"]) == (True, "Enabled")
    assert (timer["TimeoutAction"], timer["WarningAction"]) == ("PowerCycle", "DiagnosticInterrupt")


async def test_a_reset_is_carried_out_and_seen(service: Service) -> None:
    answer = await service.call("POST", RESET, {"ResetType": "On"})
    assert (answer.status, answer.body) == (204, "")
    assert service.drivers.servers["n1"].applied == [PowerAction.ON]
    assert (await service.get(N1))["PowerState"] == "On"


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        (b"{", ["MalformedJSON"]),
        (b"[1]", ["UnrecognizedRequestBody"]),
        (b'{"ResetType": NaN}', ["MalformedJSON"]),
        ({}, ["ActionParameterMissing"]),
        ({"ResetType": "Explode"}, ["ActionParameterValueNotInList"]),
        ({"ResetType": 7}, ["ActionParameterValueNotInList"]),
        ({"ResetType": "On", "Force": True}, ["ActionParameterUnknown"]),
        ({"Force": True, "Now": 1}, ["ActionParameterMissing", "ActionParameterUnknown", "ActionParameterUnknown"]),
    ],
)
async def test_a_wrong_reset_is_refused_with_every_problem(service: Service, body: object, ids: list[str]) -> None:
    answer = await service.call("POST", RESET, body)
    assert (answer.status, answer.ids) == (400, ids)
    assert service.drivers.servers["n1"].applied == []


async def test_what_makes_no_sense_now_is_a_conflict_that_a_person_understands(service: Service) -> None:
    answer = await service.call("POST", RESET, {"ResetType": "ForceRestart"})
    assert (answer.status, answer.ids) == (409, ["ResourceInUse"])
    assert "ForceRestart makes no sense while n1 is Off" in answer.told


async def test_a_busy_node_says_so_and_when_to_come_again(service: Service) -> None:
    server = service.drivers.servers["n1"]
    server.gate.clear()
    first = asyncio.create_task(service.call("POST", RESET, {"ResetType": "On"}))
    node = service.world.fleet.node("n1")
    await until(lambda: node.snapshot.power is PowerState.POWERING_ON)
    answer = await service.call("POST", RESET, {"ResetType": "Nmi"})
    assert (answer.status, answer.ids) == (503, ["ServiceTemporarilyUnavailable"])
    assert int(answer.headers["Retry-After"]) > 0
    server.gate.set()
    assert (await first).status == 204


async def test_a_reset_that_takes_long_is_answered_and_goes_on(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bmc.redfish.system_actions.RESET_SECONDS", 0.05)
    server = service.drivers.servers["n1"]
    server.gate.clear()
    assert (await service.call("POST", RESET, {"ResetType": "On"})).status == 204
    assert server.applied == []
    server.gate.set()
    await until(lambda: server.applied == [PowerAction.ON])


async def test_a_late_failure_of_a_reset_is_logged(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bmc.redfish.system_actions.RESET_SECONDS", 0.05)
    server = service.drivers.servers["n1"]
    server.gate.clear()
    server.failure = BackendFailed("the fuse is blown")
    assert (await service.call("POST", RESET, {"ResetType": "On"})).status == 204
    server.gate.set()
    await until(lambda: "the fuse is blown" in caplog.text)


@pytest.mark.parametrize(
    ("failure", "status", "message"),
    [
        (BackendFailed("the fuse is blown"), 502, "OperationFailed"),
        (OutcomeUnknown("nobody knows"), 502, "OperationFailed"),
        (Unreachable("no answer"), 502, "CouldNotEstablishConnection"),
        (Refused("not enough memory"), 409, "ResourceInUse"),
        (ZeroDivisionError("a fault of ours"), 500, "InternalError"),
    ],
)
async def test_a_failure_below_is_told_as_what_it_is(
    service: Service, failure: BmcError, status: int, message: str
) -> None:
    service.drivers.servers["n1"].failure = failure
    answer = await service.call("POST", RESET, {"ResetType": "On"})
    assert (answer.status, answer.ids) == (status, [message])
    assert ("ours" in answer.told) is False
    if status != 500:
        assert answer.told == str(failure)


async def test_an_effect_that_is_not_seen_in_time_is_a_timeout(service: Service) -> None:
    service.drivers.servers["n1"].deaf = True
    answer = await service.call("POST", RESET, {"ResetType": "On"})
    assert (answer.status, answer.ids) == (504, ["OperationTimeout"])


async def test_a_paused_node_is_shown_and_resumed(service: Service) -> None:
    server = service.drivers.servers["n1"]
    server.become(PowerState.ON, PowerCause.DISK_ERROR, health=Health.CRITICAL, reason="the disk is full")
    node = service.world.fleet.node("n1")
    await until(lambda: node.snapshot.paused)
    system = await service.get(N1)
    assert (system["PowerState"], system["Status"]["Health"]) == ("On", "Critical")
    assert system["Status"]["Conditions"][0]["Message"] == "the disk is full"
    assert (await service.call("POST", f"{N1}/Actions/Oem/Lightsout.Resume", {})).status == 204
    assert (await service.get(N1))["Status"] == {"State": "Enabled", "Health": "OK", "HealthRollup": "OK"}


async def test_an_unknown_power_state_is_null_with_its_reason_until_a_person_confirms_it(service: Service) -> None:
    server = service.drivers.servers["n1"]
    server.blind = True
    server.become(PowerState.UNKNOWN, PowerCause.OBSERVED, reason="the cable is out")
    node = service.world.fleet.node("n1")
    await until(lambda: node.snapshot.power is PowerState.UNKNOWN)
    system = await service.get(N1)
    assert system["PowerState"] is None
    assert "cable" in system["PowerState@Message.ExtendedInfo"][0]["Message"]
    assert system["Status"]["Conditions"][0]["Severity"] == "Warning"
    assert (await service.call("POST", RESET, {"ResetType": "On"})).status == 409
    confirm = f"{N1}/Actions/Oem/Lightsout.ConfirmPower"
    assert (await service.call("POST", confirm, {"PowerState": "Off"})).status == 204
    assert (await service.get(N1))["PowerState"] == "Off"


async def test_a_system_says_what_each_of_its_senses_said_and_what_was_done_last(service: Service) -> None:
    ours = (await service.get(N1))["Oem"]["Lightsout"]
    assert ours["LastPowerAction"] is None
    (sense,) = ours["Senses"]
    assert sense.pop("LookedAt").endswith("Z")
    told = {"Name": "memory", "FailureDomain": "memory", "PowerState": "Off", "Reason": None, "Counts": True}
    assert sense == told
    assert (await service.call("POST", RESET, {"ResetType": "On"}, as_="olga")).status == 204
    last = (await service.get(N1))["Oem"]["Lightsout"]["LastPowerAction"]
    assert last.pop("Started") <= last.pop("HandedOver") <= last.pop("Ended")
    assert last == {"ResetType": "On", "Account": "olga", "Outcome": "done", "Problem": None}
    server = service.drivers.servers["n1"]
    server.failure = OutcomeUnknown("the acknowledgement was lost")
    assert (await service.call("POST", RESET, {"ResetType": "ForceRestart"})).status == 502
    last = (await service.get(N1))["Oem"]["Lightsout"]["LastPowerAction"]
    assert (last["ResetType"], last["Outcome"], last["HandedOver"]) == ("ForceRestart", "unknown", None)
    assert "the acknowledgement was lost" in last["Problem"]
    server.become(PowerState.UNKNOWN, PowerCause.OBSERVED, reason="the cable is out")
    await until(lambda: service.world.fleet.node("n1").snapshot.power is PowerState.UNKNOWN)
    (sense,) = (await service.get(N1))["Oem"]["Lightsout"]["Senses"]
    assert (sense["PowerState"], sense["Reason"], sense["Counts"]) == (None, "the cable is out", False)


async def test_a_plan_tells_what_a_reset_would_do_and_what_hinders_it_and_does_nothing(service: Service) -> None:
    plan = f"{N1}/Actions/Oem/Lightsout.PlanPower"
    offer = (await service.get(N1))["Actions"]["Oem"]["#Lightsout.PlanPower"]
    assert offer["target"] == plan
    assert "GracefulShutdown" in offer["ResetType@Redfish.AllowableValues"]
    answer = await service.call("POST", plan, {"ResetType": "On"}, as_="olga")
    assert answer.status == 200
    assert answer.body == {"ResetType": "On", "Steps": ["On by memory"], "Hindrances": []}
    hindered = await service.call("POST", plan, {"ResetType": "ForceRestart"}, as_="olga")
    assert hindered.status == 200
    assert "n1 is Off" in hindered.body["Hindrances"][0]
    await service.call("POST", f"{N1}/Actions/Oem/Lightsout.Reserve", {"Reason": "new fans"})
    held = await service.call("POST", plan, {"ResetType": "On"}, as_="olga")
    assert "new fans" in held.body["Hindrances"][0]
    assert service.drivers.servers["n1"].asked == []
    assert (await service.call("POST", plan, {"ResetType": "On"}, as_="vera")).status == 403
    assert (await service.call("POST", plan, {"ResetType": "Boil"})).ids == ["ActionParameterValueNotInList"]
    assert (await service.call("POST", plan, {})).ids == ["ActionParameterMissing"]


async def test_a_boot_override_is_set_read_back_and_cleared(service: Service) -> None:
    once = {"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Once"}
    answer = await service.call("PATCH", N1, {"Boot": once})
    assert answer.status == 200
    assert answer.body["Boot"].items() >= once.items()
    override = service.drivers.servers["n1"].override
    assert (override.target, override.enabled) == (BootTarget.PXE, BootEnabled.ONCE)
    cleared = await service.call("PATCH", N1, {"Boot": {"BootSourceOverrideEnabled": "Disabled"}})
    assert cleared.body["Boot"]["BootSourceOverrideTarget"] == "None"


async def test_a_target_alone_means_once_and_enabled_alone_keeps_the_target(service: Service) -> None:
    answer = await service.call("PATCH", N1, {"Boot": {"BootSourceOverrideTarget": "Cd"}})
    assert answer.body["Boot"]["BootSourceOverrideEnabled"] == "Once"
    answer = await service.call("PATCH", N1, {"Boot": {"BootSourceOverrideEnabled": "Continuous"}})
    assert answer.body["Boot"]["BootSourceOverrideTarget"] == "Cd"
    assert answer.body["Boot"]["BootSourceOverrideEnabled"] == "Continuous"


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"Boot": {"BootSourceOverrideTarget": "Floppy"}}, ["PropertyValueNotInList"]),
        ({"Boot": {"BootSourceOverrideEnabled": "Once"}}, ["PropertyValueConflict"]),
        ({"Boot": {"Wrong": 1}, "Bad": 2}, ["PropertyUnknown", "PropertyUnknown"]),
        ({"PowerState": "On", "UUID": "x"}, ["PropertyNotWritable", "PropertyNotWritable"]),
        ({"LocationIndicatorActive": "yes"}, ["PropertyValueTypeError"]),
        ({"Boot": [1]}, ["PropertyValueTypeError"]),
    ],
)
async def test_a_wrong_change_is_refused_whole(service: Service, body: object, ids: list[str]) -> None:
    answer = await service.call("PATCH", N1, body)
    assert (answer.status, sorted(answer.ids)) == (400, ids)


async def test_a_change_that_is_refused_in_part_is_not_done_at_all(service: Service) -> None:
    boot, oem = {"BootSourceOverrideTarget": "Cd"}, {"Lightsout": {"Tags": ["mine"]}}
    body = {"Boot": boot, "LocationIndicatorActive": True, "Oem": oem}
    assert (await service.call("PATCH", N1, body, as_="olga")).status == 403
    system = await service.get(N1)
    assert (system["Boot"]["BootSourceOverrideTarget"], system["LocationIndicatorActive"]) == ("None", False)
    assert system["Oem"]["Lightsout"]["Tags"] == []


async def test_an_administrator_of_a_tag_changes_boot_and_gives_the_node_away_at_once(service: Service) -> None:
    await service.call("PATCH", N1, {"Oem": {"Lightsout": {"Tags": ["lab"]}}})
    await service.accounts.change("tina", role=Role.ADMINISTRATOR, scope=Scope(False, tags=frozenset({"lab"})))
    body = {"Boot": {"BootSourceOverrideTarget": "Cd"}, "Oem": {"Lightsout": {"Tags": ["office"]}}}
    assert (await service.call("PATCH", N1, body, as_="tina")).status == 200
    system = await service.get(N1)
    assert (system["Boot"]["BootSourceOverrideTarget"], system["Oem"]["Lightsout"]["Tags"]) == ("Cd", ["office"])


async def test_one_change_is_of_options_boot_and_indicator(service: Service) -> None:
    boot, oem = {"BootSourceOverrideTarget": "Cd"}, {"Lightsout": {"Options": {"cpus": 4}, "Tags": ["mine"]}}
    body = {"Boot": boot, "LocationIndicatorActive": True, "Oem": oem}
    answer = await service.call("PATCH", N1, body)
    assert (answer.body["Boot"]["BootSourceOverrideTarget"], answer.body["LocationIndicatorActive"]) == ("Cd", True)
    assert answer.body["Oem"]["Lightsout"]["Options"] == {"cpus": 4}
    assert service.drivers.servers["n1"].override.target is BootTarget.CD


async def test_the_indicator_is_switched(service: Service) -> None:
    answer = await service.call("PATCH", N1, {"LocationIndicatorActive": True})
    assert answer.body["LocationIndicatorActive"] is True
    answer = await service.call("PATCH", N1, {"LocationIndicatorActive": False})
    assert answer.body["LocationIndicatorActive"] is False


@pytest.mark.parametrize("tag", ["", " lab", "a\nb", "x" * 65, "x" * 200_000])
async def test_what_is_no_tag_is_refused_and_said_so(service: Service, tag: str) -> None:
    oem = {"Lightsout": {"Driver": "memory", "Tags": ["good one", tag]}}
    for method, path, body in (
        ("POST", "/redfish/v1/Systems", {"Name": "n7", "Oem": oem}),
        ("PATCH", N1, {"Oem": {"Lightsout": {"Tags": [tag]}}}),
    ):
        answer = await service.call(method, path, body)
        assert answer.status == 400
        assert "is no tag: 1 to 64 printable characters" in answer.told
    many = await service.call("PATCH", N1, {"Oem": {"Lightsout": {"Tags": [str(n) for n in range(65)]}}})
    assert (many.status, many.ids) == (400, ["ArraySizeTooLong"])


async def test_a_system_is_made_changed_and_removed(service: Service) -> None:
    oem = {"Lightsout": {"Driver": "memory", "Options": {"cpus": 2}, "Tags": ["blue"]}}
    answer = await service.call("POST", "/redfish/v1/Systems", {"Name": "n7", "Oem": oem})
    assert (answer.status, answer.headers["Location"]) == (201, "/redfish/v1/Systems/n7")
    path = answer.headers["Location"]
    changed = await service.call("PATCH", path, {"Oem": {"Lightsout": {"Options": {"cpus": 4}, "Tags": []}}})
    assert changed.body["Oem"]["Lightsout"]["Options"] == {"cpus": 4}
    assert changed.body["Oem"]["Lightsout"]["Tags"] == []
    await service.call("POST", f"{path}/Actions/ComputerSystem.Reset", {"ResetType": "On"})
    same = await service.call("PATCH", path, {"Oem": {"Lightsout": {"Options": {"cpus": 4}}}})
    assert same.status == 200
    running = await service.call("PATCH", path, {"Oem": {"Lightsout": {"Options": {"cpus": 5}}}})
    assert (running.status, running.ids) == (409, ["ResourceInUse"])
    await service.call("POST", f"{path}/Actions/ComputerSystem.Reset", {"ResetType": "ForceOff"})
    assert (await service.call("DELETE", path)).status == 204
    gone = await service.call("GET", path)
    assert (gone.status, gone.ids) == (404, ["ResourceMissingAtURI"])


async def test_a_name_or_uuid_in_use_is_a_conflict_and_a_bad_name_is_explained(service: Service) -> None:
    oem = {"Lightsout": {"Driver": "memory"}}
    taken = await service.call("POST", "/redfish/v1/Systems", {"Name": "n1", "Oem": oem})
    assert (taken.status, taken.ids) == (409, ["ResourceAlreadyExists"])
    uuid = (await service.get(N1))["UUID"]
    taken = await service.call("POST", "/redfish/v1/Systems", {"Name": "n2", "UUID": uuid, "Oem": oem})
    assert (taken.status, taken.ids) == (409, ["ResourceAlreadyExists"])
    bad = await service.call("POST", "/redfish/v1/Systems", {"Name": "../etc", "Oem": oem, "Color": "red"})
    assert (bad.status, bad.ids) == (400, ["PropertyValueError", "PropertyUnknown"])
    assert "host name" in bad.told
    missing = await service.call("POST", "/redfish/v1/Systems", {})
    assert (missing.status, missing.ids) == (400, ["CreateFailedMissingReqProperties"])


async def test_a_wrong_value_is_told_with_what_would_be_right(service: Service) -> None:
    refused = await service.call("POST", f"{N1}/Actions/ComputerSystem.Reset", {"ResetType": "Explode"})
    assert (refused.status, refused.ids) == (400, ["ActionParameterValueNotInList"])
    assert "'ForceOff'" in refused.told


async def test_the_fleet_is_read_in_one_request(service: Service) -> None:
    await service.world.add("n2")
    plain = await service.get("/redfish/v1/Systems")
    assert plain["Members"] == [{"@odata.id": N1}, {"@odata.id": "/redfish/v1/Systems/n2"}]
    whole = await service.get("/redfish/v1/Systems?$expand=.")
    assert [member["Name"] for member in whole["Members"]] == ["n1", "n2"]
    assert whole["Members"][0] == await service.get(N1)
    expanded = await service.call(
        "GET", "/redfish/v1/Systems?$expand=.", headers={"If-None-Match": plain["@odata.etag"]}
    )
    assert expanded.status == 200
    page = await service.get("/redfish/v1/Systems?$top=1")
    assert page["Members@odata.count"] == 2
    rest = await service.get(page["Members@odata.nextLink"])
    assert rest["Members"] == [{"@odata.id": "/redfish/v1/Systems/n2"}]
    chosen = await service.get(f"{N1}?$select=Name,PowerState")
    assert {key for key in chosen if "@" not in key} == {"Name", "PowerState"}


async def test_a_power_change_leaves_an_edit_under_way_valid_but_is_never_hidden(service: Service) -> None:
    before = (await service.call("GET", N1)).headers["ETag"]
    assert (await service.call("GET", N1, headers={"If-None-Match": before})).status == 304
    service.drivers.servers["n1"].become(PowerState.ON, PowerCause.COMMAND)
    await until(lambda: service.world.fleet.node("n1").snapshot.power is PowerState.ON)
    assert (await service.call("GET", N1, headers={"If-None-Match": before})).status == 200
    body = {"LocationIndicatorActive": True}
    assert (await service.call("PATCH", N1, body, headers={"If-Match": before})).status == 200
    late = await service.call("PATCH", N1, body, headers={"If-Match": before})
    assert (late.status, late.ids) == (412, ["PreconditionFailed"])


async def test_roles_and_scope_hold(service: Service) -> None:
    await service.world.add("n2")
    denied = await service.call("POST", RESET, {"ResetType": "On"}, as_="vera")
    assert (denied.status, denied.ids) == (403, ["InsufficientPrivilege"])
    listed = await service.get("/redfish/v1/Systems", as_="tina")
    assert [member["@odata.id"] for member in listed["Members"]] == [N1]
    assert (await service.call("GET", "/redfish/v1/Systems/n2", as_="tina")).status == 404
    assert (await service.call("POST", RESET, {"ResetType": "On"}, as_="tina")).status == 204
    made = await service.call("POST", "/redfish/v1/Systems", {"Name": "n3"}, as_="olga")
    assert made.status == 403


async def test_a_reservation_is_shown_and_keeps_others_out(service: Service) -> None:
    reserve = f"{N1}/Actions/Oem/Lightsout.Reserve"
    assert (await service.call("POST", reserve, {"Reason": "changing a disk"}, as_="olga")).status == 204
    held = (await service.get(N1))["Oem"]["Lightsout"]["Reservation"]
    assert (held["Holder"], held["Reason"], held["Until"]) == ("olga", "changing a disk", None)
    possible = [(await service.get(N1, as_=name))["Oem"]["Lightsout"]["AvailableResetTypes"] for name in ROLES]
    assert [bool(types) for types in possible] == [name == "olga" for name in ROLES]
    refused = await service.call("POST", RESET, {"ResetType": "On"})
    assert refused.status == 503
    assert "n1 is reserved by olga: changing a disk" in refused.told
    release = f"{N1}/Actions/Oem/Lightsout.Release"
    assert (await service.call("POST", release, {"Note": "mine now"}, as_="tina")).status == 503
    unsaid = await service.call("POST", release)
    assert (unsaid.status, "takes a note" in unsaid.told) == (400, True)
    assert (await service.call("POST", release, {"Note": "olga is on leave"})).status == 204
    assert (await service.call("POST", reserve, {"Reason": "a fan", "TimeoutMinutes": 90})).status == 204
    held = (await service.get(N1))["Oem"]["Lightsout"]["Reservation"]
    lasts = datetime.fromisoformat(held["Until"]) - datetime.fromisoformat(held["Since"])
    assert abs(lasts - timedelta(minutes=90)) < timedelta(minutes=1)
    assert (await service.call("POST", reserve, {"Reason": "a fan", "TimeoutMinutes": 0})).status == 400


async def test_media_are_inserted_and_ejected_from_system_and_manager(service: Service) -> None:
    for holder in ("Systems", "Managers"):
        media = (await service.get(f"/redfish/v1/{holder}/n1"))["VirtualMedia"]["@odata.id"]
        (drive,) = [member["@odata.id"] for member in (await service.get(media))["Members"]]
        empty = await service.get(drive)
        assert (empty["Image"], empty["Inserted"]) == (None, False)
        insert = empty["Actions"]["#VirtualMedia.InsertMedia"]["target"]
        assert (await service.call("POST", insert, {"Image": "http://x/tiny.iso", "Inserted": True})).status == 204
        full = await service.get(drive)
        assert (full["Image"], full["ImageName"], full["Inserted"]) == ("http://x/tiny.iso", "tiny.iso", True)
        eject = empty["Actions"]["#VirtualMedia.EjectMedia"]["target"]
        assert (await service.call("POST", eject)).status == 204
    insert = "/redfish/v1/Systems/n1/VirtualMedia/cd0/Actions/VirtualMedia.InsertMedia"
    for lie in ({"WriteProtected": False}, {"Inserted": False}, {"TransferProtocolType": "NFS"}):
        wrong = await service.call("POST", insert, {"Image": "x"} | lie)
        assert (wrong.status, wrong.ids) == (400, ["ActionParameterValueNotInList"])
    assert (await service.call("GET", "/redfish/v1/Systems/n1/VirtualMedia/zip")).status == 404


async def test_every_problem_is_told_at_once(service: Service) -> None:
    insert = "/redfish/v1/Systems/n1/VirtualMedia/cd0/Actions/VirtualMedia.InsertMedia"
    wrong = {"Image": "http://me:hush@x/a.iso", "Inserted": False, "WriteProtected": False}
    answer = await service.call("POST", insert, wrong)
    related = [entry["RelatedProperties"][0] for entry in answer.body["error"]["@Message.ExtendedInfo"]]
    assert (answer.status, related) == (400, ["#/Inserted", "#/WriteProtected", "#/Image"])
    uuid = (await service.get(N1))["UUID"]
    again = await service.call("POST", "/redfish/v1/Systems", {"Name": "n1", "UUID": uuid})
    assert (again.status, again.ids) == (409, ["ResourceAlreadyExists"] * 2)


async def test_a_password_in_a_url_is_refused_before_anybody_sees_it(service: Service) -> None:
    insert = "/redfish/v1/Systems/n1/VirtualMedia/cd0/Actions/VirtualMedia.InsertMedia"
    refused = await service.call("POST", insert, {"Image": "http://me:hush-hush@x/tiny.iso"})
    assert (refused.status, refused.ids) == (400, ["ActionParameterValueError"])
    assert "hush-hush" not in str(refused.body)
    entries = await service.get(f"{N1}/LogServices/EventLog/Entries")
    assert "hush-hush" not in str(entries)
    assert (await service.call("POST", insert, {"Image": "http://x/a@b.iso"})).status == 204


async def test_the_event_log_is_newest_first_and_pages(service: Service) -> None:
    for action in ("On", "ForceOff"):
        await service.call("POST", RESET, {"ResetType": action})
    path = f"{N1}/LogServices/EventLog/Entries"
    log = await service.get(f"{path}?$top=2")
    assert log["Members"][0]["Oem"]["Lightsout"]["Kind"] == "power.changed"
    assert int(log["Members"][0]["Id"]) > int(log["Members"][1]["Id"])
    assert log["Members@odata.count"] > 2
    more = await service.get(log["Members@odata.nextLink"])
    assert int(more["Members"][0]["Id"]) < int(log["Members"][1]["Id"])
    assert await service.get(log["Members"][0]["@odata.id"])


async def test_a_power_cycle_turns_on_what_is_off_and_a_restart_does_not(service: Service) -> None:
    """Resource.ResetType says so of PowerCycle; IPMI's is refused."""
    assert (await service.call("POST", RESET, {"ResetType": "ForceRestart"})).status == 409
    assert (await service.call("POST", RESET, {"ResetType": "PowerCycle"})).status == 204
    assert (await service.get(N1))["PowerState"] == "On"
    assert service.drivers.servers["n1"].applied == [PowerAction.ON]
    assert (await service.call("POST", RESET, {"ResetType": "PowerCycle"})).status == 204
    assert service.drivers.servers["n1"].applied[1:] == [PowerAction.FORCE_OFF, PowerAction.ON]
