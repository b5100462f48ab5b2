"""What answered at an address, as a [[node]] that `bmc node apply` takes. What nobody can see is said in comments."""

import json
import re
from collections.abc import Mapping

from bmc.cli.output import printable
from bmc.cli.probers import PROBERS, Found

PDUS = {"apc": "apc", "schneider": "apc", "raritan": "raritan", "px2": "raritan", "eaton": "eaton"}
"""A word of a PDU's sysDescr, and the model that the adapter `pdu` calls it."""
METERED = frozenset({"raritan", "eaton"})
UNKNOWN = "NAME"


def proposal(address: str, name: str, found: Mapping[str, Found], ports: Mapping[str, int], credential: str) -> str:
    """TOML; "" where nothing that answered can turn a server on."""
    lines = _bmc(address, found, ports, credential) or _other(address, found, ports, credential)
    if not lines:
        return ""
    if found.get("serial") and found["serial"].facts["mode"] == "rfc2217":
        table = {"adapter": "serial", "host": address, "port": ports["serial"]}
        lines.append(f"console = {toml(table)}  # if it is this server's serial port")
    return "\n".join(["[[node]]", f"name = {toml(name)}", *lines]) + "\n"


def _bmc(address: str, found: Mapping[str, Found], ports: Mapping[str, int], credential: str) -> list[str]:
    """A BMC by the protocol that tells most."""
    lines: list[str] = []
    way: dict[str, object]
    if not credential and ("redfish" in found or "ipmi" in found):
        lines = ["# set its credential first: `bmc credential set NAME --user …`"]
    signs_in = {"credential": credential or UNKNOWN}
    if root := found.get("redfish"):
        way = {"host": address, **_port("redfish", ports)}
        if not root.facts["tls"]:
            way = {"url": f"http://{_bracketed(address)}:{ports['redfish']}", "insecure": True}
        elif root.facts["fingerprint"]:
            way["fingerprint"] = root.facts["fingerprint"]
            lines.append("# compare the fingerprint with what the BMC itself shows before you trust it")
        return [*lines, f"bmc = {toml({'adapter': 'redfish', **way, **signs_in})}"]
    if (told := found.get("ipmi")) and told.facts.get("version") == 2:
        way = {"host": address, **_port("ipmi", ports)}
        return [*lines, f"bmc = {toml({'adapter': 'ipmi', **way, **signs_in})}"]
    return []


def _other(address: str, found: Mapping[str, Found], ports: Mapping[str, int], credential: str) -> list[str]:
    """A device between us and the server: what hangs where, nobody can see."""
    secret: dict[str, object] = {"credential": credential} if credential else {}
    table: dict[str, object]
    if "modbus" in found:
        table = {"adapter": "modbus-button", "host": address, **_port("modbus", ports), "power_coil": 0}
        return [
            "# which coil is wired to the power button, and which input to the power LED?",
            f"power = {toml(table)}",
            'sense = ["modbus:di0"]',
        ]
    if pdu := found.get("snmp"):
        text = str(pdu.facts["text"]).casefold()
        if model := next((model for word, model in PDUS.items() if word in text), ""):
            table = {"adapter": "pdu", "host": address, **_port("snmp", ports), "outlet": 1, "model": model, **secret}
            eye = f'sense = ["pdu:{address}/1:watts>30"]  # how much does it draw while it is on?'
            blind = "sense = []  # this PDU has no meter: name a sense that is not its own"
            return ["# which outlet?", f"power = {toml(table)}", eye if model in METERED else blind]
    if (upsd := found.get("nut")) and isinstance(devices := upsd.facts["devices"], list) and devices:
        where: dict[str, object] = {"host": address, **_port("nut", ports)}
        table = {"adapter": "nut", **where, "ups": devices[0], "outlet": 1, **secret}
        meter = {"adapter": "nut", **where, "ups": devices[0], "meter": "outlet.1.realpower", "above": 30}
        others = f" of {', '.join(map(printable, devices))}" if len(devices) > 1 else ""
        return [f"# which outlet{others}, and what does it draw?", f"power = {toml(table)}", f"sense = [{toml(meter)}]"]
    if "mqtt" in found:
        table = {"adapter": "mqtt", "host": address, **_port("mqtt", ports), "kind": "tasmota", "device": "DEVICE"}
        return [
            "# which device, of which kind: tasmota, shelly1 or shelly2?",
            f"power = {toml({**table, **secret})}",
            'sense = ["mqtt:tasmota:DEVICE:watts>30"]',
        ]
    if "rosbridge" in found:
        table = {"adapter": "arm", "url": f"ws://{_bracketed(address)}:{ports['rosbridge']}"}
        return [
            "# what does the arm call its press, and where are the buttons?",
            f"power = {toml({**table, 'action': '/arm/press', 'type': 'TYPE', **secret})}",
            "sense = []  # the arm does not see the server: name a sense",
        ]
    return []


def hints(address: str, found: Mapping[str, Found]) -> list[str]:
    """What may stand in a node of other hardware."""
    told = []
    if "ssh" in found:
        told.append(f'a sense of a server that this is the operating system of: sense = ["ping:{address}:22"]')
    elif "ping" in found and not found.keys() & {"ipmi", "redfish"}:
        told.append(f'a sense of a server that this is the operating system of: sense = ["ping:{address}"]')
    return [f"{each}; it proves only that it is on" for each in told]


def toml(value: object) -> str:
    """Of what is written here: texts, numbers, lists and inline tables."""
    if isinstance(value, Mapping):
        pairs = (f"{key if re.fullmatch('[A-Za-z0-9_-]+', key) else toml(key)} = {toml(value[key])}" for key in value)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(printable(value), ensure_ascii=False) if isinstance(value, str) else str(value)


def _port(kind: str, ports: Mapping[str, int]) -> dict[str, object]:
    return {} if ports[kind] == PROBERS[kind][1] else {"port": ports[kind]}


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
