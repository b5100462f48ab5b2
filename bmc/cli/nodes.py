"""`bmc node …` and what is done with one node: boot, reinstall. All through Redfish."""

from pathlib import Path
from typing import Annotated, Any

import typer

from bmc.cli import apply, jobs
from bmc.cli.client import SYSTEMS, Client, Resource, lacking, manager_path, system_path
from bmc.cli.completion import node_names
from bmc.cli.errors import CliError
from bmc.cli.files import first_line, read
from bmc.cli.node_options import nested, pairs_of
from bmc.cli.output import Json, Yes, ask, document, table
from bmc.cli.words import all_of, one_of
from bmc.model.boot import BootTarget
from bmc.model.caller import Role

Name = Annotated[str, typer.Argument(metavar="NODE", help="the node's name", autocompletion=node_names)]
DISK_RULES = {
    "serial": "Serial",
    "name": "Name",
    "model": "Model",
    "wwn": "WWN",
    "size": "SizeBytes",
    "min_size": "MinSizeBytes",
    "max_size": "MaxSizeBytes",
    "rotational": "Rotational",
    "bus": "Bus",
    "pick": "Pick",
}
"""Keys of --disk, and what the Redfish action calls them."""

TRUTH = {"true": True, "false": False}

Disk = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help=f"which of several disks, once or more; KEY is {', '.join(DISK_RULES)}"),
]
NewName = Annotated[str, typer.Argument(metavar="NODE", help="the node's name")]
Options = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="an option, as cpus=2, power.host=192.0.2.7 or 'sense=[…]'"),
]
Tags = Annotated[list[str] | None, typer.Option(help="a tag, for scopes; --tag '' for none at all")]
Way = Annotated[
    str | None, typer.Option(help="how the deploy ramdisk gets there: VirtualMedia, if not given, or Network (PXE)")
]

app = typer.Typer(no_args_is_help=True, help="Add, show, change and remove nodes.")


@app.command("list")
def list_nodes(as_json: Json = False) -> None:
    """The fleet and its state."""
    client = Client()
    systems = client.members(SYSTEMS)
    if as_json:
        document(systems)
        return
    rows = []
    for system in systems:
        ours = system["Oem"]["Lightsout"]
        endpoint = ours.get("IPMI")
        rows.append(
            (
                system["Id"],
                system["PowerState"] or "Unknown",
                system["Status"]["HealthRollup"],
                f"{endpoint['Host']}:{endpoint['Port']}" if endpoint else "",
                ours.get("InstalledImage"),
                ",".join(ours["Tags"]),
                "; ".join(filter(None, (jobs.now(client, system), ours.get("Reason")))),
            )
        )
    table(("node", "power", "health", "IPMI", "runs", "tags", "note"), rows)


@app.command()
def show(name: Name) -> None:
    """Everything the service knows of one node, as JSON."""
    document(Client().get(system_path(name)))


@app.command()
def add(
    name: NewName,
    driver: Annotated[str, typer.Option(help="qemu, hardware, ipmi, or another that is installed")] = "qemu",
    options: Options = None,
    tag: Tags = None,
) -> None:
    """Define a node; it starts off."""
    Client().post(SYSTEMS, _definition(name, driver, nested(pairs_of(options or [])), tag or []))
    print(f"{name} added")


@app.command()
def change(name: Name, options: Options = None, tag: Tags = None) -> None:
    """Change options or tags; what a node that is on cannot have at once, it has from its next power on.

    A node that could not be opened is tried again.
    """
    client, pairs = Client(), pairs_of(options or [])
    reaching = any("." in key for key, _ in pairs)
    there = client.get(system_path(name))["Oem"]["Lightsout"]["Options"] if reaching else {}
    wanted: dict[str, Any] = {"Options": nested(pairs, there)}
    if tag is not None:
        wanted["Tags"] = [each for each in tag if each]
    system = client.patch(system_path(name), {"Oem": {"Lightsout": wanted}})
    waiting = ", ".join(system["Oem"]["Lightsout"]["OptionsUntilPowerOn"] or ())
    print(f"{name} changed" + (f"; {waiting}: from its next power on" if waiting else ""))


app.command()(apply.apply)


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
    key = first_line(key_file)
    path = f"{manager_path(name)}/RemoteAccountService/Accounts"
    client = Client()
    there = [each for each in client.members(path) if each["UserName"] == user]
    if there:
        client.patch(there[0]["@odata.id"], {"Password": key, "RoleId": role.value, "Enabled": True})
    else:
        client.post(path, {"UserName": user, "Password": key, "RoleId": role.value})
    print(f"{user} may use the IPMI door of {name} as {role.value}")


