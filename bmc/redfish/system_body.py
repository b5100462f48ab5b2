"""A node's snapshot as a ComputerSystem."""

from collections.abc import Sequence

from bmc.images.catalogue import Image
from bmc.ipmi.wire.fru import ProductArea
from bmc.model.boot import BootEnabled, BootMode, BootTarget
from bmc.model.caller import Role
from bmc.model.commands import Power
from bmc.model.console import Viewer
from bmc.model.node import NodeSnapshot
from bmc.model.power import Health, LastAction, PowerAction, PowerState, RestorePolicy, Vote
from bmc.model.watchdog import PreTimeout, Watchdog, WatchdogAction
from bmc.power.table import available
from bmc.records.fru import inventory
from bmc.redfish import oem
from bmc.redfish.components import boot_order, component_links
from bmc.redfish.house import SshConsoles
from bmc.redfish.sensors import sensor_conditions, sensors_health
from bmc.redfish.types import JsonObject, link, moment, resource
from bmc.reinstall.erase import EraseMethod
from bmc.reinstall.ways import ways_in

SYSTEMS = "/redfish/v1/Systems"
GIB = 1 << 30
STATES: dict[PowerState, str | None] = {
    PowerState.ON: "Enabled",
    PowerState.OFF: "StandbyOffline",
    PowerState.POWERING_ON: "Starting",
    PowerState.POWERING_OFF: "Enabled",
    PowerState.UNKNOWN: None,
}
_TIMEOUTS = {
    WatchdogAction.NONE: "None",
    WatchdogAction.HARD_RESET: "ResetSystem",
    WatchdogAction.POWER_DOWN: "PowerDown",
    WatchdogAction.POWER_CYCLE: "PowerCycle",
}
_WARNINGS = {
    PreTimeout.NONE: "None",
    PreTimeout.NMI: "DiagnosticInterrupt",
    PreTimeout.MESSAGING: "MessagingInterrupt",
}
UNKNOWN_POWER, TROUBLE = "Lightsout.1.0.PowerUnknown", "Lightsout.1.0.NodeTrouble"


def system_path(name: str) -> str:
    return f"{SYSTEMS}/{name}"


def reset_types(actions: frozenset[PowerAction]) -> list[str]:
    """In the order of the enumeration, so that two readings of the same node are the same."""
    return [action.value for action in PowerAction if action in actions]


def boot_targets(snapshot: NodeSnapshot) -> list[str]:
    can = snapshot.boot_targets
    return [target.value for target in BootTarget if target is BootTarget.NONE or target in can]


def boot_body(snapshot: NodeSnapshot) -> JsonObject:
    """Any mode may be asked for of a machine whose firmware nobody knows."""
    override, known = snapshot.boot, snapshot.hardware.firmware
    mode = override.mode or known or BootMode.UEFI
    return {
        "BootSourceOverrideTarget": override.target.value,
        "BootSourceOverrideTarget@Redfish.AllowableValues": boot_targets(snapshot),
        "BootSourceOverrideEnabled": override.enabled.value,
        "BootSourceOverrideEnabled@Redfish.AllowableValues": [enabled.value for enabled in BootEnabled],
        "BootSourceOverrideMode": mode.value,
        "BootSourceOverrideMode@Redfish.AllowableValues": [mode.value] if known else [each.value for each in BootMode],
    }


def unit_body(part_number: str, serial: str) -> JsonObject:
    """What the FRU says of a unit, as far as it says anything."""
    told = {"PartNumber": part_number, "SerialNumber": serial}
    return {key: value for key, value in told.items() if value}


def asset_tag(snapshot: NodeSnapshot) -> str:
    """The one asset tag of a node, which its System and its Chassis show."""
    product = inventory(snapshot.fru).product
    return product.asset_tag if product else ""


