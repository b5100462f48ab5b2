"""Everything of our own that a Redfish document may hold: the schemas are made from these types.

A type here has the name of its schema; its text is what the schema says of it. Empty is null, never "".
"""

from collections.abc import Mapping
from typing import Annotated, Any, NotRequired

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from bmc.redfish.types import ID_REF, JsonObject, odata_type


def _text(description: str, **more: Any) -> Any:
    return Field(description=description, json_schema_extra=more or None)


def _link(target: str, description: str) -> WithJsonSchema:
    """`target`: the CSDL type of the resource that is linked."""
    return WithJsonSchema({"$ref": ID_REF, "description": description, "csdl": target})


MOMENT = {"format": "date-time"}
CHANGEABLE = {"readonly": False}


class LightsoutServiceRoot(TypedDict):
    """What this service has beside the standard."""

    Images: Annotated[
        JsonObject,
        _link("LightsoutImageCollection.LightsoutImageCollection", "The images that Reinstall can put on a server."),
    ]
    Media: Annotated[
        JsonObject,
        _link("LightsoutMediumCollection.LightsoutMediumCollection", "The media that virtual drives take by name."),
    ]


class Endpoint(TypedDict):
    """Where a server's IPMI is answered."""

    Host: Annotated[str, _text("The address.")]
    Port: Annotated[int, _text("The UDP port.")]


class Reservation(TypedDict):
    """Who keeps a server from being changed by others."""

    Holder: Annotated[str, _text("The account that has reserved it; of a job, the one that asked for it.")]
    Reason: Annotated[str, _text("Why.")]
    Since: Annotated[str, _text("Since when.", **MOMENT)]
    Until: Annotated[str | None, _text("When it ends by itself; null: when it is released.", **MOMENT)]


class Sense(TypedDict):
    """What one witness of the power state said last."""

    Name: Annotated[str, _text("Its name.")]
    FailureDomain: Annotated[str, _text("What it fails together with: all senses of a domain have one vote together.")]
    PowerState: Annotated[str | None, _text("On or Off; null when it cannot tell.")]
    Reason: Annotated[str | None, _text("Why it cannot tell, or what it adds.")]
    LookedAt: Annotated[str, _text("When it looked.", **MOMENT)]
    Counts: Annotated[bool, _text("Whether its word counts: it can tell, and no sense of its domain differs.")]


class LastPowerAction(TypedDict):
    """The power action that was tried last."""

    ResetType: Annotated[str, _text("What was asked for.")]
    Account: Annotated[str, _text("Who asked.")]
    Started: Annotated[str, _text("When it began.", **MOMENT)]
    HandedOver: Annotated[str | None, _text("When the hardware had it; null where it never said so.", **MOMENT)]
    Ended: Annotated[str | None, _text("When it ended; null while it is under way.", **MOMENT)]
    Outcome: Annotated[str | None, _text("done, failed, timed out, superseded or unknown; null while it is under way.")]
    Problem: Annotated[str | None, _text("What went wrong.")]


class MissingPart(TypedDict):
    """What a server has not, though it might."""

    Part: Annotated[str, _text("What it is called: boot control, virtual drive, serial console or sensors.")]
    Remedy: Annotated[str, _text("What would give it one.")]


class ConsoleViewer(TypedDict):
    """Somebody who has a console of a server open."""

    Console: Annotated[str, _text("Which: Serial or Screen.")]
    Account: Annotated[str, _text("Who.")]
    Door: Annotated[str, _text("By what way: ipmi, redfish, web, cli or job.")]
    Address: Annotated[str | None, _text("From where.")]
    Since: Annotated[str, _text("Since when.", **MOMENT)]
    Types: Annotated[bool, _text("Whether this is the one viewer of the console who has its keyboard.")]


