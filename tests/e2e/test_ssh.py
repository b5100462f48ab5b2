"""A real system's serial console by OpenSSH's client: as the service prints it at its start, and as the manual says."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.service import ADMIN, BOOT, LiveService, Shell, booting

pytestmark = pytest.mark.guest


PRINTED = r"ssh n1@127\.0\.0\.1 -p \d+"


@asynccontextmanager
async def ssh(printed: str, folder: Path) -> AsyncIterator[Shell]:
    """The line that the service has printed, with the options of a test."""
    command, *where = printed.split()
    known = ("StrictHostKeyChecking=accept-new", f"UserKnownHostsFile={folder / 'known_hosts'}", "IdentityAgent=none")
    options = [word for each in known for word in ("-o", each)]
    process = await asyncio.create_subprocess_exec(
        *(command, "-tt", "-F", "/dev/null", "-i", str(folder / "key"), *options, *where),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    stdin, stdout = process.stdin, process.stdout

    async def send(data: bytes) -> None:
        stdin.write(data)
        await stdin.drain()

    shell = Shell(send)

    async def listen() -> None:
        while data := await stdout.read(65536):
            shell.feed(data)

    listening = asyncio.create_task(listen())
    try:
        yield shell
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def keygen(*words: str) -> str:
    process = await asyncio.create_subprocess_exec("ssh-keygen", *words, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0
    return said.decode()


async def test_a_system_is_started_used_and_powered_off_by_ssh_alone(
    new_service: Callable[..., LiveService], tmp_path: Path
) -> None:
    service = await asyncio.to_thread(new_service().start)
    (printed,) = re.findall(PRINTED, service.log)
    await keygen("-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key"))
    added = await asyncio.to_thread(service.bmc, "account", "key", "add", ADMIN, str(tmp_path / "key.pub"))
    assert added.returncode == 0, added.stderr
    async with booting(), ssh(printed, tmp_path) as shell:
        await shell.expect("n1 is Off; this console waits")
        await shell.type("\x05cpoy")
        await shell.expect("n1: On accepted; it is On", 60)
        await shell.expect("login: ", BOOT)
        await shell.login(service.root_password)
        assert "Linux" in await shell.run("uname -a")
        await shell.type("\x05cw")
        await shell.expect(rf"{ADMIN} \(ssh from 127\.0\.0\.1\) since 20")
        await shell.type("\x05cpfy")
        await shell.expect("n1 is Off; this console waits", 60)
        await shell.type("\x05c.")
    told = await keygen("-lf", str(tmp_path / "known_hosts"))
    info = json.loads((await asyncio.to_thread(service.bmc, "info", "--json")).stdout)
    assert info["ssh"]["fingerprint"] in told
    assert info["ssh"]["fingerprint"] in (await asyncio.to_thread(service.bmc, "info")).stdout
    assert (service.state / "keys" / "ssh_host_key").stat().st_mode & 0o777 == 0o600

    service.kill()  # the key is the same after it
    await asyncio.to_thread(service.start)
    async with ssh(re.findall(PRINTED, service.log)[-1], tmp_path) as shell:
        await shell.expect("# ")
        await shell.type("\x05c.")
