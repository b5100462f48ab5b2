"""A node's own IPMI users, through its Manager."""

import pytest

from tests.redfish.service import Service

USERS = "/redfish/v1/Managers/n1/RemoteAccountService/Accounts"


async def test_an_ipmi_user_is_made_used_changed_and_removed(service: Service) -> None:
    made = await service.call("POST", USERS, {"UserName": "ironic", "Password": "k3y", "RoleId": "Operator"})
    assert (made.status, made.headers["Location"]) == (201, f"{USERS}/2")
    assert (made.body["AccountTypes"], made.body["Password"]) == (["IPMI"], None)
    slot = service.accounts.ipmi_slot("n1", b"ironic")
    assert slot is not None
    assert slot.key == b"k3y"
    changed = await service.call("PATCH", f"{USERS}/2", {"Password": "other", "Enabled": False})
    assert (changed.status, changed.body["Enabled"]) == (200, False)
    assert [member["@odata.id"] for member in (await service.get(USERS))["Members"]] == [f"{USERS}/2"]
    assert (await service.call("DELETE", f"{USERS}/2")).status == 204
    assert service.accounts.ipmi_slot("n1", b"ironic") is None


async def test_the_manager_leads_to_them(service: Service) -> None:
    manager = await service.get("/redfish/v1/Managers/n1")
    assert (await service.get(manager["RemoteAccountService"]["@odata.id"]))["Accounts"] == {"@odata.id": USERS}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"UserName": "x" * 17, "Password": "k", "RoleId": "Operator"}, 400),
        ({"UserName": "x", "Password": "k" * 21, "RoleId": "Operator"}, 400),
        ({"UserName": "x", "Password": "", "RoleId": "Operator"}, 400),
        ({"UserName": "x", "Password": "k", "RoleId": "Callback"}, 400),
        ({"UserName": "x"}, 400),
    ],
)
async def test_names_and_keys_are_refused_not_cut(service: Service, body: object, status: int) -> None:
    assert (await service.call("POST", USERS, body)).status == status
    assert (await service.get(USERS))["Members"] == []


async def test_a_name_is_given_once_and_there_are_fourteen_slots(service: Service) -> None:
    for number in range(14):
        body = {"UserName": f"u{number}", "Password": "k", "RoleId": "ReadOnly"}
        assert (await service.call("POST", USERS, body)).status == 201
    again = await service.call("POST", USERS, {"UserName": "u0", "Password": "k", "RoleId": "ReadOnly"})
    assert (again.status, again.ids) == (409, ["ResourceAlreadyExists"])
    more = await service.call("POST", USERS, {"UserName": "more", "Password": "k", "RoleId": "ReadOnly"})
    assert (more.status, more.ids) == (409, ["CreateLimitReachedForResource"])


@pytest.mark.parametrize("name", ["vera", "olga"])
async def test_only_an_administrator_of_the_node_makes_them(service: Service, name: str) -> None:
    body = {"UserName": "eve", "Password": "k", "RoleId": "Administrator"}
    assert (await service.call("POST", USERS, body, as_=name)).status == 403