def editable(snapshot: NodeSnapshot) -> object:
    """What PATCH may change: an If-Match compares this alone."""
    definition = snapshot.definition
    policy = snapshot.restore_policy.value if snapshot.restore_policy else None
    return [
        boot_body(snapshot),
        snapshot.identify,
        policy,
        asset_tag(snapshot),
        dict(definition.options),
        sorted(definition.tags),
    ]


def system_body(
    snapshot: NodeSnapshot, images: Sequence[Image], role: Role, holds: bool, ssh: SshConsoles | None
) -> JsonObject:
    """As a caller of `role` sees it, who `holds` the node or not. Reinstall is offered with those of `images` that the
    node can boot, and not at all where there is no image.
    """
    name, hardware = snapshot.name, snapshot.hardware
    path = system_path(name)
    body = resource(
        path,
        "ComputerSystem",
        Id=name,
        Name=name,
        UUID=str(snapshot.definition.uuid),
        SystemType="Virtual" if snapshot.definition.is_virtual else "Physical",
        Status=_status(snapshot),
        LocationIndicatorActive=snapshot.identify,
        HostWatchdogTimer=_watchdog(snapshot.watchdog),
        Actions=_actions(snapshot, images),
        LogServices=link(f"{path}/LogServices"),
        Links={
            "Chassis": [link(f"/redfish/v1/Chassis/{name}")],
            "ManagedBy": [link(f"/redfish/v1/Managers/{name}")],
        },
        Oem=oem.extension("LightsoutComputerSystem", _oem(snapshot, role, holds)),
    )
    body |= power_state(snapshot)
    for key, value in (
        ("Manufacturer", hardware.manufacturer),
        ("Model", hardware.model),
        ("BiosVersion", hardware.firmware_version),
    ):
        if value:
            body[key] = value
    product = inventory(snapshot.fru).product or ProductArea(serial=hardware.serial)
    body |= unit_body(product.part_number, product.serial) | {"AssetTag": product.asset_tag}
    if hardware.cpus:
        body["ProcessorSummary"] = {"Count": 1, "CoreCount": hardware.cpus, "LogicalProcessorCount": hardware.cpus}
    if hardware.memory:
        body["MemorySummary"] = {"TotalSystemMemoryGiB": hardware.memory / GIB}
    if snapshot.restore_policy is not None:
        body["PowerRestorePolicy"] = snapshot.restore_policy.value
        body["PowerRestorePolicy@Redfish.AllowableValues"] = [policy.value for policy in RestorePolicy]
    if snapshot.boot_targets:
        body["Boot"] = boot_body(snapshot) | boot_order(snapshot, path)
    if snapshot.media:
        body["VirtualMedia"] = link(f"{path}/VirtualMedia")
    if snapshot.has_firmware_setup:
        body["Bios"] = link(f"{path}/Bios")
    if snapshot.has_host_interface:
        body["BootProgress"] = {"LastState": _boot_progress(snapshot)}
    return body | component_links(snapshot, path) | _consoles(snapshot, ssh)


def _boot_progress(snapshot: NodeSnapshot) -> str | None:
    """Known is that it is off, or that its operating system has spoken to the BMC since it booted."""
    if snapshot.power is PowerState.OFF:
        return "None"
    return "OSRunning" if snapshot.os_seen else None


def power_state(snapshot: NodeSnapshot) -> JsonObject:
    """Null when it is unknown, with the reason."""
    if snapshot.power is not PowerState.UNKNOWN:
        return {"PowerState": snapshot.power.value}
    return {
        "PowerState": None,
        "PowerState@Message.ExtendedInfo": [
            {
                "MessageId": UNKNOWN_POWER,
                "Message": snapshot.reason or "The power state is unknown.",
                "MessageArgs": [],
                "MessageSeverity": "Warning",
                "Resolution": "Look at the server, then confirm its power state with the ConfirmPower action."
                if snapshot.actions
                else "Mend what the message names, then change the node, which opens it again.",
            }
        ],
    }


