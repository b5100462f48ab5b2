"""Bios: what can be set of a System's firmware. A change waits in Settings for the System's next power on.

The attribute registry is made from `Attributes`, which also checks what comes in.
"""

from enum import Enum

from pydantic import Field

from bmc.model.boot import BootMode
from bmc.model.commands import SetFirmware
from bmc.model.node import NodeSnapshot
from bmc.redfish.body import Body, Nothing
from bmc.redfish.errors import fail, not_found
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.system_body import SYSTEMS
from bmc.redfish.types import FILES, VERSIONS, JsonObject, link, odata_type, resource

BIOS = f"{SYSTEMS}/{{node}}/Bios"
RESET = "Bios.ResetBios"
REGISTRY = "LightsoutBios.v1_0_0"
FILE = f"{FILES}/{REGISTRY}.json"


class Mode(Enum):
    BIOS = "Bios"
    UEFI = "Uefi"


MODES = {Mode.BIOS: BootMode.LEGACY, Mode.UEFI: BootMode.UEFI}
SHOWN = {mode: name.value for name, mode in MODES.items()}


class Attributes(Body):
    """A field each: its default is what ResetBios sets."""

    boot_mode: Mode = Field(
        Mode.BIOS, description="Which firmware the server has: what is on its disks must be able to boot by it."
    )


class ApplyTime(Enum):
    ON_RESET = "OnReset"


class PreferredApplyTime(Body):
    odata_type: str = Field("", alias="@odata.type")
    apply_time: ApplyTime = ApplyTime.ON_RESET


class SettingsChange(Body):
    attributes: Attributes = Attributes()
    settings_apply_time: PreferredApplyTime = Field(PreferredApplyTime(), alias="@Redfish.SettingsApplyTime")


async def get_bios(call: Call) -> Reply:
    snapshot = _snapshot(call)
    path = BIOS.format(node=snapshot.name)
    settings = {
        "@odata.type": f"#Settings.{VERSIONS['Settings']}.Settings",
        "SettingsObject": link(f"{path}/Settings"),
        "SupportedApplyTimes": [ApplyTime.ON_RESET.value],
    }
    body = resource(
        path,
        "Bios",
        Id="Bios",
        Name=f"Firmware of {snapshot.name}",
        AttributeRegistry=REGISTRY,
        Attributes=_attributes(snapshot.hardware.firmware),
        Actions={f"#{RESET}": {"target": f"{path}/Actions/{RESET}"}},
    )
    return Reply(body | {"@Redfish.Settings": settings})


async def get_settings(call: Call) -> Reply:
    return _settings(_snapshot(call))


async def change_settings(call: Call) -> Reply:
    change = call.body(SettingsChange, readable=_settings(_snapshot(call)).body)
    if not change.attributes.model_fields_set:
        raise fail(400, "NoOperation")
    await call.node().do(SetFirmware(MODES[change.attributes.boot_mode]), call.caller)
    return _settings(call.node().snapshot)


async def reset_bios(call: Call) -> Reply:
    _snapshot(call)
    call.body(Nothing, RESET)
    await call.node().do(SetFirmware(MODES[Attributes().boot_mode]), call.caller)
    return Reply(status=204)


def _snapshot(call: Call) -> NodeSnapshot:
    snapshot = call.node().snapshot
    if not snapshot.has_firmware_setup:
        raise not_found(call.path)
    return snapshot


def _settings(snapshot: NodeSnapshot) -> Reply:
    """What the attributes will be from the next power on."""
    attributes = _attributes(snapshot.next_firmware or snapshot.hardware.firmware)
    body = resource(
        f"{BIOS.format(node=snapshot.name)}/Settings",
        "Bios",
        Id="Settings",
        Name=f"Firmware of {snapshot.name} from its next power on",
        AttributeRegistry=REGISTRY,
        Attributes=attributes,
    )
    when = {
        "@odata.type": f"#Settings.{VERSIONS['Settings']}.PreferredApplyTime",
        "ApplyTime": ApplyTime.ON_RESET.value,
        "ApplyTime@Redfish.AllowableValues": [ApplyTime.ON_RESET.value],
    }
    return Reply(body | {"@Redfish.SettingsApplyTime": when})


def _attributes(firmware: BootMode | None) -> JsonObject:
    return {"BootMode": SHOWN[firmware]} if firmware else {}


async def get_registry_file(_: Call) -> Reply:
    return Reply(registry_document())


def registry_document() -> JsonObject:
    """The attributes there are (DSP0266 §9.6)."""
    return {
        "@odata.type": odata_type("AttributeRegistry"),
        "Id": REGISTRY,
        "Name": "Lightsout attribute registry of firmware settings",
        "Language": "en",
        "OwningEntity": "Lightsout",
        "RegistryVersion": REGISTRY.partition(".v")[2].replace("_", "."),
        "RegistryEntries": {
            "Attributes": [
                {
                    "AttributeName": field.alias,
                    "DisplayName": name.replace("_", " ").capitalize(),
                    "HelpText": field.description,
                    "Type": "Enumeration",
                    "Value": [{"ValueName": value.value} for value in type(field.default)],
                    "DefaultValue": field.default.value,
                    "ReadOnly": False,
                    "ResetRequired": True,
                }
                for name, field in Attributes.model_fields.items()
            ]
        },
    }


ROUTES = (
    Route("GET", BIOS, get_bios),
    Route("GET", f"{BIOS}/Settings", get_settings),
    Route("PATCH", f"{BIOS}/Settings", change_settings),
    Route("POST", f"{BIOS}/Actions/{RESET}", reset_bios),
    Route("GET", FILE, get_registry_file),
)
