"""Event subscriptions over Redfish: whose they are, what they show, and what they never show."""

import asyncio
import json
import logging
from typing import Any

import pytest

from bmc.model.events import EventKind, Severity
from tests.hooks.lab import Receiver, receiving
from tests.redfish.service import Answer, Service, tell
from tests.world import until

EVENTS = "/redfish/v1/EventService"
SUBSCRIPTIONS = f"{EVENTS}/Subscriptions"
SECRET, HEADER = "a secret of twenty and more", "Bearer H34D3R"


async def subscribe(service: Service, receiver: Receiver, as_: str = "admin", **more: Any) -> Answer:
    body = {"Destination": f"http://127.0.0.2:{receiver.port}/in", "Protocol": "Redfish", **more}
    return await service.call("POST", SUBSCRIPTIONS, body, as_=as_)


@pytest.fixture
async def receiver():
    async with receiving(host="127.0.0.2") as opened:
        yield opened


async def test_a_subscription_shows_what_it_was_given_but_no_secret(
    service: Service, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = await subscribe(
        service,
        receiver,
        Context="mine",
        HttpHeaders=[{"Authorization": HEADER}],
        MessageIds=["Lightsout.1.0.NodeChanged"],
        OriginResources=[{"@odata.id": "/redfish/v1/Systems/n1"}],
        Severities=["OK"],
        Oem={"Lightsout": {"HmacSecret": SECRET}},
    )
    assert made.status == 201, made
    body = await service.get(made.headers["Location"])
    assert body == made.body | {"@odata.etag": body["@odata.etag"]}
    assert (body["Context"], body["Protocol"], body["HttpHeaders"]) == ("mine", "Redfish", [])
    assert body["MessageIds"] == ["Lightsout.1.0.NodeChanged"]
    assert body["OriginResources"] == [{"@odata.id": "/redfish/v1/Systems/n1"}]
    assert (body["DeliveryRetryPolicy"], body["VerifyCertificate"]) == ("RetryForeverWithBackoff", True)
    assert body["Oem"]["Lightsout"]["HmacSecretSet"] is True
    assert body["Status"] == {"State": "Enabled", "Health": "OK"}
    audit = json.dumps([dict(record.details) for record in await service.world.audit.newest(100)])
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("bmc"))
    for text in (json.dumps(body), audit, ours):
        assert SECRET not in text
        assert HEADER not in text
    await tell(service)
    await receiver.has(1)
    got = receiver.got[0]
    assert (got.event["Context"], got.headers["Authorization"]) == ("mine", HEADER)
    assert got.headers["webhook-signature"].startswith("v1,")
    members = (await service.get(SUBSCRIPTIONS))["Members"]
    assert members == [{"@odata.id": made.headers["Location"]}]


async def test_what_can_be_changed_and_ended(service: Service, receiver: Receiver) -> None:
    path = (await subscribe(service, receiver, "olga")).headers["Location"]
    changed = await service.call("PATCH", path, {"Context": "new", "DeliveryRetryPolicy": "SuspendRetries"}, as_="olga")
    assert (changed.status, changed.body["Context"], changed.body["DeliveryRetryPolicy"]) == (
        200,
        "new",
        "SuspendRetries",
    )
    refused = await service.call("PATCH", path, {"Destination": "http://127.0.0.2/"}, as_="olga")
    assert (refused.status, refused.ids) == (400, ["PropertyNotWritable"])
    etag = (await service.call("GET", path, as_="olga")).headers["ETag"]
    await tell(service)
    await receiver.has(1)
    still = await service.call("PATCH", path, {"Context": "x"}, as_="olga", headers={"If-Match": etag})
    assert still.status == 200
    stale = await service.call("PATCH", path, {"Context": "y"}, as_="olga", headers={"If-Match": etag})
    assert stale.status == 412
    assert (await service.call("DELETE", path, as_="olga")).status == 204
    assert (await service.call("GET", path, as_="olga")).status == 404


async def test_suspended_events_wait_and_come_when_it_is_resumed(service: Service, receiver: Receiver) -> None:
    path = (await subscribe(service, receiver)).headers["Location"]
    assert (await service.call("POST", f"{path}/Actions/EventDestination.SuspendSubscription", {})).status == 204
    status = (await service.get(path))["Status"]
    assert (status["State"], status["Conditions"][0]["Message"]) == ("Disabled", "suspended by admin")
    told = await tell(service)
    assert (await service.get(path))["Oem"]["Lightsout"]["EventsWaiting"] >= 1
    assert (await service.call("POST", f"{path}/Actions/EventDestination.ResumeSubscription", {})).status == 204
    await receiver.has(1)
    assert receiver.got[0].sequence == told.sequence


