"""`bmc account …`: the accounts of the fleet. IPMI users of a node are others: `bmc node ipmi-user`."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from bmc.cli.client import Client, Resource
from bmc.cli.errors import CliError
from bmc.cli.files import password_of
from bmc.cli.nodes import public_keys
from bmc.cli.output import Json, Yes, ask, document, table
from bmc.cli.words import all_of, one_of
from bmc.model.caller import Role

ACCOUNTS = "/redfish/v1/AccountService/Accounts"

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="its name")]
PasswordFile = Annotated[Path | None, typer.Option(help="its first line is the new password; else it is asked for")]
Nodes = Annotated[list[str] | None, typer.Option("--node", help="only this node, and others that are named")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="only nodes with this tag, and others that are named")]
RoleOption = Annotated[
    Role | None, typer.Option(parser=one_of(Role), metavar="ROLE", help=all_of(Role), show_default=False)
]

app = typer.Typer(no_args_is_help=True, help="Accounts of the web console, Redfish, SSH and `bmc`.")
keys = typer.Typer(no_args_is_help=True, help="Keys that sign in at the SSH door.")
app.add_typer(keys, name="key")


@app.command("list")
def list_accounts(as_json: Json = False) -> None:
    """Who has an account: all of them for an Administrator, one's own for others."""
    found = Client().members(ACCOUNTS)
    if as_json:
        document(found)
        return
    rows = [(each["UserName"], each["RoleId"], "yes" if each["Enabled"] else "no", _scope(each)) for each in found]
    table(("account", "role", "enabled", "nodes"), rows)


@app.command()
def add(
    name: Account,
    role: Annotated[Role, typer.Option(parser=one_of(Role), metavar="ROLE", help=all_of(Role))],
    password_file: PasswordFile = None,
    node: Nodes = None,
    tag: Tags = None,
) -> None:
    """Make an account. Without --node and --tag it has every node."""
    body = {"UserName": name, "Password": password_of(f"Password for {name}", password_file), "RoleId": role.value}
    Client().post(ACCOUNTS, body | _wanted(node, tag))
    print(f"{name} added as {role.value}")


@app.command()
def change(
    name: Account,
    role: RoleOption = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="whether it may sign in")] = None,
    node: Nodes = None,
    tag: Tags = None,
    all_nodes: Annotated[bool, typer.Option("--all-nodes", help="every node")] = False,
) -> None:
    """Change what an account may do. --node and --tag replace what it had."""
    body: dict[str, Any] = _wanted(node, tag)
    if all_nodes:
        if body:
            raise CliError("--all-nodes goes with neither --node nor --tag")
        body = {"Oem": {"Lightsout": {"Scope": {"AllNodes": True}}}}
    if role is not None:
        body["RoleId"] = role.value
    if enabled is not None:
        body["Enabled"] = enabled
    if not body:
        raise CliError("what is to be changed? See `bmc account change --help`")
    Client().patch(_path(name), body)
    print(f"{name} changed")


@app.command()
def passwd(name: Account, password_file: PasswordFile = None) -> None:
    """Give an account a new password; it ends the account's sessions."""
    Client().patch(_path(name), {"Password": password_of(f"New password for {name}", password_file)})
    print(f"{name} has a new password")


@app.command()
def remove(name: Account, yes: Yes = False) -> None:
    """Remove an account and end its sessions."""
    ask(f"Remove the account {name}?", yes)
    Client().delete(_path(name))
    print(f"{name} removed")


@keys.command("list")
def list_keys(name: Account, as_json: Json = False) -> None:
    """The keys that sign in as an account at the SSH door."""
    found = Client().members(f"{_path(name)}/Keys")
    if as_json:
        document(found)
        return
    rows = [(each["Id"], *_told(each)) for each in found]
    table(("key", "type", "fingerprint", "comment"), rows)


@keys.command("add")
def add_key(
    name: Account,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="a .pub file; never the private key")],
    description: Annotated[str, typer.Option(help="what to call it")] = "",
) -> None:
    """Let the holder of a key sign in as an account at the SSH door, without a password."""
    client = Client()
    for line in public_keys([file]):
        body = {"KeyType": "SSH", "KeyString": line, "UserDescription": description}
        key, _ = client.post(f"{_path(name)}/Keys", body)
        print(f"{name}: {key['SSH']['Fingerprint']} added as {key['Id']}")


@keys.command("remove")
def remove_key(
    name: Account, key: Annotated[str, typer.Argument(metavar="KEY", help="as `list` calls it")], yes: Yes = False
) -> None:
    """Take a key from an account; its SSH sessions end."""
    ask(f"Remove the key {key} of {name}?", yes)
    Client().delete(f"{_path(name)}/Keys/{quote(key, safe='')}")
    print(f"{name}: {key} removed")


def _told(key: Resource) -> tuple[str, str, str]:
    kind = key["KeyString"].partition(" ")[0]
    return kind, key["SSH"]["Fingerprint"], key["UserDescription"] or key["SSH"]["Comment"]


def _path(name: str) -> str:
    return f"{ACCOUNTS}/{quote(name, safe='')}"


def _wanted(nodes: list[str] | None, tags: list[str] | None) -> Resource:
    scope = wanted_scope(nodes, tags)
    return {"Oem": {"Lightsout": {"Scope": scope}}} if scope else {}


def wanted_scope(nodes: list[str] | None, tags: list[str] | None) -> Resource:
    """Empty where nothing was said."""
    return {"Nodes": nodes or [], "Tags": tags or []} if nodes or tags else {}


def _scope(account: Resource) -> str:
    """Of a user at a node's own endpoint: that node."""
    if "Oem" not in account:
        return "this node"
    scope = account["Oem"]["Lightsout"]["Scope"]
    if scope["AllNodes"]:
        return "all"
    return ",".join([*scope["Nodes"], *(f"tag:{tag}" for tag in scope["Tags"])]) or "none"
