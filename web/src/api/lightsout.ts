/** What is our own in the tree. Made by scripts/types: not to be edited. */
export interface Link {
  "@odata.id": string;
}

/** What every resource has. */
export interface Resource extends Link {
  "@odata.type": string;
  "@odata.etag"?: string;
  Id: string;
  Name: string;
  Description?: string | null;
}

/** `Members` are whole where the request or the log wants it so. */
export interface Collection<T> extends Link {
  "@odata.type": string;
  "@odata.etag"?: string;
  Name: string;
  Description?: string | null;
  "Members@odata.count": number;
  "Members@odata.nextLink"?: string;
  Members: (T | Link)[];
}

export interface ActionTarget {
  target: string;
}

export type Answer = "Done" | "CouldNot";

export interface AnswerBody {
  Id: string;
  Answer: Answer;
}

/** What a person is asked to do at a server. */
export interface Assignment {
  /** What an answer names. */
  Id: string;
  /** The server's name. */
  Node: string;
  /** What is to be done. */
  Text: string;
  /** When it was asked. */
  Asked: string;
  /** Until when an answer is waited for. */
  Deadline: string;
}

/** Redfish `BootSourceOverrideMode`. */
export type BootMode = "Legacy" | "UEFI";

/** How sessions of IPMI over LAN are authenticated, signed and encrypted. */
export interface CipherSuite {
  /** Its number in IPMI v2.0. */
  Id: number;
  /** What it authenticates and signs with, and what it encrypts with. */
  Algorithms: string;
  /** The most that a session with it may do: an IPMI privilege level. */
  MaxPrivilege: string;
}

export interface ConfirmBody {
  PowerState: KnownPower;
}

/** Somebody who has a console of a server open. */
export interface ConsoleViewer {
  /** Which: Serial or Screen. */
  Console: string;
  /** Who. */
  Account: string;
  /** By what way: ipmi, redfish, web, cli or job. */
  Door: string;
  /** From where. */
  Address: string | null;
  /** Since when. */
  Since: string;
  /** Whether this is the one viewer of the console who has its keyboard. */
  Types: boolean;
}

/** What the service signs in with at machines; its password is never shown. */
export interface Credential {
  /** What the options of a server call it. */
  Name: string;
  /** The user. */
  UserName: string;
  /** Whether it stands in the configuration file, where alone it can be changed. */
  Configured: boolean;
  /** The servers whose options name it. */
  UsedBy: string[];
}

export interface CredentialBody {
  Name: string;
  UserName: string;
  Password: string;
}

export interface CredentialName {
  Name: string;
}

/** An event that could not be delivered, or how many that were gone before their turn came. */
export interface DeadLetter {
  /** When it was given up. */
  Created: string;
  /** Why. */
  Reason: string;
  /** How many events were trimmed from the stream before their turn. */
  EventsMissed: number | null;
  /** The event's number in the stream. */
  EventId: string | null;
  /** The event as it would have been sent; null if it cannot be. */
  Event: Record<string, unknown> | null;
}

/** One try to deliver events to a destination. */
export interface Delivery {
  /** When it ended. */
  Created: string;
  /** The Id of its first event. */
  FirstEventId: string;
  /** How many events it was. */
  Events: number;
  /** What the first of them said. */
  Message: string | null;
  /** Delivered, Failed (it is tried again), or Dead (it became a dead letter). */
  Outcome: string;
  /** Why it failed. */
  Reason: string | null;
  /** How long it took. */
  Milliseconds: number;
}

/** Which disk: it must be the only one that has all of these; Pick chooses among several. */
export interface DiskBody {
  Serial?: string | null;
  Name?: string | null;
  Model?: string | null;
  WWN?: string | null;
  SizeBytes?: number | null;
  MinSizeBytes?: number | null;
  MaxSizeBytes?: number | null;
  Rotational?: boolean | null;
  Bus?: DiskBus | null;
  Pick?: Pick | null;
}