async def test_a_subscription_is_its_accounts_and_the_administrators(service: Service, receiver: Receiver) -> None:
    path = (await subscribe(service, receiver, "tina")).headers["Location"]
    assert (await service.call("GET", path, as_="olga")).status == 404
    assert (await service.call("DELETE", path, as_="olga")).status == 404
    assert (await service.get(SUBSCRIPTIONS, as_="olga"))["Members"] == []
    assert (await service.get(path))["Oem"]["Lightsout"]["Account"] == "tina"
    refused = await subscribe(service, receiver, "vera")
    assert (refused.status, refused.ids) == (403, ["InsufficientPrivilege"])
    outside = await subscribe(service, receiver, "tina", OriginResources=[{"@odata.id": "/redfish/v1/Systems/n2"}])
    assert outside.status == 400
    await service.world.add("n2")
    hidden = await subscribe(service, receiver, "tina", OriginResources=[{"@odata.id": "/redfish/v1/Systems/n2"}])
    assert hidden.told == outside.told
    await tell(service, "n2", "not hers")
    await tell(service, "n1", "hers")
    await receiver.has(1)
    assert receiver.texts == ["hers"]
    await service.call("DELETE", "/redfish/v1/AccountService/Accounts/tina")
    assert (await service.get(SUBSCRIPTIONS))["Members"] == []


async def test_a_dead_letter_is_in_the_open(service: Service, receiver: Receiver) -> None:
    receiver.mode = "410"
    path = (await subscribe(service, receiver)).headers["Location"]
    house_hooks = service.hooks
    house_hooks.patience = type(house_hooks.patience)(0, 1)
    await service.call("PATCH", path, {"Context": "x"})  # begins anew
    told = await tell(service, text="poison")
    async with asyncio.timeout(10):
        while not (letters := (await service.get(path))["Oem"]["Lightsout"]["DeadLetters"]):  # noqa: ASYNC110 - the store has no event of its own
            await asyncio.sleep(0.01)
    assert (letters[0]["EventId"], letters[0]["Reason"]) == (str(told.sequence), "the receiver answered 410")
    assert letters[0]["Event"]["Events"][0]["Message"] == "poison"
    status = (await service.get(path))["Status"]
    assert (status["Health"], status["Conditions"][0]["Message"]) == ("Critical", "the receiver answered 410")


WRONG = [
    ({"Destination": "ftp://x/"}, "PropertyValueError"),
    ({"Destination": "http://u:p@x/"}, "PropertyValueError"),
    ({"Destination": "http://127.0.0.1/"}, "PropertyValueError"),
    ({"Destination": "http://[::ffff:127.0.0.1]/"}, "PropertyValueError"),
    ({"Destination": "http://[::1"}, "PropertyValueError"),
    ({"Protocol": "SNMPv3"}, "PropertyValueNotInList"),
    ({"EventFormatType": "MetricReport"}, "PropertyValueNotInList"),
    ({"HttpHeaders": [{"Host": "x"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"Webhook-Signature": "x"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"X": "a\r\nY: b"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"X\r\nY": "b"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"X": "b\x00"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"": "b"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"cOnTeNt-LeNgTh": "0"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"Transfer-Encoding": "chunked"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"Upgrade": "h2c"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"user-agent": "curl"}]}, "PropertyValueError"),
    ({"HttpHeaders": [{"X": "x" * 5000}]}, "PropertyValueError"),
    ({"HttpHeaders": [{f"X-{number}": "x"} for number in range(33)]}, "ArraySizeTooLong"),
    ({"HttpHeaders": [{f"X-{number}": "x" for number in range(10_000)}]}, "PropertyValueError"),
    ({"Context": "x" * 1025}, "StringValueTooLong"),
    ({"Destination": "http://127.0.0.2/\r\nHost: x"}, "PropertyValueError"),
    ({"Destination": f"http://127.0.0.2/{'x' * 2048}"}, "StringValueTooLong"),
    ({"MessageIds": ["Lightsout.NodeReset"] * 257}, "ArraySizeTooLong"),
    ({"RegistryPrefixes": ["Nonsense"]}, "PropertyValueNotInList"),
    ({"MessageIds": ["Lightsout.1.0.Nonsense"]}, "PropertyValueNotInList"),
    ({"ResourceTypes": ["Chassis"]}, "PropertyValueNotInList"),
    ({"OriginResources": [{"@odata.id": "/redfish/v1/Systems"}]}, "PropertyValueError"),
    ({"DeliveryRetryPolicy": "Never"}, "PropertyValueNotInList"),
    ({"Nonsense": 1}, "PropertyUnknown"),
]


