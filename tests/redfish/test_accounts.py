"""Accounts, roles and sessions."""

from pathlib import Path

import asyncssh
import pytest

from bmc.accounts import Limits
from tests.redfish.service import PASSWORDS, Service, open_service

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
    wider = {"RoleId": "ReadOnly", "Oem": {"Lightsout": {"Scope": {"AllNodes": False, "Tags": ["rack1"]}}}}
    await service.call("PATCH", f"{ACCOUNTS}/zoe", wider)
    (record,) = await service.world.audit.newest(1)
    told = (record.action, record.details["role"], record.details["scope"])
    assert told == ("change-account", "ReadOnly", {"nodes": [], "tags": ["rack1"]})
    changed = await service.call("PATCH", f"{ACCOUNTS}/zoe", {"Enabled": False})
    assert changed.body["Enabled"] is False
    assert (await service.call("GET", ACCOUNTS, as_="", headers={"X-Auth-Token": token})).status == 401
    assert (await service.call("DELETE", f"{ACCOUNTS}/zoe")).status == 204
    assert (await service.call("GET", f"{ACCOUNTS}/zoe")).status == 404
    audited = [record.action for record in await service.world.audit.read(limit=100)]
    assert {"create-account", "change-account", "delete-account"} <= set(audited)


async def test_a_scope_that_leads_nowhere_is_told_and_a_wrong_one_refused(service: Service) -> None:
    def body(**scope: object) -> dict[str, object]:
        oem = {"Lightsout": {"Scope": scope}}
        return {"UserName": "zoe", "Password": "long enough", "RoleId": "Operator", "Oem": oem}

    for wrong, words in (({"Nodes": ["N 1"]}, "'N 1' is no server's name"), ({"Tags": [""]}, "'' is no tag")):
        refused = await service.call("POST", ACCOUNTS, body(**wrong))
        assert refused.status == 400
        assert words in refused.told
    made = await service.call("POST", ACCOUNTS, body(Nodes=["n1", "n9"], Tags=["rack1"]))
    assert made.status == 201
    said = [each["Message"] for each in made.body["@Message.ExtendedInfo"]]
    assert said == ["Kept, but no server is called n9 yet.", "Kept, but no server has the tag rack1 yet."]
    read = await service.call("GET", f"{ACCOUNTS}/zoe")
    assert "@Message.ExtendedInfo" not in read.body
    assert read.headers["ETag"] == made.headers["ETag"]


async def test_everybody_may_change_their_own_password_and_nothing_else(service: Service) -> None:
    path = f"{ACCOUNTS}/vera"
    assert (await service.call("PATCH", path, {"RoleId": "Administrator"}, as_="vera")).status == 403
    assert (await service.call("PATCH", path, {"Password": "new and long"}, as_="vera")).status == 200
    old = await service.call("GET", path, as_="vera")
    assert old.status == 401


async def test_who_failed_too_often_is_locked_until_an_administrator_unlocks(tmp_path: Path) -> None:
    async with open_service(tmp_path, limits=Limits(account_failures=3)) as service:
        await lock_and_unlock(service)


async def lock_and_unlock(service: Service) -> None:
    path = f"{ACCOUNTS}/olga"
    assert (await service.get(path))["Locked"] is False
    wrong = {"UserName": "olga", "Password": "not the one"}
    for _ in range(3):
        assert (await service.call("POST", SESSIONS, wrong, as_="")).status == 401
    assert (await service.get(path))["Locked"] is True
    right = {**wrong, "Password": PASSWORDS["olga"]}
    assert (await service.call("POST", SESSIONS, right, as_="")).status == 401
    assert (await service.call("PATCH", path, {"Locked": False}, as_="vera")).status == 404
    refused = await service.call("PATCH", path, {"Locked": True})
    assert refused.status == 400
    unlocked = await service.call("PATCH", path, {"Locked": False})
    assert (unlocked.status, unlocked.body["Locked"]) == (200, False)
    assert (await service.call("POST", SESSIONS, right, as_="")).status == 201
    told = [event.message for event in await service.world.events.history()]
    assert told.count("account olga unlocked") == 1


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


def public_key() -> str:
    return asyncssh.generate_private_key("ssh-ed25519", comment="vera@laptop").export_public_key().decode()


async def test_a_key_is_added_shown_described_and_removed_by_whom_it_lets_in(service: Service) -> None:
    keys, line = f"{ACCOUNTS}/vera/Keys", public_key()
    assert (await service.get(f"{ACCOUNTS}/vera", as_="vera"))["Keys"] == {"@odata.id": keys}
    made = await service.call("POST", keys, {"KeyType": "SSH", "KeyString": line}, as_="vera")
    path = made.headers["Location"]
    assert (made.status, made.body["SSH"]["Comment"]) == (201, "vera@laptop")
    assert made.body["SSH"]["Fingerprint"].startswith("SHA256:")
    assert (await service.get(keys))["Members"] == [{"@odata.id": path}]
    again = await service.call("POST", f"{ACCOUNTS}/admin/Keys", {"KeyType": "SSH", "KeyString": line})
    assert again.status == 409
    changed = await service.call("PATCH", path, {"UserDescription": "the old laptop"}, as_="vera")
    assert changed.body["UserDescription"] == "the old laptop"
    assert (await service.call("DELETE", path)).status == 204
    assert (await service.call("GET", path)).status == 404
    audited = [record.action for record in await service.world.audit.read(limit=100)]
    assert [action for action in audited if "key" in action] == ["add-key", "change-key", "remove-key"]


async def test_nobody_adds_a_key_to_another_but_who_administers_accounts(service: Service) -> None:
    body = {"KeyType": "SSH", "KeyString": public_key()}
    assert (await service.call("POST", f"{ACCOUNTS}/admin/Keys", body, as_="olga")).status == 404
    assert (await service.call("GET", f"{ACCOUNTS}/admin/Keys", as_="olga")).status == 404
    assert (await service.call("POST", f"{ACCOUNTS}/olga/Keys", body)).status == 201


async def test_what_is_no_public_key_is_refused_and_not_repeated(service: Service) -> None:
    private = asyncssh.generate_private_key("ssh-ed25519").export_private_key().decode()
    for text in (private, "ssh-ed25519 AAAA", 'from="*" ' + public_key(), "", "s3cret"):
        answer = await service.call("POST", f"{ACCOUNTS}/vera/Keys", {"KeyType": "SSH", "KeyString": text})
        assert answer.status == 400
        assert "s3cret" not in str(answer.body)
        assert "OPENSSH" not in str(answer.body)
    wrong = await service.call("POST", f"{ACCOUNTS}/vera/Keys", {"KeyType": "NVMeoF", "KeyString": public_key()})
    assert (wrong.status, wrong.ids) == (400, ["PropertyValueNotInList"])


async def test_a_wrong_password_and_an_unknown_name_sound_alike(service: Service) -> None:
    wrong = await service.call("POST", SESSIONS, {"UserName": "admin", "Password": "x"}, as_="")
    unknown = await service.call("POST", SESSIONS, {"UserName": "nobody", "Password": "x"}, as_="")
    assert (wrong.status, wrong.told) == (unknown.status, unknown.told) == (401, wrong.told)
