/** What the tree holds. Made by scripts/types: not to be edited. */
import type {
  ActionTarget,
  Collection,
  LightsoutAccountService,
  LightsoutAuditRecord,
  LightsoutChassis,
  LightsoutComputerSystem,
  LightsoutEvent,
  LightsoutEventDestination,
  LightsoutHappening,
  LightsoutLogEntry,
  LightsoutLogService,
  LightsoutManager,
  LightsoutManagerAccount,
  LightsoutManagerNetworkProtocol,
  LightsoutServiceRoot,
  LightsoutSession,
  LightsoutTask,
  Link,
} from "./lightsout";

export interface AccountService {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Accounts: Link;
  Id: string;
  MaxPasswordLength?: number;
  MinPasswordLength?: number;
  Name: string;
  Oem?: { Lightsout: LightsoutAccountService };
  Roles?: Link;
  ServiceEnabled: boolean | null;
  Status: Status;
}

export interface ActionInfo {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Name: string;
  Parameters: ActionInfoParameters[];
}

export type ActionInfoParameterTypes =
  "Boolean" | "Number" | "NumberArray" | "String" | "StringArray" | "Object" | "ObjectArray";

export interface ActionInfoParameters {
  AllowableValues: string[];
  DataType: ActionInfoParameterTypes | null;
  Name: string;
  Required: boolean;
}

export interface Aggregate {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: AggregateActions;
  Elements: Link[];
  "Elements@odata.count": number;
  ElementsCount: number | null;
  Id: string;
  Name: string;
}

export interface AggregateActions {
  "#Aggregate.AddElements"?: ActionTarget;
  "#Aggregate.RemoveElements"?: ActionTarget;
  "#Aggregate.Reset"?: AggregateResetAction;
}

export type AggregateCollection = Collection<Aggregate>;

export interface AggregateResetAction extends ActionTarget {
  "ResetType@Redfish.AllowableValues": string[];
}

export interface AggregationService {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: AggregationServiceActions;
  Aggregates: Link;
  Id: string;
  Name: string;
  ServiceEnabled: boolean | null;
  Status: Status;
}

export interface AggregationServiceActions {
  "#AggregationService.Reset"?: AggregationServiceResetAction;
}

export interface AggregationServiceResetAction extends ActionTarget {
  "ResetType@Redfish.AllowableValues": string[];
}

export interface AttributeRegistry {
  "@odata.type": string;
  Id: string;
  Language: string;
  Name: string;
  OwningEntity: string;
  RegistryEntries: AttributeRegistryRegistryEntries;
  RegistryVersion: string;
}

export type AttributeRegistryAttributeType = "Enumeration" | "String" | "Integer" | "Boolean" | "Password";

export interface AttributeRegistryAttributeValue {
  ValueName: string;
}

export interface AttributeRegistryAttributes {
  AttributeName: string;
  DefaultValue: string | number | boolean | null;
  DisplayName: string | null;
  HelpText: string | null;
  ReadOnly: boolean | null;
  ResetRequired: boolean | null;
  Type: AttributeRegistryAttributeType;
  Value: AttributeRegistryAttributeValue[];
}

export interface AttributeRegistryRegistryEntries {
  Attributes: AttributeRegistryAttributes[];
}

export interface Bios {
  "@Redfish.Settings"?: Settings;
  "@Redfish.SettingsApplyTime"?: SettingsPreferredApplyTime;
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: BiosActions;
  AttributeRegistry: string | null;
  Attributes: Record<string, string | number | boolean | null>;
  Id: string;
  Name: string;
}

export interface BiosActions {
  "#Bios.ResetBios"?: ActionTarget;
}

export interface BootOption {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Alias: ComputerSystemBootSource | null;
  BootOptionEnabled: boolean | null;
  BootOptionReference: string | null;
  DisplayName: string | null;
  Id: string;
  Name: string;
  RelatedItem: Link[];
  "RelatedItem@odata.count": number;
}

export type BootOptionCollection = Collection<BootOption>;

export interface Certificate {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  CertificateString: string | null;
  CertificateType: CertificateType | null;
  CertificateUsageTypes: CertificateUsageType[];
  Fingerprint: string;
  FingerprintHashAlgorithm: string;
  Id: string;
  Issuer: CertificateIdentifier;
  KeyUsage: CertificateKeyUsage[];
  Name: string;
  SerialNumber: string;
  SignatureAlgorithm: string;
  Subject: CertificateIdentifier;
  ValidNotAfter: string;
  ValidNotBefore: string;
}

export type CertificateCollection = Collection<Certificate>;

export interface CertificateIdentifier {
  AlternativeNames?: string[];
  CommonName: string;
  DisplayString: string | null;
}

export type CertificateKeyUsage =
  | "DigitalSignature"
  | "NonRepudiation"
  | "KeyEncipherment"
  | "DataEncipherment"
  | "KeyAgreement"
  | "KeyCertSign"
  | "CRLSigning"
  | "EncipherOnly"
  | "DecipherOnly"
  | "ServerAuthentication"
  | "ClientAuthentication"
  | "CodeSigning"
  | "EmailProtection"
  | "Timestamping"
  | "OCSPSigning";

export interface CertificateLocations {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Links: CertificateLocationsLinks;
  Name: string;
}

export interface CertificateLocationsLinks {
  Certificates: Link[];
  "Certificates@odata.count": number;
}

export interface CertificateService {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: CertificateServiceActions;
  CertificateLocations: Link;
  Id: string;
  Name: string;
}

export interface CertificateServiceActions {
  "#CertificateService.GenerateCSR"?: CertificateServiceGenerateCSRAction;
  "#CertificateService.ReplaceCertificate"?: CertificateServiceReplaceCertificateAction;
}

