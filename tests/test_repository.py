"""What every commit must keep true of the repository: locks, secrets, scripts, and words that name one another."""

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from bmc.reinstall.build import BIOS_FILES
from bmc.reinstall.build_system import SYSTEMS
from bmc.reinstall.build_tools import PACKAGES

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-build.txt", "requirements-dev.txt", "requirements-bench.txt")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> list[tuple[str, str]]:
    """Name and text of every tracked file that is text."""
    found = []
    for path in tracked():
        try:
            found.append((str(path.relative_to(ROOT)), path.read_text()))
        except UnicodeDecodeError:
            continue
    return found


def pins(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


def name_of(requirement: str) -> str:
    """The distribution of a requirement, normalised as in PEP 503."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~;\[]", requirement)[0]).lower()


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_pins_every_package_by_hash_and_names_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = [block for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE) if block[:1].isalnum()]
    assert packages
    for block in packages:
        assert re.match(r"[a-z0-9-]+==\S+", block), block
        assert "--hash=sha256:" in block, block
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host", text)


def test_the_lock_files_agree_and_each_holds_the_one_before() -> None:
    run, build, dev, bench = (pins(lock) for lock in LOCKS)
    assert run.items() <= build.items() <= dev.items() <= bench.items()


def test_the_lock_files_hold_every_dependency() -> None:
    groups = PROJECT["dependency-groups"]
    plain = [entry for group in groups.values() for entry in group if isinstance(entry, str)]
    assert {name_of(entry) for entry in PROJECT["project"]["dependencies"]} <= pins(LOCKS[0]).keys()
    assert {name_of(entry) for entry in plain} <= pins(LOCKS[-1]).keys()


def test_the_page_is_locked_without_addresses() -> None:
    packages = json.loads((ROOT / "web/package-lock.json").read_text())["packages"]
    locked = {name: entry for name, entry in packages.items() if name}
    assert locked
    assert not [name for name, entry in locked.items() if "resolved" in entry]
    assert not [name for name, entry in locked.items() if "integrity" not in entry]


def test_runtime_dependencies_are_those_that_the_code_imports() -> None:
    imported: set[str] = set()
    for package in ("bmc", "robots"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    imported.update(alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    imported.add(node.module)
    own = {"bmc", "robots", "compression"}  # the last is Python's, from 3.14 on
    top = {name.split(".")[0] for name in imported} - sys.stdlib_module_names - own
    owners = packages_distributions()
    used = {re.sub(r"[-_.]+", "-", owners[name][0]).lower() for name in top}
    declared = {name_of(entry) for entry in PROJECT["project"]["dependencies"]}
    extras = {name_of(entry) for entries in PROJECT["project"]["optional-dependencies"].values() for entry in entries}
    assert declared | extras <= used, "declared, but not used"
    assert used - extras <= pins(LOCKS[0]).keys(), "used, but not installed by `make run`"


SECRETS = re.compile(
    r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{64}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bglpat-[\w-]{20}\b|\bnpm_[A-Za-z0-9]{36}\b|\bpypi-AgE[\w-]{50}"
)
MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home/[a-z]+)/[\w.-]+")


def test_no_secret_is_committed() -> None:
    assert not [name for name, text in texts() if SECRETS.search(text)]


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    found = [(name, match[0]) for name, text in texts() if (match := MACHINE.search(text))]
    # Documents and the images' scripts speak of /root/.ssh, of the guest's root.
    assert [entry for entry in found if not entry[1].startswith("/root/.ssh")] == []


def test_every_script_starts_with_what_it_is_for_and_parses() -> None:
    scripts = [path for path in tracked() if path.is_relative_to(ROOT / "scripts") or path == ROOT / ".ci/run"]
    assert scripts
    for path in scripts:
        lines = path.read_text().splitlines()
        if not lines[0].startswith("#!"):
            continue
        assert os.access(path, os.X_OK), f"{path} is not executable"
        header = lines[1].lstrip('#" ')
        assert re.match(r"[A-Z].*", header), f"{path} does not say what it is for"
        if "bash" in lines[0]:
            subprocess.run(["bash", "-n", path], check=True)


def test_setup_installs_the_packages_that_the_code_names() -> None:
    listed = set(re.findall(r"[a-z0-9][a-z0-9.+-]+", (ROOT / "scripts/packages").read_text()))
    files = [(path, package) for system in SYSTEMS for path, package in system.programs]
    named = {*PACKAGES.values(), *(package for _, package in (*BIOS_FILES, *files))}
    essential = {"libc-bin", "bash"}
    assert named - essential <= listed


def test_every_module_says_what_it_is_for() -> None:
    silent = []
    for package in ("bmc", "robots", "benchmarks", "tests"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            if text.strip() and ast.get_docstring(ast.parse(text)) is None:
                silent.append(str(path.relative_to(ROOT)))
    assert silent == []


def test_no_test_module_imports_another() -> None:
    """What several need lies beside them, where one looks for it."""
    for package in ("benchmarks", "tests"):
        for path in (ROOT / package).rglob("*.py"):
            imports = re.findall(r"^\s*(?:from|import) tests\b.*", path.read_text(), re.MULTILINE)
            assert [each for each in imports if re.search(r"\btest_\w+", each)] == [], path


def test_the_readme_names_only_what_make_can_do() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {"run", "test", "check"} <= named <= targets


def test_architecture_gives_the_reason_for_every_dependency() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text().lower()
    assert [entry for entry in PROJECT["project"]["dependencies"] if name_of(entry) not in text.replace(".", "-")] == []
