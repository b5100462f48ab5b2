"""`bmc node …` and what is done with one node: power, boot, media, reinstall. All through Redfish."""

import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bmc.cli import jobs
from bmc.cli.client import Client, CliError, Resource, read, system_path
from bmc.cli.words import all_of, one_of
from bmc.model.boot import BootTarget
from bmc.model.caller import Role
from bmc.model.power import PowerAction

Name = Annotated[str, typer.Argument(help="the node's name")]
Options = Annotated[
    list[str] | None, typer.Option("--set", "-s", metavar="KEY=VALUE", help="an option, as cpus=2 or memory_mib=1024")
]
Tags = Annotated[list[str] | None, typer.Option(help="a tag, for scopes; --tag '' for none at all")]

app = typer.Typer(no_args_is_help=True, help="Add, show, change and remove nodes.")
out = Console()


@app.command("list")
def list_nodes() -> None:
    """The fleet and its state."""
    table = Table("node", "power", "health", "IPMI", "runs", "note")
    client = Client()
    for system in client.get("/redfish/v1/Systems?$expand=.")["Members"]:
        ours = system["Oem"]["Lightsout"]
        endpoint = ours.get("IPMI")
        table.add_row(
            system["Id"],
            str(system["PowerState"] or "Unknown"),
            system["Status"].get("Health", ""),
            f"{endpoint['Host']}:{endpoint['Port']}" if endpoint else "",
            ours.get("InstalledImage") or "",
            escape("; ".join(filter(None, (jobs.now(client, system), ours.get("Reason"))))),
        )
    out.print(table)


@app.command()
def show(name: Name) -> None:
    """Everything the service knows of one node."""
    out.print_json(data=Client().get(system_path(name)))


@app.command()
def add(
    name: Name,
    driver: Annotated[str, typer.Option(help="qemu, ipmi, or another that is installed")] = "qemu",
    options: Options = None,
    tag: Tags = None,
) -> None:
    """Define a node; it starts off."""
    Client().post("/redfish/v1/Systems", _definition(name, driver, _parse(options), tag or []))
    out.print(f"{name} added")


@app.command()
def change(name: Name, options: Options = None, tag: Tags = None) -> None:
    """Change options of a node that is off, or the tags of any; one that could not be opened is tried again."""
    wanted: dict[str, Any] = {"Options": _parse(options)}
    if tag is not None:
        wanted["Tags"] = [each for each in tag if each]
    Client().patch(system_path(name), {"Oem": {"Lightsout": wanted}})
    out.print(f"{name} changed")


@app.command()
def apply(file: Annotated[Path, typer.Argument(help=r"TOML with one \[\[node]] table for each node")]) -> None:
    """Declare nodes: those missing are added, those that differ are changed, others are left alone.

    Tags and lists, as disks, are replaced by what is declared. Options that are not mentioned stay; tags do not.
    """
    try:
        declared = tomllib.loads(read(file))["node"]
        wanted: list[Resource] = [
            _definition(each["name"], each.get("driver", "qemu"), each.get("options", {}), each.get("tags", []))
            for each in declared
        ]
    except KeyError as error:
        raise CliError(f"{file}: {error} is missing; expected [[node]] tables with name and options") from None
    except tomllib.TOMLDecodeError as error:
        raise CliError(f"{file}: {error}") from None
    client = Client()
    there = {system["Id"]: system for system in client.get("/redfish/v1/Systems?$expand=.")["Members"]}
    for each in wanted:
        out.print(f"{each['Name']} {_declare(client, each, there.get(each['Name']))}")


@app.command("ipmi-user")
def ipmi_user(
    name: Name,
    user: Annotated[str, typer.Argument(help="the IPMI user's name, at most 16 bytes")],
    key_file: Annotated[Path, typer.Option(help="a file whose first line is the IPMI key, at most 20 bytes")],
    role: Annotated[Role, typer.Option(parser=one_of(Role), metavar="ROLE", help=all_of(Role))] = Role.ADMINISTRATOR,
) -> None:
    """Let a user in at a node's IPMI door; the key is a secret of its own, never a web password.

    Whoever is no Administrator here needs `-L OPERATOR` or `-L USER` with ipmitool, which asks for Administrator.
    """
    key = read(key_file).partition("\n")[0].rstrip("\r")
    if not key:
        raise CliError(f"{key_file}: its first line is empty; expected the key")
    path = f"/redfish/v1/Managers/{quote(name, safe='')}/RemoteAccountService/Accounts"
    client = Client()
    there = [each for each in client.get(f"{path}?$expand=.")["Members"] if each["UserName"] == user]
    if there:
        client.patch(there[0]["@odata.id"], {"Password": key, "RoleId": role.value, "Enabled": True})
    else:
        client.post(path, {"UserName": user, "Password": key, "RoleId": role.value})
    out.print(f"{user} may use the IPMI door of {name} as {role.value}")


