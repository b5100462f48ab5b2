"""The page as axe sees it: by the rules of WCAG 2.0, 2.1 and 2.2, levels A and AA, in both themes, wide and narrow."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, expect

from tests.web.pages import settled
from tests.web.visitor import DESKTOP, PHONE, WIDE, Visitor

SOURCE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ALL = {"runOnly": {"type": "tag", "values": TAGS}, "rules": {"target-size": {"enabled": True}}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""What differs between the themes."""
Look = tuple[tuple[int, int], str, dict[str, Any]]
LOOKS: tuple[Look, ...] = (
    (DESKTOP, "light", ALL),
    (DESKTOP, "dark", COLOURS),
    (PHONE, "dark", COLOURS),
    (PHONE, "light", ALL),
    (WIDE, "light", ALL),
)
FEW: tuple[Look, ...] = ((DESKTOP, "light", ALL), (PHONE, "dark", ALL))
"""For menus and dialogs, of which there are many: each theme and each width once."""
ASKS = re.compile("…$")
"""What opens a dialog ends so, all over the page."""
RUN = """async (options) => (await axe.run({...options, resultTypes: ["violations"]})).violations.flatMap(
    ({id, nodes}) => nodes.map(({target, failureSummary}) => `${id}: ${target.join(" ")}: ${failureSummary}`)
)"""

STILL = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("* { transition: none !important; animation: none !important }");
    document.adoptedStyleSheets = [sheet];
}"""
"""What fades has not its colour yet."""
THEMED = "dark => document.documentElement.classList.contains('pf-v6-theme-dark') === dark"


async def violations(visitor: Visitor, looks: Sequence[Look] = LOOKS) -> list[str]:
    """What is wrong with all that is there now, each with what was open and the look it was seen in."""
    page = visitor.page
    found: list[str] = []
    opened = await page.locator("[role=dialog] h1, [role=menu]").all_inner_texts()
    where = page.url.removeprefix(visitor.service.url) + "".join(f" [{each[:40]!r}]" for each in opened)
    # The policy of the page lets nobody add a script; a debugger may all the same.
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(SOURCE.read_text())
    await page.evaluate(STILL)
    for (width, height), theme, options in looks:
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme=_theme(theme))
        await page.wait_for_function(THEMED, arg=theme == "dark")
        said: list[Any] = await page.evaluate(RUN, options)
        found += [f"{where}: {theme}, {width} px: {each}" for each in said]
    await page.set_viewport_size({"width": DESKTOP[0], "height": DESKTOP[1]})
    await page.emulate_media(color_scheme="light")
    return found


async def in_menu(visitor: Visitor, toggle: Locator) -> list[str]:
    """What is wrong in a menu, and in each dialog that it leads to."""
    page = visitor.page
    await toggle.click()
    await expect(toggle).to_have_attribute("aria-expanded", "true")
    wrong = await violations(visitor, FEW)
    asking = page.get_by_role("menuitem", name=ASKS).and_(page.locator(":enabled:not([aria-disabled=true])"))
    names = [(await each.inner_text()).partition("\n")[0] for each in await asking.all()]
    await page.keyboard.press("Escape")
    await expect(toggle).to_be_focused()
    for name in names:
        await toggle.click()
        wrong += await in_dialog(visitor, page.get_by_role("menuitem", name=name), toggle)
    return wrong


async def in_dialog(visitor: Visitor, opener: Locator, back: Locator) -> list[str]:
    """What is wrong in a dialog; the keyboard is where it was once the dialog has gone."""
    await opener.click()
    dialog = visitor.page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    await settled(visitor)
    wrong = await violations(visitor, FEW)
    await visitor.page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    await expect(back).to_be_focused()
    return wrong


def _theme(name: str) -> Any:
    return name