/** What a disk is attached by, as the ramdisk can tell. */
export type DiskBus = "virtio" | "scsi" | "sata" | "nvme" | "usb" | "mmc";

/** The room on the disk that the service keeps its state on. */
export interface DiskSpace {
  /** All of it. */
  TotalBytes: number;
  /** What may still be written. */
  FreeBytes: number;
}

/** What holds all hardware still. */
export interface EmergencyStop {
  /** Whether it holds. */
  Pressed: boolean;
  /** Who pressed it. */
  Account: string | null;
  /** Why. */
  Reason: string | null;
  /** When it was pressed. */
  Since: string | null;
}

/** Where a server's IPMI is answered. */
export interface Endpoint {
  /** The address. */
  Host: string;
  /** The UDP port. */
  Port: number;
}

/** Without a disk the server must have only one. */
export interface EraseBody {
  Way?: WayIn | null;
  Method: EraseMethod;
  Disk?: DiskBody | null;
}

/** How a disk is erased. METADATA: the first and last MiB of the disk and of each partition, where partition tables and the signatures of file systems lie; the files themselves remain on the disk. FULL: every byte becomes zero. DISCARD: the disk is told that it may forget everything. */
export type EraseMethod = "Metadata" | "Full" | "Discard";

/** What was erased, and how that was seen to be so. */
export interface ErasedDisk {
  /** The disk, as the kernel calls it. */
  Name: string;
  /** Its serial number. */
  SerialNumber: string | null;
  /** Its size. */
  SizeBytes: number;
  /** Metadata, Full or Discard. */
  Method: string;
  /** When it began. */
  Started: string;
  /** When it had been read back; null when it has not been. */
  Ended: string | null;
  /** Places that were read back and hold zeros. */
  PlacesVerified: number;
  /** Bytes that these places are. */
  BytesVerified: number;
  /** Who asked for it. */
  Account: string;
}

/** What a new system has told of itself by its proofs. */
export interface InstalledSystem {
  /** Its name. */
  HostName: string | null;
  /** Its machine id, made anew by each install. */
  MachineId: string | null;
  /** The boot that proved itself last. */
  BootId: string | null;
  /** The public key of its SSH server. */
  HostKey: string | null;
}

/** What was asked of a job, as it keeps it. */
export interface JobRequest {
  /** The image to write, or to add. */
  image?: string;
  /** The medium to add. */
  medium?: string;
  /** Its digest when the job was begun. */
  image_sha256?: string;
  /** The new system's name. */
  hostname?: string;
  /** The public keys that may log in. */
  ssh_keys?: string[];
  /** Which disk. */
  disk?: RequestedDisk;
  /** Whose the keys and the password are. */
  user?: string;
  /** The new system's network, if not by DHCP. */
  network?: RequestedNetwork;
  /** Whether cloud-init was given user data. */
  user_data?: boolean;
  /** How to erase it. */
  method?: string;
  /** How the server gets to the ramdisk: VirtualMedia or Network. */
  way?: string;
  /** How long a rescue lasts at most. */
  minutes?: number;
  /** The power action. */
  action?: string;
  /** How many servers at once. */
  batch?: number;
  /** Seconds between two batches. */
  delay?: number;
  /** Where an image comes from. */
  url?: string;
  /** The file that an image is made of. */
  file?: string;
  /** How the file of an image is made and packed. */
  format?: string;
  /** Its digest. */
  file_sha256?: string;
  /** Its bytes, if it is uploaded. */
  file_size?: number;
  /** The name that people read. */
  title?: string;
  /** What is said of it. */
  description?: string;
  /** The family of its kernel. */
  kernel?: string;
  /** How a server must boot for it. */
  firmware?: string[];
  /** How it learns what is its own. */
  seed?: string;
  /** What can show that it runs. */
  proofs?: string[];
}

export type JsonValue = unknown;

export type KnownPower = "On" | "Off";