export interface CertificateServiceGenerateCSRAction extends ActionTarget {
  "KeyCurveId@Redfish.AllowableValues": string[];
  "KeyPairAlgorithm@Redfish.AllowableValues": string[];
  "KeyUsage@Redfish.AllowableValues": string[];
}

export interface CertificateServiceReplaceCertificateAction extends ActionTarget {
  "CertificateType@Redfish.AllowableValues": string[];
}

export type CertificateType = "PEM" | "PEMchain" | "PKCS7" | "PKCS12";

export type CertificateUsageType =
  "User" | "Web" | "SSH" | "Device" | "Platform" | "BIOS" | "IDevID" | "LDevID" | "IAK" | "LAK" | "EK";

export interface Chassis {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  AssetTag: string | null;
  ChassisType: ChassisType;
  Drives?: Link;
  Id: string;
  Links: ChassisLinks;
  LocationIndicatorActive: boolean | null;
  Name: string;
  Oem: { Lightsout: LightsoutChassis };
  PartNumber?: string | null;
  Power?: Link;
  PowerState: PowerState | null;
  "PowerState@Message.ExtendedInfo"?: Message[];
  PowerSubsystem: Link;
  Sensors: Link;
  SerialNumber?: string | null;
  Status: Status;
  Thermal?: Link;
  ThermalSubsystem: Link;
}

export type ChassisCollection = Collection<Chassis>;

export interface ChassisLinks {
  ComputerSystems: Link[];
  ManagedBy: Link[];
}

export type ChassisType =
  | "Rack"
  | "Blade"
  | "Enclosure"
  | "StandAlone"
  | "RackMount"
  | "Card"
  | "Cartridge"
  | "Row"
  | "Pod"
  | "Expansion"
  | "Sidecar"
  | "Zone"
  | "Sled"
  | "Shelf"
  | "Drawer"
  | "Module"
  | "Component"
  | "IPBasedDrive"
  | "RackGroup"
  | "StorageEnclosure"
  | "ImmersionTank"
  | "HeatExchanger"
  | "PowerStrip"
  | "Other";

export interface ComputerSystem {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: ComputerSystemActions;
  AssetTag: string | null;
  Bios?: Link;
  BiosVersion?: string | null;
  Boot?: ComputerSystemBoot;
  BootProgress?: ComputerSystemBootProgress | null;
  EthernetInterfaces?: Link;
  GraphicalConsole?: ComputerSystemHostGraphicalConsole;
  HostWatchdogTimer: ComputerSystemWatchdogTimer;
  Id: string;
  Links: ComputerSystemLinks;
  LocationIndicatorActive: boolean | null;
  LogServices: Link;
  Manufacturer?: string | null;
  Memory?: Link;
  MemorySummary?: ComputerSystemMemorySummary;
  Model?: string | null;
  Name: string;
  Oem: { Lightsout: LightsoutComputerSystem };
  PartNumber?: string | null;
  PowerRestorePolicy?: ComputerSystemPowerRestorePolicyTypes;
  "PowerRestorePolicy@Redfish.AllowableValues"?: string[];
  PowerState: PowerState | null;
  "PowerState@Message.ExtendedInfo"?: Message[];
  ProcessorSummary?: ComputerSystemProcessorSummary;
  Processors?: Link;
  SerialConsole?: ComputerSystemHostSerialConsole;
  SerialNumber?: string | null;
  SimpleStorage?: Link;
  Status: Status;
  Storage?: Link;
  SystemType: ComputerSystemSystemType;
  UUID: string | null;
  VirtualMedia?: Link;
}

export interface ComputerSystemActions {
  "#ComputerSystem.Reset"?: ComputerSystemResetAction;
  Oem: ComputerSystemActionsOem;
}

export interface ComputerSystemActionsOem {
  "#Lightsout.ConfirmPower"?: LightsoutConfirmPowerAction;
  "#Lightsout.EndRescue"?: ActionTarget;
  "#Lightsout.Erase"?: LightsoutEraseAction;
  "#Lightsout.Inspect"?: LightsoutInspectAction;
  "#Lightsout.PlanPower"?: LightsoutPlanPowerAction;
  "#Lightsout.Reinstall"?: LightsoutReinstallAction;
  "#Lightsout.Release"?: ActionTarget;
  "#Lightsout.Rescue"?: LightsoutRescueAction;
  "#Lightsout.Reserve"?: ActionTarget;
  "#Lightsout.Resume"?: ActionTarget;
}

export interface ComputerSystemBoot {
  BootOptions?: Link;
  BootOrder?: string[];
  BootSourceOverrideEnabled: ComputerSystemBootSourceOverrideEnabled | null;
  "BootSourceOverrideEnabled@Redfish.AllowableValues": string[];
  BootSourceOverrideMode: ComputerSystemBootSourceOverrideMode | null;
  "BootSourceOverrideMode@Redfish.AllowableValues": string[];
  BootSourceOverrideTarget: ComputerSystemBootSource | null;
  "BootSourceOverrideTarget@Redfish.AllowableValues": string[];
}

export interface ComputerSystemBootProgress {
  LastState: ComputerSystemBootProgressTypes | null;
}

export type ComputerSystemBootProgressTypes =
  | "None"
  | "PrimaryProcessorInitializationStarted"
  | "BusInitializationStarted"
  | "MemoryInitializationStarted"
  | "SecondaryProcessorInitializationStarted"
  | "PCIResourceConfigStarted"
  | "SystemHardwareInitializationComplete"
  | "SetupEntered"
  | "OSBootStarted"
  | "OSRunning"
  | "OEM";

export type ComputerSystemBootSource =
  | "None"
  | "Pxe"
  | "Floppy"
  | "Cd"
  | "Usb"
  | "Hdd"
  | "BiosSetup"
  | "Utilities"
  | "Diags"
  | "UefiShell"
  | "UefiTarget"
  | "SDCard"
  | "UefiHttp"
  | "RemoteDrive"
  | "UefiBootNext"
  | "Recovery";

