"""`bmc robot …`: what answers at an address, from this machine; and whether a node's hands and eyes work."""

import re
import socket
from typing import Annotated

import typer

from bmc.cli import trial
from bmc.cli.errors import CliError
from bmc.cli.output import Json, complain, document, printable

app = typer.Typer(no_args_is_help=True, help="Take real hardware aboard: find out what answers, try whether it works.")


app.command("test")(trial.trial)


@app.command()
def probe(
    address: Annotated[str, typer.Argument(help="a name or an IP address; nothing else is asked")],
    name: Annotated[str | None, typer.Option(help="what the node is to be called")] = None,
    credential: Annotated[str, typer.Option(help="the name of a credential, for the proposal; nobody signs in")] = "",
    port: Annotated[
        list[str] | None, typer.Option(metavar="KIND=PORT", help="where another port is used, as serial=7011")
    ] = None,
    snmp_public: Annotated[
        bool, typer.Option("--snmp-public", help="also ask by SNMP v2c with the community `public`")
    ] = False,
    as_json: Json = False,
) -> None:
    """List what answers at an address, and propose a node for `bmc node apply`. Asks from this machine, for 3 seconds.

    The output is TOML. Nothing is changed and nobody signs in; but a serial port that takes one client only may throw
    out who uses it.
    """
    import asyncio

    from bmc.cli.probers import PROBERS, ports, probe
    from bmc.cli.proposal import hints, proposal

    known = ", ".join(PROBERS)
    given = dict(_port(each, [*PROBERS][1:]) for each in port or ())
    resolved = _resolved(address)
    kinds = ports(given, snmp_public)
    found = asyncio.run(probe(resolved, kinds))
    called = name or re.sub(r"[^a-z0-9]+", "-", address.casefold()).strip("-")
    if called[:1].isdigit() and name is None:
        called = f"node-{called}"
    text = proposal(address, called, found, kinds, credential) if found else ""
    told = {kind: _words(PROBERS[kind][0], kinds[kind], each.says) for kind, each in found.items()}
    if as_json:
        answers = [{"kind": kind, "port": kinds[kind] or None, "says": each.says} for kind, each in found.items()]
        document({"address": address, "found": answers, "proposal": text or None})
    else:
        for kind in kinds:
            if kind in told:
                print(printable(f"# {kind}: {told[kind]}"))
        for hint in hints(address, found):
            print(printable(f"# {hint}"))
        if text:
            print(f"\n{text}", end="")
    if not found:
        complain(f"nothing answers at {address}: {known} were tried")
        raise typer.Exit(1)


def _words(how: str, port: int, says: str) -> str:
    return f"{how} {port}: {says}" if port else says


def _port(word: str, kinds: list[str]) -> tuple[str, int]:
    kind, _, number = word.partition("=")
    if kind not in kinds or not number.isdecimal() or not 0 < int(number) < 65536:
        raise CliError(f"--port {word}: expected KIND=PORT with one of {', '.join(kinds)}")
    return kind, int(number)


def _resolved(address: str) -> str:
    try:
        return str(socket.getaddrinfo(address, None, type=socket.SOCK_STREAM)[0][4][0])
    except (OSError, UnicodeError) as error:
        raise CliError(f"{address}: {error.strerror if isinstance(error, OSError) else 'no such name'}") from None
