"""Systems: the nodes as ComputerSystems, defined, changed and removed while the service runs."""

from dataclasses import replace
from uuid import UUID, uuid4

from pydantic import Field, IPvAnyAddress, JsonValue, field_validator

from bmc.fleet import NAME, NAME_RULE
from bmc.ipmi.wire.fru import MOST
from bmc.model.boot import BootEnabled, BootMode, BootOverride, BootTarget
from bmc.model.caller import Role
from bmc.model.commands import Identify, SetAssetTag, SetBootOverride, SetRestorePolicy
from bmc.model.errors import NotSupported
from bmc.model.events import EventKind
from bmc.model.node import Endpoint, NodeDefinition, NodeSnapshot
from bmc.model.power import RestorePolicy
from bmc.redfish.body import Body, Tags
from bmc.redfish.errors import RedfishError, fail
from bmc.redfish.event_record import message_id
from bmc.redfish.messages import message
from bmc.redfish.router import Call, Reply, Route, require
from bmc.redfish.system_body import SYSTEMS, boot_targets, editable, reset_types, system_body, system_path
from bmc.redfish.types import collection, links, resource

MOST_KEPT = 4096


class WantedEndpoint(Body):
    host: IPvAnyAddress
    port: int = Field(ge=1, le=65535)


class LightsoutOem(Body):
    """`options` belong to the driver, which checks them. `ipmi`: where the IPMI door is to be, the next free endpoint
    unless given."""

    ipmi: WantedEndpoint | None = Field(default=None, alias="IPMI")
    driver: str = "qemu"
    options: dict[str, JsonValue] = Field(default_factory=dict)
    tags: Tags = ()


class NewOem(Body):
    lightsout: LightsoutOem = LightsoutOem()