export type ComputerSystemBootSourceOverrideEnabled = "Disabled" | "Once" | "Continuous";

export type ComputerSystemBootSourceOverrideMode = "Legacy" | "UEFI";

export type ComputerSystemCollection = Collection<ComputerSystem>;

export type ComputerSystemGraphicalConnectTypesSupported = "KVMIP" | "OEM";

export interface ComputerSystemHostGraphicalConsole {
  ConnectTypesSupported: ComputerSystemGraphicalConnectTypesSupported[];
  ServiceEnabled: boolean;
}

export interface ComputerSystemHostSerialConsole {
  IPMI: ComputerSystemSerialConsoleProtocol;
  SSH?: ComputerSystemSerialConsoleProtocol;
  WebSocket: ComputerSystemWebSocketConsole;
}

export interface ComputerSystemLinks {
  Chassis: Link[];
  ManagedBy: Link[];
}

export interface ComputerSystemMemorySummary {
  TotalSystemMemoryGiB: number | null;
}

export type ComputerSystemPowerRestorePolicyTypes = "AlwaysOn" | "AlwaysOff" | "LastState";

export interface ComputerSystemProcessorSummary {
  CoreCount: number | null;
  Count: number | null;
  LogicalProcessorCount: number | null;
}

export interface ComputerSystemResetAction extends ActionTarget {
  "@Redfish.ActionInfo": string;
  "ResetType@Redfish.AllowableValues": string[];
}

export interface ComputerSystemSerialConsoleProtocol {
  HotKeySequenceDisplay?: string | null;
  Port: number | null;
  ServiceEnabled: boolean;
  SharedWithManagerCLI?: boolean;
}

export type ComputerSystemSystemType =
  "Physical" | "Virtual" | "OS" | "PhysicallyPartitioned" | "VirtuallyPartitioned" | "Composed" | "DPU";

export type ComputerSystemWatchdogTimeoutActions = "None" | "ResetSystem" | "PowerCycle" | "PowerDown" | "OEM";

export interface ComputerSystemWatchdogTimer {
  FunctionEnabled: boolean | null;
  Status: Status;
  TimeoutAction: ComputerSystemWatchdogTimeoutActions | null;
  WarningAction: ComputerSystemWatchdogWarningActions | null;
}

export type ComputerSystemWatchdogWarningActions =
  "None" | "DiagnosticInterrupt" | "SMI" | "MessagingInterrupt" | "SCI" | "OEM";

export interface ComputerSystemWebSocketConsole {
  ConsoleURI: string;
  Interactive: boolean;
  ServiceEnabled: boolean;
}

export interface Condition {
  Message: string;
  MessageArgs: string[];
  MessageId: string;
  OriginOfCondition?: Link;
  Severity: Health;
  Timestamp?: string;
}

export interface Drive {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  CapacityBytes: number | null;
  Id: string;
  Links: DriveLinks;
  MediaType: DriveMediaType | null;
  Name: string;
  Protocol: Protocol | null;
  SerialNumber: string | null;
  Status: Status;
}

export type DriveCollection = Collection<Drive>;

export interface DriveLinks {
  Storage: Link;
}

export type DriveMediaType = "HDD" | "SSD" | "SMR";

export interface EthernetInterface {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  IPv4Addresses?: IPAddressesIPv4Address[];
  Id: string;
  InterfaceEnabled: boolean | null;
  LinkStatus?: EthernetInterfaceLinkStatus | null;
  MACAddress: string | null;
  Name: string;
  PermanentMACAddress?: string | null;
  Status: Status;
}

export type EthernetInterfaceCollection = Collection<EthernetInterface>;

export type EthernetInterfaceLinkStatus = "LinkUp" | "NoLink" | "LinkDown";

export interface Event {
  "@odata.type": string;
  Events: EventRecord[];
  Id: string;
  Name: string;
}

export interface EventDestination {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: EventDestinationActions;
  Context: string | null;
  DeliveryRetryPolicy: EventDestinationDeliveryRetryPolicy | null;
  Destination: string;
  EventFormatType: EventDestinationEventFormatType | null;
  EventTypes?: EventType[];
  HttpHeaders: Record<string, string | null>[];
  Id: string;
  MessageIds: string[];
  Name: string;
  Oem: { Lightsout: LightsoutEventDestination };
  OriginResources: Link[];
  Protocol: EventDestinationProtocol;
  RegistryPrefixes: string[];
  ResourceTypes: string[];
  Severities: Health[];
  Status: Status;
  SubordinateResources: boolean | null;
  SubscriptionType: EventDestinationSubscriptionType | null;
  VerifyCertificate: boolean | null;
}

export interface EventDestinationActions {
  "#EventDestination.ResumeSubscription"?: ActionTarget;
  "#EventDestination.SuspendSubscription"?: ActionTarget;
}

export type EventDestinationCollection = Collection<EventDestination>;

export type EventDestinationDeliveryRetryPolicy =
  "TerminateAfterRetries" | "SuspendRetries" | "RetryForever" | "RetryForeverWithBackoff";

export type EventDestinationEventFormatType = "Event" | "MetricReport";

export type EventDestinationProtocol =
  | "Redfish"
  | "Kafka"
  | "SNMPv1"
  | "SNMPv2c"
  | "SNMPv3"
  | "SMTP"
  | "SyslogTLS"
  | "SyslogTCP"
  | "SyslogUDP"
  | "SyslogRELP"
  | "OEM";

export type EventDestinationSubscriptionType = "RedfishEvent" | "SSE" | "SNMPTrap" | "SNMPInform" | "Syslog" | "OEM";

