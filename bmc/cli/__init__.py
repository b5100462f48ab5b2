"""`bmc …`: a Redfish client, but for the local verbs serve, info, down, doctor, backup, image build, robot probe."""

import sys
from typing import Annotated

import typer

from bmc.cli import (
    accounts,
    assignments,
    backup,
    console,
    credentials,
    down,
    emergency,
    events,
    image,
    imports,
    jobs,
    media,
    nodes,
    power,
    ramdisk,
    records,
    remote,
    reservations,
    robot,
    screenshot,
    serial_log,
    tokens,
    why,
)
from bmc.cli.client import running
from bmc.cli.completion import Group
from bmc.cli.errors import CliError
from bmc.cli.output import Json, complain, document
from bmc.model.errors import BmcError
from bmc.places import state_directory

# Rich would take half of the time that help and completion take.
app = typer.Typer(cls=Group, no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)
app.callback()(remote.options)
for verb in (
    power.power,
    power.confirm,
    reservations.reserve,
    reservations.release,
    console.console,
    serial_log.log,
    screenshot.screenshot,
    nodes.boot,
    nodes.reinstall,
    ramdisk.rescue,
    ramdisk.ssh,
    ramdisk.erase,
    ramdisk.inspect,
    records.sensors,
    events.events,
    why.why,
):
    app.command()(verb)
for name, group in (
    ("node", nodes.app),
    ("media", media.app),
    ("sel", records.sel),
    ("job", jobs.app),
    ("assignment", assignments.app),
    ("account", accounts.app),
    ("token", tokens.app),
    ("credential", credentials.app),
    ("image", image.app),
    ("robot", robot.app),
    ("import", imports.app),
):
    app.add_typer(group, name=name)
app.command("emergency-stop")(emergency.emergency_stop)
app.command()(down.down)
app.command()(backup.backup)


@app.command()
def serve(
    demo: Annotated[bool, typer.Option("--demo", help="define three demo nodes on the first start")] = False,
) -> None:
    """Run the service in the foreground; Ctrl-C ends it and leaves the nodes running."""
    from bmc.cli.serve import run_service  # the doors are slow to import, and only this command needs them

    run_service(demo)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at this machine: what works, what does not, and the remedy. Exit code 1 when something failed."""
    from bmc.cli.doctor import show  # looks at every driver

    show(as_json)


@app.command()
def info(as_json: Json = False) -> None:
    """Where everything listens."""
    service = running(state_directory())
    if as_json:
        document({"url": service.url, "ssh": service.ssh, "nodes": service.nodes})
        return
    print(f"web console and Redfish: {service.url}")
    if ssh := service.ssh:
        print(f"serial consoles: ssh NODE@{ssh['host']} -p {ssh['port']}, host key {ssh['fingerprint']}")
    for node in service.nodes:
        endpoint, url = node["ipmi"], node.get("redfish")
        ipmi = f"IPMI {endpoint['host']}:{endpoint['port']}" if endpoint else "no IPMI"
        print(f"{node['name']}: {ipmi}" + (f", Redfish {url}" if url else ""))


def main() -> None:
    """The command `bmc`. Exits with 1 and the reason when something was refused."""
    try:
        app()
    except (CliError, BmcError) as error:
        for line in str(error).splitlines() or [type(error).__name__]:
            complain(line)
        sys.exit(1)
    except OSError as error:  # nowhere to print to: whoever reads a pipe and leaves is typer's own matter
        complain(error.strerror or str(error))
        sys.exit(1)