@app.command()
def remove(name: Name, yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False) -> None:
    """Remove a node and its disks for good; it must be off."""
    _ask(f"Remove {name} and everything on its disks for good?", yes)
    Client().delete(system_path(name))
    out.print(f"{name} removed")


def power(
    name: Name,
    action: Annotated[
        PowerAction, typer.Argument(parser=one_of(PowerAction), metavar="ACTION", help=all_of(PowerAction))
    ],
) -> None:
    """Power a node on or off, reset it, or send it an NMI."""
    Client().post(f"{system_path(name)}/Actions/ComputerSystem.Reset", {"ResetType": action.value})
    out.print(f"{name}: {action.value} accepted")


def boot(
    name: Name,
    target: Annotated[BootTarget, typer.Argument(parser=one_of(BootTarget), metavar="TARGET", help=all_of(BootTarget))],
    continuous: Annotated[bool, typer.Option("--continuous", help="for every boot, not only the next")] = False,
) -> None:
    """Say where the next boot goes."""
    enabled = "Disabled" if target is BootTarget.NONE else "Continuous" if continuous else "Once"
    boot = {"BootSourceOverrideTarget": target.value, "BootSourceOverrideEnabled": enabled}
    Client().patch(system_path(name), {"Boot": boot})
    out.print(f"{name} boots from {target.value} ({enabled})")


def insert(
    name: Name, image: Annotated[str, typer.Argument(help="a file of the media store, or an http(s) URL")]
) -> None:
    """Insert a virtual medium."""
    Client().post(f"{system_path(name)}/VirtualMedia/cd0/Actions/VirtualMedia.InsertMedia", {"Image": image})
    out.print(f"{image} inserted into {name}")


def eject(name: Name) -> None:
    """Eject the virtual medium."""
    Client().post(f"{system_path(name)}/VirtualMedia/cd0/Actions/VirtualMedia.EjectMedia", {})
    out.print(f"{name}: medium ejected")


def reinstall(
    name: Name,
    image: Annotated[str, typer.Argument(help="an image of `bmc image list`")],
    hostname: Annotated[str | None, typer.Option(help="the node's name if not given")] = None,
    ssh_key: Annotated[
        list[Path] | None, typer.Option(help="a file with public keys for root, for SSH where a network leads there")
    ] = None,
    password_file: Annotated[
        Path | None,
        typer.Option(help="a file with root's password; without it nobody can log in on the screen or serial console"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
) -> None:
    """Erase a node's disk and install an image; shows the progress until the new system has proved itself.

    Ctrl-C only ends the showing; `bmc job cancel` ends the job.
    """
    keys = [line for file in ssh_key or [] for line in read(file).splitlines() if line.strip()]
    password = read(password_file).rstrip("\n") if password_file else None
    _ask(f"Erase the disk of {name} and install {image}? There is no way back.", yes)
    client = Client()
    body: dict[str, Any] = {"Image": image, "Hostname": hostname or name, "SSHKeys": keys}
    if password is not None:
        body["Password"] = password
    task, _ = client.post(f"{system_path(name)}/Actions/Oem/Lightsout.Reinstall", body)
    jobs.follow(client, task)


def _declare(client: Client, wanted: Resource, there: Resource | None) -> str:
    """Returns what was done."""
    if there is None:
        client.post("/redfish/v1/Systems", wanted)
        return "added"
    declared = {key: wanted["Oem"]["Lightsout"][key] for key in ("Options", "Tags")}
    changed = client.patch(system_path(wanted["Name"]), {"Oem": {"Lightsout": declared}})
    before, after = there["Oem"]["Lightsout"], changed["Oem"]["Lightsout"]
    return "is so already" if all(before[key] == after[key] for key in declared) else "changed"


def _definition(name: str, driver: str, options: dict[str, Any], tags: list[str]) -> Resource:
    return {"Name": name, "Oem": {"Lightsout": {"Driver": driver, "Options": options, "Tags": tags}}}


def _parse(options: list[str] | None) -> dict[str, Any]:
    """KEY=VALUE with a TOML value; a bare word is a string."""
    parsed: dict[str, Any] = {}
    for option in options or []:
        key, equals, value = option.partition("=")
        if not equals:
            raise CliError(f"--set {option!r}: expected KEY=VALUE")
        try:
            parsed[key] = tomllib.loads(f"value = {value}")["value"]
        except tomllib.TOMLDecodeError:
            parsed[key] = value
    return parsed


def _ask(question: str, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise CliError(f"{question} Nobody is there to answer; use --yes")
    if not typer.confirm(question):
        raise CliError("nothing was done")
