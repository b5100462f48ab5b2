"""A SEL record in words, as `ipmitool sel elist` has them: what its sensor is called, and what happened to it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from bmc.model.sel import PLAIN_OEM, SYSTEM_EVENT, SelEntry, SystemEvent
from bmc.model.sensor import Sensor
from bmc.records.sel_events import FIRST_NUMERIC, SENSOR_NAMES, SENSOR_SPECIFIC
from bmc.records.sensors import THRESHOLD_EVENT, sensor_type

_OURS = 0x0020
"""The generator whose sensors are those of the node."""

_TYPES = (
    "",
    "Temperature",
    "Voltage",
    "Current",
    "Fan",
    "Physical Security",
    "Platform Security",
    "Processor",
    "Power Supply",
    "Power Unit",
    "Cooling Device",
    "Other",
    "Memory",
    "Drive Slot / Bay",
    "POST Memory Resize",
    "System Firmwares",
    "Event Logging Disabled",
    "Watchdog1",
    "System Event",
    "Critical Interrupt",
    "Button",
    "Module / Board",
    "Microcontroller",
    "Add-in Card",
    "Chassis",
    "Chip Set",
    "Other FRU",
    "Cable / Interconnect",
    "Terminator",
    "System Boot Initiated",
    "Boot Error",
    "OS Boot",
    "OS Critical Stop",
    "Slot / Connector",
    "System ACPI Power State",
    "Watchdog2",
    "Platform Alert",
    "Entity Presence",
    "Monitor ASIC",
    "LAN",
    "Management Subsys Health",
    "Battery",
    "Session Audit",
    "Version Change",
    "FRU State",
)
"""By the codes of IPMI v2.0 table 42-3; 00h is reserved."""

LEVELS = (
    "Lower Non-critical",
    "Lower Critical",
    "Lower Non-recoverable",
    "Upper Non-critical",
    "Upper Critical",
    "Upper Non-recoverable",
)

_GENERIC = {
    0x02: ("Transition to Idle", "Transition to Active", "Transition to Busy"),
    0x03: ("State Deasserted", "State Asserted"),
    0x04: ("Predictive Failure Deasserted", "Predictive Failure Asserted"),
    0x05: ("Limit Not Exceeded", "Limit Exceeded"),
    0x06: ("Performance Met", "Performance Lags"),
    0x07: (
        "Transition to OK",
        "Transition to Non-critical from OK",
        "Transition to Critical from less severe",
        "Transition to Non-recoverable from less severe",
        "Transition to Non-critical from more severe",
        "Transition to Critical from Non-recoverable",
        "Transition to Non-recoverable",
        "Monitor",
        "Informational",
    ),
    0x08: ("Device Absent", "Device Present"),
    0x09: ("Device Disabled", "Device Enabled"),
    0x0A: (
        "Transition to Running",
        "Transition to In Test",
        "Transition to Power Off",
        "Transition to On Line",
        "Transition to Off Line",
        "Transition to Off Duty",
        "Transition to Degraded",
        "Transition to Power Save",
        "Install Error",
    ),
    0x0B: (
        "Fully Redundant",
        "Redundancy Lost",
        "Redundancy Degraded",
        "Non-Redundant: Sufficient from Redundant",
        "Non-Redundant: Sufficient from Insufficient",
        "Non-Redundant: Insufficient Resources",
        "Redundancy Degraded from Fully Redundant",
        "Redundancy Degraded from Non-Redundant",
    ),
    0x0C: ("D0 Power State", "D1 Power State", "D2 Power State", "D3 Power State"),
}
"""What an offset means by event type, table 42-2."""

_SPECIFIC = {
    0x05: (
        "General Chassis intrusion",
        "Drive Bay intrusion",
        "I/O Card area intrusion",
        "Processor area intrusion",
        "System unplugged from LAN",
        "Unauthorized dock",
        "FAN area intrusion",
    ),
    0x06: (
        "Front Panel Lockout violation attempted",
        "Pre-boot password violation - user password",
        "Pre-boot password violation - setup password",
        "Pre-boot password violation - network boot password",
        "Other pre-boot password violation",
        "Out-of-band access password violation",
    ),
    0x07: (
        "IERR",
        "Thermal Trip",
        "FRB1/BIST failure",
        "FRB2/Hang in POST failure",
        "FRB3/Processor startup/init failure",
        "Configuration Error",
        "SM BIOS Uncorrectable CPU-complex Error",
        "Presence detected",
        "Disabled",
        "Terminator presence detected",
        "Throttled",
        "Uncorrectable machine check exception",
        "Correctable machine check error",
    ),
    0x08: (
        "Presence detected",
        "Failure detected",
        "Predictive failure",
        "Power Supply AC lost",
        "AC lost or out-of-range",
        "AC out-of-range, but present",
        "Config Error",
        "Power Supply Inactive",
    ),
    0x09: (
        "Power off/down",
        "Power cycle",
        "240VA power down",
        "Interlock power down",
        "AC lost",
        "Soft-power control failure",
        "Failure detected",
        "Predictive failure",
    ),
    0x0C: (
        "Correctable ECC",
        "Uncorrectable ECC",
        "Parity",
        "Memory Scrub Failed",
        "Memory Device Disabled",
        "Correctable ECC logging limit reached",
        "Presence Detected",
        "Configuration Error",
        "Spare",
        "Throttled",
        "Critical Overtemperature",
    ),
    0x0D: (
        "Drive Present",
        "Drive Fault",
        "Predictive Failure",
        "Hot Spare",
        "Parity Check In Progress",
        "In Critical Array",
        "In Failed Array",
        "Rebuild In Progress",
        "Rebuild Aborted",
    ),
    0x0F: ("Unknown Error", "Unknown Hang", "Unknown Progress"),
    0x10: (
        "Correctable memory error logging disabled",
        "Event logging disabled",
        "Log area reset/cleared",
        "All event logging disabled",
        "Log full",
        "Log almost full",
    ),
    0x11: (
        "BIOS Reset",
        "OS Reset",
        "OS Shut Down",
        "OS Power Down",
        "OS Power Cycle",
        "OS NMI/Diag Interrupt",
        "OS Expired",
        "OS pre-timeout Interrupt",
    ),
    0x12: (
        "System Reconfigured",
        "OEM System boot event",
        "Undetermined system hardware failure",
        "Entry added to auxiliary log",
        "PEF Action",
        "Timestamp Clock Sync",
    ),
    0x13: (
        "NMI/Diag Interrupt",
        "Bus Timeout",
        "I/O Channel check NMI",
        "Software NMI",
        "PCI PERR",
        "PCI SERR",
        "EISA failsafe timeout",
        "Bus Correctable error",
        "Bus Uncorrectable error",
        "Fatal NMI",
        "Bus Fatal Error",
        "Bus Degraded",
    ),
    0x14: ("Power Button pressed", "Sleep Button pressed", "Reset Button pressed", "FRU Latch", "FRU Service"),
    0x19: ("Soft Power Control Failure", "Thermal Trip"),
    0x1B: ("Connected", "Config Error"),
    0x1D: (
        "Initiated by power up",
        "Initiated by hard reset",
        "Initiated by warm reset",
        "User requested PXE boot",
        "Automatic boot to diagnostic",
        "OS initiated hard reset",
        "OS initiated warm reset",
        "System Restart",
    ),
    0x1E: (
        "No bootable media",
        "Non-bootable disk in drive",
        "PXE server not found",
        "Invalid boot sector",
        "Timeout waiting for selection",
    ),
    0x1F: (
        "A: boot completed",
        "C: boot completed",
        "PXE boot completed",
        "Diagnostic boot completed",
        "CD-ROM boot completed",
        "ROM boot completed",
        "boot completed - device not specified",
        "Installation started",
        "Installation completed",
        "Installation aborted",
        "Installation failed",
    ),
    0x20: (
        "Error during system startup",
        "Run-time critical stop",
        "OS graceful stop",
        "OS graceful shutdown",
        "PEF initiated soft shutdown",
        "Agent not responding",
    ),
    0x21: (
        "Fault Status",
        "Identify Status",
        "Device Installed",
        "Ready for Device Installation",
        "Ready for Device Removal",
        "Slot Power is Off",
        "Device Removal Request",
        "Interlock",
        "Slot is Disabled",
        "Spare Device",
    ),
    0x22: (
        "S0/G0: working",
        "S1: sleeping with system hw & processor context maintained",
        "S2: sleeping, processor context lost",
        "S3: sleeping, processor & hw context lost, memory retained",
        "S4: non-volatile sleep/suspend-to-disk",
        "S5/G2: soft-off",
        "S4/S5: soft-off",
        "G3: mechanical off",
        "Sleeping in S1/S2/S3 state",
        "G1: sleeping",
        "S5: entered by override",
        "Legacy ON state",
        "Legacy OFF state",
        "",
        "Unknown",
    ),
    0x23: ("Timer expired", "Hard reset", "Power down", "Power cycle", "", "", "", "", "Timer interrupt"),
    0x24: (
        "Platform generated page",
        "Platform generated LAN alert",
        "Platform Event Trap generated",
        "Platform generated SNMP trap, OEM format",
    ),
    0x25: ("Present", "Absent", "Disabled"),
    0x27: ("Heartbeat Lost", "Heartbeat"),
    0x28: (
        "Sensor access degraded or unavailable",
        "Controller access degraded or unavailable",
        "Management controller off-line",
        "Management controller unavailable",
        "Sensor failure",
        "FRU failure",
    ),
    0x29: ("Low", "Failed", "Presence Detected"),
    0x2B: (
        "Hardware change detected",
        "",
        "Hardware incompatibility detected",
        "Firmware or software incompatibility detected",
        "Invalid or unsupported hardware version",
        "Invalid or unsupported firmware or software version",
        "Hardware change success",
    ),
    0x2C: (
        "Not Installed",
        "Inactive",
        "Activation Requested",
        "Activation in Progress",
        "Active",
        "Deactivation Requested",
        "Deactivation in Progress",
        "Communication lost",
    ),
}
"""What an offset means by sensor type, table 42-3."""


def line(entry: SelEntry, sensors: Sequence[Sensor]) -> str:
    """`   3 | 11/28/26 | 03:47:43 UTC | Entity Presence Media | Present | Asserted`; `sensors` are the node's."""
    at = datetime.fromtimestamp(entry.stamp or 0, UTC).strftime("%m/%d/%y | %H:%M:%S UTC")
    return " | ".join((f"{entry.id:4x}", *(() if entry.record_type in PLAIN_OEM else (at,)), *words(entry, sensors)))