class LightsoutComputerSystem(TypedDict):
    """What Lightsout knows of a server beside the standard."""

    Driver: Annotated[str, _text("The driver that reaches the server.")]
    Options: Annotated[
        Mapping[str, Any], _text("The driver's own options. A change names only what it changes.", **CHANGEABLE)
    ]
    OptionsUntilPowerOn: Annotated[
        Mapping[str, Any] | None,
        _text("What the running server has of those options that will be others from its next power on; null if none."),
    ]
    Tags: Annotated[list[str], _text("Words by which the scope of an account may name the server.", **CHANGEABLE)]
    IPMI: Annotated[Endpoint | None, _text("Where the server's IPMI is answered.")]
    ScreenURI: Annotated[str | None, _text("The WebSocket of the server's screen.")]
    ScreenshotURI: Annotated[str | None, _text("Where what the server's screen shows is, as a picture (PNG).")]
    Viewers: Annotated[list[ConsoleViewer], _text("Who has its consoles open, in the order in which they came.")]
    PowerSince: Annotated[str | None, _text("When the power state last changed.", **MOMENT)]
    PowerCause: Annotated[str, _text("What changed the power state last.")]
    Paused: Annotated[bool, _text("Whether the server stands still.")]
    Reason: Annotated[str | None, _text("Why the power state is unknown or the health is not OK.")]
    Senses: Annotated[list[Sense], _text("What each witness of the power state said last.")]
    LastPowerAction: Annotated[LastPowerAction | None, _text("The power action that was tried last; null if none was.")]
    InstalledImage: Annotated[str | None, _text("The image that Reinstall put on the server last.")]
    MissingParts: Annotated[list[MissingPart], _text("What the server has not, and what would give it one.")]
    Firmware: Annotated[str | None, _text("How the server boots: UEFI or Legacy.")]
    Accelerator: Annotated[str | None, _text("What a virtual server's processor runs on.")]
    Reservation: Annotated[Reservation | None, _text("Who has reserved the server.")]
    Task: Annotated[JsonObject, _link("Task.Task", "The task that has reserved the server.")] | None
    AvailableResetTypes: Annotated[
        list[str], _text("The reset types that the caller may ask for in the present state.")
    ]


class EmergencyStop(TypedDict):
    """What holds all hardware still."""

    Pressed: Annotated[bool, _text("Whether it holds.")]
    Account: Annotated[str | None, _text("Who pressed it.")]
    Reason: Annotated[str | None, _text("Why.")]
    Since: Annotated[str | None, _text("When it was pressed.", **MOMENT)]


class Assignment(TypedDict):
    """What a person is asked to do at a server."""

    Id: Annotated[str, _text("What an answer names.")]
    Node: Annotated[str, _text("The server's name.")]
    Text: Annotated[str, _text("What is to be done.")]
    Asked: Annotated[str, _text("When it was asked.", **MOMENT)]
    Deadline: Annotated[str, _text("Until when an answer is waited for.", **MOMENT)]


class Credential(TypedDict):
    """What the service signs in with at machines; its password is never shown."""

    Name: Annotated[str, _text("What the options of a server call it.")]
    UserName: Annotated[str, _text("The user.")]
    Configured: Annotated[bool, _text("Whether it stands in the configuration file, where alone it can be changed.")]
    UsedBy: Annotated[list[str], _text("The servers whose options name it.")]


class DiskSpace(TypedDict):
    """The room on the disk that the service keeps its state on."""

    TotalBytes: Annotated[int, _text("All of it.")]
    FreeBytes: Annotated[int, _text("What may still be written.")]


class LightsoutManager(TypedDict):
    """What the service's own Manager has beside the standard."""

    EmergencyStop: Annotated[EmergencyStop, _text("What holds all hardware still.")]
    Assignments: Annotated[list[Assignment], _text("What people are asked to do at servers that the caller may see.")]
    Credentials: Annotated[
        list[Credential] | None,
        _text("What the service signs in with at machines; null for who does not administer the whole fleet."),
    ]
    SSHHostKeyFingerprint: Annotated[
        str | None,
        _text("Of the SSH door's host key, as ssh prints it; null where it is closed."),
    ]
    DiskSpace: Annotated[
        DiskSpace | None, _text("Where its state is kept; null for who does not administer the whole fleet.")
    ]