export interface EventRecord {
  EventId: string;
  EventTimestamp?: string;
  EventType: EventType;
  MemberId: string;
  Message: string;
  MessageArgs: string[];
  MessageId: string;
  MessageSeverity: Health;
  Oem?: { Lightsout: LightsoutEvent };
  OriginOfCondition?: Link;
  Resolution?: string;
}

export interface EventService {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: EventServiceActions;
  DeliveryRetryAttempts?: number;
  DeliveryRetryIntervalSeconds?: number;
  EventFormatTypes: EventDestinationEventFormatType[];
  Id: string;
  IncludeOriginOfConditionSupported: boolean | null;
  Name: string;
  OriginResourcesSupported: boolean | null;
  RegistryPrefixes: string[];
  ResourceTypes: string[];
  SSEFilterPropertiesSupported: EventServiceSSEFilterPropertiesSupported;
  ServerSentEventUri: string;
  ServiceEnabled: boolean | null;
  Severities: Health[];
  Status: Status;
  SubordinateResourcesSupported: boolean | null;
  Subscriptions?: Link;
}

export interface EventServiceActions {
  "#EventService.SubmitTestEvent"?: ActionTarget;
}

export interface EventServiceSSEFilterPropertiesSupported {
  EventFormatType: boolean;
  MessageId: boolean;
  MetricReportDefinition: boolean;
  OriginResource: boolean;
  RegistryPrefix: boolean;
  ResourceType: boolean;
  SubordinateResources: boolean;
}

export type EventType =
  "StatusChange" | "ResourceUpdated" | "ResourceAdded" | "ResourceRemoved" | "Alert" | "MetricReport" | "Other";

export type Health = "OK" | "Warning" | "Critical";

export interface IPAddressesIPv4Address {
  Address: string | null;
  AddressOrigin: IPAddressesIPv4AddressOrigin | null;
  Gateway: string | null;
  SubnetMask: string | null;
}

export type IPAddressesIPv4AddressOrigin = "Static" | "DHCP" | "BOOTP" | "IPv4LinkLocal";

export interface JsonSchemaFile {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Languages: string[];
  Location: JsonSchemaFileLocation[];
  Name: string;
  Schema: string;
}

export type JsonSchemaFileCollection = Collection<JsonSchemaFile>;

export interface JsonSchemaFileLocation {
  Language: string;
  PublicationUri?: string;
  Uri?: string;
}

export interface Key {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  KeyString: string | null;
  KeyType: KeyType | null;
  Name: string;
  SSH: KeySSHType;
  UserDescription: string | null;
}

export type KeyCollection = Collection<Key>;

export interface KeySSHType {
  Comment: string | null;
  Fingerprint: string | null;
}

export type KeyType = "NVMeoF" | "SSH";

export interface LightsoutAnswerAssignmentAction extends ActionTarget {
  "Answer@Redfish.AllowableValues": string[];
}

export interface LightsoutConfirmPowerAction extends ActionTarget {
  "PowerState@Redfish.AllowableValues": string[];
}

export interface LightsoutEraseAction extends ActionTarget {
  "Method@Redfish.AllowableValues": string[];
  "Way@Redfish.AllowableValues": string[];
}

export interface LightsoutInspectAction extends ActionTarget {
  "Way@Redfish.AllowableValues": string[];
}

export interface LightsoutPlanPowerAction extends ActionTarget {
  "ResetType@Redfish.AllowableValues": string[];
}

export interface LightsoutReinstallAction extends ActionTarget {
  "Image@Redfish.AllowableValues": string[];
  "Way@Redfish.AllowableValues": string[];
}

export interface LightsoutRescueAction extends ActionTarget {
  "Way@Redfish.AllowableValues": string[];
}

export interface LogEntry<Ours = LightsoutAuditRecord | LightsoutHappening | LightsoutLogEntry> {
  "@odata.etag"?: string;
  "@odata.id": string;
  "@odata.type": string;
  Created: string;
  EntryCode?: LogEntryCode | null;
  EntryType: LogEntryType;
  GeneratorId?: string | null;
  Id: string;
  Message: string | null;
  MessageArgs?: string[];
  MessageId?: string;
  Name: string;
  Oem?: { Lightsout: Ours };
  OemRecordFormat?: string | null;
  Originator?: string;
  OriginatorType?: LogEntryOriginatorTypes;
  Resolved?: boolean | null;
  SensorNumber?: number | null;
  SensorType?: LogEntrySensorType | null;
  Severity?: LogEntryEventSeverity | null;
  Username?: string | null;
}

export type LogEntryCode =
  | "Assert"
  | "Deassert"
  | "Lower Non-critical - going low"
  | "Lower Non-critical - going high"
  | "Lower Critical - going low"
  | "Lower Critical - going high"
  | "Lower Non-recoverable - going low"
  | "Lower Non-recoverable - going high"
  | "Upper Non-critical - going low"
  | "Upper Non-critical - going high"
  | "Upper Critical - going low"
  | "Upper Critical - going high"
  | "Upper Non-recoverable - going low"
  | "Upper Non-recoverable - going high"
  | "Transition to Idle"
  | "Transition to Active"
  | "Transition to Busy"
  | "State Deasserted"
  | "State Asserted"
  | "Predictive Failure deasserted"
  | "Predictive Failure asserted"
  | "Limit Not Exceeded"
  | "Limit Exceeded"
  | "Performance Met"
  | "Performance Lags"
  | "Transition to OK"
  | "Transition to Non-Critical from OK"
  | "Transition to Critical from less severe"
  | "Transition to Non-recoverable from less severe"
  | "Transition to Non-Critical from more severe"
  | "Transition to Critical from Non-recoverable"
  | "Transition to Non-recoverable"
  | "Monitor"
  | "Informational"
  | "Device Removed / Device Absent"
  | "Device Inserted / Device Present"
  | "Device Disabled"
  | "Device Enabled"
  | "Transition to Running"
  | "Transition to In Test"
  | "Transition to Power Off"
  | "Transition to On Line"
  | "Transition to Off Line"
  | "Transition to Off Duty"
  | "Transition to Degraded"
  | "Transition to Power Save"
  | "Install Error"
  | "Fully Redundant"
  | "Redundancy Lost"
  | "Redundancy Degraded"
  | "Non-redundant:Sufficient Resources from Redundant"
  | "Non-redundant:Sufficient Resources from Insufficient Resources"
  | "Non-redundant:Insufficient Resources"
  | "Redundancy Degraded from Fully Redundant"
  | "Redundancy Degraded from Non-redundant"
  | "D0 Power State"
  | "D1 Power State"
  | "D2 Power State"
  | "D3 Power State"
  | "OEM";

