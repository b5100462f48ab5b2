"""`bmc …`: a Redfish client, but for the local verbs serve, info, down, doctor and image."""

import json
import sys
from typing import Annotated

import typer
from rich.console import Console

from bmc.cli import backup, doctor, down, image, jobs, nodes
from bmc.cli.client import CliError, running
from bmc.config import state_directory
from bmc.model.errors import BmcError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Lightsout: a BMC for every server.",
    add_completion=False,
)
app.add_typer(nodes.app, name="node")
app.add_typer(jobs.app, name="job")
app.add_typer(image.app, name="image")
for command in (nodes.power, nodes.boot, nodes.insert, nodes.eject, nodes.reinstall):
    app.command()(command)
for verb in (doctor.doctor, down.down, backup.backup):
    app.command()(verb)


@app.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="define three demo nodes on the first start")] = False,
) -> None:
    """Run the service in the foreground; Ctrl-C ends it and leaves the nodes running."""
    from bmc.cli.serve import run_service  # the doors are slow to import, and only this command needs them

    run_service(demo)


@app.command()
def info(as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """Where everything listens."""
    service = running(state_directory())
    if as_json:
        print(json.dumps({"url": service.url, "nodes": service.nodes}))
        return
    print(f"web console and Redfish: {service.url}")
    for node in service.nodes:
        endpoint = node["ipmi"]
        print(f"{node['name']}: " + (f"IPMI {endpoint['host']}:{endpoint['port']}" if endpoint else "no IPMI"))


def main() -> None:
    """The command `bmc`. Exits with 1 and the reason when something was refused."""
    try:
        app()
    except (CliError, BmcError) as error:
        # A path that is broken over two lines could not be copied.
        Console(stderr=True).print(f"bmc: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
