"""`bmc credential …`: what the service signs in with at machines. Passwords go in, and never come out again."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bmc.cli.client import Client
from bmc.cli.errors import CliError
from bmc.cli.files import password_of
from bmc.cli.output import Json, Yes, ask, document, table

MANAGER = "/redfish/v1/Managers/Lightsout"

Name = Annotated[str, typer.Argument(metavar="NAME", help="what the options of nodes call it")]
PasswordFile = Annotated[
    Path | None, typer.Option(help="its first line is the password; else it is asked for, or read from standard input")
]

app = typer.Typer(no_args_is_help=True, help="What the service signs in with at BMCs, PDUs and brokers.")


@app.command("list")
def list_credentials(as_json: Json = False) -> None:
    """Their names and users, and the nodes that use them."""
    found = Client().get(MANAGER)["Oem"]["Lightsout"]["Credentials"]
    if found is None:
        raise CliError("credentials are for Administrators of the whole fleet")
    if as_json:
        document(found)
        return
    rows = [
        (each["Name"], each["UserName"], "configuration file" if each["Configured"] else "", ",".join(each["UsedBy"]))
        for each in found
    ]
    table(("credential", "user", "kept in", "nodes"), rows)


@app.command("set")
def set_credential(
    name: Name,
    user: Annotated[str, typer.Option(help="the user")],
    password_file: PasswordFile = None,
) -> None:
    """Keep a credential, or replace it: whatever signs in with it from now on has the new one."""
    body = {"Name": name, "UserName": user, "Password": _password(name, password_file)}
    Client().post(f"{MANAGER}/Actions/Oem/Lightsout.SetCredential", body)
    print(f"{name} set")


@app.command()
def delete(name: Name, yes: Yes = False) -> None:
    """Forget a credential that no node names."""
    ask(f"Forget the credential {name}?", yes)
    Client().post(f"{MANAGER}/Actions/Oem/Lightsout.DeleteCredential", {"Name": name})
    print(f"{name} deleted")


def _password(name: str, file: Path | None) -> str:
    if file is not None or sys.stdin.isatty():
        return password_of(f"Password for {name}", file)
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise CliError("expected the password on standard input, or --password-file")
    return password
