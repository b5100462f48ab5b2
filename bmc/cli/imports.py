"""`bmc import …`: the domains that libvirt, VirtualBMC or sushy-emulator has, as nodes. Reads files of this machine and
the service's own configuration file, and makes the nodes over Redfish.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from bmc.cli.client import SYSTEMS, Client, Resource, manager_path
from bmc.cli.errors import CliError
from bmc.cli.files import read
from bmc.cli.output import complain, table
from bmc.places import config_file, state_directory

DEFAULT_URI = "qemu:///system"
VBMC_SECTION = "VirtualBMC"
VBMC_DEFAULT_PASSWORD = "password"  # noqa: S105 - what it gives everybody
NO_LIBVIRT = ("SUSHY_EMULATOR_OS_CLOUD", "SUSHY_EMULATOR_IRONIC_CLOUD", "SUSHY_EMULATOR_FAKE_DRIVER")
HTTP = {
    "SUSHY_EMULATOR_LISTEN_IP": "host",
    "SUSHY_EMULATOR_LISTEN_PORT": "port",
    "SUSHY_EMULATOR_SSL_CERT": "certificate",
    "SUSHY_EMULATOR_SSL_KEY": "key",
}
UNNEEDED = {
    "SUSHY_EMULATOR_BOOT_LOADER_MAP": "a domain keeps the firmware that its definition has",
    "SUSHY_EMULATOR_SECURE_BOOT_ENABLED_NVRAM": "a domain keeps the firmware that its definition has",
    "SUSHY_EMULATOR_SECURE_BOOT_DISABLED_NVRAM": "a domain keeps the firmware that its definition has",
    "SUSHY_EMULATOR_STATE_DIR": "nothing of it is taken over",
    "SUSHY_EMULATOR_STORAGE_POOL": "media are in our own media directory",
    "SUSHY_EMULATOR_VMEDIA_VERIFY_SSL": "media are fetched with the certificates that this system trusts",
}
UNLIKE = {
    "SUSHY_EMULATOR_IGNORE_BOOT_DEVICE": "a boot device that is set is followed",
    "SUSHY_EMULATOR_DISABLE_POWER_OFF": "power off works; give who may not an account that is ReadOnly",
    "SUSHY_EMULATOR_FEATURE_SET": "every feature is there",
}

app = typer.Typer(no_args_is_help=True, help="Make nodes of domains that libvirt, VirtualBMC or sushy-emulator has.")

Apply = Annotated[bool, typer.Option("--apply", help="make the nodes; without it they are only shown")]


@dataclass(slots=True)
class Found:
    """A domain that is to be a node. `port`, `user` and `key` are those of the IPMI door that it had."""

    uri: str
    domain: str
    uuid: str = ""
    port: int | None = None
    user: str = ""
    key: str = field(default="", repr=False)
    note: str = ""


@app.command("libvirt")
def import_libvirt(
    connection: Annotated[str, typer.Argument(help="a name of `libvirt` in the configuration file")],
    domain: Annotated[list[str] | None, typer.Option(help="only this one, and others that are named")] = None,
    apply: Apply = False,
) -> None:
    """The domains of a libvirt."""
    uri = connections().get(connection)
    if uri is None:
        there = ", ".join(sorted(connections())) or "none"
        raise CliError(f"libvirt.{connection} is not in {config_file(state_directory())}; there is {there}")
    there_are = domains(uri)
    if unknown := set(domain or ()) - set(there_are):
        raise CliError(f"{uri} has no domain {', '.join(sorted(unknown))}; it has {', '.join(there_are) or 'none'}")
    found = [Found(uri, name, uuid) for name, uuid in there_are.items() if not domain or name in domain]
    carry_out(found, apply)


@app.command()
def virtualbmc(
    directory: Annotated[Path | None, typer.Argument(help="its directory, ~/.vbmc unless given")] = None,
    apply: Apply = False,
) -> None:
    """What VirtualBMC has, with the same IPMI ports, users and passwords."""
    directory = directory or Path.home() / ".vbmc"
    files = sorted(directory.glob("*/config"))
    if not files:
        raise CliError(f"{directory}: expected VirtualBMC's NAME/config files")
    found = [_of_virtualbmc(file) for file in files]
    _identify(found)
    carry_out(found, apply)
    if not apply:
        print("Stop vbmcd before you make the nodes: their IPMI ports are its own until then.")


@app.command()
def sushy(
    file: Annotated[Path, typer.Argument(help="the configuration file that sushy-emulator is started with")],
    apply: Apply = False,
) -> None:
    """What sushy-emulator serves: the domains of its libvirt."""
    values, unread = _literals(file)
    if other := [name for name in NO_LIBVIRT if values.get(name)]:
        raise CliError(f"{file}: {other[0]} is set, so there is no libvirt to take domains from")
    uri = str(values.get("SUSHY_EMULATOR_LIBVIRT_URI") or DEFAULT_URI)
    allowed = {str(each).lower() for each in values.get("SUSHY_EMULATOR_ALLOWED_INSTANCES") or ()}
    found = [Found(uri, name, uuid) for name, uuid in domains(uri).items() if not allowed or uuid in allowed]
    carry_out(found, apply)
    for line in _of_sushy(values, unread):
        print(line)


def carry_out(found: Sequence[Found], apply: bool) -> None:
    """Show what nodes there would be; and make them, if that is wanted."""
    client = Client()
    names = {uri: name for name, uri in connections().items()}
    _say_what_to_configure({each.uri for each in found} - set(names))
    systems = client.members(SYSTEMS)
    taken = {system["Id"] for system in systems}
    here = {system["UUID"].lower(): system["Id"] for system in systems}
    rows, wanted = [], []
    for each in found:
        there = here.get(each.uuid.lower())
        name = there or _node_name(each.domain, taken)
        taken.add(name)
        note = each.note
        if there:
            note = "is a node already" + (", and keeps the IPMI port and users that it has" if each.port else "")
        elif each.uri not in names:
            note = f"its libvirt is not configured: {each.uri}"
        elif each.uuid:
            wanted.append((name, names[each.uri], each))
        port = f"port {each.port}" if each.port else ""
        rows.append((name, each.domain, names.get(each.uri), port, each.user, note))
    table(("node", "domain", "connection", "IPMI", "user", "note"), rows)
    if not apply:
        print(f"{len(wanted)} to be made; nothing was done yet: --apply makes them")
        return
    made = [name for name, connection, each in wanted if _make(client, name, connection, each)]
    if len(made) < len(wanted):
        raise CliError(f"{len(wanted) - len(made)} of {len(wanted)} were not made")


def _make(client: Client, name: str, connection: str, found: Found) -> bool:
    ours: Resource = {"Driver": "libvirt", "Options": {"connection": connection, "domain": found.uuid}}
    if found.port is not None:
        ours["IPMI"] = {"Host": _ipmi_host(), "Port": found.port}
    try:
        client.post(SYSTEMS, {"Name": name, "UUID": found.uuid, "Oem": {"Lightsout": ours}})
    except CliError as error:
        complain(f"{name} was not made: {error}")
        return False
    print(f"{name} added" + (f", IPMI at {_ipmi_host()} port {found.port}" if found.port else ""))
    if found.user:
        user = {"UserName": found.user, "Password": found.key, "RoleId": "Administrator"}
        try:
            client.post(f"{manager_path(name)}/RemoteAccountService/Accounts", user)
        except CliError as error:
            why, other = str(error).removesuffix("."), f"bmc node ipmi-user {name} USER --key-file FILE"
            complain(f"{name}: its IPMI user was not made: {why}; `{other}` makes one")
    return True


def connections() -> dict[str, str]:
    """Name → URI, of the configuration file."""
    from bmc.config import load

    return {name: each.uri for name, each in load(config_file(state_directory())).libvirt.items()}


def domains(uri: str) -> dict[str, str]:
    """Name → UUID, by name. :raise CliError: libvirt cannot be asked."""
    try:
        import libvirt
    except ImportError:
        raise CliError("the Python binding of libvirt is not installed; `bmc doctor` tells how to get it") from None
    libvirt.registerErrorHandler(lambda *_: None, None)
    try:
        connection = libvirt.openReadOnly(uri)
        try:
            return dict(sorted((each.name(), each.UUIDString()) for each in connection.listAllDomains()))
        finally:
            connection.close()
    except libvirt.libvirtError as error:
        raise CliError(f"{uri}: {error.get_error_message()}") from None


def _identify(found: Sequence[Found]) -> None:
    """Look each domain up where it is said to be."""
    for uri in sorted({each.uri for each in found}):
        try:
            there, trouble = domains(uri), ""
        except CliError as error:
            there, trouble = {}, str(error)
        for each in found:
            if each.uri == uri:
                each.uuid = there.get(each.domain, "")
                each.note = each.note if each.uuid else trouble or f"{uri} has no such domain"


def _of_virtualbmc(file: Path) -> Found:
    """:raise CliError: it is none of its files."""
    from configparser import ConfigParser, Error

    parser = ConfigParser()
    try:
        parser.read_string(read(file))
        section = parser[VBMC_SECTION]
        found = Found(
            uri=section.get("libvirt_uri", DEFAULT_URI),
            domain=section["domain_name"],
            port=section.getint("port", 623),
            user=section.get("username", "admin"),
            key=section.get("password", VBMC_DEFAULT_PASSWORD),
        )
    except KeyError as error:
        raise CliError(f"{file}: it has no {error.args[0]}; expected a file of VirtualBMC") from None
    except ValueError:
        raise CliError(f"{file}: port: expected a number") from None
    except Error as error:  # what it says may be the password
        raise CliError(f"{file}: {type(error).__name__}; expected a file of VirtualBMC") from None
    notes = []
    if found.key == VBMC_DEFAULT_PASSWORD:
        notes.append("VirtualBMC's default password: change it")
    if section.get("active", "").lower() not in ("true", "1", "yes", "on"):
        notes.append("VirtualBMC had it stopped")
    if section.get("libvirt_sasl_username"):
        notes.append("put its SASL user into libvirt's auth.conf")
    found.note = "; ".join(notes)
    return found


def _literals(file: Path) -> tuple[dict[str, Any], list[str]]:
    """The settings of a Python file, which is not run, and the names of those that are no plain values.

    :raise CliError: it is no Python.
    """
    import ast

    try:
        tree = ast.parse(read(file))
    except SyntaxError as error:
        raise CliError(f"{file}: line {error.lineno}: {error.msg}; expected sushy-emulator's settings") from None
    except (ValueError, RecursionError, MemoryError):
        raise CliError(f"{file}: no Python; expected sushy-emulator's settings") from None
    values: dict[str, Any] = {}
    unread = []
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
            continue
        try:
            values[statement.targets[0].id] = ast.literal_eval(statement.value)
        except (ValueError, TypeError, RecursionError, MemoryError):
            unread.append(statement.targets[0].id)
    return values, unread


def _of_sushy(values: Mapping[str, Any], unread: Sequence[str]) -> Iterator[str]:
    """What becomes of its other settings."""
    for name in unread:
        yield f"{name}: is no plain value, and was not looked at"
    if http := [f"{ours} = {_toml(values[theirs])}" for theirs, ours in HTTP.items() if values.get(theirs)]:
        yield "\n".join([f"Where it listens, for {config_file(state_directory())}:", "[http]", *http])
    if values.get("SUSHY_EMULATOR_AUTH_FILE"):
        yield from _of_htpasswd(Path(str(values["SUSHY_EMULATOR_AUTH_FILE"])))
    for name, text in (*UNNEEDED.items(), *UNLIKE.items()):
        if values.get(name):
            yield f"{name}: {'not needed' if name in UNNEEDED else 'not taken over'}: {text}"
    yield "A system is /redfish/v1/Systems/NODE here, where sushy-emulator has its domain's UUID."


def _of_htpasswd(file: Path) -> Iterator[str]:
    """Hashes of passwords are of no use to others."""
    try:
        lines = read(file).splitlines()
    except CliError as error:
        yield f"SUSHY_EMULATOR_AUTH_FILE: {error}"
        return
    for line in lines:
        if ":" in line:
            user = line.partition(":")[0]
            yield f"SUSHY_EMULATOR_AUTH_FILE: {user}'s password is a hash: `bmc account add {user} --role Operator`"


def _say_what_to_configure(uris: set[str]) -> None:
    if not uris:
        return
    taken = set(connections())
    print(f"Add to {config_file(state_directory())}, then restart the service and run this again:\n")
    for uri in sorted(uris):
        parts = urlsplit(uri)
        name = _node_name(parts.hostname or parts.path.strip("/") or "local", taken)
        taken.add(name)
        print(f"[libvirt.{name}]\nuri = {_toml(uri)}\n")


def _node_name(domain: str, taken: set[str]) -> str:
    """A host name like the domain's, that no other has."""
    name = re.sub(r"[^a-z0-9]+", "-", domain.lower()).strip("-")[:60].rstrip("-") or "node"
    return next(each for each in (name, *(f"{name}-{n}" for n in range(2, 1000))) if each not in taken)


def _ipmi_host() -> str:
    from bmc.config import load

    return str(load(config_file(state_directory())).ipmi.host)


def _toml(value: object) -> str:
    import json

    return json.dumps(value)