class PowerPlan(TypedDict):
    """What a power action would do now."""

    ResetType: Annotated[str, _text("The action.")]
    Steps: Annotated[list[str], _text("What would be done, in order, in words.")]
    Hindrances: Annotated[list[str], _text("What would keep it from being done.")]


class NodePlan(TypedDict):
    """What declaring one server would do."""

    Name: Annotated[str, _text("Its name.")]
    Action: Annotated[str, _text("Add, Change or None.")]
    Changes: Annotated[list[str], _text("What of it would be another: its options, and Tags.")]
    Problems: Annotated[list[str], _text("Why it could not be done.")]


class NodePlans(TypedDict):
    """What declaring servers would do."""

    Nodes: Annotated[list[NodePlan], _text("Each of them, in the order of the request.")]


class Scope(TypedDict):
    """The servers that an account may see and act on."""

    AllNodes: Annotated[bool, _text("All of them.", **CHANGEABLE)]
    Nodes: Annotated[list[str], _text("Those with these names.", **CHANGEABLE)]
    Tags: Annotated[list[str], _text("Those with one of these tags.", **CHANGEABLE)]


class CipherSuite(TypedDict):
    """How sessions of IPMI over LAN are authenticated, signed and encrypted."""

    Id: Annotated[int, _text("Its number in IPMI v2.0.")]
    Algorithms: Annotated[str, _text("What it authenticates and signs with, and what it encrypts with.")]
    MaxPrivilege: Annotated[str, _text("The most that a session with it may do: an IPMI privilege level.")]


class LightsoutManagerNetworkProtocol(TypedDict):
    """What the protocols of a server's Manager have beside the standard."""

    IPMICipherSuites: Annotated[
        list[CipherSuite], _text("Those that its IPMI takes, strongest first. IPMI's own LAN parameter 24 limits them.")
    ]


class LightsoutAccountService(TypedDict):
    """What the service of accounts has beside the standard."""

    Tokens: Annotated[
        JsonObject,
        _link("LightsoutTokenCollection.LightsoutTokenCollection", "The API tokens that the caller may see."),
    ]


class LightsoutToken(TypedDict):
    """An API token: a named secret by which a program acts for an account."""

    Token: Annotated[str | None, _text("The secret; null but in the answer to the request that made it.")]
    Account: Annotated[str, _text("For whom it acts.")]
    RoleId: Annotated[str, _text("The greatest role that it has; less where its account has less.")]
    Scope: Annotated[Scope, _text("The servers that it may see and act on, of those that its account may.")]
    Created: Annotated[str, _text("When it was made.", **MOMENT)]
    Expires: Annotated[str | None, _text("When it ends by itself; null: when it is revoked.", **MOMENT)]
    LastUsed: Annotated[str | None, _text("When it was used last; null: never.", **MOMENT)]
    LastAddress: Annotated[str | None, _text("From where it was used last.")]


class LightsoutSession(TypedDict):
    """What a session is here beside the standard."""

    Door: Annotated[str, _text("By what way it came: redfish, web, cli or ssh.")]
    LastUsed: Annotated[str, _text("When it was used last.", **MOMENT)]


class LightsoutManagerAccount(TypedDict):
    """What an account is here beside the standard."""

    Scope: Annotated[Scope, _text("The servers that the account may see and act on.", **CHANGEABLE)]


class RequestedDisk(TypedDict, total=False):
    """Which disk was meant."""

    serial: Annotated[str, _text("The one with this serial number.")]
    name: Annotated[str, _text("The one that the kernel calls so.")]
    model: Annotated[str, _text("The one of this model.")]
    wwn: Annotated[str, _text("The one with this World Wide Name.")]
    size: Annotated[int, _text("The one of this many bytes.")]
    min_size: Annotated[int, _text("One of at least this many bytes.")]
    max_size: Annotated[int, _text("One of at most this many bytes.")]
    rotational: Annotated[bool, _text("One that turns, or one that does not.")]
    bus: Annotated[str, _text("One that is attached by this.")]
    pick: Annotated[str, _text("Which of several: smallest, largest or first.")]


