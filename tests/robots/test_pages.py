"""Every adapter has its page, which names every option; what a page shows as a node is one."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from bmc.config import Settings
from bmc.drivers import configured
from bmc.model.node import NodeDefinition
from bmc.ports import Configured, Site
from robots.hardware import Adapters, driver
from robots.testing import make_site

PAGES = Path(__file__).parents[2] / "docs" / "robots"
WRITING = "writing.md"  # its adapter is installed by test_writing.py alone
OWN_KEYS = ("name", "driver", "tags")


class Anything(frozenset[str]):
    """The names of whatever a page has configured."""

    def __contains__(self, name: object) -> bool:
        return True


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """One that has whatever a page names."""
    return replace(make_site(tmp_path), configured=Configured(lambda _: (b"user", b"password"), Anything()))


def pages() -> list[Path]:
    return sorted(path for path in PAGES.glob("*.md") if path.name != WRITING)


def blocks(page: Path) -> list[Mapping[str, Any]]:
    return [tomllib.loads(text) for text in re.findall(r"^```toml\n(.*?)^```$", page.read_text(), re.DOTALL | re.M)]


def option_names(schema: Mapping[str, Any]) -> Iterator[str]:
    """Those of the adapter, and those of the tables within."""
    for each in (schema, *schema.get("$defs", {}).values()):
        yield from each.get("properties", {})


@pytest.mark.parametrize("name", Adapters().names())
def test_every_adapter_has_a_page_with_every_option_in_a_table(name: str):
    adapter = Adapters().find(name)
    assert adapter is not None
    rows = [line.split("|")[1] for line in (PAGES / f"{name}.md").read_text().splitlines() if line.startswith("| ")]
    named = {found for row in rows for found in re.findall(r"`([^`]+)`", row)}
    assert set(option_names(adapter.options.model_json_schema())) - named == set()


@pytest.mark.parametrize("name", Adapters().names())
def test_every_page_shows_a_node_with_its_adapter(name: str):
    nodes = [node for block in blocks(PAGES / f"{name}.md") for node in block.get("node", ())]
    assert any(re.search(rf"'{name}'|'{name}:", repr(node)) for node in nodes)


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_node_on_a_page_can_be_made(page: Path, site: Site):
    deploy = {name: table for block in blocks(page) for name, table in block.get("deploy", {}).items()}
    networks = configured(Settings.model_validate({"deploy": deploy})).deploy_networks
    site = replace(site, configured=replace(site.configured, deploy_networks=networks))
    for block in blocks(page):
        for node in block.get("node", ()):
            options = {key: value for key, value in node.items() if key not in OWN_KEYS}
            driver.complete(NodeDefinition(node["name"], UUID(int=1), "hardware", options), site)


@pytest.mark.parametrize("page", [*pages(), PAGES / WRITING], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []
