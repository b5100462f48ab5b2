"""The page's files, and the headers that every answer carries."""

import gzip
from pathlib import Path

import pytest
from yarl import URL

from tests.redfish.service import Service


@pytest.fixture
def page(service: Service, tmp_path: Path) -> Path:
    """As Vite builds it."""
    page = tmp_path / "page"
    (page / "index.html").write_text("<title>Lightsout</title>")
    (page / "assets" / "app-1a2b.js").write_text("console.log(1)")
    (page / "assets" / "app-1a2b.js.gz").write_bytes(gzip.compress(b"console.log(1)"))
    (tmp_path / "secret").write_text("secret")
    return page


async def test_the_page_is_asked_for_anew_and_its_assets_never(service: Service, page: Path) -> None:
    async with service.client.get(f"{service.url}/") as response:
        assert "Lightsout" in await response.text()
        assert response.headers["Cache-Control"] == "no-cache"
    async with service.client.get(f"{service.url}/assets/app-1a2b.js") as response:
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.content_type in ("text/javascript", "application/javascript")
        assert await response.text() == "console.log(1)"


async def test_a_path_of_the_page_is_the_page_but_a_lost_asset_and_our_own_paths_are_not(
    service: Service, page: Path
) -> None:
    async with service.client.get(f"{service.url}/systems/n1") as response:
        assert (response.status, response.content_type) == (200, "text/html")
    for path in ("/assets/app-old.js", "/session/x", "/console/n1", "/metrics/x"):
        async with service.client.get(service.url + path) as response:
            assert response.status == 404


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/../secret", 200),
        ("/%2e%2e/secret", 200),
        ("/assets/../../secret", 404),
        ("/..%2fsecret", 200),
        ("/%00", 200),
        ("/a" * 3000, 200),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_no_path_leads_out_of_the_page(service: Service, page: Path, path: str, status: int) -> None:
    async with service.client.get(URL(service.url + path, encoded=True)) as response:
        assert "secret" not in await response.text()
        assert response.status == status


async def test_without_a_page_one_is_told_how_to_build_it(service: Service) -> None:
    async with service.client.get(f"{service.url}/") as response:
        assert response.status == 404
        assert "not built" in await response.text()


@pytest.mark.parametrize("path", ["/", "/redfish/v1/", "/redfish/v1/Systems", "/session", "/healthz", "/nothing/here"])
async def test_every_answer_keeps_the_browser_on_our_side(service: Service, page: Path, path: str) -> None:
    async with service.client.get(service.url + path) as response:
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        assert "script-src" not in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "Server" not in response.headers