def _watchdog(watchdog: Watchdog) -> JsonObject:
    """The system's own software, or IPMI, sets it; it is not for Redfish to pet."""
    running = watchdog.ends is not None
    return {
        "FunctionEnabled": running,
        "TimeoutAction": _TIMEOUTS[watchdog.setting.action],
        "WarningAction": _WARNINGS[watchdog.setting.pre_timeout],
        "Status": {"State": "Enabled" if running else "StandbyOffline"},
    }


def _status(snapshot: NodeSnapshot) -> JsonObject:
    """Health is the server's own; the rollup and the conditions take its sensors in."""
    health = snapshot.health
    if snapshot.power is PowerState.UNKNOWN and health is Health.OK:
        health = Health.WARNING
    rollup = max(health, sensors_health(snapshot.sensors), key=list(Health).index)
    status: JsonObject = {"State": STATES[snapshot.power], "Health": health.value, "HealthRollup": rollup.value}
    conditions = sensor_conditions(snapshot.name, snapshot.sensors)
    if health is not Health.OK:
        own = {
            "MessageId": UNKNOWN_POWER if snapshot.power is PowerState.UNKNOWN else TROUBLE,
            "Message": snapshot.reason or "The power state is unknown.",
            "MessageArgs": [],
            "Severity": health.value,
            "Timestamp": moment(snapshot.power_since),
        }
        conditions.insert(0, own)
    return status | ({"Conditions": conditions} if conditions else {})


def _actions(snapshot: NodeSnapshot, images: Sequence[Image]) -> JsonObject:
    target = f"{system_path(snapshot.name)}/Actions"
    ours: JsonObject = {
        "#Lightsout.Reserve": {"target": f"{target}/Oem/Lightsout.Reserve"},
        "#Lightsout.Release": {"target": f"{target}/Oem/Lightsout.Release"},
    }
    if snapshot.definition.is_virtual or snapshot.paused:
        ours["#Lightsout.Resume"] = {"target": f"{target}/Oem/Lightsout.Resume"}
    if can := ways_in(snapshot):
        ways = {"Way@Redfish.AllowableValues": [way.value for way in can]}
        ours["#Lightsout.Rescue"] = {"target": f"{target}/Oem/Lightsout.Rescue", **ways}
        ours["#Lightsout.EndRescue"] = {"target": f"{target}/Oem/Lightsout.EndRescue"}
        ours["#Lightsout.Inspect"] = {"target": f"{target}/Oem/Lightsout.Inspect", **ways}
        ours["#Lightsout.Erase"] = {
            "target": f"{target}/Oem/Lightsout.Erase",
            "Method@Redfish.AllowableValues": [method.value for method in EraseMethod],
            **ways,
        }
        if images:
            ours["#Lightsout.Reinstall"] = {
                "target": f"{target}/Oem/Lightsout.Reinstall",
                "Image@Redfish.AllowableValues": [image.name for image in images if image.boots_by(snapshot.boots_by)],
                **ways,
            }
    actions: JsonObject = {"Oem": ours}
    if snapshot.actions:
        ours["#Lightsout.ConfirmPower"] = {
            "target": f"{target}/Oem/Lightsout.ConfirmPower",
            "PowerState@Redfish.AllowableValues": ["On", "Off"],
        }
        ours["#Lightsout.PlanPower"] = {
            "target": f"{target}/Oem/Lightsout.PlanPower",
            "ResetType@Redfish.AllowableValues": reset_types(snapshot.actions),
        }
        actions["#ComputerSystem.Reset"] = {
            "target": f"{target}/ComputerSystem.Reset",
            "@Redfish.ActionInfo": f"{system_path(snapshot.name)}/ResetActionInfo",
            "ResetType@Redfish.AllowableValues": reset_types(snapshot.actions),
        }
    return actions