class RequestedNetwork(TypedDict, total=False):
    """The new system's network."""

    mac: Annotated[str, _text("The network card with this address.")]
    vlan: Annotated[int, _text("The VLAN.")]
    addresses: Annotated[list[str], _text("Addresses, each with its prefix length.")]
    gateways: Annotated[list[str], _text("Where everything else goes, one for each IP version.")]
    dns: Annotated[list[str], _text("Name servers.")]
    search: Annotated[list[str], _text("Domains in which names are looked up.")]


class JobRequest(TypedDict, total=False):
    """What was asked of a job, as it keeps it."""

    image: Annotated[str, _text("The image to write, or to add.")]
    medium: Annotated[str, _text("The medium to add.")]
    image_sha256: Annotated[str, _text("Its digest when the job was begun.")]
    hostname: Annotated[str, _text("The new system's name.")]
    ssh_keys: Annotated[list[str], _text("The public keys that may log in.")]
    disk: Annotated[RequestedDisk, _text("Which disk.")]
    user: Annotated[str, _text("Whose the keys and the password are.")]
    network: Annotated[RequestedNetwork, _text("The new system's network, if not by DHCP.")]
    user_data: Annotated[bool, _text("Whether cloud-init was given user data.")]
    method: Annotated[str, _text("How to erase it.")]
    way: Annotated[str, _text("How the server gets to the ramdisk: VirtualMedia or Network.")]
    minutes: Annotated[int, _text("How long a rescue lasts at most.")]
    action: Annotated[str, _text("The power action.")]
    batch: Annotated[int, _text("How many servers at once.")]
    delay: Annotated[int, _text("Seconds between two batches.")]
    url: Annotated[str, _text("Where an image comes from.")]
    file: Annotated[str, _text("The file that an image is made of.")]
    format: Annotated[str, _text("How the file of an image is made and packed.")]
    file_sha256: Annotated[str, _text("Its digest.")]
    file_size: Annotated[int, _text("Its bytes, if it is uploaded.")]
    title: Annotated[str, _text("The name that people read.")]
    description: Annotated[str, _text("What is said of it.")]
    kernel: Annotated[str, _text("The family of its kernel.")]
    firmware: Annotated[list[str], _text("How a server must boot for it.")]
    seed: Annotated[str, _text("How it learns what is its own.")]
    proofs: Annotated[list[str], _text("What can show that it runs.")]


class RescueAccess(TypedDict):
    """How to get into a server that is being rescued."""

    SSHURI: Annotated[str, _text("The WebSocket that leads the account which asked for it to the SSH server.")]
    HostKey: Annotated[str, _text("The public key of the SSH server, made for this job.")]
    HostKeyFingerprint: Annotated[str, _text("Its fingerprint, as ssh prints it.")]
    Until: Annotated[str, _text("When the time is up.", **MOMENT)]


class ErasedDisk(TypedDict):
    """What was erased, and how that was seen to be so."""

    Name: Annotated[str, _text("The disk, as the kernel calls it.")]
    SerialNumber: Annotated[str | None, _text("Its serial number.")]
    SizeBytes: Annotated[int, _text("Its size.")]
    Method: Annotated[str, _text("Metadata, Full or Discard.")]
    Started: Annotated[str, _text("When it began.", **MOMENT)]
    Ended: Annotated[str | None, _text("When it had been read back; null when it has not been.", **MOMENT)]
    PlacesVerified: Annotated[int, _text("Places that were read back and hold zeros.")]
    BytesVerified: Annotated[int, _text("Bytes that these places are.")]
    Account: Annotated[str, _text("Who asked for it.")]


