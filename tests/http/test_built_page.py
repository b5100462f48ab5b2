"""The page as it was built: compressed beforehand, kept as long as its names hold, and free of inline code."""

import re
import shutil
from pathlib import Path

import aiohttp
import pytest

from tests.redfish.service import Service

BUILT = Path(__file__).parents[2] / "web" / "dist"
TEXTS = (".html", ".js", ".css", ".svg", ".txt", ".json")
SHORT = 100
"""Bytes; a module that only passes another's export on is too short to become any shorter."""
FIRST_LOAD = 300_000
"""Bytes of script and style as sent that the fleet may take, fonts apart."""

pytestmark = pytest.mark.skipif(not (BUILT / "index.html").exists(), reason="the page is not built: scripts/page")


@pytest.fixture
def page(service: Service, tmp_path: Path) -> Path:
    return Path(shutil.copytree(BUILT, tmp_path / "page", dirs_exist_ok=True))


def texts() -> list[Path]:
    return [path for path in BUILT.rglob("*") if path.suffix in TEXTS]


def test_every_text_was_compressed_when_the_page_was_built() -> None:
    assert len(texts()) > 10
    for path in texts():
        size = path.stat().st_size
        assert Path(f"{path}.br").stat().st_size < max(size, SHORT), path
        assert Path(f"{path}.gz").is_file(), path


def test_the_page_has_no_inline_code_and_nothing_of_another_host() -> None:
    index = (BUILT / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\bon\w+=|javascript:", index) == []
    assert all(address.startswith("/") for address in re.findall(r'(?:src|href)="([^"]*)"', index))


def test_the_first_load_is_small() -> None:
    index = (BUILT / "index.html").read_text()
    first = re.findall(r'(?:src|href)="/(assets/[^"]*\.(?:js|css))"', index)
    assert first
    assert sum(Path(f"{BUILT / name}.br").stat().st_size for name in first) < FIRST_LOAD


@pytest.mark.parametrize("coding", ["br", "gzip"])
async def test_it_is_sent_as_it_was_compressed_and_kept_as_long_as_its_name_holds(
    service: Service, page: Path, coding: str
) -> None:
    async with aiohttp.ClientSession(auto_decompress=False) as client:
        for path in ("index.html", *(f"assets/{each.name}" for each in (page / "assets").glob("index-*.js"))):
            headers = {"Accept-Encoding": coding}
            async with client.get(f"{service.url}/{path}", headers=headers) as answer:
                assert answer.headers["Content-Encoding"] == coding, path
                ending = {"br": "br", "gzip": "gz"}[coding]
                assert await answer.read() == (page / f"{path}.{ending}").read_bytes()
                assert ("immutable" in answer.headers["Cache-Control"]) is path.startswith("assets/")