/** The power action that was tried last. */
export interface LastPowerAction {
  /** What was asked for. */
  ResetType: string;
  /** Who asked. */
  Account: string;
  /** When it began. */
  Started: string;
  /** When the hardware had it; null where it never said so. */
  HandedOver: string | null;
  /** When it ended; null while it is under way. */
  Ended: string | null;
  /** done, failed, timed out, superseded or unknown; null while it is under way. */
  Outcome: string | null;
  /** What went wrong. */
  Problem: string | null;
}

/** What the service of accounts has beside the standard. */
export interface LightsoutAccountService {
  "@odata.type": string;
  /** The API tokens that the caller may see. */
  Tokens: Link;
}

/** Who did what to what, by which door, and how it ended. */
export interface LightsoutAuditRecord {
  "@odata.type": string;
  /** Who asked. */
  Account: string;
  /** The role that the account had. */
  Role: string;
  /** By what way: ipmi, redfish, web, cli, host, job or service. */
  Door: string;
  /** From where. */
  Address: string | null;
  /** The X-Request-Id that came with it. */
  RequestId: string | null;
  /** The task on whose behalf it was. */
  Task: string | null;
  /** The Id of the API token that it was asked with. */
  ApiToken: string | null;
  /** What was asked. */
  Action: string;
  /** What the target is: node, account, aggregate, subscription, image, medium, path or service. */
  TargetKind: string;
  /** Its name; null for the service itself. */
  Target: string | null;
  /** ok or done, or why not. */
  Outcome: string;
  /** What belongs to this action. */
  Details: Record<string, unknown>;
}

/** What a Chassis has beside the standard. */
export interface LightsoutChassis {
  "@odata.type": string;
  /** What its sensors read before. */
  SensorHistory: Link;
}

/** What Lightsout knows of a server beside the standard. */
export interface LightsoutComputerSystem {
  "@odata.type": string;
  /** The driver that reaches the server. */
  Driver: string;
  /** The driver's own options. A change names only what it changes. */
  Options: Record<string, unknown>;
  /** What the running server has of those options that will be others from its next power on; null if none. */
  OptionsUntilPowerOn: Record<string, unknown> | null;
  /** Words by which the scope of an account may name the server. */
  Tags: string[];
  /** Where the server's IPMI is answered. */
  IPMI: Endpoint | null;
  /** The WebSocket of the server's screen. */
  ScreenURI: string | null;
  /** Where what the server's screen shows is, as a picture (PNG). */
  ScreenshotURI: string | null;
  /** Who has its consoles open, in the order in which they came. */
  Viewers: ConsoleViewer[];
  /** When the power state last changed. */
  PowerSince: string | null;
  /** What changed the power state last. */
  PowerCause: string;
  /** Whether the server stands still. */
  Paused: boolean;
  /** Why the power state is unknown or the health is not OK. */
  Reason: string | null;
  /** What each witness of the power state said last. */
  Senses: Sense[];
  /** The power action that was tried last; null if none was. */
  LastPowerAction: LastPowerAction | null;
  /** The image that Reinstall put on the server last. */
  InstalledImage: string | null;
  /** What the server has not, and what would give it one. */
  MissingParts: MissingPart[];
  /** How the server boots: UEFI or Legacy. */
  Firmware: string | null;
  /** What a virtual server's processor runs on. */
  Accelerator: string | null;
  /** Who has reserved the server. */
  Reservation: Reservation | null;
  Task: Link | null;
  /** The reset types that the caller may ask for in the present state. */
  AvailableResetTypes: string[];
}

/** What an event tells beside the standard. */
export interface LightsoutEvent {
  "@odata.type": string;
  /** The event's public name. */
  Kind: string;
  /** The server that it is about. */
  Node: string | null;
  /** Whose doing it was. */
  Account: string | null;
  /** What belongs to this kind of event. */
  Details: Record<string, unknown>;
  /** Whether a person had reserved the server when it happened: it alerts nobody. */
  Maintenance: boolean;
}