def _consoles(snapshot: NodeSnapshot, ssh: SshConsoles | None) -> JsonObject:
    consoles: JsonObject = {}
    if snapshot.has_serial:
        serial: JsonObject = {
            "WebSocket": {
                "ServiceEnabled": True,
                "ConsoleURI": f"/console/{snapshot.name}/serial",
                "Interactive": True,
            }
        }
        if snapshot.definition.ipmi:
            serial["IPMI"] = {"ServiceEnabled": True, "Port": snapshot.definition.ipmi.port}
        if ssh is not None:
            serial["SSH"] = {
                "ServiceEnabled": True,
                "Port": ssh.port,
                "SharedWithManagerCLI": False,
                "HotKeySequenceDisplay": "Press ^Ec. to leave, ^Ec? for help",
            }
        consoles["SerialConsole"] = serial
    if snapshot.has_screen:
        consoles["GraphicalConsole"] = {"ServiceEnabled": True, "ConnectTypesSupported": ["OEM"]}
    return consoles


def _sense(vote: Vote) -> oem.Sense:
    reading = vote.reading
    return oem.Sense(
        Name=vote.sense,
        FailureDomain=vote.domain,
        PowerState=None if reading.state is PowerState.UNKNOWN else reading.state.value,
        Reason=reading.reason or None,
        LookedAt=moment(reading.at),
        Counts=vote.counts,
    )


def _viewer(viewer: Viewer) -> oem.ConsoleViewer:
    return oem.ConsoleViewer(
        Console=viewer.console.value,
        Account=viewer.account,
        Door=viewer.door.value,
        Address=viewer.address or None,
        Since=moment(viewer.since),
        Types=viewer.types,
    )


def _last_action(last: LastAction) -> oem.LastPowerAction:
    return oem.LastPowerAction(
        ResetType=last.action.value,
        Account=last.account,
        Started=moment(last.at),
        HandedOver=None if last.handed is None else moment(last.handed),
        Ended=None if last.ended is None else moment(last.ended),
        Outcome=last.outcome or None,
        Problem=last.problem or None,
    )


def _oem(snapshot: NodeSnapshot, role: Role, holds: bool) -> oem.LightsoutComputerSystem:
    definition, held = snapshot.definition, snapshot.reservation
    ipmi = definition.ipmi
    reservation = None
    if held is not None:
        until = moment(held.until) if held.until is not None else None
        reservation = oem.Reservation(Holder=held.holder, Reason=held.reason, Since=moment(held.since), Until=until)
    firmware = snapshot.hardware.firmware
    may = role.rank >= Power.role.rank and (held is None or holds)
    possible = available(snapshot.power, snapshot.actions) if may else frozenset[PowerAction]()
    return oem.LightsoutComputerSystem(
        Driver=definition.driver,
        Options=dict(definition.options),
        OptionsUntilPowerOn=dict(snapshot.options_until_power_on) or None,
        Tags=sorted(definition.tags),
        IPMI=oem.Endpoint(Host=ipmi.host, Port=ipmi.port) if ipmi else None,
        ScreenURI=f"/console/{snapshot.name}/screen" if snapshot.has_screen else None,
        ScreenshotURI=f"{system_path(snapshot.name)}/Oem/Lightsout/Screenshot" if snapshot.has_screen else None,
        Viewers=[_viewer(viewer) for viewer in snapshot.viewers],
        PowerSince=moment(snapshot.power_since) if snapshot.power_since else None,
        PowerCause=snapshot.cause.value,
        Paused=snapshot.paused,
        Reason=snapshot.reason or None,
        Senses=[_sense(vote) for vote in snapshot.votes],
        LastPowerAction=_last_action(snapshot.last_action) if snapshot.last_action else None,
        InstalledImage=snapshot.installed_image or None,
        MissingParts=[oem.MissingPart(Part=part, Remedy=remedy) for part, remedy in snapshot.lacks.items()],
        Firmware=firmware.value if firmware else None,
        Accelerator=snapshot.hardware.accelerator or None,
        Reservation=reservation,
        Task=link(f"/redfish/v1/TaskService/Tasks/{held.job}") if held and held.job else None,
        AvailableResetTypes=reset_types(possible),
    )
