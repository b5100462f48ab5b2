"""No style of the page without use, and no class of ours for nothing."""

import re
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "web" / "src"


def read(*kinds: str) -> str:
    return "\n".join(path.read_text() for path in sorted(SOURCES.rglob("*")) if path.suffix in kinds)


STYLED = set(re.findall(r"\.(lo-[\w-]+)", read(".css")))
USED = set(re.findall(r"(?<![\w/-])lo-[a-z-]+(?![\w$-])", read(".ts", ".tsx")))
SOUGHT = set(re.findall(r"\.(lo-[\w-]+)", read(".tsx")))
"""By which the page finds something."""
BEGUN = tuple(set(re.findall(r"(?<![\w/-])(lo-[a-z-]+)\$\{", read(".tsx"))))
"""Of which the end is a value: `lo-tab-${tab}`."""


def test_every_class_that_has_a_style_is_used() -> None:
    assert [name for name in sorted(STYLED - USED) if not name.startswith(BEGUN)] == []


def test_every_class_of_ours_is_for_something() -> None:
    assert sorted(USED - STYLED - SOUGHT) == []