class InstalledSystem(TypedDict):
    """What a new system has told of itself by its proofs."""

    HostName: Annotated[str | None, _text("Its name.")]
    MachineId: Annotated[str | None, _text("Its machine id, made anew by each install.")]
    BootId: Annotated[str | None, _text("The boot that proved itself last.")]
    HostKey: Annotated[str | None, _text("The public key of its SSH server.")]


class LightsoutTask(TypedDict):
    """What became of a job so far."""

    Kind: Annotated[str, _text("What the job does.")]
    System: NotRequired[
        Annotated[JsonObject, _link("ComputerSystem.ComputerSystem", "The server that it is done to, if it is one.")]
    ]
    FormerSystem: Annotated[
        str | None,
        _text("The name of the server that it was done to, if that was removed since; it may be another's now."),
    ]
    Account: Annotated[str, _text("Who asked for it.")]
    Request: Annotated[JobRequest, _text("What was asked, without its secrets.")]
    Step: Annotated[str | None, _text("The step that runs.")]
    Steps: Annotated[list[str], _text("All steps, in their order.")]
    StepMessage: Annotated[str | None, _text("What the step says of itself.")]
    BytesDone: Annotated[int | None, _text("Bytes that the step has written or read back.")]
    BytesTotal: Annotated[int | None, _text("Bytes that it has to.")]
    Proofs: Annotated[list[str], _text("What has shown that the new system runs.")]
    Disk: Annotated[str | None, _text("The disk that is written, as the kernel calls it.")]
    Installed: Annotated[InstalledSystem | None, _text("What the new system has told of itself.")]
    Rescue: Annotated[RescueAccess | None, _text("How to get into a server that is being rescued.")]
    Erased: Annotated[ErasedDisk | None, _text("What was erased.")]
    UploadURI: Annotated[str | None, _text("Where the file that the task waits for is to be uploaded, by tus 1.0.")]
    ConsoleTail: Annotated[
        str | None, _text("The last lines of the serial console of a job that failed; for Operators.")
    ]
    RamdiskLog: Annotated[str | None, _text("What the deploy ramdisk wrote of a job that failed.")]


class LightsoutLogEntry(TypedDict):
    """The event that a log entry tells of."""

    Kind: Annotated[str, _text("The event's public name.")]
    Node: Annotated[str | None, _text("The server that it is about.")]
    Account: Annotated[str | None, _text("Whose doing it was.")]
    Details: Annotated[Mapping[str, Any], _text("What belongs to this kind of event.")]
    Maintenance: Annotated[bool, _text("Whether a person had reserved the server when it happened: it alerts nobody.")]


class LightsoutEvent(LightsoutLogEntry):
    """What an event tells beside the standard."""


class LightsoutHappening(TypedDict):
    """One thing that happened to a server."""

    Kind: Annotated[str, _text("Power, Boot, Media, Console, Job, Reservation, Health, SEL, SignIn or Settings.")]
    Source: Annotated[str, _text("The log that it is from: event, audit or sel. The number in the Id is that log's.")]
    What: Annotated[str, _text("The kind of the event, or the action of the audit.")]
    Account: Annotated[str | None, _text("Whose doing it was.")]
    Door: Annotated[str | None, _text("By what way: ipmi, redfish, web, cli, host, job or service.")]
    Address: Annotated[str | None, _text("From where; for Administrators of the server.")]
    Task: Annotated[str | None, _text("The task that it belongs to.")]
    Outcome: Annotated[str | None, _text("How it ended: ok or done, or why not.")]
    Details: Annotated[Mapping[str, Any], _text("What belongs to this kind of event, or to this action.")]


class LightsoutLogService(TypedDict):
    """What a log has beside the standard."""

    ExportURIs: Annotated[list[str], _text("Where the log is as a file, in several formats.")]
    SizeBytes: NotRequired[Annotated[int, _text("Bytes that it takes on the disk, where it is bounded by them.")]]
    MaxSizeBytes: NotRequired[Annotated[int, _text("How many it takes at most; then the oldest go.")]]


