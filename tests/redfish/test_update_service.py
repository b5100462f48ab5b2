"""What software the service and its nodes run."""

from tests.redfish.service import N1, Service

FIRMWARE = "/redfish/v1/UpdateService/FirmwareInventory"


async def test_the_inventory_tells_each_version_and_whose_it_is(service: Service) -> None:
    root = await service.get("/redfish/v1/", as_="")
    update = await service.get(root["UpdateService"]["@odata.id"])
    members = (await service.get(f"{update['FirmwareInventory']['@odata.id']}?$expand=.", as_="vera"))["Members"]
    told = {
        each["Id"]: (each["Version"], [link["@odata.id"] for link in each.get("RelatedItem", [])]) for each in members
    }
    manager = "/redfish/v1/Managers/n1"
    assert told == {
        "lightsout": ((await service.get(manager))["FirmwareVersion"], ["/redfish/v1/Managers/Lightsout", manager]),
        "qemu": ("7.2.22", [N1]),
        "seabios": ("1.16.2", []),
        "ovmf": (None, [N1]),
        "deploy-ramdisk": ("0123456789abcdef0123", []),
    }
    assert {each["Updateable"] for each in members} == {False}
    assert (await service.call("GET", f"{FIRMWARE}/other")).status == 404


async def test_nothing_is_offered_that_would_update_anything(service: Service) -> None:
    assert (await service.get("/redfish/v1/UpdateService")).keys() & {
        "Actions",
        "HttpPushUri",
        "MultipartHttpPushUri",
    } == set()


async def test_it_names_no_node_out_of_scope(service: Service) -> None:
    await service.world.add("secret")
    for name in ("lightsout", "qemu", "ovmf"):
        assert "secret" in str(await service.get(f"{FIRMWARE}/{name}", as_="vera"))
        assert "secret" not in str(await service.get(f"{FIRMWARE}/{name}", as_="tina"))
