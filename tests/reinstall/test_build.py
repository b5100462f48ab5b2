"""Artefacts are built once per content, by whoever comes first, and a machine that lacks something is told what."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bmc.images.catalogue import Catalogue, unpack
from bmc.reinstall.build import Artefacts, build_all, default_cache
from bmc.reinstall.build_tools import BuildFailed, find_kernel, ingredient, program, run


def test_what_is_there_is_found_at_once() -> None:
    built = build_all(default_cache())
    said: list[tuple[str, float]] = []
    start = time.process_time()
    assert build_all(default_cache(), lambda what, done: said.append((what, done))) == built
    assert time.process_time() - start < 1
    assert said == [("everything is built", 1.0)]


def test_the_catalogue_holds_two_images_for_both_firmwares() -> None:
    images = Catalogue(build_all(default_cache()).catalogue).list()
    assert [image.name for image in images] == ["lightsout-mini", "lightsout-server"]
    assert [len(image.firmware) for image in images] == [2, 2]
    both = {"serial-nonce", "phone-home"}
    assert [image.proofs for image in images] == [both, both | {"ssh-login"}]


def test_the_ramdisk_stays_small() -> None:
    assert build_all(default_cache()).initrd.stat().st_size < 7_000_000


@pytest.mark.slow
def test_two_builders_at_once_build_one_thing(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / ".building-dead").mkdir()
    with ThreadPoolExecutor(2) as pool:
        futures = [pool.submit(build_all, tmp_path, lambda what, done: said.append(what)) for _ in range(2)]
        first, second = (future.result(timeout=170) for future in futures)
    assert first == second
    assert said.count("building the deploy ramdisk") == 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".lock", first.directory.name]


@pytest.fixture
def nobodys_folder() -> Iterator[Path]:
    """Not in pytest's own, which each run of pytest closes to all others."""
    with tempfile.TemporaryDirectory(prefix="lightsout-test-") as folder:
        os.chown(folder, 65534, 65534)
        yield Path(folder)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_builds_what_belongs_to_root(tmp_path: Path, nobodys_folder: Path) -> None:
    cache = nobodys_folder
    # Becomes nobody only after the imports: the interpreter itself may lie where nobody cannot go.
    code = (
        "import os, pathlib, sys, bmc.reinstall.build as b\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "print(b.build_all(pathlib.Path(sys.argv[1])).directory)"
    )
    done = subprocess.run([sys.executable, "-c", code, cache], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    artefacts = Artefacts(Path(done.stdout.strip()))
    raw = tmp_path / "disk"
    unpack(Catalogue(artefacts.catalogue).get("lightsout-server"), raw)
    with raw.open("rb") as disk:
        disk.seek(446 + 2 * 16 + 8)
        start = int.from_bytes(disk.read(4), "little") * 512
    for path in ("/root", "/etc/shadow", "/bin/busybox"):
        stat = run("debugfs", "-R", f"stat {path}", f"{raw}?offset={start}").decode()
        assert "User:     0   Group:     0" in stat


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bmc.reinstall.build_tools.PATH", str(tmp_path))
    with pytest.raises(BuildFailed, match="the program mcopy is missing; install the package mtools"):
        program("mcopy")


def test_a_missing_file_is_named_with_its_package(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="install the package isolinux"):
        ingredient(tmp_path / "isolinux.bin", "isolinux")


def test_a_program_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match=r"mcopy failed with status 1: .*nowhere"):
        run("mcopy", "-i", tmp_path / "nowhere", "::x", "-")


def kernels(tmp_path: Path, *releases: str) -> tuple[Path, Path]:
    boot, modules = tmp_path / "boot", tmp_path / "modules"
    boot.mkdir()
    for release in releases:
        (modules / release).mkdir(parents=True)
        (modules / release / "modules.dep").touch()
        (boot / f"vmlinuz-{release}").touch()
    return modules, boot


def test_the_newest_generic_kernel_is_taken(tmp_path: Path) -> None:
    names = ("6.1.0-9-amd64", "6.1.0-56-amd64", "6.1.0-60-cloud-amd64", "6.1.0-60-rt-amd64.old")
    modules, boot = kernels(tmp_path, *names)
    assert find_kernel(modules, boot).release == "6.1.0-56-amd64"


def test_a_machine_with_a_cloud_kernel_alone_is_told_what_to_install(tmp_path: Path) -> None:
    modules, boot = kernels(tmp_path, "6.1.0-60-cloud-amd64")
    with pytest.raises(BuildFailed, match=r"6\.1\.0-60-cloud-amd64.*linux-image-amd64"):
        find_kernel(modules, boot)
