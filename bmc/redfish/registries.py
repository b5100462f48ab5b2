"""Registries: DMTF's Base by where it is published; our own messages, one for every kind of event; Bios attributes."""

from bmc.model.events import EventKind, Severity
from bmc.redfish import audit, bios, timeline
from bmc.redfish.errors import not_found
from bmc.redfish.event_record import REGISTRY, message_id
from bmc.redfish.messages import REGISTRY as BASE
from bmc.redfish.messages import Template
from bmc.redfish.router import Call, Reply, Route
from bmc.redfish.system_body import TROUBLE, UNKNOWN_POWER
from bmc.redfish.tasks import JOB_MESSAGE, OUTCOME_UNKNOWN
from bmc.redfish.types import FILES, JsonObject, collection, links, odata_type, resource

REGISTRIES = "/redfish/v1/Registries"
FILE = f"{FILES}/{REGISTRY}.0.json"
BASE_FILE = "https://redfish.dmtf.org/registries/Base.1.22.1.json"
OK, WARNING, CRITICAL = (severity.value for severity in Severity)
NOTHING = "None."
LOOK = "Look at the server and at its event log."

EVENTS = {
    EventKind.NODE_ADDED: Template("A server was added.", OK, NOTHING),
    EventKind.NODE_CHANGED: Template("The definition of a server was changed.", OK, NOTHING),
    EventKind.NODE_REMOVED: Template("A server was removed.", OK, NOTHING),
    EventKind.POWER_CHANGED: Template("The power state of a server has changed.", OK, NOTHING),
    EventKind.POWER_ACTION: Template("A power action was begun or has ended.", OK, NOTHING),
    EventKind.POWER_UNKNOWN: Template(
        "The power state of a server is unknown.",
        WARNING,
        "Look at the server, then confirm its power state with the ConfirmPower action.",
    ),
    EventKind.SENSES_DIFFER: Template(
        "A sense of a server's power says otherwise than most.", WARNING, "Look at what the sense looks at."
    ),
    EventKind.SENSES_AGREE: Template("All senses of a server's power say the same again.", OK, NOTHING),
    EventKind.NODE_RESET: Template("A server was reset, or reset itself.", OK, NOTHING),
    EventKind.NODE_PAUSED: Template("A server stands still.", CRITICAL, "Mend what the message names, then resume it."),
    EventKind.NODE_RESUMED: Template("A server that stood still runs again.", OK, NOTHING),
    EventKind.BOOT_OVERRIDE_SET: Template("The boot override of a server was set or taken back.", OK, NOTHING),
    EventKind.BOOT_OVERRIDE_SPENT: Template("A server has booted by its boot override for one boot.", OK, NOTHING),
    EventKind.BOOT_FAILED: Template("A server found nothing to boot from.", WARNING, LOOK),
    EventKind.FIRMWARE_SET: Template(
        "The firmware of a server was set, or left as it is.", OK, "Power the server off and on for it to take effect."
    ),
    EventKind.FIRMWARE_APPLIED: Template("A server has another firmware now.", OK, NOTHING),
    EventKind.MEDIA_INSERTED: Template("A medium was inserted into a virtual drive.", OK, NOTHING),
    EventKind.MEDIA_EJECTED: Template("A medium was taken out of a virtual drive.", OK, NOTHING),
    EventKind.IDENTIFY_CHANGED: Template("The identify light of a server was switched.", OK, NOTHING),
    EventKind.RESTORE_POLICY_SET: Template("The power restore policy of a server was set.", OK, NOTHING),
    EventKind.MAINS_RESTORED: Template("The supply of power of a server has come back.", OK, NOTHING),
    EventKind.WATCHDOG_EXPIRED: Template("The watchdog of a server has run out.", WARNING, LOOK),
    EventKind.SENSOR_CROSSED: Template("A reading has crossed a threshold.", WARNING, LOOK),
    EventKind.PLATFORM_EVENT: Template("A server has reported an event of its platform.", OK, NOTHING),
    EventKind.SEL_CLEARED: Template("The system event log of a server was cleared.", OK, NOTHING),
    EventKind.SEL_CHANGED: Template("The system event log of a server was changed.", OK, NOTHING),
    EventKind.FRU_WRITTEN: Template("The inventory of a server was written.", OK, NOTHING),
    EventKind.RESERVED: Template("A server was reserved.", OK, NOTHING),
    EventKind.RELEASED: Template("The reservation of a server has ended.", OK, NOTHING),
    EventKind.ASSIGNMENT_OPENED: Template(
        "Somebody is asked to do something at a server.", WARNING, "Do it, and say so at the assignment."
    ),
    EventKind.ASSIGNMENT_ENDED: Template("What somebody was asked to do at a server was answered.", OK, NOTHING),
    EventKind.EMERGENCY_STOP: Template(
        "The emergency stop holds all hardware.", CRITICAL, "Make sure that it is safe, then release it."
    ),
    EventKind.EMERGENCY_STOP_RELEASED: Template("The emergency stop was released.", OK, NOTHING),
    EventKind.CONSOLE_OPENED: Template("A console of a server was opened.", OK, NOTHING),
    EventKind.CONSOLE_CLOSED: Template("A console of a server was closed.", OK, NOTHING),
    EventKind.JOB_STARTED: Template("A job was begun.", OK, NOTHING),
    EventKind.JOB_PROGRESS: Template("A job has come further.", OK, NOTHING),
    EventKind.JOB_ENDED: Template("A job has ended.", OK, "Look at its task for how it ended."),
    EventKind.DISK_ERASED: Template("A disk of a server was erased and read back.", OK, NOTHING),
    EventKind.IMAGE_ADDED: Template("An image can be put on servers from now on.", OK, NOTHING),
    EventKind.IMAGE_CHANGED: Template("What is said of an image was changed.", OK, NOTHING),
    EventKind.IMAGE_REMOVED: Template("An image was deleted.", OK, NOTHING),
    EventKind.MEDIA_ADDED: Template("A medium can be inserted by its name from now on.", OK, NOTHING),
    EventKind.MEDIA_REMOVED: Template("A medium was deleted.", OK, NOTHING),
    EventKind.SIGNED_IN: Template("An account has signed in.", OK, NOTHING),
    EventKind.SIGN_IN_FAILED: Template("A sign-in was refused.", WARNING, "Find out who tried."),
    EventKind.ACCOUNT_LOCKED: Template(
        "Sign-ins are refused for a while after too many failures.", WARNING, "Find out who tried."
    ),
    EventKind.ACCOUNT_CHANGED: Template("An account was made, changed or deleted.", OK, NOTHING),
    EventKind.CERTIFICATE_REPLACED: Template("The certificate of HTTPS was replaced.", OK, NOTHING),
    EventKind.CERTIFICATE_EXPIRES: Template(
        "The certificate of HTTPS is about to expire, or has expired.", WARNING, "Replace the certificate."
    ),
    EventKind.TEST: Template("Somebody tries whether events arrive.", OK, NOTHING),
}
"""What the registry says of each kind: its usual severity, and what to do. The event itself says more."""