def words(entry: SelEntry, sensors: Sequence[Sensor]) -> tuple[str, ...]:
    """The sensor, what happened to it, and whether that began or ended; of a record of another type, its data."""
    if entry.record_type in PLAIN_OEM:
        return f"OEM record {entry.record_type:02x}", entry.data.hex()
    if entry.record_type != SYSTEM_EVENT:
        return f"OEM record {entry.record_type:02x}", entry.data[2::-1].hex(), entry.data[3:].hex()
    event = SystemEvent.unpack(entry.data)
    return _sensor(event, sensors), _what(event), "Asserted" if event.asserted else "Deasserted"


def _sensor(event: SystemEvent, sensors: Sequence[Sensor]) -> str:
    kind = _TYPES[event.sensor_type] if 0 < event.sensor_type < len(_TYPES) else "Unknown"
    return f"{kind} {_name(event, sensors) or f'#0x{event.sensor:02x}'}"


def _name(event: SystemEvent, sensors: Sequence[Sensor]) -> str:
    """As the sensor data records have it; "" for one that is none of the node's."""
    if event.generator != _OURS:
        return ""
    index = event.sensor - FIRST_NUMERIC
    if 0 <= index < len(sensors) and sensor_type(sensors[index].info) == event.sensor_type:
        return sensors[index].info.name
    return SENSOR_NAMES.get((event.sensor_type, event.sensor), "")


def _what(event: SystemEvent) -> str:
    offset = event.data[0] & 0x0F
    if event.event_type == THRESHOLD_EVENT:
        going = ("low", "high")[offset % 2]
        return f"{LEVELS[offset // 2]} going {going}" if offset // 2 < len(LEVELS) else ""
    specific = event.event_type == SENSOR_SPECIFIC
    words = _SPECIFIC.get(event.sensor_type, ()) if specific else _GENERIC.get(event.event_type, ())
    return words[offset] if offset < len(words) else ""
