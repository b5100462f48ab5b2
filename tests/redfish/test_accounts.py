"""Accounts, roles and sessions."""

import pytest

from tests.redfish.service import Service

ACCOUNTS = "/redfish/v1/AccountService/Accounts"
SESSIONS = "/redfish/v1/SessionService/Sessions"


async def test_an_account_is_made_used_changed_and_removed(service: Service) -> None:
    scope = {"AllNodes": False, "Nodes": ["n1"], "Tags": []}
    oem = {"Lightsout": {"Scope": scope}}
    body = {"UserName": "zoe", "Password": "long enough", "RoleId": "Operator", "Oem": oem}
    made = await service.call("POST", ACCOUNTS, body)
    assert (made.status, made.headers["Location"]) == (201, f"{ACCOUNTS}/zoe")
    assert (made.body["RoleId"], made.body["Password"]) == ("Operator", None)
    assert made.body["Oem"]["Lightsout"]["Scope"] == scope
    token, _ = await service.token("zoe", "long enough")
    changed = await service.call("PATCH", f"{ACCOUNTS}/zoe", {"Enabled": False})
    assert changed.body["Enabled"] is False
    assert (await service.call("GET", ACCOUNTS, as_="", headers={"X-Auth-Token": token})).status == 401
    assert (await service.call("DELETE", f"{ACCOUNTS}/zoe")).status == 204
    assert (await service.call("GET", f"{ACCOUNTS}/zoe")).status == 404
    audited = [record.action for record in await service.world.audit.read(limit=100)]
    assert {"create-account", "change-account", "delete-account"} <= set(audited)


async def test_everybody_may_change_their_own_password_and_nothing_else(service: Service) -> None:
    path = f"{ACCOUNTS}/vera"
    assert (await service.call("PATCH", path, {"RoleId": "Administrator"}, as_="vera")).status == 403
    assert (await service.call("PATCH", path, {"Password": "new and long"}, as_="vera")).status == 200
    old = await service.call("GET", path, as_="vera")
    assert old.status == 401


@pytest.mark.parametrize("name", ["vera", "tina", "olga"])
async def test_only_administrators_see_and_make_others(service: Service, name: str) -> None:
    listed = await service.get(ACCOUNTS, as_=name)
    assert listed["Members"] == [{"@odata.id": f"{ACCOUNTS}/{name}"}]
    assert (await service.call("GET", f"{ACCOUNTS}/admin", as_=name)).status == 404
    body = {"UserName": "eve", "Password": "long enough", "RoleId": "Administrator"}
    assert (await service.call("POST", ACCOUNTS, body, as_=name)).status == 403
    assert (await service.call("DELETE", f"{ACCOUNTS}/admin", as_=name)).status == 403
    record = (await service.world.audit.newest(1))[0]
    assert (record.account, record.action, record.outcome) == (name, f"DELETE {ACCOUNTS}/admin", "Denied")


async def test_the_last_administrator_stays(service: Service) -> None:
    answer = await service.call("DELETE", f"{ACCOUNTS}/admin")
    assert answer.status == 409
    assert "last" in answer.told


@pytest.mark.parametrize(
    ("body", "status", "ids"),
    [
        ({}, 400, ["CreateFailedMissingReqProperties"] * 3),
        ({"UserName": "vera", "Password": "long enough", "RoleId": "Operator"}, 409, ["ResourceAlreadyExists"]),
        ({"UserName": "eve", "Password": "long enough", "RoleId": "God"}, 400, ["PropertyValueNotInList"]),
        ({"UserName": "eve", "Password": "x", "RoleId": "Operator"}, 400, ["GeneralError"]),
        ({"UserName": "eve", "Password": 5, "RoleId": "Operator"}, 400, ["PropertyValueTypeError"]),
    ],
)
async def test_a_wrong_account_is_refused(service: Service, body: object, status: int, ids: list[str]) -> None:
    answer = await service.call("POST", ACCOUNTS, body)
    assert (answer.status, answer.ids) == (status, ids)


async def test_a_password_is_never_shown_again_not_even_in_an_error(service: Service) -> None:
    body = {"UserName": "eve", "Password": ["s3cret"], "RoleId": "Operator"}
    answer = await service.call("POST", ACCOUNTS, body)
    assert "s3cret" not in str(answer.body)


async def test_roles_are_the_three_of_the_standard(service: Service) -> None:
    roles = await service.get("/redfish/v1/AccountService/Roles?$expand=.")
    assert [role["RoleId"] for role in roles["Members"]] == ["ReadOnly", "Operator", "Administrator"]
    assert all(role["IsPredefined"] and "Login" in role["AssignedPrivileges"] for role in roles["Members"])


async def test_a_session_shows_no_secret_and_is_ended_by_its_owner(service: Service) -> None:
    token, path = await service.token("vera")
    shown = await service.get(path, as_="vera")
    assert (shown["UserName"], shown["Password"], shown.get("Token")) == ("vera", None, None)
    assert token not in str(shown)
    assert (await service.call("GET", path, as_="olga")).status == 404
    assert (await service.call("DELETE", path, as_="vera")).status == 204


async def test_an_administrator_sees_and_ends_all_sessions(service: Service) -> None:
    token, path = await service.token("vera")
    assert {"@odata.id": path} in (await service.get(SESSIONS))["Members"]
    assert (await service.call("DELETE", path)).status == 204
    assert (await service.call("GET", SESSIONS, as_="", headers={"X-Auth-Token": token})).status == 401


async def test_a_wrong_password_and_an_unknown_name_sound_alike(service: Service) -> None:
    wrong = await service.call("POST", SESSIONS, {"UserName": "admin", "Password": "x"}, as_="")
    unknown = await service.call("POST", SESSIONS, {"UserName": "nobody", "Password": "x"}, as_="")
    assert (wrong.status, wrong.told) == (unknown.status, unknown.told) == (401, wrong.told)
