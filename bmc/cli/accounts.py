"""`bmc account …`: the accounts of the fleet. IPMI users of a node are others: `bmc node ipmi-user`."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from bmc.cli.client import Client, Resource
from bmc.cli.errors import CliError
from bmc.cli.files import password_of
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

app = typer.Typer(no_args_is_help=True, help="Accounts of the web console, Redfish and `bmc`.")


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


def _path(name: str) -> str:
    return f"{ACCOUNTS}/{quote(name, safe='')}"


def _wanted(nodes: list[str] | None, tags: list[str] | None) -> Resource:
    if not nodes and not tags:
        return {}
    return {"Oem": {"Lightsout": {"Scope": {"Nodes": nodes or [], "Tags": tags or []}}}}


def _scope(account: Resource) -> str:
    """Of a user at a node's own endpoint: that node."""
    if "Oem" not in account:
        return "this node"
    scope = account["Oem"]["Lightsout"]["Scope"]
    if scope["AllNodes"]:
        return "all"
    return ",".join([*scope["Nodes"], *(f"tag:{tag}" for tag in scope["Tags"])]) or "none"
