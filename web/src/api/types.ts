/** The page's words for what it reads. Redfish says what these are: `scripts/types` makes them. */
import type { LightsoutLogEntry } from "./lightsout";
import type { LogEntry as AnyLogEntry } from "./redfish";

export type {
  ActionTarget,
  Assignment,
  Collection,
  EmergencyStop,
  ErasedDisk,
  LastPowerAction,
  LightsoutImage as Image,
  Link,
  PowerPlan,
  ReinstallBody,
  RescueAccess,
  Sense,
} from "./lightsout";
export type {
  ComputerSystem as System,
  ComputerSystemBootSourceOverrideEnabled as BootEnabled,
  Event,
  Health,
  Manager as ServiceManager,
  Message as ExtendedMessage,
  PowerState,
  Task,
  VirtualMedia,
} from "./redfish";

/** An entry of a node's event log. */
export type LogEntry = AnyLogEntry<LightsoutLogEntry>;

/** Who is signed in, as /session says. */
export interface Session {
  account: string;
  role: string;
}