MESSAGES = {
    **{message_id(kind): template for kind, template in EVENTS.items()},
    UNKNOWN_POWER: EVENTS[EventKind.POWER_UNKNOWN],
    TROUBLE: Template("A server is not well.", WARNING, "Mend what the message names."),
    audit.MESSAGE: Template("Somebody has asked something of the service.", OK, NOTHING),
    timeline.MESSAGE: Template("Something happened to a server.", OK, NOTHING),
    JOB_MESSAGE: Template("A job tells what it does.", OK, NOTHING),
    OUTCOME_UNKNOWN: Template(
        "Nobody knows whether a job has done to a server what it was asked for; it is not repeated.", WARNING, LOOK
    ),
}


async def list_registries(call: Call) -> Reply:
    members = links([f"{REGISTRIES}/{name}" for name in (BASE, REGISTRY, bios.REGISTRY)])
    return Reply(collection(REGISTRIES, "MessageRegistryFileCollection", "Registries", members))


async def get_registry(call: Call) -> Reply:
    places = {BASE: {"PublicationUri": BASE_FILE}, REGISTRY: {"Uri": FILE}, bios.REGISTRY: {"Uri": bios.FILE}}
    where = places.get(call.params["registry"])
    if where is None:
        raise not_found(call.path)
    name = call.params["registry"]
    body = resource(f"{REGISTRIES}/{name}", "MessageRegistryFile", Id=name, Name=f"Registry {name}", Registry=name)
    return Reply(body | {"Languages": ["en"], "Location": [{"Language": "en", **where}]})


async def get_file(_: Call) -> Reply:
    return Reply(registry_document())


def registry_document() -> JsonObject:
    """Our own registry (DSP0266 §9.5)."""
    prefix, version = REGISTRY.split(".", 1)
    return {
        "@odata.type": odata_type("MessageRegistry"),
        "Id": f"{REGISTRY}.0",
        "Name": "Lightsout message registry",
        "Description": "The messages of Lightsout's events and jobs.",
        "Language": "en",
        "RegistryPrefix": prefix,
        "RegistryVersion": f"{version}.0",
        "OwningEntity": prefix,
        "Messages": {
            name.removeprefix(f"{REGISTRY}."): {
                "Description": template.text,
                "Message": template.text,
                "MessageSeverity": template.severity,
                "NumberOfArgs": 0,
                "Resolution": template.resolution,
            }
            for name, template in sorted(MESSAGES.items())
        },
    }


ROUTES = (
    Route("GET", REGISTRIES, list_registries),
    Route("GET", f"{REGISTRIES}/{{registry}}", get_registry),
    Route("GET", FILE, get_file),
)
