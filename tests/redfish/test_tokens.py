"""API tokens over Redfish, as programs use them."""

from typing import Any

import pytest

from bmc.model.caller import Role
from tests.redfish.service import Answer, Service

TOKENS = "/redfish/v1/AccountService/Oem/Lightsout/Tokens"
ACCOUNTS = "/redfish/v1/AccountService/Accounts"
SYSTEMS = "/redfish/v1/Systems"
SESSIONS = "/redfish/v1/SessionService/Sessions"
SUBSCRIPTIONS = "/redfish/v1/EventService/Subscriptions"
HOW = ["Bearer", "X-Auth-Token"]


async def make(service: Service, as_: str = "olga", **body: Any) -> Answer:
    made = await service.call("POST", TOKENS, {"Name": "ci"} | body, as_=as_)
    assert made.status == 201, made
    return made


def shown(secret: str, how: str = "Bearer") -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"} if how == "Bearer" else {"X-Auth-Token": secret}


@pytest.mark.parametrize("how", HOW)
async def test_a_token_is_shown_once_and_works_until_it_is_revoked(service: Service, how: str) -> None:
    made = await make(service)
    path, secret = made.headers["Location"], made.body["Token"]
    assert (await service.get(path, as_="olga"))["Token"] is None
    answer = await service.call("GET", SYSTEMS, as_="", headers=shown(secret, how))
    assert answer.status == 200, answer
    seen = await service.get(path, as_="olga")
    assert seen["LastUsed"] is not None
    assert seen["LastAddress"] == "127.0.0.1"
    assert (await service.call("DELETE", path, as_="olga")).status == 204
    refused = await service.call("GET", SYSTEMS, as_="", headers=shown(secret, how))
    assert refused.status == 401
    assert "API token" in refused.told


async def test_what_a_token_did_names_it_in_the_audit(service: Service) -> None:
    made = await make(service)
    node = f"{SYSTEMS}/n1/Actions/Oem/Lightsout.Reserve"
    await service.call("POST", node, {"Reason": "x"}, as_="", headers=shown(made.body["Token"]))
    records = [(record.account, record.action, record.token) for record in await service.world.audit.newest(20)]
    assert ("olga", "create-token", "") in records
    assert made.body["Id"] in [token for _, _, token in records]


async def test_a_token_of_less_can_do_less(service: Service) -> None:
    made = await make(service, "admin", RoleId="ReadOnly", Scope={"Nodes": ["nowhere"]})
    headers = shown(made.body["Token"])
    assert (await service.call("GET", SYSTEMS, as_="", headers=headers)).body["Members"] == []
    body = {"UserName": "eve", "Password": "long enough", "RoleId": "ReadOnly"}
    assert (await service.call("POST", ACCOUNTS, body, as_="", headers=headers)).status == 403


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{ACCOUNTS}/olga", {"Password": "new and long"}),
        ("POST", f"{ACCOUNTS}/olga/Keys", {"KeyType": "SSH", "KeyString": "ssh-ed25519 AAAA"}),
        ("POST", TOKENS, {"Name": "another"}),
        ("POST", SUBSCRIPTIONS, {"Destination": "http://192.0.2.1", "Protocol": "Redfish"}),
    ],
)
async def test_who_has_a_token_does_not_get_the_account(service: Service, method: str, path: str, body: Any) -> None:
    made = await make(service, Scope={"Nodes": ["n1"]})
    answer = await service.call(method, path, body, as_="", headers=shown(made.body["Token"]))
    assert answer.status == 403, answer


async def test_a_tokens_scope_that_leads_nowhere_is_told(service: Service) -> None:
    made = await make(service, Scope={"Nodes": ["n1", "n9"], "Tags": ["rack1"]})
    said = [each["Message"] for each in made.body["@Message.ExtendedInfo"]]
    assert said == ["Kept, but no server is called n9 yet.", "Kept, but no server has the tag rack1 yet."]
    assert "@Message.ExtendedInfo" not in (await service.call("GET", made.body["@odata.id"], as_="olga")).body


@pytest.mark.parametrize("less", [{"RoleId": "ReadOnly"}, {"Scope": {"Nodes": ["n1"]}}], ids=["role", "scope"])
async def test_a_token_of_less_neither_sees_nor_ends_what_is_its_accounts_own(
    service: Service, less: dict[str, Any]
) -> None:
    _, session = await service.token("olga")
    wanted = {"Destination": "http://127.0.0.2:1/secret", "Protocol": "Redfish"}
    subscription = (await service.call("POST", SUBSCRIPTIONS, wanted, as_="olga")).headers["Location"]
    headers = shown((await make(service, **less)).body["Token"])
    for collection in (SESSIONS, SUBSCRIPTIONS):
        assert (await service.call("GET", collection, as_="", headers=headers)).body["Members"] == []
    for path in (session, subscription):
        assert (await service.call("GET", path, as_="", headers=headers)).status == 404
    assert (await service.call("DELETE", session, as_="", headers=headers)).status == 404
    assert (await service.call("DELETE", subscription, as_="", headers=headers)).status == 403
    for action in ("SuspendSubscription", "ResumeSubscription"):
        path = f"{subscription}/Actions/EventDestination.{action}"
        assert (await service.call("POST", path, {}, as_="", headers=headers)).status == 403
    whole = shown((await make(service, Name="whole")).body["Token"])
    for path in (session, subscription):
        assert (await service.call("DELETE", path, as_="", headers=whole)).status == 204


async def test_who_is_no_operator_any_more_changes_no_subscription(service: Service) -> None:
    wanted = {"Destination": "http://127.0.0.2:1/", "Protocol": "Redfish"}
    path = (await service.call("POST", SUBSCRIPTIONS, wanted, as_="olga")).headers["Location"]
    await service.accounts.change("olga", role=Role.READ_ONLY)
    assert (await service.call("DELETE", path, as_="olga")).status == 403
    assert (await service.call("GET", path, as_="olga")).status == 200


async def test_others_tokens_are_the_administrators_to_see_and_revoke(service: Service) -> None:
    path = (await make(service)).headers["Location"]
    assert (await service.call("GET", path, as_="vera")).status == 404
    assert (await service.call("DELETE", path, as_="vera")).status == 404
    assert (await service.get(path))["Account"] == "olga"
    assert (await service.call("DELETE", path)).status == 204


async def test_an_end_that_is_past_and_a_name_twice_are_refused(service: Service) -> None:
    past = await service.call("POST", TOKENS, {"Name": "old", "Expires": "2020-01-01T00:00:00Z"}, as_="olga")
    assert past.status == 400
    soon = await make(service, Expires="2999-01-01T00:00:00Z")
    assert soon.body["Expires"] == "2999-01-01T00:00:00.000Z"
    again = await service.call("POST", TOKENS, {"Name": "ci"}, as_="olga")
    assert again.status == 409


async def test_a_locked_account_is_shown_and_unlocked(service: Service) -> None:
    assert (await service.get(f"{ACCOUNTS}/olga"))["Locked"] is False
    lockout = service.accounts._gate.lockout
    for _ in range(1000):
        lockout.failed("olga", "192.0.2.7")
    assert (await service.get(f"{ACCOUNTS}/olga"))["Locked"] is True
    assert (await service.call("PATCH", f"{ACCOUNTS}/olga", {"Locked": False}, as_="olga")).status == 403
    assert (await service.call("PATCH", f"{ACCOUNTS}/olga", {"Locked": True})).status == 400
    changed = await service.call("PATCH", f"{ACCOUNTS}/olga", {"Locked": False})
    assert changed.body["Locked"] is False