/** How the delivery of events to a destination goes. */
export interface LightsoutEventDestination {
  "@odata.type": string;
  /** Events that it was given since the service started. */
  Delivered: number;
  /** The newest tries, oldest first. */
  Deliveries: Delivery[];
  /** Events that are still to be delivered. */
  EventsWaiting: number;
  /** The newest of what could not be delivered, oldest first. */
  DeadLetters: DeadLetter[];
  /** Whose subscription it is; null for one of the configuration file. */
  Account: string | null;
  /** What deliveries are signed with; always null when read. */
  HmacSecret: string | null;
  /** Whether deliveries are signed. */
  HmacSecretSet: boolean;
}

/** One thing that happened to a server. */
export interface LightsoutHappening {
  "@odata.type": string;
  /** Power, Boot, Media, Console, Job, Reservation, Health, SEL, SignIn or Settings. */
  Kind: string;
  /** The log that it is from: event, audit or sel. The number in the Id is that log's. */
  Source: string;
  /** The kind of the event, or the action of the audit. */
  What: string;
  /** Whose doing it was. */
  Account: string | null;
  /** By what way: ipmi, redfish, web, cli, host, job or service. */
  Door: string | null;
  /** From where; for Administrators of the server. */
  Address: string | null;
  /** The task that it belongs to. */
  Task: string | null;
  /** How it ended: ok or done, or why not. */
  Outcome: string | null;
  /** What belongs to this kind of event, or to this action. */
  Details: Record<string, unknown>;
}

/** An image that Reinstall can put on a server. */
export interface LightsoutImage extends Resource {
  /** Bytes on the disk. */
  SizeBytes: number;
  /** The digest of these bytes, in hexadecimal. */
  SHA256: string;
  /** The digest of the file that it was made from, if that was said. */
  FileSHA256: string | null;
  /** How it is kept and sent: raw, gzip, xz or zstd. */
  Encoding: string;
  /** The family of its kernel: linux, windows, bsd or other. */
  KernelFamily: string;
  /** How a server must boot for it: UEFI, Legacy or both. */
  Firmware: string[];
  /** How the new system learns what is its own: lightsout, nocloud, configdrive or none. */
  Seed: string;
  /** What can show that the new system runs. */
  Proofs: string[];
  /** What the new system can be told, as Reinstall's parameters are called. */
  Settings: string[];
  /** How long its user data may be; null if it takes none. */
  UserDataBytesMax: number | null;
  /** Whether it was built by this service, and stays as it is. */
  BuiltIn: boolean;
  /** When it was added; null if it was built here. */
  Added: string | null;
  /** Who added it. */
  Account: string | null;
  /** The servers that Reinstall has put it on last. */
  UsedBy: string[];
  /** The servers that a task puts it on now; it cannot be deleted meanwhile. */
  WrittenTo: string[];
}

/** The event that a log entry tells of. */
export interface LightsoutLogEntry {
  "@odata.type": string;
  /** The event's public name. */
  Kind: string;
  /** The server that it is about. */
  Node: string | null;
  /** Whose doing it was. */
  Account: string | null;
  /** What belongs to this kind of event. */
  Details: Record<string, unknown>;
  /** Whether a person had reserved the server when it happened: it alerts nobody. */
  Maintenance: boolean;
}

/** What a log has beside the standard. */
export interface LightsoutLogService {
  "@odata.type": string;
  /** Where the log is as a file, in several formats. */
  ExportURIs: string[];
  /** Bytes that it takes on the disk, where it is bounded by them. */
  SizeBytes?: number;
  /** How many it takes at most; then the oldest go. */
  MaxSizeBytes?: number;
}

/** What the service's own Manager has beside the standard. */
export interface LightsoutManager {
  "@odata.type": string;
  EmergencyStop: EmergencyStop;
  /** What people are asked to do at servers that the caller may see. */
  Assignments: Assignment[];
  /** What the service signs in with at machines; null for who does not administer the whole fleet. */
  Credentials: Credential[] | null;
  /** Of the SSH door's host key, as ssh prints it; null where it is closed. */
  SSHHostKeyFingerprint: string | null;
  /** Where its state is kept; null for who does not administer the whole fleet. */
  DiskSpace: DiskSpace | null;
}

/** What an account is here beside the standard. */
export interface LightsoutManagerAccount {
  "@odata.type": string;
  /** The servers that the account may see and act on. */
  Scope: Scope;
}

/** What the protocols of a server's Manager have beside the standard. */
export interface LightsoutManagerNetworkProtocol {
  "@odata.type": string;
  /** Those that its IPMI takes, strongest first. IPMI's own LAN parameter 24 limits them. */
  IPMICipherSuites: CipherSuite[];
}

/** A medium that can be inserted into a virtual drive by its name. */
export interface LightsoutMedium extends Resource {
  /** Its bytes. */
  SizeBytes: number;
  /** Their digest, in hexadecimal; null if it was not added by Redfish. */
  SHA256: string | null;
  /** When it came. */
  Added: string;
  /** Who added it. */
  Account: string | null;
  /** Whether somebody put it into the service's media directory, where alone it can be deleted. */
  InDirectory: boolean;
  /** The servers that have it in a virtual drive; it cannot be deleted meanwhile. */
  UsedBy: string[];
}

/** What the sensors of a server read during the last hour or day. */
export interface LightsoutSensorHistory extends Resource {
  /** When the first interval begins. */
  Start: string;
  /** How long each is. */
  IntervalSeconds: number;
  /** Each sensor of the server. */
  Sensors: SensorSeries[];
}

/** What this service has beside the standard. */
export interface LightsoutServiceRoot {
  "@odata.type": string;
  /** The images that Reinstall can put on a server. */
  Images: Link;
  /** The media that virtual drives take by name. */
  Media: Link;
}

/** What a session is here beside the standard. */
export interface LightsoutSession {
  "@odata.type": string;
  /** By what way it came: redfish, web, cli or ssh. */
  Door: string;
  /** When it was used last. */
  LastUsed: string;
}

/** What became of a job so far. */
export interface LightsoutTask {
  "@odata.type": string;
  /** What the job does. */
  Kind: string;
  /** The server that it is done to, if it is one. */
  System?: Link;
  /** The name of the server that it was done to, if that was removed since; it may be another's now. */
  FormerSystem: string | null;
  /** Who asked for it. */
  Account: string;
  /** What was asked, without its secrets. */
  Request: JobRequest;
  /** The step that runs. */
  Step: string | null;
  /** All steps, in their order. */
  Steps: string[];
  /** What the step says of itself. */
  StepMessage: string | null;
  /** Bytes that the step has written or read back. */
  BytesDone: number | null;
  /** Bytes that it has to. */
  BytesTotal: number | null;
  /** What has shown that the new system runs. */
  Proofs: string[];
  /** The disk that is written, as the kernel calls it. */
  Disk: string | null;
  /** What the new system has told of itself. */
  Installed: InstalledSystem | null;
  /** How to get into a server that is being rescued. */
  Rescue: RescueAccess | null;
  /** What was erased. */
  Erased: ErasedDisk | null;
  /** Where the file that the task waits for is to be uploaded, by tus 1.0. */
  UploadURI: string | null;
  /** The last lines of the serial console of a job that failed; for Operators. */
  ConsoleTail: string | null;
  /** What the deploy ramdisk wrote of a job that failed. */
  RamdiskLog: string | null;
}

