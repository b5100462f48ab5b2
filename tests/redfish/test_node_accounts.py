"""A node's own IPMI users, through its Manager."""

from collections.abc import Mapping

import pytest

from bmc.model.caller import Caller, Door, Role, Scope
from tests.redfish.service import Service

USERS = "/redfish/v1/Managers/n1/RemoteAccountService/Accounts"
CHANGES: list[Mapping[str, object]] = [
    {"Password": "stolen"},
    {"UserName": "other"},
    {"RoleId": "Administrator"},
    {"Enabled": True},
    {"Enabled": False, "Password": "stolen"},
]


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


async def grant(service: Service, account: str) -> None:
    """Slot 2 of n1 is `account`'s; tina administers n1 and nothing else."""
    await service.accounts.change("tina", role=Role.ADMINISTRATOR)
    await service.accounts.set_slot("n1", 2, account, b"k3y", Role.OPERATOR, account=account)


@pytest.mark.parametrize("body", CHANGES)
async def test_an_administrator_of_one_node_cannot_take_the_slot_of_an_account(
    service: Service, body: Mapping[str, object]
) -> None:
    await grant(service, "admin")
    before = service.accounts.slots("n1")
    refused = await service.call("PATCH", f"{USERS}/2", body, as_="tina")
    assert (refused.status, service.accounts.slots("n1")) == (403, before)
    assert "slot 2 of n1 is granted to an account of the fleet" in refused.told
    record = (await service.world.audit.newest(1))[0]
    assert (record.account, record.action, record.outcome) == ("tina", "change-ipmi-user", "Denied")


async def test_an_administrator_of_one_node_disables_and_deletes_the_slot_of_an_account(service: Service) -> None:
    await grant(service, "admin")
    disabled = await service.call("PATCH", f"{USERS}/2", {"Enabled": False}, as_="tina")
    assert (disabled.status, disabled.body["Enabled"]) == (200, False)
    assert service.accounts.slots("n1")[0].account == "admin"
    assert (await service.call("DELETE", f"{USERS}/2", as_="tina")).status == 204


async def test_an_account_changes_the_key_of_its_own_slot(service: Service) -> None:
    await grant(service, "tina")
    assert (await service.call("PATCH", f"{USERS}/2", {"Password": "new"}, as_="tina")).status == 200
    assert service.accounts.slots("n1")[0].key == b"new"


async def test_an_administrator_of_the_whole_fleet_changes_the_slot_of_an_account(service: Service) -> None:
    await grant(service, "olga")
    assert (await service.call("PATCH", f"{USERS}/2", {"Password": "new"})).status == 200
    slot = service.accounts.slots("n1")[0]
    assert (slot.key, slot.account) == (b"new", "olga")


@pytest.mark.parametrize("body", CHANGES)
async def test_a_user_of_the_node_alone_is_its_administrators(service: Service, body: Mapping[str, object]) -> None:
    await service.accounts.change("tina", role=Role.ADMINISTRATOR, scope=Scope(False, frozenset({"n1"})))
    await service.accounts.set_slot("n1", 2, "ironic", b"k3y", Role.OPERATOR)
    assert (await service.call("PATCH", f"{USERS}/2", body, as_="tina")).status == 200


async def test_what_ipmi_filled_bit_by_bit_is_shown_and_can_be_finished(service: Service) -> None:
    caller = Caller("admin", Role.ADMINISTRATOR, Scope(), Door.IPMI)
    definition = service.world.fleet.node("n1").snapshot.definition
    await service.accounts.change_slot(definition, 2, caller, sol=False)
    assert (await service.get(USERS))["Members"] == []
    await service.accounts.change_slot(definition, 3, caller, name=b"bob", messaging=False)
    user = await service.get(f"{USERS}/3")
    assert (user["UserName"], user["RoleId"], user["Enabled"], user["Links"]) == ("bob", "NoAccess", False, {})
    change = {"Password": "k3y", "RoleId": "Operator", "Enabled": True}
    assert (await service.call("PATCH", f"{USERS}/3", change)).body["Enabled"] is True
    slot = service.accounts.ipmi_slot("n1", b"bob")
    assert slot is not None
    assert slot.usable
    made = await service.call("POST", USERS, {"UserName": "eve", "Password": "k", "RoleId": "ReadOnly"})
    assert made.headers["Location"] == f"{USERS}/2"
    slot = service.accounts.ipmi_slot("n1", b"eve")
    assert slot is not None
    assert slot.sol, "nothing is left of what the slot held before it had a name"