class NewSystem(Body):
    name: str
    uuid: UUID | None = Field(default=None, alias="UUID")
    oem: NewOem = NewOem()

    @field_validator("name")
    @classmethod
    def _host_name(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError(NAME_RULE)
        return name


class BootChange(Body):
    boot_source_override_target: BootTarget | None = None
    boot_source_override_enabled: BootEnabled | None = None
    boot_source_override_mode: BootMode | None = None


class LightsoutChange(Body):
    options: dict[str, JsonValue] | None = None
    tags: Tags | None = None


class OemChange(Body):
    lightsout: LightsoutChange = LightsoutChange()


class SystemChange(Body):
    boot: BootChange = BootChange()
    location_indicator_active: bool | None = None
    power_restore_policy: RestorePolicy | None = None
    asset_tag: str | None = Field(default=None, max_length=MOST)
    oem: OemChange = OemChange()


async def list_systems(call: Call) -> Reply:
    paths = [system_path(node.snapshot.name) for node in call.house.fleet.visible(call.caller)]
    return Reply(collection(SYSTEMS, "ComputerSystemCollection", "Systems", links(paths)))


async def get_system(call: Call) -> Reply:
    return _reply(call, call.node().snapshot)


async def create_system(call: Call) -> Reply:
    wanted = call.body(NewSystem)
    uuid = wanted.uuid or uuid4()
    there = [node.snapshot.definition for node in call.house.fleet.visible(call.caller)]
    taken = {"Name": wanted.name} if wanted.name in [each.name for each in there] else {}
    taken |= {"UUID": str(uuid)} if uuid in [each.uuid for each in there] else {}
    if taken:
        raise RedfishError(
            409,
            [
                message("ResourceAlreadyExists", "ComputerSystem", name, value, related=f"#/{name}")
                for name, value in taken.items()
            ],
        )
    oem = wanted.oem.lightsout
    endpoint = Endpoint(str(oem.ipmi.host), oem.ipmi.port) if oem.ipmi else None
    definition = NodeDefinition(wanted.name, uuid, oem.driver, dict(oem.options), frozenset(oem.tags), endpoint)
    node = await call.house.fleet.create(definition, call.caller)
    reply = _reply(call, node.snapshot)
    return Reply(reply.body, 201, {"Location": system_path(wanted.name)}, reply.editable)


async def change_system(call: Call) -> Reply:
    """The request is checked before any of it is done. What takes most rights is decided first, also for the tags;
    these change last, as with them the node may leave the caller's scope.
    """
    node, caller = call.node(), call.caller
    snapshot = node.snapshot
    current = _reply(call, snapshot).body
    change = call.body(SystemChange, readable=current)
    problems = []
    if change.power_restore_policy is not None and snapshot.restore_policy is None:
        problems.append(message("PropertyUnknown", "PowerRestorePolicy", related="#/PowerRestorePolicy"))
    override = None
    try:
        override = _override(snapshot, change.boot)
    except RedfishError as error:
        problems += error.messages
    if problems:
        raise RedfishError(400, problems)
    oem = change.oem.lightsout
    if call.house.only and oem.model_fields_set:
        await require(call, Role.ADMINISTRATOR, "change-node")
    if oem.options is not None or oem.tags is not None:
        node = await call.house.fleet.change(snapshot.name, dict(oem.options or {}), caller)
    if override is not None:
        await node.do(SetBootOverride(override), caller)
    if change.location_indicator_active is not None:
        await node.do(Identify(None if change.location_indicator_active else 0), caller)
    if change.power_restore_policy is not None:
        await node.do(SetRestorePolicy(change.power_restore_policy), caller)
    if change.asset_tag is not None:
        await node.do(SetAssetTag(change.asset_tag), caller)
    if oem.tags is not None:
        node = await call.house.fleet.change(snapshot.name, {}, caller, frozenset(oem.tags))
    return _reply(call, node.snapshot)


async def delete_system(call: Call) -> Reply:
    """What may be left at the machine is told in the answer, as it is in the event."""
    left = await call.house.fleet.remove(call.node().snapshot.name, call.caller)
    if not left:
        return Reply(status=204)
    usual = {"MessageId": message_id(EventKind.NODE_REMOVED), "MessageArgs": [], "MessageSeverity": "Warning"}
    told = [usual | {"Message": each, "Resolution": "Take it out at the server's own BMC."} for each in left]
    return Reply({"@Message.ExtendedInfo": told})


async def reset_action_info(call: Call) -> Reply:
    snapshot = call.node().snapshot
    parameter = {
        "Name": "ResetType",
        "Required": True,
        "DataType": "String",
        "AllowableValues": reset_types(snapshot.actions),
    }
    path = f"{system_path(snapshot.name)}/ResetActionInfo"
    return Reply(resource(path, "ActionInfo", Id="ResetActionInfo", Name="Reset", Parameters=[parameter]))


def _reply(call: Call, snapshot: NodeSnapshot) -> Reply:
    """A snapshot is replaced, never changed: as long as it is the same one, so is what is made of it.

    How the fleet has set up a node is no affair of the node's own users.
    """
    whole, images, kept = snapshot, call.house.image_list.now(), call.house.systems
    held = snapshot.reservation
    holds = held is not None and not held.job and held.holder == call.caller.account
    key = snapshot.name, call.caller.role, holds
    known = kept.get(key)
    if known is not None and known[0] is whole and known[1] == images:
        kept_reply: Reply = known[2]
        return kept_reply
    if len(kept) >= MOST_KEPT:
        kept.clear()
    if call.house.only:
        snapshot = replace(
            snapshot,
            definition=replace(snapshot.definition, options={}, tags=frozenset()),
            options_until_power_on={},
        )
    body = system_body(snapshot, images, call.caller.role, holds, call.house.ssh)
    reply = Reply(body, editable=editable(snapshot))
    kept[key] = whole, images, reply
    return reply


def _override(snapshot: NodeSnapshot, change: BootChange) -> BootOverride | None:
    """The override that the request asks for, None if it leaves it as it is.

    A target without Enabled means Once: a device must never stay overridden because a client said too little.

    :raise RedfishError: 400, what cannot be. :raise NotSupported: nothing can.
    """
    if not change.model_fields_set:
        return None
    if not snapshot.boot_targets:
        raise NotSupported(snapshot.without("boot control"))
    target, enabled = change.boot_source_override_target, change.boot_source_override_enabled
    if target is not None and target.value not in boot_targets(snapshot):
        pointer = "#/Boot/BootSourceOverrideTarget"
        text = f"{snapshot.name} cannot boot from {target.value}; it can from {', '.join(boot_targets(snapshot))}."
        name = "BootSourceOverrideTarget"
        raise fail(400, "PropertyValueNotInList", target.value, name, text=text, related=pointer)
    now = snapshot.boot
    if target is BootTarget.NONE or enabled is BootEnabled.DISABLED:
        return BootOverride(mode=change.boot_source_override_mode)
    if target is None:
        target = now.target
    if target is BootTarget.NONE and enabled is not None:
        raise _no_target()
    if enabled is None:
        enabled = now.enabled if now.enabled is not BootEnabled.DISABLED else BootEnabled.ONCE
    if target is BootTarget.NONE:
        enabled = BootEnabled.DISABLED
    return BootOverride(target, enabled, change.boot_source_override_mode or now.mode)


def _no_target() -> RedfishError:
    names = ("BootSourceOverrideEnabled", "BootSourceOverrideTarget")
    text = "BootSourceOverrideEnabled needs a BootSourceOverrideTarget to go with it: none is set."
    return RedfishError(400, [message("PropertyValueConflict", *names, text=text, related=f"#/Boot/{names[0]}")])


ROUTES = (
    Route("GET", SYSTEMS, list_systems),
    Route("POST", SYSTEMS, create_system),
    Route("GET", f"{SYSTEMS}/{{node}}", get_system),
    Route("PATCH", f"{SYSTEMS}/{{node}}", change_system),
    Route("DELETE", f"{SYSTEMS}/{{node}}", delete_system),
    Route("GET", f"{SYSTEMS}/{{node}}/ResetActionInfo", reset_action_info),
)