@pytest.mark.parametrize(("more", "id"), WRONG)
async def test_what_is_wrong_is_told(service: Service, receiver: Receiver, more: dict[str, Any], id: str) -> None:
    answer = await subscribe(service, receiver, **more)
    assert (answer.status, answer.ids) == (400, [id])
    assert (await service.get(SUBSCRIPTIONS))["Members"] == []


async def test_there_may_be_so_many_and_no_more(service: Service, receiver: Receiver) -> None:
    made = [await subscribe(service, receiver, "olga") for _ in range(17)]
    assert [answer.status for answer in made] == [201] * 16 + [400]
    assert made[-1].ids == ["CreateLimitReachedForResource"]
    assert (await subscribe(service, receiver, "tina")).status == 201


async def test_a_wrong_secret_is_not_said_again(service: Service, receiver: Receiver) -> None:
    short = await subscribe(service, receiver, Oem={"Lightsout": {"HmacSecret": "sh0rt"}})
    assert short.status == 400
    assert "sh0rt" not in json.dumps(short.body)


FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({"RegistryPrefixes": ["Lightsout"]}, ["changed", "reset", "fleet"]),
    ({"MessageIds": ["Lightsout.NodeReset"]}, ["reset"]),
    ({"ResourceTypes": ["ComputerSystem"]}, ["changed", "reset"]),
    ({"OriginResources": [{"@odata.id": "/redfish/v1/Systems"}], "SubordinateResources": True}, ["changed", "reset"]),
    ({"Severities": ["Warning", "Critical"]}, ["reset"]),
    ({"EventTypes": ["Alert"]}, ["changed", "reset", "fleet"]),
]


@pytest.mark.parametrize(("more", "texts"), FILTERS)
async def test_filters_are_the_standards(
    service: Service, receiver: Receiver, more: dict[str, Any], texts: list[str]
) -> None:
    assert (await subscribe(service, receiver, **more)).status == 201
    await tell(service, text="changed")
    await tell(service, text="reset", kind=EventKind.NODE_RESET, severity=Severity.WARNING)
    await tell(service, "", "fleet")
    await submit(service, {"Message": "the end"})
    await receiver.has(len(texts) + 1)
    assert receiver.texts == [*texts, "the end"]


async def submit(service: Service, body: dict[str, Any], as_: str = "admin") -> Answer:
    return await service.call("POST", f"{EVENTS}/Actions/EventService.SubmitTestEvent", body, as_=as_)


async def test_a_test_event_says_what_it_is_told_to(service: Service, receiver: Receiver) -> None:
    assert (await subscribe(service, receiver)).status == 201
    asked = {
        "MessageId": "Alert.1.0.LanDisconnect",
        "MessageArgs": ["EthernetInterface 1", "/redfish/v1/Systems/1"],
        "Message": "A LAN Disconnect.",
        "MessageSeverity": "Warning",
        "OriginOfCondition": "/redfish/v1/Systems/n1",
    }
    assert (await submit(service, asked)).status == 204
    await receiver.has(1)
    record = receiver.got[0].event["Events"][0]
    assert {name: record[name] for name in asked if name != "OriginOfCondition"} | {
        "OriginOfCondition": record["OriginOfCondition"]["@odata.id"]
    } == asked
    chassis = await submit(service, {"Message": "Hot.", "OriginOfCondition": "/redfish/v1/Chassis/n1/Thermal"})
    assert chassis.status == 204
    assert (await submit(service, {}, "olga")).status == 403
    assert (await submit(service, {"Nonsense": 1})).ids == ["ActionParameterUnknown"]


async def test_the_event_service_tells_what_it_can(service: Service) -> None:
    body = await service.get(EVENTS)
    assert (body["DeliveryRetryAttempts"], body["DeliveryRetryIntervalSeconds"]) == (2, 5)
    assert body["Subscriptions"] == {"@odata.id": SUBSCRIPTIONS}
    assert (body["RegistryPrefixes"], body["ResourceTypes"]) == (["Lightsout"], ["ComputerSystem"])


async def test_a_dead_letter_that_cannot_be_put_into_words_is_shown_without_its_event(
    service: Service, receiver: Receiver
) -> None:
    made = await subscribe(service, receiver)
    poison = await tell(service, kind=EventKind.TEST, details={"message_id": "Lightsout.1.0.EventTest"})
    id = made.headers["Location"].rpartition("/")[2]
    await until(lambda: service.hooks.results(id)["dead"], 45)
    (letter,) = (await service.get(made.headers["Location"]))["Oem"]["Lightsout"]["DeadLetters"]
    assert (letter["EventId"], letter["Event"]) == (str(poison.sequence), None)
    assert "message_args" in letter["Reason"]