export type LogEntryCollection = Collection<LogEntry>;

export type LogEntryEventSeverity = "OK" | "Warning" | "Critical";

export type LogEntryOriginatorTypes = "Client" | "Internal" | "SupportingService";

export type LogEntrySensorType =
  | "Platform Security Violation Attempt"
  | "Temperature"
  | "Voltage"
  | "Current"
  | "Fan"
  | "Physical Chassis Security"
  | "Processor"
  | "Power Supply / Converter"
  | "PowerUnit"
  | "CoolingDevice"
  | "Other Units-based Sensor"
  | "Memory"
  | "Drive Slot/Bay"
  | "POST Memory Resize"
  | "System Firmware Progress"
  | "Event Logging Disabled"
  | "System Event"
  | "Critical Interrupt"
  | "Button/Switch"
  | "Module/Board"
  | "Microcontroller/Coprocessor"
  | "Add-in Card"
  | "Chassis"
  | "ChipSet"
  | "Other FRU"
  | "Cable/Interconnect"
  | "Terminator"
  | "SystemBoot/Restart"
  | "Boot Error"
  | "BaseOSBoot/InstallationStatus"
  | "OS Stop/Shutdown"
  | "Slot/Connector"
  | "System ACPI PowerState"
  | "Watchdog"
  | "Platform Alert"
  | "Entity Presence"
  | "Monitor ASIC/IC"
  | "LAN"
  | "Management Subsystem Health"
  | "Battery"
  | "Session Audit"
  | "Version Change"
  | "FRUState"
  | "OEM";

export type LogEntryType = "Event" | "SEL" | "Oem" | "CXL";

export interface LogService {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: LogServiceActions;
  DateTime?: string | null;
  Entries: Link;
  Id: string;
  LogEntryType: LogServiceLogEntryTypes | null;
  LogPurposes?: LogServiceLogPurpose[];
  MaxNumberOfRecords?: number;
  Name: string;
  Oem?: { Lightsout: LightsoutLogService };
  OverWritePolicy: LogServiceOverWritePolicy;
  Overflow?: boolean;
  Persistency?: boolean;
  ServiceEnabled: boolean | null;
  Status: Status;
}

export interface LogServiceActions {
  "#LogService.ClearLog"?: ActionTarget;
}

export type LogServiceCollection = Collection<LogService>;

export type LogServiceLogEntryTypes = "Event" | "SEL" | "Multiple" | "OEM" | "CXL";

export type LogServiceLogPurpose = "Diagnostic" | "Operations" | "Security" | "Telemetry" | "ExternalEntity" | "OEM";

export type LogServiceOverWritePolicy = "Unknown" | "WrapsWhenFull" | "NeverOverWrites";

export interface Manager {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: ManagerActions;
  DateTime: string | null;
  DateTimeLocalOffset: string | null;
  EthernetInterfaces?: Link;
  FirmwareVersion: string | null;
  Id: string;
  LastResetTime?: string;
  Links?: ManagerLinks;
  LogServices?: Link;
  ManagerType: ManagerType;
  Manufacturer: string | null;
  Model: string | null;
  Name: string;
  NetworkProtocol: Link;
  Oem?: { Lightsout: LightsoutManager };
  PowerState?: PowerState | null;
  RemoteAccountService?: Link;
  RemoteRedfishServiceUri?: string | null;
  ServiceEntryPointUUID?: string | null;
  Status: Status;
  UUID?: string | null;
  VirtualMedia?: Link;
}

export interface ManagerAccount {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  AccountTypes: ManagerAccountAccountTypes[];
  Enabled: boolean;
  Id: string;
  Keys?: Link;
  Links: ManagerAccountLinks;
  Locked?: boolean;
  Name: string;
  Oem?: { Lightsout: LightsoutManagerAccount };
  Password: string | null;
  RoleId: string;
  UserName: string;
}

export type ManagerAccountAccountTypes =
  | "Redfish"
  | "SNMP"
  | "OEM"
  | "HostConsole"
  | "ManagerConsole"
  | "IPMI"
  | "KVMIP"
  | "VirtualMedia"
  | "WebUI"
  | "ControlPanel";

export type ManagerAccountCollection = Collection<ManagerAccount>;

export interface ManagerAccountLinks {
  Role?: Link;
}

export interface ManagerActions {
  "#Manager.Reset"?: ManagerResetAction;
  Oem?: ManagerActionsOem;
}

export interface ManagerActionsOem {
  "#Lightsout.AnswerAssignment"?: LightsoutAnswerAssignmentAction;
  "#Lightsout.DeleteCredential"?: ActionTarget;
  "#Lightsout.EmergencyStop"?: ActionTarget;
  "#Lightsout.PlanNodes"?: ActionTarget;
  "#Lightsout.ReleaseEmergencyStop"?: ActionTarget;
  "#Lightsout.RenewCertificate"?: ActionTarget;
  "#Lightsout.SetCredential"?: ActionTarget;
}

export type ManagerCollection = Collection<Manager>;

export interface ManagerLinks {
  ManagerForChassis: Link[];
  ManagerForServers: Link[];
}

