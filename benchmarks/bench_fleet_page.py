"""What the fleet's page costs a browser with 1,000 nodes: to open, to scroll, to follow a change; and its size."""

import asyncio
import re
import time
from collections import Counter
from pathlib import Path
from statistics import median

from playwright.async_api import Page

from benchmarks.harness import service
from bmc.cli.client import Client, system_path
from tests.e2e.service import ADMIN
from tests.web.visitor import chromium

ASSETS = Path(__file__).parents[1] / "web" / "dist" / "assets"
HASH = re.compile(r"-[\w-]{8}\.\w+\.br$")
SMALL = 3000
"""Bytes; what is smaller is told as one."""
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


def print_sizes(assets: Path) -> None:
    """What each part of the page is in bytes, as sent: JS and CSS together, by the name of its chunk."""
    parts: Counter[str] = Counter()
    for file in assets.glob("*.br"):
        parts[HASH.sub("", file.name)] += file.stat().st_size
    large = [(name, size) for name, size in parts.most_common() if size >= SMALL]
    print("The parts of the page as sent, each with its CSS; all but the fleet come on demand:")
    for name, size in large:
        print(f"  {name:<24} {size / 1000:5.0f} kB")
    small = parts.total() - sum(size for _, size in large)
    print(f"  {len(parts) - len(large)} smaller ones".ljust(27) + f"{small / 1000:5.0f} kB")


def main() -> None:
    print_sizes(ASSETS)
    with service() as found:
        client = Client(found.state)
        for number in range(NODES - 3):
            client.post("/redfish/v1/Systems", {"Name": f"b{number:04}"})
        print(f"The fleet's page with {NODES} nodes, in a browser on the same machine:")
        asyncio.run(measure(f"{found.url}/", PASSWORD, client, "b0000"))


if __name__ == "__main__":
    main()
