"""Which words of a page are in Latin letters, though it is to be in Chinese."""

import re

from playwright.async_api import Page

COLLECT = """() => {
  const theirs = "code, pre, .xterm, .lo-reason, .lo-plan li, .lo-events, .lo-choices, [lang=en]";
  const told = [document.title];
  for (const element of document.body.querySelectorAll("*")) {
    if (!element.checkVisibility() || element.closest(theirs)) continue;
    for (const name of ["aria-label", "aria-valuetext", "placeholder", "title", "alt"])
      told.push(element.getAttribute(name) ?? "");
    for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) told.push(node.data);
  }
  return told.filter((text) => /[A-Za-z]{2}/.test(text));
}"""
"""What is in sight or told to a screen reader, without code, and what drivers, images and the past say."""

NAMES = frozenset(
    """
    Lightsout Redfish IPMI UDP KEYFILE BMC SSH ssh UUID QEMU Standard PC ICH TCG KVM Legacy UEFI auto CPU GiB MiB PXE CD DVD ISO iso http https NMI SEL
    FRU Break qemu qmp kernel process ipmitool lightsout mini server Ctrl Alt Del root shell hd cd bmc image build demo admin olga Discard ed AAAA you example
    """.split()
)
"""What Chinese engineers call the same."""


async def latin_words(page: Page, *names: str) -> list[str]:
    """Every text with a word in it that is neither one of NAMES nor of `names`, which the test has given."""
    found: list[str] = await page.evaluate(COLLECT)
    return [text for text in found if set(re.findall(r"[A-Za-z]{2,}", text)) - NAMES - set(names)]