export interface ManagerNetworkProtocol {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  HTTP: ManagerNetworkProtocolProtocol;
  HTTPS: ManagerNetworkProtocolHTTPSProtocol;
  HostName: string | null;
  IPMI?: ManagerNetworkProtocolProtocol;
  Id: string;
  Name: string;
  Oem?: { Lightsout: LightsoutManagerNetworkProtocol };
  SSH: ManagerNetworkProtocolProtocol;
  Status: Status;
}

export interface ManagerNetworkProtocolHTTPSProtocol {
  Certificates?: Link;
  Port?: number | null;
  ProtocolEnabled: boolean | null;
}

export interface ManagerNetworkProtocolProtocol {
  Port?: number | null;
  ProtocolEnabled: boolean | null;
}

export interface ManagerResetAction extends ActionTarget {
  "ResetType@Redfish.AllowableValues": string[];
}

export type ManagerType =
  | "ManagementController"
  | "EnclosureManager"
  | "BMC"
  | "RackManager"
  | "AuxiliaryController"
  | "Service"
  | "FabricManager";

export interface Memory {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  CapacityMiB: number | null;
  Id: string;
  MemoryType: MemoryType | null;
  Name: string;
  Status: Status;
}

export type MemoryCollection = Collection<Memory>;

export type MemoryType = "DRAM" | "NVDIMM_N" | "NVDIMM_F" | "NVDIMM_P" | "IntelOptane" | "Cache";

export interface Message {
  Message: string;
  MessageArgs: string[];
  MessageId: string;
  MessageSeverity?: Health;
  Resolution?: string;
}

export interface MessageRegistry {
  "@odata.type": string;
  Description: string | null;
  Id: string;
  Language: string;
  Messages: Record<string, MessageRegistryMessage>;
  Name: string;
  OwningEntity: string;
  RegistryPrefix: string;
  RegistryVersion: string;
}

export interface MessageRegistryFile {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Languages: string[];
  Location: MessageRegistryFileLocation[];
  Name: string;
  Registry: string;
}

export type MessageRegistryFileCollection = Collection<MessageRegistryFile>;

export interface MessageRegistryFileLocation {
  Language: string;
  PublicationUri?: string;
  Uri?: string;
}

export interface MessageRegistryMessage {
  Description: string;
  Message: string;
  MessageSeverity: Health | null;
  NumberOfArgs: number;
  Resolution: string;
}

export type PhysicalContext =
  | "Room"
  | "Intake"
  | "Exhaust"
  | "LiquidInlet"
  | "LiquidOutlet"
  | "Front"
  | "Back"
  | "Upper"
  | "Lower"
  | "CPU"
  | "CPUSubsystem"
  | "GPU"
  | "GPUSubsystem"
  | "FPGA"
  | "Accelerator"
  | "ASIC"
  | "Backplane"
  | "SystemBoard"
  | "PowerSupply"
  | "PowerSubsystem"
  | "VoltageRegulator"
  | "Rectifier"
  | "StorageDevice"
  | "StorageSubsystem"
  | "NetworkingDevice"
  | "ExpansionSubsystem"
  | "ComputeBay"
  | "StorageBay"
  | "NetworkBay"
  | "ExpansionBay"
  | "PowerSupplyBay"
  | "Memory"
  | "MemorySubsystem"
  | "Chassis"
  | "Fan"
  | "CoolingSubsystem"
  | "Motor"
  | "Transformer"
  | "ACUtilityInput"
  | "ACStaticBypassInput"
  | "ACMaintenanceBypassInput"
  | "DCBus"
  | "ACOutput"
  | "ACInput"
  | "PowerOutlet"
  | "TrustedModule"
  | "Board"
  | "Transceiver"
  | "Battery"
  | "Pump"
  | "Filter"
  | "Reservoir"
  | "Switch"
  | "Manager";

export interface Power {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Name: string;
  PowerControl: PowerControl[];
  "PowerControl@odata.count": number;
  Voltages: PowerVoltage[];
  "Voltages@odata.count": number;
}

export interface PowerControl {
  "@odata.id": string;
  MemberId: string;
  Name: string | null;
  PowerConsumedWatts: number | null;
  Status: Status;
}

export type PowerState = "On" | "Off" | "PoweringOn" | "PoweringOff" | "Paused";

export interface PowerSubsystem {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Name: string;
  Status: Status;
}

export interface PowerVoltage {
  "@odata.id": string;
  LowerThresholdCritical?: number | null;
  LowerThresholdFatal?: number | null;
  LowerThresholdNonCritical?: number | null;
  MaxReadingRange: number | null;
  MemberId: string;
  MinReadingRange: number | null;
  Name: string | null;
  PhysicalContext: PhysicalContext;
  ReadingVolts: number | null;
  Status: Status;
  UpperThresholdCritical?: number | null;
  UpperThresholdFatal?: number | null;
  UpperThresholdNonCritical?: number | null;
}

export type PrivilegesPrivilegeType =
  | "Login"
  | "ConfigureManager"
  | "ConfigureUsers"
  | "ConfigureSelf"
  | "ConfigureComponents"
  | "NoAuth"
  | "ConfigureCompositionInfrastructure"
  | "AdministrateSystems"
  | "OperateSystems"
  | "AdministrateStorage"
  | "OperateStorageBackup";

export interface Processor {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  InstructionSet: ProcessorInstructionSet | null;
  Name: string;
  ProcessorArchitecture: ProcessorArchitecture | null;
  ProcessorType: ProcessorType | null;
  Socket: string | null;
  Status: Status;
  TotalCores: number | null;
  TotalThreads: number | null;
}

export type ProcessorArchitecture = "x86" | "IA-64" | "ARM" | "MIPS" | "Power" | "RISC-V" | "OEM";

