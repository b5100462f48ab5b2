"""All pages and tabs of the page, in one place: what is looked at, walked through and photographed."""

import re
from dataclasses import dataclass

from playwright.async_api import expect

from tests.web.visitor import Visitor

NODE = "n3"
"""Whose page stands for that of any node."""


@dataclass(frozen=True, slots=True)
class Place:
    """One address of the page; `name` is that of its pictures."""

    name: str
    path: str


SIGN_IN = Place("sign-in", "/sign-in")
NOWHERE = Place("nowhere", "/no/such/page")
PLACES = (
    Place("fleet", "/"),
    Place("node", f"/nodes/{NODE}"),
    Place("node-screen", f"/nodes/{NODE}/screen"),
    Place("node-serial", f"/nodes/{NODE}/serial"),
    Place("node-timeline", f"/nodes/{NODE}/timeline"),
    Place("node-health", f"/nodes/{NODE}/health"),
    Place("node-jobs", f"/nodes/{NODE}/jobs"),
    Place("library", "/library"),
    Place("library-media", "/library/media"),
    Place("administration", "/administration"),
    *(
        Place(f"administration-{tab}", f"/administration/{tab}")
        for tab in ("keys", "sessions", "tokens", "ipmi", "tls", "hooks", "audit", "service")
    ),
)
"""Of one who is signed in. A page or tab that can be reached and is not listed fails `test_accessibility.py`."""

WINDOWS = tuple(Place(f"window-{view}", f"/window/{NODE}/{view}") for view in ("screen", "serial", "both"))
"""Consoles in windows of their own, to which no link leads."""

WAITING = ".lo-loading, .pf-v6-c-skeleton"
TABS = "main [role=tab]:not([aria-disabled=true]):not(:disabled)"

SHIFTS = """() => {
    window.shifts = 0;
    new PerformanceObserver(list => {
        for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifts += each.value;
    }).observe({type: "layout-shift", buffered: true});
}"""
SHIFTED = """async () => {
    for (let frames = 0; frames < 2; frames += 1) await new Promise(requestAnimationFrame);
    await new Promise(resolve => setTimeout(resolve));
    return window.shifts;
}"""
"""What shifts in a frame is told of after it."""
GOOD_SHIFT = 0.1
"""Of cumulative layout shift; more is felt."""


async def settled(visitor: Visitor) -> None:
    """The page shows what it has to show."""
    await expect(visitor.page.locator("h1").first).to_be_visible()
    await expect(visitor.page.locator(WAITING)).to_have_count(0)


async def shifted(visitor: Visitor) -> float:
    """The cumulative layout shift of the page until now, by `SHIFTS`."""
    return float(await visitor.page.evaluate(SHIFTED))


def listed_as(path: str) -> str:
    """The address that stands for `path`: any node's for that of `NODE`, without what filters a page."""
    return re.sub(r"^/nodes/[^/]+", f"/nodes/{NODE}", path.partition("?")[0].partition("#")[0])


async def reachable(visitor: Visitor) -> set[str]:
    """The addresses that links and tabs lead to, from the fleet on; of nodes, those of `NODE`."""
    found, ahead = {"/"}, ["/"]
    while ahead:
        await visitor.go(ahead.pop())
        await settled(visitor)
        for path in await _leads_to(visitor):
            if listed_as(path) not in found:
                found.add(listed_as(path))
                ahead.append(listed_as(path))
    return found


async def _leads_to(visitor: Visitor) -> set[str]:
    page = visitor.page
    links = "all => all.map(each => each.getAttribute('href')).filter(path => /^\\/(?!redfish)/.test(path))"
    paths = set(await page.eval_on_selector_all("a[href]:not([target])", links))
    tabs = page.locator(TABS)
    for number in range(await tabs.count()):
        await tabs.nth(number).click()
        paths.add(await page.evaluate("location.pathname"))
    return paths
