"""A real Debian 12, built here, is installed to all of its proofs, with everything that cloud-init is told."""

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest

from bmc.model.commands import Power, SerialConsole
from bmc.model.job import JobState
from bmc.model.power import PowerAction
from bmc.node.power import PATIENCE
from bmc.ports import ByteStream
from bmc.reinstall.build import default_cache
from bmc.reinstall.build_debian import build_debian
from tests.reinstall.guest_lab import ended, make_node
from tests.reinstall.samples import KEY
from tests.world import ADMIN, OPERATOR, open_world

pytestmark = [pytest.mark.guest, pytest.mark.slow, pytest.mark.timeout(3600)]

LONG = 1500.0
USER_DATA = """#cloud-config
ssh_authorized_keys: []
write_files:
  - {path: /var/lib/asked, content: "by the user data"}
runcmd:
  - [sh, -c, "echo ASKED: $(cat /var/lib/asked), $(df --output=size -BM / | tail -n 1), $(id -un olga) > /dev/ttyS0"]
"""


@pytest.mark.parametrize(("firmware", "seed"), [("bios", "nocloud"), ("uefi", "nocloud"), ("bios", "configdrive")])
async def test_debian_is_installed_to_all_of_its_proofs(lab, tmp_path, firmware, seed, record_property):
    built = await asyncio.to_thread(build_debian, default_cache())
    told_by(seed, built, lab.directory / "images")
    async with open_world(tmp_path / "store" / "lightsout.db", lab.drivers, PATIENCE) as world:
        node = await make_node(world, firmware, memory=1024, disk=2048)
        jobs = lab.jobs(world)
        request: dict[str, object] = {"image": "debian-12", "hostname": "web-1", "ssh_keys": [KEY], "user": "olga"}
        request["network"] = {"addresses": ["10.0.2.15/24", "fec0::15/64"], "gateways": ["10.0.2.2"]}
        console = await node.open(SerialConsole(writable=False), ADMIN)
        printed = asyncio.create_task(heard(console))
        secrets = {"password": "tea time", "user_data": USER_DATA}
        job = await ended(jobs, (await jobs.start("reinstall", "n1", request, OPERATOR, secrets)).id, node, LONG)
        assert (job.state, job.message) == (JobState.COMPLETED, "done"), job
        assert job.details["proofs"] == ["phone-home", "serial-nonce", "ssh-login"]
        system = cast("Mapping[str, str]", job.details["system"])
        assert (system["hostname"], system["image"]) == ("web-1", "debian-12")
        record_property("times", [(line.text, round(line.at - job.started, 1)) for line in job.messages])
        async with asyncio.timeout(LONG):
            found = re.fullmatch(r"by the user data, (\d+)M, olga", said := await printed)
        assert found, said
        assert int(found[1]) > 1900  # MiB: the root file system has grown
        await console.close()
        await node.do(Power(PowerAction.FORCE_OFF), ADMIN)
        await jobs.close()


def told_by(seed: str, built: Path, images: Path) -> None:
    """Add the same image under the same name, which learns what is its own by this kind of seed."""
    entry = json.loads(built.with_name("debian-12.json").read_text())
    (images / built.name).symlink_to(built)
    (images / "debian-12.json").write_text(json.dumps(entry | {"seed": seed}))


async def heard(console: ByteStream) -> str:
    text = ""
    while "ASKED: " not in text or "\n" not in text.rpartition("ASKED: ")[2]:
        text += (await console.read()).decode(errors="replace")
    return " ".join(text.rpartition("ASKED: ")[2].partition("\n")[0].split())
