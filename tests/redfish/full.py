"""A service with something of every kind in it, and what its documents lead to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh

from bmc.model.events import EventKind
from tests.redfish.service import N1, Service, open_service

ROOT = "/redfish/v1"
IPMI_USER = {"UserName": "ipmi", "Password": "sixteen letters.", "RoleId": "Operator"}
KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()


@asynccontextmanager
async def open_full(tmp_path: Path) -> AsyncIterator[Service]:
    """A service with something of every kind in it."""
    async with open_service(tmp_path) as service:
        await service.world.add("n1")
        await service.token()
        for path, body in (
            (f"{ROOT}/EventService/Subscriptions", {"Destination": "https://127.0.0.2:1/", "Protocol": "Redfish"}),
            (f"{ROOT}/AggregationService/Aggregates", {"Name": "a", "Elements": [{"@odata.id": N1}]}),
            (f"{ROOT}/Managers/n1/RemoteAccountService/Accounts", IPMI_USER),
            (f"{ROOT}/AccountService/Oem/Lightsout/Tokens", {"Name": "ci"}),
            (f"{ROOT}/AccountService/Accounts/vera/Keys", {"KeyType": "SSH", "KeyString": KEY}),
        ):
            answer = await service.call("POST", path, body)
            assert answer.status == 201, answer
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "web.raw").write_bytes(bytes(512))
        (tmp_path / "media" / "debian.iso").write_bytes(bytes(512))
        image = await service.call("POST", f"{ROOT}/Oem/Lightsout/Images", {"Id": "web", "File": "web.raw"})
        assert image.status == 202, image
        await service.world.heard(EventKind.JOB_ENDED)
        sweep = {"ResetType": "On", "TargetURIs": [N1]}
        task = await service.call("POST", f"{ROOT}/AggregationService/Actions/AggregationService.Reset", sweep)
        assert task.status == 202, task
        await service.world.heard(EventKind.JOB_ENDED, 2)
        await service.call("PATCH", N1, {"LocationIndicatorActive": True})
        yield service


def links(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {str(value["@odata.id"]).partition("#")[0].rstrip("/")} if "@odata.id" in value else set()
        return own.union(*map(links, value.values()))
    return set().union(*map(links, value)) if isinstance(value, list) else set()