export type ProcessorCollection = Collection<Processor>;

export type ProcessorInstructionSet =
  "x86" | "x86-64" | "IA-64" | "ARM-A32" | "ARM-A64" | "MIPS32" | "MIPS64" | "PowerISA" | "RV32" | "RV64" | "OEM";

export type ProcessorType = "CPU" | "GPU" | "FPGA" | "DSP" | "Accelerator" | "Core" | "Thread" | "Partition" | "OEM";

export type Protocol =
  | "PCIe"
  | "AHCI"
  | "UHCI"
  | "SAS"
  | "SATA"
  | "USB"
  | "NVMe"
  | "FC"
  | "iSCSI"
  | "FCoE"
  | "FCP"
  | "FICON"
  | "NVMeOverFabrics"
  | "SMB"
  | "NFSv3"
  | "NFSv4"
  | "HTTP"
  | "HTTPS"
  | "FTP"
  | "SFTP"
  | "iWARP"
  | "RoCE"
  | "RoCEv2"
  | "I2C"
  | "TCP"
  | "UDP"
  | "TFTP"
  | "GenZ"
  | "MultiProtocol"
  | "InfiniBand"
  | "Ethernet"
  | "NVLink"
  | "OEM"
  | "DisplayPort"
  | "HDMI"
  | "VGA"
  | "DVI"
  | "CXL"
  | "UPI"
  | "QPI"
  | "eMMC"
  | "UET"
  | "UALink";

export interface Role {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  AssignedPrivileges: PrivilegesPrivilegeType[];
  Id: string;
  IsPredefined: boolean;
  Name: string;
  OemPrivileges: string[];
  RoleId: string;
}

export type RoleCollection = Collection<Role>;

export interface Sensor {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Name: string;
  PhysicalContext: PhysicalContext | null;
  Reading: number | null;
  ReadingRangeMax: number | null;
  ReadingRangeMin: number | null;
  ReadingTime?: string | null;
  ReadingType?: SensorReadingType | null;
  ReadingUnits: string | null;
  Status: Status;
  Thresholds: SensorThresholds;
}

export type SensorCollection = Collection<Sensor>;

export interface SensorExcerpt {
  DataSourceUri: string | null;
  DeviceName: string | null;
  PhysicalContext: PhysicalContext | null;
  Reading: number | null;
}

export type SensorReadingType =
  | "Temperature"
  | "Humidity"
  | "Power"
  | "EnergykWh"
  | "EnergyJoules"
  | "EnergyWh"
  | "ChargeAh"
  | "Voltage"
  | "Current"
  | "Frequency"
  | "Pressure"
  | "PressurekPa"
  | "PressurePa"
  | "LiquidLevel"
  | "Rotational"
  | "AirFlow"
  | "AirFlowCMM"
  | "LiquidFlow"
  | "LiquidFlowLPM"
  | "Barometric"
  | "Altitude"
  | "Percent"
  | "AbsoluteHumidity"
  | "Heat"
  | "LinearPosition"
  | "LinearVelocity"
  | "LinearAcceleration"
  | "RotationalPosition"
  | "RotationalVelocity"
  | "RotationalAcceleration"
  | "Valve";

export interface SensorThreshold {
  Activation: SensorThresholdActivation | null;
  HysteresisReading: number | null;
  Reading: number | null;
}

export type SensorThresholdActivation = "Increasing" | "Decreasing" | "Either" | "Disabled";

export interface SensorThresholds {
  LowerCaution: SensorThreshold;
  LowerCritical: SensorThreshold;
  LowerFatal: SensorThreshold;
  UpperCaution: SensorThreshold;
  UpperCritical: SensorThreshold;
  UpperFatal: SensorThreshold;
}

export interface ServiceRoot {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  AccountService: Link;
  AggregationService?: Link;
  CertificateService?: Link;
  Chassis: Link;
  EventService: Link;
  Id: string;
  JsonSchemas: Link;
  Links: ServiceRootLinks;
  Managers: Link;
  Name: string;
  Oem: { Lightsout: LightsoutServiceRoot };
  Product: string | null;
  ProtocolFeaturesSupported: ServiceRootProtocolFeaturesSupported;
  RedfishVersion: string;
  Registries: Link;
  SessionService: Link;
  Systems: Link;
  Tasks: Link;
  UUID?: string | null;
  UpdateService: Link;
  Vendor: string | null;
}

export interface ServiceRootExpand {
  ExpandAll: boolean;
  Levels: boolean;
  Links: boolean;
  MaxLevels: number;
  NoLinks: boolean;
}

export interface ServiceRootLinks {
  ManagerProvidingService?: Link;
  Sessions: Link;
}

export interface ServiceRootProtocolFeaturesSupported {
  ExcerptQuery: boolean;
  ExpandQuery: ServiceRootExpand;
  FilterQuery: boolean;
  OnlyMemberQuery: boolean;
  SelectQuery: boolean;
  TopSkipQuery: boolean;
}

export interface Session {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  ClientOriginIPAddress: string | null;
  CreatedTime: string | null;
  Id: string;
  Name: string;
  Oem: { Lightsout: LightsoutSession };
  Password: string | null;
  SessionType: SessionTypes | null;
  UserName: string | null;
}

export type SessionCollection = Collection<Session>;

export interface SessionService {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Name: string;
  ServiceEnabled: boolean | null;
  Sessions: Link;
  Status: Status;
}

export type SessionTypes =
  | "HostConsole"
  | "ManagerConsole"
  | "IPMI"
  | "KVMIP"
  | "OEM"
  | "Redfish"
  | "VirtualMedia"
  | "WebUI"
  | "OutboundConnection";

export interface Settings {
  "@odata.type": string;
  SettingsObject: Link;
  SupportedApplyTimes: SettingsApplyTime[];
}