@app.command()
def remove(name: Name, yes: Yes = False) -> None:
    """Remove a node and its disks for good; it must be off."""
    ask(f"Remove {name} and everything on its disks for good?", yes)
    told = Client().delete(system_path(name)).get("@Message.ExtendedInfo", [])
    print(f"{name} removed")
    for each in told:
        print(f"{each['Message']}. {each['Resolution']}")


def boot(
    name: Name,
    target: Annotated[
        BootTarget | None,
        typer.Argument(parser=one_of(BootTarget), metavar="TARGET", help=all_of(BootTarget), show_default=False),
    ] = None,
    continuous: Annotated[bool, typer.Option("--continuous", help="for every boot, not only the next")] = False,
    as_json: Json = False,
) -> None:
    """Show where the next boot goes, or say it."""
    client = Client()
    if target is None:
        system = client.get(system_path(name))
        told = system.get("Boot")
        if told is None:
            raise CliError(lacking(system, "boot control"))
    else:
        enabled = "Disabled" if target is BootTarget.NONE else "Continuous" if continuous else "Once"
        wanted = {"BootSourceOverrideTarget": target.value, "BootSourceOverrideEnabled": enabled}
        told = client.patch(system_path(name), {"Boot": wanted})["Boot"]
    if as_json:
        document(told)
        return
    print(f"{name} boots from {told['BootSourceOverrideTarget']} ({told['BootSourceOverrideEnabled']})")


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
    disk: Disk = None,
    user: Annotated[str | None, typer.Option(help="whose the keys and the password are, if not root's")] = None,
    address: Annotated[
        list[str] | None, typer.Option(help="an IPv4 or IPv6 address, as 192.0.2.10/24; DHCP if there is none")
    ] = None,
    gateway: Annotated[
        list[str] | None, typer.Option(help="the way to everywhere else, one for each IP version")
    ] = None,
    dns: Annotated[list[str] | None, typer.Option(help="the address of a name server")] = None,
    search: Annotated[list[str] | None, typer.Option(help="a domain in which names are looked up")] = None,
    vlan: Annotated[int | None, typer.Option(help="the number of a VLAN")] = None,
    mac: Annotated[str | None, typer.Option(help="the network card, where a node has several")] = None,
    user_data: Annotated[Path | None, typer.Option(help="a file for cloud-init: #cloud-config, or a script")] = None,
    way: Way = None,
    yes: Yes = False,
) -> None:
    """Erase a node's disk and install an image; shows the progress until the new system has proved itself.

    Ctrl-C only ends the showing; `bmc job cancel` ends the job.
    """
    keys = public_keys(ssh_key or [])
    password = read(password_file).rstrip("\n") if password_file else None
    network = {
        "MACAddress": mac,
        "VLANId": vlan,
        "Addresses": address,
        "Gateways": gateway,
        "NameServers": dns,
        "SearchDomains": search,
    }
    given: dict[str, Any] = {
        "Hostname": hostname,
        "SSHKeys": keys or None,
        "Password": password,
        "User": user,
        "Network": {key: value for key, value in network.items() if value} or None,
        "UserData": read(user_data) if user_data else None,
    }
    ask(f"Erase the disk of {name} and install {image}? There is no way back.", yes)
    client = Client()
    body: dict[str, Any] = {"Image": image, **in_body(way), **disk_rule(disk)}
    body |= {key: value for key, value in given.items() if value is not None}
    task, _ = client.post(f"{system_path(name)}/Actions/Oem/Lightsout.Reinstall", body)
    jobs.follow(client, task)


def disk_rule(words: list[str] | None) -> dict[str, Any]:
    """What says in the body of an action which disk is meant. :raise CliError: a word that says nothing."""
    rule: dict[str, Any] = {}
    for word in words or []:
        key, equals, value = word.partition("=")
        name = DISK_RULES.get(key)
        if not equals or name is None:
            raise CliError(f"--disk {word}: expected KEY=VALUE with one of {', '.join(DISK_RULES)}")
        rule[name] = int(value) if key.endswith("size") and value.isdecimal() else value
        if key == "rotational":
            if value not in TRUTH:
                raise CliError(f"--disk {word}: rotational: expected true or false")
            rule[name] = TRUTH[value]
    return {"Disk": rule} if rule else {}


def in_body(way: str | None) -> dict[str, str]:
    return {"Way": way} if way else {}


def public_keys(files: list[Path]) -> list[str]:
    """The keys in these files, one a line."""
    texts = {file: read(file) for file in files}
    for file, text in texts.items():
        if "PRIVATE KEY-----" in text:
            raise CliError(f"{file} holds a private key, which stays here; expected its .pub file")
    return [line for text in texts.values() for line in text.splitlines() if line.strip()]


def _definition(name: str, driver: str, options: dict[str, Any], tags: list[str]) -> Resource:
    return {"Name": name, "Oem": {"Lightsout": {"Driver": driver, "Options": options, "Tags": tags}}}