class LightsoutAuditRecord(TypedDict):
    """Who did what to what, by which door, and how it ended."""

    Account: Annotated[str, _text("Who asked.")]
    Role: Annotated[str, _text("The role that the account had.")]
    Door: Annotated[str, _text("By what way: ipmi, redfish, web, cli, host, job or service.")]
    Address: Annotated[str | None, _text("From where.")]
    RequestId: Annotated[str | None, _text("The X-Request-Id that came with it.")]
    Task: Annotated[str | None, _text("The task on whose behalf it was.")]
    ApiToken: Annotated[str | None, _text("The Id of the API token that it was asked with.")]
    Action: Annotated[str, _text("What was asked.")]
    TargetKind: Annotated[
        str, _text("What the target is: node, account, aggregate, subscription, image, medium, path or service.")
    ]
    Target: Annotated[str | None, _text("Its name; null for the service itself.")]
    Outcome: Annotated[str, _text("ok or done, or why not.")]
    Details: Annotated[Mapping[str, Any], _text("What belongs to this action.")]


class DeadLetter(TypedDict):
    """An event that could not be delivered, or how many that were gone before their turn came."""

    Created: Annotated[str, _text("When it was given up.", **MOMENT)]
    Reason: Annotated[str, _text("Why.")]
    EventsMissed: Annotated[int | None, _text("How many events were trimmed from the stream before their turn.")]
    EventId: Annotated[str | None, _text("The event's number in the stream.")]
    Event: Annotated[Mapping[str, Any] | None, _text("The event as it would have been sent; null if it cannot be.")]


class Delivery(TypedDict):
    """One try to deliver events to a destination."""

    Created: Annotated[str, _text("When it ended.", **MOMENT)]
    FirstEventId: Annotated[str, _text("The Id of its first event.")]
    Events: Annotated[int, _text("How many events it was.")]
    Message: Annotated[str | None, _text("What the first of them said.")]
    Outcome: Annotated[str, _text("Delivered, Failed (it is tried again), or Dead (it became a dead letter).")]
    Reason: Annotated[str | None, _text("Why it failed.")]
    Milliseconds: Annotated[int, _text("How long it took.")]


class LightsoutEventDestination(TypedDict):
    """How the delivery of events to a destination goes."""

    Delivered: Annotated[int, _text("Events that it was given since the service started.")]
    Deliveries: Annotated[list[Delivery], _text("The newest tries, oldest first.")]

    EventsWaiting: Annotated[int, _text("Events that are still to be delivered.")]
    DeadLetters: Annotated[list[DeadLetter], _text("The newest of what could not be delivered, oldest first.")]
    Account: Annotated[str | None, _text("Whose subscription it is; null for one of the configuration file.")]
    HmacSecret: Annotated[str | None, _text("What deliveries are signed with; always null when read.", **CHANGEABLE)]
    HmacSecretSet: Annotated[bool, _text("Whether deliveries are signed.")]


class LightsoutChassis(TypedDict):
    """What a Chassis has beside the standard."""

    SensorHistory: Annotated[
        JsonObject,
        _link("LightsoutSensorHistoryCollection.LightsoutSensorHistoryCollection", "What its sensors read before."),
    ]


class SensorSeries(TypedDict):
    """What one sensor read; empty where it read nothing in all that time."""

    Sensor: Annotated[JsonObject, _link("Sensor.Sensor", "The sensor.")]
    Name: Annotated[str, _text("Its name.")]
    ReadingUnits: Annotated[str, _text("The unit of all values.")]
    Readings: Annotated[
        list[float | None],
        _text("A reading for each interval, oldest first, or the mean of several; null where nothing was read."),
    ]
    Minima: NotRequired[Annotated[list[float | None], _text("The least reading of each interval, where it is longer.")]]
    Maxima: NotRequired[Annotated[list[float | None], _text("The greatest of each.")]]


