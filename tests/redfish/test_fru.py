"""What the FRU says of a node, as System and Chassis show it; the asset tag, which either changes."""

import pytest

from bmc.ipmi.wire.fru import ChassisArea, Fru, ProductArea
from bmc.model.commands import WriteFru
from bmc.records.fru import SIZE
from tests.redfish.service import N1, Service
from tests.world import ADMIN

CHASSIS = "/redfish/v1/Chassis/n1"


async def test_numbers_are_those_of_the_fru(service: Service):
    fru = Fru(ChassisArea(0x17, "CH-1", "C1"), None, ProductArea("Acme", "Box", "P-9", serial="S9", asset_tag="rack 7"))
    node = service.world.fleet.node("n1")
    await node.do(WriteFru(0, fru.pack(SIZE)), ADMIN)
    system, chassis = await service.get(N1), await service.get(CHASSIS)
    assert (system["PartNumber"], system["SerialNumber"], system["AssetTag"]) == ("P-9", "S9", "rack 7")
    assert (chassis["PartNumber"], chassis["SerialNumber"], chassis["AssetTag"]) == ("CH-1", "C1", "rack 7")
    await node.do(WriteFru(0, b"\xff"), ADMIN)
    assert (await service.get(N1))["AssetTag"] == ""


@pytest.mark.parametrize("path", [N1, CHASSIS])
async def test_an_operator_sets_the_asset_tag_and_everybody_sees_it(service: Service, path: str):
    before = await service.get(path)
    assert before["AssetTag"] == ""
    assert (await service.call("PATCH", path, {"AssetTag": "rack 7"}, as_="vera")).status == 403
    changed = await service.call("PATCH", path, {"AssetTag": "rack 7"}, as_="olga")
    assert (changed.status, changed.body["AssetTag"]) == (200, "rack 7")
    assert [(await service.get(where))["AssetTag"] for where in (N1, CHASSIS)] == ["rack 7", "rack 7"]
    stale = await service.call("PATCH", path, {"AssetTag": "x"}, headers={"If-Match": before["@odata.etag"]})
    assert stale.status == 412
    assert (await service.call("PATCH", path, {"AssetTag": ""})).body["AssetTag"] == ""


@pytest.mark.parametrize("path", [N1, CHASSIS])
@pytest.mark.parametrize(("tag", "id"), [("x" * 64, "StringValueTooLong"), ("日本", "GeneralError")])
async def test_a_tag_that_the_fru_cannot_hold_is_refused(service: Service, path: str, tag: str, id: str):
    answer = await service.call("PATCH", path, {"AssetTag": tag})
    assert (answer.status, answer.ids) == (400, [id])
