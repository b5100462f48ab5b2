"""`bmc token …`: API tokens, by which programs act for an account."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from bmc.cli.accounts import Nodes, RoleOption, Tags, wanted_scope
from bmc.cli.client import Client, Resource
from bmc.cli.errors import CliError
from bmc.cli.output import Json, Yes, ask, document, table
from bmc.cli.words import duration

TOKENS = "/redfish/v1/AccountService/Oem/Lightsout/Tokens"

app = typer.Typer(no_args_is_help=True, help="API tokens: programs act by them for the account that makes them.")


@app.command("list")
def list_tokens(as_json: Json = False) -> None:
    """One's own; all of them for an Administrator of the fleet."""
    found = Client().members(TOKENS)
    if as_json:
        document(found)
        return
    rows = [
        (each["Id"], each["Name"], each["Account"], each["RoleId"], each["Expires"] or "-", each["LastUsed"] or "-")
        for each in found
    ]
    table(("token", "name", "account", "role", "expires", "last used"), rows)


@app.command()
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="what it is for")],
    role: RoleOption = None,
    node: Nodes = None,
    tag: Tags = None,
    lasts: Annotated[
        timedelta | None, typer.Option(parser=duration, metavar="DURATION", help="as 90d; else until it is revoked")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="write it there, 0600, and do not show it")] = None,
) -> None:
    """Make a token of the account that signs in here. It is shown this once."""
    if file is not None and file.exists():
        raise CliError(f"{file} exists; name another file, or remove it")
    body: dict[str, Any] = {"Name": name}
    if role is not None:
        body["RoleId"] = role.value
    if scope := wanted_scope(node, tag):
        body["Scope"] = scope
    if lasts is not None:
        body["Expires"] = (datetime.now(UTC) + lasts).isoformat(timespec="seconds")
    made, _ = Client().post(TOKENS, body)
    if file is None:
        print(made["Token"])
        return
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(made["Token"] + "\n")
    print(f"{made['Id']} made, and written to {file}")


@app.command()
def revoke(token: Annotated[str, typer.Argument(metavar="TOKEN", help="as `list` calls it")], yes: Yes = False) -> None:
    """End a token, and what it has opened."""
    client = Client()
    found = _named(client.members(TOKENS), token)
    ask(f"Revoke the token {found['Name']} of {found['Account']}?", yes)
    client.delete(found["@odata.id"])
    print(f"{found['Name']} revoked")


def _named(tokens: list[Resource], id: str) -> Resource:
    """:raise CliError:"""
    for each in tokens:
        if each["Id"] == id:
            return each
    raise CliError(f"there is no token {id}; see `bmc token list`")
