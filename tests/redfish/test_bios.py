"""Firmware settings: they wait for a power on, are told of, and are refused whole."""

from typing import Any

import pytest

from bmc.model.events import EventKind
from bmc.redfish.bios import registry_document
from tests.redfish.service import N1, Service

BIOS, SETTINGS = f"{N1}/Bios", f"{N1}/Bios/Settings"


async def modes(service: Service) -> tuple[str, str]:
    """The boot mode now, and from the next power on."""
    now, later = await service.get(BIOS), await service.get(SETTINGS)
    return now["Attributes"]["BootMode"], later["Attributes"]["BootMode"]


async def set_mode(service: Service, mode: str, **more: Any) -> None:
    answer = await service.call("PATCH", SETTINGS, {"Attributes": {"BootMode": mode}, **more})
    assert answer.status == 200, answer
    assert answer.body["Attributes"] == {"BootMode": mode}


async def reset(service: Service, kind: str) -> None:
    answer = await service.call("POST", f"{N1}/Actions/ComputerSystem.Reset", {"ResetType": kind})
    assert answer.status == 204, answer


async def test_a_setting_waits_for_the_next_power_on_and_is_told_of(service: Service) -> None:
    assert await modes(service) == ("Uefi", "Uefi")
    await set_mode(service, "Bios")
    assert await modes(service) == ("Uefi", "Bios")
    assert (await service.get(N1))["Boot"]["BootSourceOverrideMode"] == "UEFI"
    await reset(service, "On")
    assert await modes(service) == ("Bios", "Bios")
    system = await service.get(N1)
    assert system["Boot"]["BootSourceOverrideMode"] == "Legacy"
    assert system["Oem"]["Lightsout"]["Options"] == {"firmware": "Legacy"}
    (told,) = await service.world.told(EventKind.FIRMWARE_SET)
    assert (told.account, told.details) == ("admin", {"mode": "Legacy"})
    assert len(await service.world.told(EventKind.FIRMWARE_APPLIED)) == 1
    await reset(service, "ForceOff")
    await reset(service, "On")
    assert len(await service.world.told(EventKind.FIRMWARE_APPLIED)) == 1
    stored = await service.world.store.get("nodes", "n1")
    assert stored is not None
    assert stored.value["options"] == {"firmware": "Legacy"}


@pytest.mark.parametrize("kind", ["ForceRestart", "PowerCycle"])
async def test_a_restart_applies_what_is_pending_by_going_off(service: Service, kind: str) -> None:
    await reset(service, "On")
    await set_mode(service, "Bios")
    await reset(service, kind)
    assert await modes(service) == ("Bios", "Bios")
    assert (await service.get(N1))["PowerState"] == "On"


async def test_what_is_pending_can_be_taken_back_and_defaults_be_asked_for(service: Service) -> None:
    await set_mode(service, "Bios")
    await set_mode(service, "Uefi")
    assert await modes(service) == ("Uefi", "Uefi")
    await reset(service, "On")
    assert await service.world.told(EventKind.FIRMWARE_APPLIED) == []
    assert (await service.call("POST", f"{BIOS}/Actions/Bios.ResetBios")).status == 204
    assert await modes(service) == ("Uefi", "Bios")


async def test_a_boot_override_that_names_the_former_firmware_keeps_its_target(service: Service) -> None:
    boot = {"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Continuous"}
    await service.call("PATCH", N1, {"Boot": {**boot, "BootSourceOverrideMode": "UEFI"}})
    await set_mode(service, "Bios")
    await reset(service, "On")
    shown = (await service.get(N1))["Boot"]
    assert {name: shown[name] for name in boot} == boot
    assert shown["BootSourceOverrideMode"] == "Legacy"


async def test_settings_take_what_clients_send_with_them(service: Service) -> None:
    """sushy tells the type of its apply time; Ansible sends what it has read."""
    when = {"@odata.type": "#Settings.v1_0_0.PreferredApplyTime", "ApplyTime": "OnReset"}
    await set_mode(service, "Bios", **{"@Redfish.SettingsApplyTime": when, "@odata.id": SETTINGS})


@pytest.mark.parametrize(
    ("body", "ids", "related"),
    [
        (
            {"Attributes": {"BootMode": "Coreboot", "Turbo": "On"}, "@Redfish.SettingsApplyTime": {"ApplyTime": "Now"}},
            ["PropertyValueNotInList", "PropertyUnknown", "PropertyValueNotInList"],
            ["#/Attributes/BootMode", "#/Attributes/Turbo", "#/@Redfish.SettingsApplyTime/ApplyTime"],
        ),
        ({"Attributes": {"BootMode": 7}, "Id": "x"}, ["PropertyValueNotInList", "PropertyNotWritable"], None),
        ({"Attributes": {"BootMode": None}}, ["PropertyValueNotInList"], None),
        ({"Attributes": []}, ["PropertyValueTypeError"], None),
        ({"Attributes": {}}, ["NoOperation"], None),
        ({}, ["NoOperation"], None),
    ],
)
async def test_every_problem_of_a_setting_is_told_and_nothing_is_set(
    service: Service, body: object, ids: list[str], related: list[str] | None
) -> None:
    answer = await service.call("PATCH", SETTINGS, body)
    assert (answer.status, answer.ids) == (400, ids)
    if related is not None:
        told = answer.body["error"]["@Message.ExtendedInfo"]
        assert [message["RelatedProperties"][0] for message in told] == related
    assert await modes(service) == ("Uefi", "Uefi")


async def test_a_viewer_sets_nothing(service: Service) -> None:
    assert (await service.call("PATCH", SETTINGS, {"Attributes": {"BootMode": "Bios"}}, as_="vera")).status == 403


async def test_the_registry_tells_of_every_attribute(service: Service) -> None:
    bios = await service.get(BIOS)
    file = await service.get(f"/redfish/v1/Registries/{bios['AttributeRegistry']}")
    served = await service.get(file["Location"][0]["Uri"])
    assert served == registry_document()
    entries = served["RegistryEntries"]["Attributes"]
    assert {entry["AttributeName"] for entry in entries} == bios["Attributes"].keys()
    assert entries[0]["DefaultValue"] in [value["ValueName"] for value in entries[0]["Value"]]


async def test_a_server_whose_firmware_cannot_be_set_has_no_bios(service: Service) -> None:
    service.drivers.headless.add("n2")
    await service.world.add("n2")
    assert "Bios" not in await service.get("/redfish/v1/Systems/n2")
    for path in ("Bios", "Bios/Settings"):
        assert (await service.call("GET", f"/redfish/v1/Systems/n2/{path}")).status == 404
    answer = await service.call("POST", "/redfish/v1/Systems/n2/Bios/Actions/Bios.ResetBios")
    assert answer.status == 404


async def test_a_node_is_offered_the_images_that_it_will_boot(service: Service) -> None:
    async def offered() -> Any:
        return (await service.get(N1))["Actions"]["Oem"]["#Lightsout.Reinstall"]["Image@Redfish.AllowableValues"]

    assert await offered() == ["tiny"]
    await set_mode(service, "Bios")
    assert await offered() == []
