"""`bmc` as a program of its own, against a whole service whose servers are memory."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bmc.model.node import NodeDefinition
from tests.redfish.service import PASSWORDS, Service, open_service
from tests.world import ADMIN


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Shell:
    """Runs `bmc WORDS…` as one of PASSWORDS."""

    service: Service
    directory: Path
    more: dict[str, str] = field(default_factory=dict)

    def secret(self, text: str) -> str:
        path = self.directory / f"secret-{abs(hash(text))}"
        path.touch(0o600)
        path.write_text(text + "\n")
        return str(path)

    def environment(self, as_: str = "admin") -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("BMC_")}
        remote = {"BMC_URL": self.service.url, "BMC_USER": as_, "BMC_PASSWORD_FILE": self.secret(PASSWORDS[as_])}
        return {**inherited, "COLUMNS": "200", "BMC_STATE": str(self.directory / "none"), **remote, **self.more}

    @asynccontextmanager
    async def running(self, *words: str, as_: str = "admin") -> AsyncIterator[asyncio.subprocess.Process]:
        """`bmc WORDS…` for as long as the block; its output is to be read meanwhile."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bmc.cli", *words),
            env=self.environment(as_),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(50):
                yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()

    async def __call__(self, *words: str, as_: str = "admin", typed: bytes | None = None) -> Done:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bmc.cli",
            *words,
            env=self.environment(as_),
            stdin=asyncio.subprocess.DEVNULL if typed is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, err = await asyncio.wait_for(process.communicate(typed), 50)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Done(process.returncode or 0, out.decode(), err.decode())

    async def ok(self, *words: str, as_: str = "admin") -> str:
        """What it printed; it must succeed and complain of nothing."""
        done = await self(*words, as_=as_)
        assert (done.code, done.err) == (0, ""), done
        return done.out


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    """With n1, n2 and n3, which are off; n3 has the tag lab."""
    async with open_service(tmp_path) as opened:
        for name in ("n1", "n2"):
            await opened.world.add(name)
        definition = NodeDefinition("n3", uuid4(), "memory", tags=frozenset({"lab"}))
        await opened.world.fleet.create(definition, ADMIN)
        yield opened


@pytest.fixture
def bmc(service: Service, tmp_path: Path) -> Shell:
    return Shell(service, tmp_path)
