"""`bmc rescue`, `bmc ssh`, `bmc erase`: what the ramdisk does beside installing. Through Redfish and a WebSocket."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from bmc.cli import jobs
from bmc.cli.client import Client, Resource, system_path
from bmc.cli.errors import CliError
from bmc.cli.nodes import Disk, Name, Way, disk_rule, in_body, public_keys
from bmc.cli.output import Yes, ask
from bmc.secret_files import write_secret

MINUTES = 60


def rescue(
    name: Name,
    ssh_key: Annotated[list[Path] | None, typer.Option(help="a file with public keys that may log in as root")] = None,
    minutes: Annotated[int, typer.Option(help="how long it lasts at most")] = MINUTES,
    end: Annotated[bool, typer.Option("--end", help="end the rescue: file systems unmounted, node off")] = False,
    way: Way = None,
    yes: Yes = False,
) -> None:
    """Boot a node into a system to work in, with its disks untouched; `bmc ssh` leads into it."""
    if end:
        client = Client()
        task, _ = client.post(_action(name, "EndRescue"), {})
        return jobs.follow(client, task)
    if not ssh_key:
        raise CliError("--ssh-key: name a file with the public keys that may log in")
    body = {"SSHKeys": public_keys(ssh_key), "TimeoutMinutes": minutes, **in_body(way)}
    ask(f"Power {name} off and boot it into rescue?", yes)
    client = Client()
    task, _ = client.post(_action(name, "Rescue"), body)
    task = jobs.show_until(client, task, lambda task: bool(_access(task)) or task["TaskState"] in jobs.ENDED)
    if not (access := _access(task)):
        return jobs.follow(client, task)
    print(f"{name} is in rescue until {access['Until']}; its SSH server's key is {access['HostKeyFingerprint']}")
    print(f"`bmc ssh {name}` logs in, `bmc console {name}` has a shell too, `bmc rescue {name} --end` ends it")


def ssh(
    name: Name,
    command: Annotated[list[str] | None, typer.Argument(metavar="[COMMAND]...", help="run this and leave")] = None,
    identity: Annotated[Path | None, typer.Option("--identity", "-i", help="your private key")] = None,
    pipe: Annotated[bool, typer.Option("--pipe", hidden=True)] = False,
) -> None:
    """Log in by SSH to a node that is in rescue; its host key is checked against the one that the job tells.

    Only the account that started the rescue is let in.
    """
    client = Client()
    if pipe:
        import asyncio

        return asyncio.run(_carry(client, name))
    from tempfile import TemporaryDirectory

    access = _under_way(client, name)
    with TemporaryDirectory(prefix="bmc-ssh-") as folder:
        known = Path(folder) / "known_hosts"
        known.write_text(f"{name} {access['HostKey']}\n")
        token = write_secret(Path(folder) / "token", client.token)
        # The second `bmc` could not ask for a password: its input is ssh's.
        environment = {**os.environ, "BMC_TOKEN_FILE": str(token)}
        proxy = shlex.join([sys.executable, "-m", "bmc.cli", "ssh", "--pipe", name]).replace("%", "%%")
        options = [f"ProxyCommand={proxy}", f"HostKeyAlias={name}", "StrictHostKeyChecking=yes"]
        options += [f"UserKnownHostsFile={known}", "GlobalKnownHostsFile=/dev/null"]
        chosen = ["-i", str(identity)] if identity else []
        words = [word for option in options for word in ("-o", option)]
        try:
            done = subprocess.run(["ssh", *words, *chosen, f"root@{name}", *(command or [])], env=environment)
        except FileNotFoundError:
            raise CliError("the program ssh is missing; install the package openssh-client") from None
    raise typer.Exit(done.returncode)


def erase(
    name: Name,
    method: Annotated[str, typer.Argument(help="Metadata, Full or Discard")],
    disk: Disk = None,
    way: Way = None,
    yes: Yes = False,
) -> None:
    """Erase a node's disk and read back from it; shows the progress and, in the end, what was done.

    Metadata clears what makes partitions and file systems known and leaves the files; Full writes zeros all over;
    Discard has the disk forget everything. A node with several disks needs to be told which.
    """
    body: dict[str, Any] = {"Method": method, **disk_rule(disk), **in_body(way)}
    ask(f"Erase the disk of {name} by {method}? There is no way back.", yes)
    client = Client()
    task, _ = client.post(_action(name, "Erase"), body)
    jobs.follow(client, task)


def inspect(name: Name, way: Way = None, yes: Yes = False) -> None:
    """Have a node's ramdisk tell what the node consists of, with its disks untouched; `bmc node show` shows it."""
    ask(f"Power {name} off and boot it to be inspected?", yes)
    client = Client()
    task, _ = client.post(_action(name, "Inspect"), in_body(way))
    jobs.follow(client, task)


def _action(name: str, action: str) -> str:
    return f"{system_path(name)}/Actions/Oem/Lightsout.{action}"


def _access(task: Resource) -> Resource | None:
    found: Resource | None = task["Oem"]["Lightsout"]["Rescue"]
    return found


def _under_way(client: Client, name: str) -> Resource:
    task = client.get(system_path(name))["Oem"]["Lightsout"]["Task"]
    access = _access(client.get(task["@odata.id"])) if task else None
    if access is None:
        raise CliError(f"{name} is not in rescue; `bmc rescue {name} --ssh-key FILE` boots it into one")
    return access


async def _carry(client: Client, name: str) -> None:
    """Standard input and output are the SSH client's."""
    import asyncio

    import aiohttp

    from bmc.cli.serial import connected

    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async with connected(client, name, "ssh") as socket:

        async def up() -> None:
            while data := await reader.read(65536):
                await socket.send_bytes(data)

        async def down() -> str:
            while (message := await socket.receive()).type is aiohttp.WSMsgType.BINARY:
                data = message.data
                while data:
                    data = data[os.write(sys.stdout.fileno(), data) :]
            return str(message.extra or "") if message.type is aiohttp.WSMsgType.CLOSE else ""

        ways: set[asyncio.Task[Any]] = {asyncio.create_task(up()), asyncio.create_task(down())}
        done, left = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for task in left:
            task.cancel()
        why = next((result for task in done if (result := task.result())), "")
    if why:
        raise CliError(f"{name}: {why}")
