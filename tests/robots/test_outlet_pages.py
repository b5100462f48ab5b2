"""The pages of the adapters of outlets."""

import re
import shutil
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from bmc.ports import Configured
from robots.adapter import Options
from robots.fence import FenceOptions
from robots.nut import NutOptions
from robots.pdu import PduOptions
from robots.pdu_models import MODELS
from robots.testing import make_site, opened
from robots.together import TogetherOptions

PAGES = Path(__file__).parents[2] / "docs" / "robots"
OPTIONS: list[tuple[str, type[Options]]] = [
    ("pdu", PduOptions),
    ("nut", NutOptions),
    ("fence", FenceOptions),
    ("together", TogetherOptions),
]


@pytest.mark.parametrize(("page", "options"), OPTIONS)
def test_it_tells_of_every_option(page, options):
    text = (PAGES / f"{page}.md").read_text()
    told = re.findall(r"^\| `(\w+)` \|", text.partition("## Options")[2].partition("\n| model")[0], re.MULTILINE)
    assert sorted(told) == sorted(options.model_fields)


@pytest.mark.parametrize(("page", "options"), OPTIONS)
async def test_its_examples_are_valid(page, options, tmp_path):
    if page == "fence" and shutil.which("fence_apc_snmp") is None:
        pytest.skip("Debian package fence-agents is not installed")
    blocks = re.findall(r"```toml\n(.*?)```", (PAGES / f"{page}.md").read_text(), re.DOTALL)
    site = replace(make_site(tmp_path), configured=Configured(lambda name: (b"user", b"password")))
    nodes = [node for block in blocks for node in tomllib.loads(block).get("node", [])]
    assert nodes
    for node in nodes:
        async with opened({key: value for key, value in node.items() if key != "name"}, site):
            pass


def test_every_model_of_a_pdu_is_told():
    text = (PAGES / "pdu.md").read_text()
    for name, model in MODELS.items():
        assert f"| `{name}` | {model.sold_as} | {'yes' if model.watts else 'no'} |" in text