/** An API token: a named secret by which a program acts for an account. */
export interface LightsoutToken extends Resource {
  /** The secret; null but in the answer to the request that made it. */
  Token: string | null;
  /** For whom it acts. */
  Account: string;
  /** The greatest role that it has; less where its account has less. */
  RoleId: string;
  /** The servers that it may see and act on, of those that its account may. */
  Scope: Scope;
  /** When it was made. */
  Created: string;
  /** When it ends by itself; null: when it is revoked. */
  Expires: string | null;
  /** When it was used last; null: never. */
  LastUsed: string | null;
  /** From where it was used last. */
  LastAddress: string | null;
}

/** What a server has not, though it might. */
export interface MissingPart {
  /** What it is called: boot control, virtual drive, serial console or sensors. */
  Part: string;
  /** What would give it one. */
  Remedy: string;
}

/** One network card; what is left out comes by DHCP. */
export interface NetworkBody {
  MACAddress?: string | null;
  VLANId?: number | null;
  Addresses?: string[];
  Gateways?: string[];
  NameServers?: string[];
  SearchDomains?: string[];
}

export interface NewImage {
  URL?: string | null;
  FileSHA256?: string | null;
  FileSizeBytes?: number | null;
  Name?: string | null;
  Description?: string | null;
  KernelFamily?: "linux" | "windows" | "bsd" | "other" | null;
  Firmware?: BootMode[] | null;
  Seed?: "lightsout" | "nocloud" | "configdrive" | "none" | null;
  Proofs?: ("serial-nonce" | "phone-home" | "ssh-login")[] | null;
  Id: string;
  File?: string | null;
  Format?: "raw" | "raw.gz" | "raw.xz" | "raw.zst" | "qcow2" | "qcow2.gz" | "qcow2.xz" | "qcow2.zst" | null;
}

export interface NewMedium {
  URL?: string | null;
  FileSHA256?: string | null;
  FileSizeBytes?: number | null;
  Id: string;
}

/** Without a role it has the caller's, without a scope all that the account has, without an end it stays. */
export interface NewToken {
  Name: string;
  RoleId?: Role | null;
  Scope?: ScopeBody | null;
  Expires?: string | null;
}

export interface NodeBody {
  Name: string;
  Driver: string;
  Options?: Record<string, unknown>;
  Tags?: string[];
}

/** What declaring one server would do. */
export interface NodePlan {
  /** Its name. */
  Name: string;
  /** Add, Change or None. */
  Action: string;
  /** What of it would be another: its options, and Tags. */
  Changes: string[];
  /** Why it could not be done. */
  Problems: string[];
}

/** What declaring servers would do. */
export interface NodePlans {
  /** Each of them, in the order of the request. */
  Nodes: NodePlan[];
}

export interface NodesBody {
  Nodes: NodeBody[];
}

/** Which of several disks that fit and are large enough. FIRST: by the kernel's names. */
export type Pick = "smallest" | "largest" | "first";

/** Redfish `ResetType` (DSP0268, Resource.ResetType). */
export type PowerAction =
  | "On"
  | "ForceOff"
  | "GracefulShutdown"
  | "GracefulRestart"
  | "ForceRestart"
  | "PowerCycle"
  | "Nmi"
  | "PushPowerButton";

/** What a power action would do now. */
export interface PowerPlan {
  /** The action. */
  ResetType: string;
  /** What would be done, in order, in words. */
  Steps: string[];
  /** What would keep it from being done. */
  Hindrances: string[];
}

/** How the server gets to the ramdisk; VirtualMedia if it is left out. */
export interface RamdiskBody {
  Way?: WayIn | null;
}

/** What is left out is not set; whether the image can do with that is for the job to say. */
export interface ReinstallBody {
  Way?: WayIn | null;
  Image: string;
  Hostname?: string | null;
  Disk?: DiskBody | null;
  SSHKeys?: string[];
  Password?: string | null;
  User?: string | null;
  Network?: NetworkBody | null;
  UserData?: string | null;
}

/** To end another person's reservation takes a note. */
export interface ReleaseBody {
  Note?: string;
}

