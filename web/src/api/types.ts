/** The Redfish resources the page reads, as far as it reads them. */

export interface Link {
  "@odata.id": string;
}

export interface Collection<T> extends Link {
  Members: (T | Link)[];
}

export type PowerState = "On" | "Off" | "PoweringOn" | "PoweringOff";
export type Health = "OK" | "Warning" | "Critical";
export type BootEnabled = "Disabled" | "Once" | "Continuous";

export interface ExtendedMessage {
  Message: string;
  MessageId?: string;
  MessageArgs?: string[];
  Severity?: Health;
  Resolution?: string;
}

export interface Condition extends ExtendedMessage {
  OriginOfCondition?: Link;
}

export interface ActionTarget {
  target: string;
}

export interface Console {
  ConsoleURI?: string;
  ServiceEnabled?: boolean;
}

export interface Reservation {
  Holder: string;
  Reason: string;
  Since: string;
  Until?: string | null;
}

/** What one witness of the power state said last. */
export interface Sense {
  Name: string;
  FailureDomain: string;
  PowerState: "On" | "Off" | null;
  Reason: string | null;
  LookedAt: string;
  Counts: boolean;
}

export interface LastPowerAction {
  ResetType: string;
  Account: string;
  Started: string;
  Ended: string | null;
  Outcome: string | null;
  Problem: string | null;
}

export interface PowerPlan {
  Steps: string[];
  Hindrances: string[];
}

export interface LightsoutSystem {
  IPMI?: { Host: string; Port: number } | null;
  ScreenURI?: string | null;
  PowerSince?: string | null;
  PowerCause?: string;
  Paused?: boolean;
  Reason?: string | null;
  Senses?: Sense[];
  LastPowerAction?: LastPowerAction | null;
  InstalledImage?: string | null;
  Driver?: string;
  Tags?: string[];
  Reservation?: Reservation | null;
  Task?: Link | null;
  Firmware?: string | null;
  Accelerator?: string | null;
  AvailableResetTypes?: string[];
  MissingParts?: { Part: string; Remedy: string }[];
}

export interface System extends Link {
  "@odata.etag"?: string;
  Id: string;
  Name: string;
  UUID?: string;
  SystemType?: string;
  Manufacturer?: string | null;
  Model?: string | null;
  SerialNumber?: string | null;
  PowerState: PowerState | null;
  "PowerState@Message.ExtendedInfo"?: ExtendedMessage[];
  Status?: { State?: string; Health?: Health | null; HealthRollup?: Health | null; Conditions?: Condition[] };
  Boot?: {
    BootSourceOverrideTarget?: string;
    BootSourceOverrideEnabled?: BootEnabled;
    BootSourceOverrideMode?: string;
    "BootSourceOverrideTarget@Redfish.AllowableValues"?: string[];
  };
  ProcessorSummary?: { CoreCount?: number | null };
  MemorySummary?: { TotalSystemMemoryGiB?: number | null };
  Actions?: {
    "#ComputerSystem.Reset"?: ActionTarget & { "ResetType@Redfish.AllowableValues"?: string[] };
    Oem?: {
      "#Lightsout.Reinstall"?: ActionTarget & {
        "Image@Redfish.AllowableValues"?: string[];
        "Way@Redfish.AllowableValues"?: string[];
      };
      "#Lightsout.Rescue"?: ActionTarget;
      "#Lightsout.Erase"?: ActionTarget & { "Method@Redfish.AllowableValues"?: string[] };
      "#Lightsout.Resume"?: ActionTarget;
      "#Lightsout.ConfirmPower"?: ActionTarget;
      "#Lightsout.PlanPower"?: ActionTarget;
      "#Lightsout.Reserve"?: ActionTarget;
      "#Lightsout.Release"?: ActionTarget;
    };
  };
  VirtualMedia?: Link;
  Storage?: Link;
  EthernetInterfaces?: Link;
  LogServices?: Link;
  LocationIndicatorActive?: boolean | null;
  SerialConsole?: { WebSocket?: Console };
  GraphicalConsole?: Console;
  Oem?: { Lightsout?: LightsoutSystem };
}

export interface VirtualMedia extends Link {
  Id: string;
  Name?: string;
  Image: string | null;
  Inserted: boolean;
  WriteProtected?: boolean | null;
  Actions?: { "#VirtualMedia.InsertMedia"?: ActionTarget; "#VirtualMedia.EjectMedia"?: ActionTarget };
}

export interface RescueAccess {
  HostKeyFingerprint: string;
  Until: string;
}

export interface ErasedDisk {
  Name: string;
  SerialNumber: string | null;
  SizeBytes: number;
  Method: string;
  Ended: string | null;
  PlacesVerified: number;
  BytesVerified: number;
}

/** What was asked of a job, without its secrets. */
export interface JobRequest {
  image?: string;
  medium?: string;
  hostname?: string;
  ssh_keys?: string[];
  user?: string;
  user_data?: boolean;
  way?: string;
  disk?: { serial?: string; pick?: string };
  network?: {
    mac?: string;
    vlan?: number;
    addresses?: string[];
    gateways?: string[];
    dns?: string[];
    search?: string[];
  };
  url?: string;
  file_size?: number;
  file_sha256?: string;
}

export interface InstalledSystem {
  HostName: string | null;
  MachineId: string | null;
  BootId: string | null;
  HostKey: string | null;
}

export interface Task extends Link {
  Id: string;
  Name?: string;
  TaskState: string;
  TaskStatus?: Health;
  PercentComplete?: number;
  StartTime?: string;
  EndTime?: string | null;
  Messages?: ExtendedMessage[];
  Oem?: {
    Lightsout?: {
      Kind?: string;
      Account?: string;
      Request?: JobRequest;
      System?: Link;
      Step?: string | null;
      Steps?: string[];
      StepMessage?: string | null;
      BytesDone?: number | null;
      BytesTotal?: number | null;
      Proofs?: string[];
      Disk?: string | null;
      Installed?: InstalledSystem | null;
      UploadURI?: string | null;
      Rescue?: RescueAccess | null;
      Erased?: ErasedDisk | null;
      ConsoleTail?: string | null;
    };
  };
}

/** What a person is asked to do at a server. */
export interface Assignment {
  Id: string;
  Node: string;
  Text: string;
  Asked: string;
  Deadline: string;
}

export interface EmergencyStop {
  Pressed: boolean;
  Account: string | null;
  Reason: string | null;
  Since: string | null;
}

/** The Manager that is the service itself. */
export interface ServiceManager extends Link {
  Actions?: {
    Oem?: {
      "#Lightsout.EmergencyStop"?: ActionTarget;
      "#Lightsout.ReleaseEmergencyStop"?: ActionTarget;
      "#Lightsout.AnswerAssignment"?: ActionTarget;
      "#Lightsout.RenewCertificate"?: ActionTarget;
    };
  };
  Oem?: { Lightsout?: { EmergencyStop?: EmergencyStop; Assignments?: Assignment[] } };
}

export interface LogEntry extends Link, ExtendedMessage {
  Id: string;
  Created: string;
  Oem?: { Lightsout?: { Node?: string | null; Account?: string | null; Details?: Record<string, unknown> } };
}

export interface Session {
  account: string;
  role: string;
  session: string;
}
