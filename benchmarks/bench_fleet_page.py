"""What the fleet's page costs a browser with 1,000 nodes: to open, to scroll, to follow a change; and its size."""

import asyncio
import time
from statistics import median

from playwright.async_api import Page

from benchmarks.harness import service
from bmc.cli.client import Client, system_path
from tests.e2e.service import ADMIN
from tests.web.visitor import chromium

NODES, STEPS, CHANGES = 1000, 60, 20
PASSWORD = "benchmark-password"
SENT = (
    "performance.getEntriesByType('resource').filter(({name}) => /[.](js|css)$/.test(name))"
    ".reduce((sum, {encodedBodySize}) => sum + encodedBodySize, 0)"
)
SCROLL = """async (steps) => {
    let box = document.querySelector('.lo-fleet');
    while (!/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement;
    const frames = [];
    for (let step = 0, last = performance.now(); step < steps; step++) {
        box.scrollTop += 600;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        frames.push(now - last);
        last = now;
    }
    box.scrollTop = 0;
    return frames;
}"""


async def measure(url: str, password: str, client: Client, node: str) -> None:
    async with chromium() as browser:
        page: Page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await page.goto(url)
        await page.fill("#user", ADMIN)
        await page.fill("#password", password)
        await page.click("form button[type=submit]")
        row = page.get_by_test_id(f"node-{node}")
        await row.wait_for()
        began = time.perf_counter()
        await page.goto(url)
        await row.wait_for()
        print(f"fleet opened: {time.perf_counter() - began:.2f} s")
        print(f"JS and CSS as sent: {await page.evaluate(SENT) / 1000:.0f} kB (aim: below 300)")
        frames = sorted(await page.evaluate(SCROLL, STEPS))
        print(f"a frame while scrolling: {median(frames):.0f} ms, the slowest of {STEPS} {frames[-1]:.0f} ms")
        times = []
        for number in range(CHANGES):
            lit = number % 2 == 0
            began = time.perf_counter()
            await asyncio.to_thread(client.patch, system_path(node), {"LocationIndicatorActive": lit})
            await row.locator(".lo-identify").wait_for(state="attached" if lit else "detached")
            times.append(1000 * (time.perf_counter() - began))
        print(
            f"from a change by Redfish to its row: {median(times):.0f} ms (100 ms of it are the wait for more events)"
        )


def main() -> None:
    with service() as found:
        client = Client(found.state)
        for number in range(NODES - 3):
            client.post("/redfish/v1/Systems", {"Name": f"b{number:04}"})
        print(f"The fleet's page with {NODES} nodes, in a browser on the same machine:")
        asyncio.run(measure(f"{found.url}/", PASSWORD, client, "b0000"))


if __name__ == "__main__":
    main()