/** Which disk was meant. */
export interface RequestedDisk {
  /** The one with this serial number. */
  serial?: string;
  /** The one that the kernel calls so. */
  name?: string;
  /** The one of this model. */
  model?: string;
  /** The one with this World Wide Name. */
  wwn?: string;
  /** The one of this many bytes. */
  size?: number;
  /** One of at least this many bytes. */
  min_size?: number;
  /** One of at most this many bytes. */
  max_size?: number;
  /** One that turns, or one that does not. */
  rotational?: boolean;
  /** One that is attached by this. */
  bus?: string;
  /** Which of several: smallest, largest or first. */
  pick?: string;
}

/** The new system's network. */
export interface RequestedNetwork {
  /** The network card with this address. */
  mac?: string;
  /** The VLAN. */
  vlan?: number;
  /** Addresses, each with its prefix length. */
  addresses?: string[];
  /** Where everything else goes, one for each IP version. */
  gateways?: string[];
  /** Name servers. */
  dns?: string[];
  /** Domains in which names are looked up. */
  search?: string[];
}

/** How to get into a server that is being rescued. */
export interface RescueAccess {
  /** The WebSocket that leads the account which asked for it to the SSH server. */
  SSHURI: string;
  /** The public key of the SSH server, made for this job. */
  HostKey: string;
  /** Its fingerprint, as ssh prints it. */
  HostKeyFingerprint: string;
  /** When the time is up. */
  Until: string;
}

export interface RescueBody {
  Way?: WayIn | null;
  SSHKeys: string[];
  TimeoutMinutes?: number;
}

/** Who keeps a server from being changed by others. */
export interface Reservation {
  /** The account that has reserved it; of a job, the one that asked for it. */
  Holder: string;
  /** Why. */
  Reason: string;
  /** Since when. */
  Since: string;
  /** When it ends by itself; null: when it is released. */
  Until: string | null;
}

/** Without a time-out it lasts until it is released. */
export interface ReserveBody {
  Reason: string;
  TimeoutMinutes?: number | null;
}

export interface ResetBody {
  ResetType: PowerAction;
}

/** Redfish RoleId; ordered by power. */
export type Role = "ReadOnly" | "Operator" | "Administrator";

/** The servers that an account may see and act on. */
export interface Scope {
  /** All of them. */
  AllNodes: boolean;
  /** Those with these names. */
  Nodes: string[];
  /** Those with one of these tags. */
  Tags: string[];
}

export interface ScopeBody {
  AllNodes?: boolean;
  Nodes?: string[];
  Tags?: string[];
}

/** What one witness of the power state said last. */
export interface Sense {
  /** Its name. */
  Name: string;
  /** What it fails together with: all senses of a domain have one vote together. */
  FailureDomain: string;
  /** On or Off; null when it cannot tell. */
  PowerState: string | null;
  /** Why it cannot tell, or what it adds. */
  Reason: string | null;
  /** When it looked. */
  LookedAt: string;
  /** Whether its word counts: it can tell, and no sense of its domain differs. */
  Counts: boolean;
}

/** What one sensor read; empty where it read nothing in all that time. */
export interface SensorSeries {
  /** The sensor. */
  Sensor: Link;
  /** Its name. */
  Name: string;
  /** The unit of all values. */
  ReadingUnits: string;
  /** A reading for each interval, oldest first, or the mean of several; null where nothing was read. */
  Readings: (number | null)[];
  /** The least reading of each interval, where it is longer. */
  Minima?: (number | null)[];
  /** The greatest of each. */
  Maxima?: (number | null)[];
}

/** Without a reason it is pressed all the same. */
export interface StopBody {
  Reason?: string;
}

/** What a request calls them. */
export type WayIn = "VirtualMedia" | "Network";

export type LightsoutImageCollection = Collection<LightsoutImage>;

export type LightsoutMediumCollection = Collection<LightsoutMedium>;

export type LightsoutTokenCollection = Collection<LightsoutToken>;

export type LightsoutSensorHistoryCollection = Collection<LightsoutSensorHistory>;
