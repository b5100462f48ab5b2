"""Which words of a page are in Latin letters, though it is to be in Chinese."""

import re

from playwright.async_api import Page

COLLECT = """() => {
  const theirs = "code, pre, .xterm, .lo-reason, .lo-plan li, .lo-choices, [lang=en]";
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

TERMS = """
Lightsout Redfish IPMI UDP BMC SSH UUID QEMU PC ICH TCG KVM Legacy UEFI CPU GiB MiB PXE CD DVD ISO NMI SEL FRU Break
CSV JSON TXT kB Discard Ctrl Alt Del root shell http https ssh ipmitool KEYFILE
"""
"""What Chinese engineers call the same."""
NAMES = """
Standard auto qemu qmp kernel process disk nic hd cd iso bmc image build demo admin lightsout mini server ed AAAA
you example
"""
"""What drivers, images, commands and the demo fleet are called."""
KNOWN = frozenset((TERMS + NAMES).split())


async def latin_words(page: Page, *names: str) -> list[str]:
    """Every text with a word in it that is neither one of KNOWN nor of `names`, which the test has given."""
    found: list[str] = await page.evaluate(COLLECT)
    return [text for text in found if set(re.findall(r"[A-Za-z]{2,}", text)) - KNOWN - set(names)]