class LightsoutSensorHistory(TypedDict):
    """What the sensors of a server read during the last hour or day."""

    Start: Annotated[str, _text("When the first interval begins.", **MOMENT)]
    IntervalSeconds: Annotated[int, _text("How long each is.")]
    Sensors: Annotated[list[SensorSeries], _text("Each sensor of the server.")]


class LightsoutImage(TypedDict):
    """An image that Reinstall can put on a server."""

    SizeBytes: Annotated[int, _text("Bytes on the disk.")]
    SHA256: Annotated[str, _text("The digest of these bytes, in hexadecimal.")]
    FileSHA256: Annotated[str | None, _text("The digest of the file that it was made from, if that was said.")]
    Encoding: Annotated[str, _text("How it is kept and sent: raw, gzip, xz or zstd.")]
    KernelFamily: Annotated[str, _text("The family of its kernel: linux, windows, bsd or other.", **CHANGEABLE)]
    Firmware: Annotated[list[str], _text("How a server must boot for it: UEFI, Legacy or both.", **CHANGEABLE)]
    Seed: Annotated[
        str,
        _text("How the new system learns what is its own: lightsout, nocloud, configdrive or none.", **CHANGEABLE),
    ]
    Proofs: Annotated[list[str], _text("What can show that the new system runs.", **CHANGEABLE)]
    Settings: Annotated[list[str], _text("What the new system can be told, as Reinstall's parameters are called.")]
    UserDataBytesMax: Annotated[int | None, _text("How long its user data may be; null if it takes none.")]
    BuiltIn: Annotated[bool, _text("Whether it was built by this service, and stays as it is.")]
    Added: Annotated[str | None, _text("When it was added; null if it was built here.", **MOMENT)]
    Account: Annotated[str | None, _text("Who added it.")]
    UsedBy: Annotated[list[str], _text("The servers that Reinstall has put it on last.")]
    WrittenTo: Annotated[list[str], _text("The servers that a task puts it on now; it cannot be deleted meanwhile.")]


class LightsoutMedium(TypedDict):
    """A medium that can be inserted into a virtual drive by its name."""

    SizeBytes: Annotated[int, _text("Its bytes.")]
    SHA256: Annotated[str | None, _text("Their digest, in hexadecimal; null if it was not added by Redfish.")]
    Added: Annotated[str, _text("When it came.", **MOMENT)]
    Account: Annotated[str | None, _text("Who added it.")]
    InDirectory: Annotated[
        bool, _text("Whether somebody put it into the service's media directory, where alone it can be deleted.")
    ]
    UsedBy: Annotated[list[str], _text("The servers that have it in a virtual drive; it cannot be deleted meanwhile.")]


EXTENSIONS: tuple[type, ...] = (
    LightsoutServiceRoot,
    LightsoutChassis,
    LightsoutComputerSystem,
    LightsoutManager,
    LightsoutManagerAccount,
    LightsoutManagerNetworkProtocol,
    LightsoutAccountService,
    LightsoutSession,
    LightsoutTask,
    LightsoutLogEntry,
    LightsoutLogService,
    LightsoutHappening,
    LightsoutEvent,
    LightsoutAuditRecord,
    LightsoutEventDestination,
)
"""What lies below Oem.Lightsout."""
RESOURCES: dict[type, str] = {
    LightsoutImage: "/redfish/v1/Oem/Lightsout/Images/{LightsoutImageId}",
    LightsoutMedium: "/redfish/v1/Oem/Lightsout/Media/{LightsoutMediumId}",
    LightsoutToken: "/redfish/v1/AccountService/Oem/Lightsout/Tokens/{LightsoutTokenId}",
    LightsoutSensorHistory: "/redfish/v1/Chassis/{ChassisId}/Oem/Lightsout/SensorHistory/{LightsoutSensorHistoryId}",
}
"""Resources of our own, each the member of a collection, and where they are."""


def extension(name: str, values: Mapping[str, Any]) -> JsonObject:
    """The property Oem of a resource; `name` is that of the type of `values`."""
    return {"Lightsout": {"@odata.type": odata_type(name), **values}}
