/** The page's words for what it reads. Redfish says what these are: `scripts/types` makes them. */
import type { Collection, LightsoutAuditRecord, LightsoutHappening, LightsoutLogEntry } from "./lightsout";
import type { LogEntry as AnyLogEntry } from "./redfish";

export type {
  ActionTarget,
  Assignment,
  Collection,
  DiskBody,
  EmergencyStop,
  ErasedDisk,
  InstalledSystem,
  JobRequest,
  LastPowerAction,
  Link,
  NetworkBody,
  PowerPlan,
  ReinstallBody,
  RescueAccess,
  Scope,
  Sense,
  WayIn,
} from "./lightsout";
export type {
  ComputerSystem as System,
  ComputerSystemBootSourceOverrideEnabled as BootEnabled,
  ComputerSystemBootSourceOverrideMode as BootMode,
  Condition,
  Event,
  Health,
  Manager as ServiceManager,
  Message as ExtendedMessage,
  PowerState,
  Task,
  VirtualMedia,
} from "./redfish";

type EntryThatTells<Ours> = AnyLogEntry<Ours> & { Oem: { Lightsout: Ours } };

/** An entry of an event log. */
export type LogEntry = AnyLogEntry<LightsoutLogEntry>;
export type AuditEntry = EntryThatTells<LightsoutAuditRecord>;
/** An entry of a node's timeline. */
export type Happening = EntryThatTells<LightsoutHappening>;
/** An entry of a log that has nothing of our own. */
export type PlainEntry = Omit<AnyLogEntry, "Oem">;

/** A page of a log: its entries come whole. */
export interface LogPage<Entry> extends Collection<Entry> {
  Members: Entry[];
}

/** Who is signed in, as /session and the role say. */
export interface Session {
  account: string;
  role: string;
  /** What the role may, in the words of DSP0266. */
  privileges: string[];
  session: string;
}
