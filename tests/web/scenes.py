"""What no address leads to, for pictures: consoles of a guest that runs, dialogs, a job under way, a run over many."""

import asyncio
from collections.abc import Awaitable, Callable

from playwright.async_api import expect

from tests.e2e.service import SYSTEMS, LiveService, boot, serial_console
from tests.web.conftest import job_of, put_down
from tests.web.first_console import log_in
from tests.web.pages import settled
from tests.web.visitor import Visitor

GUEST, BESIDE, NODE = "n1", "n2", "n3"
SHOWN = "clear; cat /etc/os-release; uname -sr; uptime; free -m; df -h /\n"
ORDER = {"Image": "lightsout-server", "Hostname": NODE, "SSHKeys": []}
RESET = "/redfish/v1/AggregationService/Actions/AggregationService.Reset"
RUNNING = "/redfish/v1/TaskService/Tasks?$filter=SubTasks%20ne%20null%20and%20EndTime%20eq%20null"

Scene = Callable[[Visitor, LiveService], Awaitable[None]]
"""Brings a person who is signed in to what is to be seen, from wherever they are."""


async def log_in_at_the_screen(visitor: Visitor, service: LiveService) -> None:
    """The guest runs, and its screen has something to read."""
    await boot(service, GUEST)
    await screen(visitor, service)
    async with serial_console(service, GUEST) as shell:
        await log_in(visitor.paste, shell, service.root_password)
        await shell.run(SHOWN.strip())
    await visitor.paste(SHOWN)
    await visitor.at("screen").click()


def start_job(service: LiveService) -> None:
    """A reinstall is under way, unless one is already."""
    if job_of(service, NODE) is None:
        service.do("POST", f"{SYSTEMS}/{NODE}/Actions/Oem/Lightsout.Reinstall", ORDER)


def start_run(service: LiveService) -> None:
    """The power of two nodes is cut, an hour apart, unless that is under way already."""
    if service.get(RUNNING)["Members"]:
        return
    targets = [f"{SYSTEMS}/{node}" for node in (BESIDE, NODE)]
    body = {"ResetType": "ForceOff", "TargetURIs": targets, "BatchSize": 1, "DelayBetweenBatchesInSeconds": 3600}
    service.do("POST", RESET, body)


async def screen(visitor: Visitor, service: LiveService) -> None:
    await visitor.go(f"/nodes/{GUEST}/screen")
    await visitor.console_open()


async def serial(visitor: Visitor, service: LiveService) -> None:
    await visitor.go(f"/nodes/{GUEST}/serial")
    await visitor.console_open()


async def both(visitor: Visitor, service: LiveService) -> None:
    await visitor.go(f"/window/{GUEST}/both")
    for console in (0, 1):
        await expect(visitor.at("console-state").nth(console)).to_have_attribute("data-phase", "open")


async def health(visitor: Visitor, service: LiveService) -> None:
    await visitor.go(f"/nodes/{GUEST}/health")
    await expect(visitor.page.locator(".lo-plot-line").first).to_be_attached(timeout=90_000)
    await settled(visitor)


async def power(visitor: Visitor, service: LiveService) -> None:
    await visitor.go(f"/nodes/{GUEST}")
    await visitor.shows_power("On")
    await visitor.choose_power(GUEST, "ForceOff")
    await visitor.at("confirm-power").wait_for()


async def paste(visitor: Visitor, service: LiveService) -> None:
    await screen(visitor, service)
    await visitor.button("Paste text").click()
    await visitor.page.fill("#paste-text", SHOWN)


async def log(visitor: Visitor, service: LiveService) -> None:
    await serial(visitor, service)
    await visitor.button("Log").click()
    await expect(visitor.at("log-count")).to_contain_text("lines")


async def grid(visitor: Visitor, service: LiveService) -> None:
    await visitor.go("/?show=grid")
    await settled(visitor)


async def bulk(visitor: Visitor, service: LiveService) -> None:
    await visitor.go()
    for node in (BESIDE, NODE):
        await visitor.page.get_by_label(f"Select {node}", exact=True).check()
    await visitor.at("bulk").click()
    await visitor.at("bulk-reinstall").click()
    await visitor.at("confirm-bulk").wait_for()


async def run(visitor: Visitor, service: LiveService) -> None:
    await asyncio.to_thread(start_run, service)
    await visitor.go()
    await visitor.button("Show each node").click()
    await visitor.at(f"run-{NODE}").wait_for()


async def job(visitor: Visitor, service: LiveService) -> None:
    await asyncio.to_thread(start_job, service)
    await visitor.go(f"/nodes/{NODE}/jobs")
    await expect(visitor.at("job")).to_have_attribute("data-state", "Running")
    await settled(visitor)


def wizard(step: str) -> Scene:
    """The reinstall's wizard at a step of it."""

    async def show(visitor: Visitor, service: LiveService) -> None:
        page = visitor.page
        await visitor.go(f"/nodes/{NODE}")
        await visitor.button("Reinstall…").click()
        await page.get_by_label("Lightsout Server").check(force=True)
        steps = page.get_by_role("button", name="Steps of the reinstall")
        if await steps.is_visible():
            await steps.click()
        await page.get_by_role("dialog").get_by_role("button", name=step, exact=True).click()
        await settled(visitor)

    return show


SCENES: dict[str, Scene] = {
    "live-screen": screen,
    "live-serial": serial,
    "live-both": both,
    "live-health": health,
    "dialog-power": power,
    "dialog-paste": paste,
    "dialog-log": log,
    "dialog-bulk": bulk,
    **{f"wizard-{step.lower()}": wizard(step) for step in ("Disk", "System", "Review")},
    "bulk-grid": grid,
    "job": job,
    "bulk-run": run,
}
"""By the names of their pictures; in English, as they go by what stands on the page."""


async def prepare(visitor: Visitor, service: LiveService) -> None:
    """For all scenes: the guest runs, and the others are off."""
    for node in (BESIDE, NODE):
        await asyncio.to_thread(put_down, service, node)
    await log_in_at_the_screen(visitor, service)
