"""What may be inserted by name."""

from pathlib import Path

import pytest

from bmc.fetch import Fetcher
from bmc.media import MediaLibrary
from bmc.model.errors import InvalidRequest, NotFound


@pytest.fixture
def library(tmp_path: Path) -> MediaLibrary:
    return MediaLibrary(tmp_path / "media", Fetcher(), 1 << 30)


async def test_a_file_of_the_media_store_is_found_by_its_name(library: MediaLibrary, tmp_path: Path) -> None:
    (tmp_path / "media" / "a.iso").write_bytes(b"iso")
    assert await library.path("a.iso") == str(tmp_path / "media" / "a.iso")
    assert library.names() == ["a.iso"]


@pytest.mark.parametrize("image", ["../config.toml", "/etc/passwd", "..", ".hidden", "fetched/x.iso"])
async def test_a_path_is_refused(library: MediaLibrary, image: str) -> None:
    with pytest.raises(InvalidRequest, match="must be a file name"):
        await library.path(image)


@pytest.mark.parametrize("image", ["b.iso", "fetched", "a" * 2000, "a\0b", "\ud800"])
async def test_what_is_not_there_is_not_found(library: MediaLibrary, image: str) -> None:
    with pytest.raises(NotFound, match="no medium"):
        await library.path(image)
