"""`bmc serve`: the service in the foreground, and what a person at a terminal is told."""

import asyncio
import logging
import resource
import signal
import sys
import threading

from bmc.cli.logs import set_up
from bmc.config import load
from bmc.drivers import Drivers
from bmc.first_start import FirstPassword
from bmc.model.checks import Verdict
from bmc.places import config_file, state_directory
from bmc.service import Running, open_service

log = logging.getLogger("bmc")

FILES = 65536
"""How many files we may have open, if we are let: the usual 1024 are soon taken by viewers and nodes."""


def run_service(demo: bool) -> None:
    """Runs until SIGINT or SIGTERM, or until something that must not end has ended.

    :raise BmcError: it cannot start; nothing was changed.
    """
    set_up(load(config_file(state_directory())).log)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, FILES), most))
    asyncio.run(_run(demo))


async def _run(demo: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with open_service(state_directory(), demo) as service:
        _greet(service)
        threading.Thread(target=_examine, args=(service.core.drivers,), daemon=True).start()
        ended = asyncio.create_task(service.failure())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if ended.done():
            ended.result()
        ended.cancel()
        print("\nstopping; the nodes run on, and the next start finds them again (`bmc down` ends them)", flush=True)


def _examine(drivers: Drivers) -> None:
    """In a thread that holds up neither the service nor its end: what takes seconds must not wait for a power-on."""
    for check in drivers.checks():
        if check.verdict is not Verdict.OK:
            log.warning("%s: %s%s", check.name, check.finding, f"; {check.remedy}" * bool(check.remedy))


def _greet(service: Running) -> None:
    lines = ["", "Lightsout is up.", f"  web console  {service.url}/"]
    for first in service.first_passwords:
        lines.append(f"  {first.what:<12} {_secret(first)}")
    if service.example:
        lines.append(f"  IPMI         {service.example}")
    if service.ssh:
        lines.append(f"  console      {service.ssh}   (asks for the account)")
    lines.append("  Ctrl-C ends the service and leaves the nodes running.")
    print("\n".join([*lines, ""]), flush=True)


def _secret(first: FirstPassword) -> str:
    """Shown on a terminal alone, and kept no longer once it was."""
    if not sys.stdout.isatty():
        return f"{first.name}  password in {first.file}"
    first.file.unlink(missing_ok=True)
    return f"{first.name}  password {first.password}  (shown only now)"