export type SettingsApplyTime = "Immediate" | "OnReset" | "AtMaintenanceWindowStart" | "InMaintenanceWindowOnReset";

export interface SettingsPreferredApplyTime {
  "@odata.type": string;
  ApplyTime: SettingsApplyTime;
  "ApplyTime@Redfish.AllowableValues": string[];
}

export interface SimpleStorage {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Devices: SimpleStorageDevice[];
  Id: string;
  Links: SimpleStorageLinks;
  Name: string;
  Status: Status;
}

export type SimpleStorageCollection = Collection<SimpleStorage>;

export interface SimpleStorageDevice {
  CapacityBytes: number | null;
  Model: string | null;
  Name: string;
  Status: Status;
}

export interface SimpleStorageLinks {
  Storage: Link;
}

export interface SoftwareInventory {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Name: string;
  RelatedItem?: Link[];
  "RelatedItem@odata.count"?: number;
  Status: Status;
  Updateable: boolean | null;
  Version: string | null;
}

export type SoftwareInventoryCollection = Collection<SoftwareInventory>;

export type State =
  | "Enabled"
  | "Disabled"
  | "StandbyOffline"
  | "StandbySpare"
  | "InTest"
  | "Starting"
  | "Absent"
  | "UnavailableOffline"
  | "Deferring"
  | "Quiesced"
  | "Updating"
  | "Qualified"
  | "Degraded";

export interface Status {
  Conditions?: Condition[];
  Health?: Health | null;
  HealthRollup?: Health | null;
  State: State | null;
}

export interface Storage {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Controllers: Link;
  Drives: Link[];
  "Drives@odata.count": number;
  Id: string;
  Name: string;
  Status: Status;
  Volumes: Link;
}

export type StorageCollection = Collection<Storage>;

export interface StorageController {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Name: string;
  Status: Status;
  SupportedDeviceProtocols: Protocol[];
}

export type StorageControllerCollection = Collection<StorageController>;

export interface Task {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  EndTime?: string;
  Id: string;
  Messages: Message[];
  Name: string;
  Oem?: { Lightsout: LightsoutTask };
  PercentComplete: number | null;
  StartTime?: string;
  SubTasks?: Link;
  TaskMonitor?: string;
  TaskState: TaskState;
  TaskStatus: Health;
}

export type TaskCollection = Collection<Task>;

export interface TaskService {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  CompletedTaskOverWritePolicy: TaskServiceOverWritePolicy;
  DateTime: string | null;
  Id: string;
  LifeCycleEventOnTaskStateChange: boolean;
  Name: string;
  ServiceEnabled: boolean | null;
  Status: Status;
  Tasks: Link;
}

export type TaskServiceOverWritePolicy = "Manual" | "Oldest";

export type TaskState =
  | "New"
  | "Starting"
  | "Running"
  | "Suspended"
  | "Interrupted"
  | "Pending"
  | "Stopping"
  | "Completed"
  | "Killed"
  | "Exception"
  | "Service"
  | "Cancelling"
  | "Cancelled";

export interface Thermal {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Fans: ThermalFan[];
  "Fans@odata.count": number;
  Id: string;
  Name: string;
  Temperatures: ThermalTemperature[];
  "Temperatures@odata.count": number;
}

export interface ThermalFan {
  "@odata.id": string;
  LowerThresholdCritical?: number | null;
  LowerThresholdFatal?: number | null;
  LowerThresholdNonCritical?: number | null;
  MaxReadingRange: number | null;
  MemberId: string;
  MinReadingRange: number | null;
  Name: string | null;
  PhysicalContext: PhysicalContext;
  Reading: number | null;
  ReadingUnits: ThermalReadingUnits | null;
  Status: Status;
  UpperThresholdCritical?: number | null;
  UpperThresholdFatal?: number | null;
  UpperThresholdNonCritical?: number | null;
}

export interface ThermalMetrics {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Name: string;
  TemperatureReadingsCelsius: SensorExcerpt[];
  "TemperatureReadingsCelsius@odata.count": number;
}

export type ThermalReadingUnits = "RPM" | "Percent";

export interface ThermalSubsystem {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Id: string;
  Name: string;
  Status: Status;
  ThermalMetrics?: Link;
}

export interface ThermalTemperature {
  "@odata.id": string;
  LowerThresholdCritical?: number | null;
  LowerThresholdFatal?: number | null;
  LowerThresholdNonCritical?: number | null;
  MaxReadingRangeTemp: number | null;
  MemberId: string;
  MinReadingRangeTemp: number | null;
  Name: string | null;
  PhysicalContext: PhysicalContext;
  ReadingCelsius: number | null;
  Status: Status;
  UpperThresholdCritical?: number | null;
  UpperThresholdFatal?: number | null;
  UpperThresholdNonCritical?: number | null;
}

export interface UpdateService {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  FirmwareInventory: Link;
  Id: string;
  Name: string;
  Status: Status;
}

export interface VirtualMedia {
  "@odata.etag": string;
  "@odata.id": string;
  "@odata.type": string;
  Actions?: VirtualMediaActions;
  ConnectedVia: VirtualMediaConnectedVia | null;
  Id: string;
  Image: string | null;
  ImageName: string | null;
  Inserted: boolean | null;
  MediaTypes: VirtualMediaMediaType[];
  Name: string;
  Status: Status;
  WriteProtected: boolean | null;
}

export interface VirtualMediaActions {
  "#VirtualMedia.EjectMedia"?: ActionTarget;
  "#VirtualMedia.InsertMedia"?: ActionTarget;
}

export type VirtualMediaCollection = Collection<VirtualMedia>;

export type VirtualMediaConnectedVia = "NotConnected" | "URI" | "Applet" | "Oem";

export type VirtualMediaMediaType = "CD" | "Floppy" | "USBStick" | "DVD";

export type VolumeCollection = Collection<Link>;
