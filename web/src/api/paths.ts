/** The addresses that the page begins from, and those below a resource that it does not link to. */
import type { Link, System } from "./types";

const ROOT = "/redfish/v1";
const MANAGER = `${ROOT}/Managers/Lightsout`;

export const PATHS = {
  systems: `${ROOT}/Systems`,
  tasks: `${ROOT}/TaskService/Tasks`,
  accounts: `${ROOT}/AccountService/Accounts`,
  roles: `${ROOT}/AccountService/Roles`,
  tokens: `${ROOT}/AccountService/Oem/Lightsout/Tokens`,
  sessions: `${ROOT}/SessionService/Sessions`,
  /** The service itself. */
  manager: MANAGER,
  protocols: `${MANAGER}/NetworkProtocol`,
  certificates: `${MANAGER}/NetworkProtocol/HTTPS/Certificates`,
  certificate: `${MANAGER}/NetworkProtocol/HTTPS/Certificates/1`,
  certificateService: `${ROOT}/CertificateService`,
  audit: `${MANAGER}/LogServices/Audit`,
  eventLog: `${MANAGER}/LogServices/EventLog`,
  events: `${ROOT}/EventService`,
  eventStream: `${ROOT}/EventService/SSE`,
  subscriptions: `${ROOT}/EventService/Subscriptions`,
  testEvent: `${ROOT}/EventService/Actions/EventService.SubmitTestEvent`,
  sweep: `${ROOT}/AggregationService/Actions/AggregationService.Reset`,
  images: `${ROOT}/Oem/Lightsout/Images`,
  media: `${ROOT}/Oem/Lightsout/Media`,
};

/** A member of a collection, of which no more than its Id is known. */
export const memberPath = (collection: string, id: string) => `${collection}/${encodeURIComponent(id)}`;

const first = (links: Link[]) => links[0]?.["@odata.id"] ?? "";
export const chassisPath = ({ Links }: System) => first(Links.Chassis);
export const managerPath = ({ Links }: System) => first(Links.ManagedBy);
export const logPath = ({ LogServices }: System, log: "SEL" | "SerialLog" | "Timeline") =>
  `${LogServices["@odata.id"]}/${log}`;
