"""Each command against a service of another machine: what it shows, what it does, how it fails."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import asyncssh
import pytest

from bmc.model.errors import Unreachable
from bmc.model.events import Event, EventKind
from bmc.model.power import PowerAction, PowerCause, PowerState
from bmc.store import Json
from tests.cli.conftest import Shell
from tests.redfish.service import Service, open_service
from tests.world import until


def applied(service: Service, *names: str) -> list[list[PowerAction]]:
    return [service.drivers.servers[name].applied for name in names]


async def test_the_session_of_a_command_ends_with_it(service: Service, bmc: Shell) -> None:
    assert "n3" in await bmc.ok("node", "list")
    assert not service.accounts.sessions()


async def test_a_token_signs_in_and_stays(service: Service, bmc: Shell) -> None:
    token, _ = await service.token("vera")
    bmc.more = {"BMC_TOKEN_FILE": bmc.secret(token)}
    assert "olga" not in await bmc.ok("account", "list")
    assert [session.account for session in service.accounts.sessions()] == ["vera"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"BMC_URL": "http://192.0.2.1"}, "use https"),
        ({"BMC_URL": "https://admin:hidden@192.0.2.1"}, "nothing else"),
        ({"BMC_URL": "http://127.0.0.1:1"}, "does not answer"),
        ({"BMC_USER": ""}, "how to sign in"),
        ({"BMC_PASSWORD_FILE": ""}, "nobody is there to ask"),
        ({"BMC_PASSWORD_FILE": "/dev/null"}, "first line is empty"),
        ({"BMC_PASSWORD_FILE": "/etc/hostname"}, "password is wrong"),
        ({"BMC_TOKEN_FILE": "/etc/hostname"}, "sign in again"),
    ],
)
async def test_who_cannot_sign_in_is_told_why_in_one_line(bmc: Shell, more: dict[str, str], told: str) -> None:
    bmc.more = more
    done = await bmc("node", "list")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("bmc: ")
    assert done.err.count("\n") == 1
    assert told in done.err
    assert "hidden" not in done.err


async def test_over_https_only_the_very_certificate_is_trusted(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    async with open_service(tmp_path / "a", secure=True) as service, open_service(tmp_path / "b", secure=True):
        bmc = Shell(service, tmp_path)
        bmc.more = {"BMC_CERTIFICATE": str(tmp_path / "a" / "certificate.pem")}
        assert "admin" in await bmc.ok("account", "list")
        for other in (str(tmp_path / "b" / "certificate.pem"), ""):
            bmc.more = {"BMC_CERTIFICATE": other}
            refused = await bmc("account", "list")
            assert (refused.code, refused.out) == (1, "")
            assert "is not trusted: self-signed certificate; --certificate FILE" in refused.err
        bmc.more = {"BMC_CERTIFICATE": str(tmp_path / "a" / "key.pem")}
        assert "is no certificate" in (await bmc("account", "list")).err


async def test_many_nodes_are_powered_and_each_is_told_of(service: Service, bmc: Shell) -> None:
    told = await bmc.ok("power", "n[1-3]", "on", "--yes", "--wait")
    assert sorted(told.splitlines()) == sorted(f"n{i}: {what}" for i in (1, 2, 3) for what in ("On accepted", "On"))
    assert applied(service, "n1", "n2", "n3") == [[PowerAction.ON]] * 3
    assert (await bmc.ok("power", "n2,tag:lab")).splitlines()[1:] == ["n2    On", "n3    On"]
    assert json.loads(await bmc.ok("power", "all", "--json")) == [{"node": f"n{i}", "power": "On"} for i in (1, 2, 3)]


async def test_more_than_one_node_is_asked_about_by_name_and_nothing_is_done_without_an_answer(
    service: Service, bmc: Shell
) -> None:
    done = await bmc("power", "all", "forceoff")
    assert (done.code, done.out) == (1, "")
    assert "n[1-3] (3 nodes)" in done.err
    assert applied(service, "n1", "n2", "n3") == [[], [], []]


async def test_a_name_that_is_not_there_stops_all_before_anything_is_done(service: Service, bmc: Shell) -> None:
    done = await bmc("power", "n[1-5],nx", "on", "--yes")
    assert (done.code, done.err) == (1, "bmc: there is no node n4, n5, nx; nothing was done\n")
    assert applied(service, "n1") == [[]]
    assert "tag:none" in (await bmc("power", "tag:none", "on", "--yes")).err


async def test_one_that_fails_does_not_keep_the_others_and_makes_the_exit_code(service: Service, bmc: Shell) -> None:
    service.drivers.servers["n2"].deaf = True
    done = await bmc("power", "all", "on", "--yes", "--json", "--wait", "--timeout", "3")
    assert done.code == 1
    assert [each["ok"] for each in done.json] == [True, False, True]
    assert [each["node"] for each in done.json] == ["n1", "n2", "n3"]
    assert done.json[1]["error"]
    assert done.err.startswith("bmc: n2: ")
    assert done.err.count("\n") == 1


async def test_staggered_nodes_come_on_batch_after_batch(service: Service, bmc: Shell) -> None:
    await bmc.ok("power", "all", "on", "--yes", "--stagger", "2", "--batch", "2")
    begun = {
        event.node: event.at for event in await service.world.events.history() if event.kind.value == "power.action"
    }
    assert begun["n3"] - max(begun["n1"], begun["n2"]) > 1  # less what a request takes longer than another


async def test_a_guest_that_does_not_shut_down_is_waited_for_and_then_told_of(service: Service, bmc: Shell) -> None:
    server = service.drivers.servers["n1"]
    await bmc.ok("power", "n1", "on", "--wait")
    server.obeys_acpi = False
    done = await bmc("power", "n1", "gracefulshutdown", "--wait", "--timeout", "1")
    assert done.code == 1
    assert "after 1 s" in done.err
    assert server.state is PowerState.ON
    assert "only On, ForceOff" in (await bmc("power", "n1", "nmi", "--wait")).err


async def test_the_boot_device_is_shown_as_it_was_set(bmc: Shell) -> None:
    assert await bmc.ok("boot", "n1") == "n1 boots from None (Disabled)\n"
    await bmc.ok("boot", "n1", "pxe")
    assert await bmc.ok("boot", "n1") == "n1 boots from Pxe (Once)\n"
    await bmc.ok("boot", "n1", "cd", "--continuous")
    shown = json.loads(await bmc.ok("boot", "n1", "--json"))
    assert (shown["BootSourceOverrideTarget"], shown["BootSourceOverrideEnabled"]) == ("Cd", "Continuous")


async def test_media_go_in_and_out(service: Service, bmc: Shell) -> None:
    await bmc.ok("media", "insert", "n1", "http://192.0.2.9/debian.iso")
    (drive,) = json.loads(await bmc.ok("media", "list", "n1", "--json"))
    assert (drive["Inserted"], drive["Image"]) == (True, "http://192.0.2.9/debian.iso")
    assert "debian.iso" in await bmc.ok("media", "list", "n1")
    await bmc.ok("media", "eject", "n1", "--drive", drive["Id"])
    assert json.loads(await bmc.ok("media", "list", "n1", "--json"))[0]["Inserted"] is False
    assert (await bmc("media", "eject", "n1", "--drive", "nine")).code == 1


async def test_the_sel_is_listed_oldest_first_and_cleared_after_asking(bmc: Shell) -> None:
    for action in ("on", "forceoff"):
        await bmc.ok("power", "n1", action, "--wait")
    records = json.loads(await bmc.ok("sel", "list", "n1", "--json"))
    assert len(records) >= 2
    assert [int(each["Id"]) for each in records] == sorted(int(each["Id"]) for each in records)
    assert records[0]["Message"] in await bmc.ok("sel", "list", "n1")
    assert "use --yes" in (await bmc("sel", "clear", "n1")).err
    await bmc.ok("sel", "clear", "n1", "--yes")
    left = json.loads(await bmc.ok("sel", "list", "n1", "--json"))
    assert {each["Message"] for each in left}.isdisjoint(each["Message"] for each in records)


async def test_records_are_chosen_resolved_and_taken_away(bmc: Shell) -> None:
    await bmc.ok("power", "n1", "on", "--wait")
    node = bmc.service.world.fleet.node("n1")
    await until(lambda: node.snapshot.sel.entries)
    assert (await bmc.ok("sel", "resolve", "n1", "1")) == "n1: record 1 is resolved\n"
    _, *rows = (await bmc.ok("sel", "list", "n1", "--filter", "Resolved eq true")).splitlines()
    assert [row.split()[3] for row in rows] == ["x"]
    assert (await bmc.ok("sel", "list", "n1", "--filter", "Resolved eq false")).count("\n") == 1
    assert (await bmc.ok("sel", "resolve", "n1", "1", "--undo")) == "n1: record 1 is not resolved\n"
    assert "Initiated by power up | Asserted\n" in await bmc.ok("sel", "export", "n1")
    assert (await bmc.ok("sel", "export", "n1", "--format", "CSV")).startswith("Id,Created,Severity,")
    assert json.loads(await bmc.ok("sel", "export", "n1", "--format", "json"))[0]["Id"] == "1"
    assert (await bmc("sel", "resolve", "n1", "9")).code == 1


async def test_sensors_have_readings_and_thresholds(bmc: Shell) -> None:
    await bmc.ok("power", "n1", "on", "--wait")
    shown = json.loads(await bmc.ok("sensors", "n1", "--json"))
    head, *rows = (await bmc.ok("sensors", "n1")).splitlines()
    assert "uppercritical" in head
    assert len(rows) == len(shown) > 0
    assert all(each["Name"] in row for each, row in zip(shown, rows, strict=True))


async def test_sensors_show_how_they_went_and_where_nothing_was_read(bmc: Shell) -> None:
    await bmc.ok("power", "n1", "On")
    node = bmc.service.world.fleet.node("n1")
    await until(lambda: node.snapshot.sensors[3].reading is not None)
    head, *rows = (await bmc.ok("sensors", "n1", "--history", "hour")).splitlines()
    assert head.split()[:6] == ["sensor", "unit", "least", "mean", "greatest", "since"]
    *told, drawn = rows[3].split()
    assert (told, set(drawn)) == (["Inlet", "Temp", "Cel", "24.5", "24.5", "24.5"], {"▁"})
    day = json.loads(await bmc.ok("sensors", "n1", "--history", "Day", "--json"))
    assert (day["IntervalSeconds"], len(day["Sensors"][3]["Readings"])) == (300, 288)
    assert (await bmc("sensors", "n1", "--history", "week")).code == 2


async def test_events_are_told_and_followed_through_a_cut(service: Service, bmc: Shell) -> None:
    await bmc.ok("power", "n1", "on", "--wait")
    past = json.loads(await bmc.ok("events", "n1", "--json"))
    assert [each["kind"] for each in past][-2:] == ["power.action", "power.changed"]
    assert past[-1]["message"] in await bmc.ok("events", "--last", "3")
    async with bmc.running("events", "n1", "--follow", "--json", "--last", "1") as process:
        assert process.stdout is not None
        lines = process.stdout
        assert json.loads(await lines.readline()) == past[-1]
        await bmc.ok("power", "n2", "on")  # no concern of one who follows n1
        await bmc.ok("power", "n1", "forceoff", "--wait")
        seen = [json.loads(await lines.readline()) for _ in range(2)]
        assert [each["kind"] for each in seen] == ["power.action", "power.changed"]
        for session in service.accounts.sessions():
            await service.accounts.close_session(session.id)  # ends the stream
        await bmc.ok("power", "n1", "on", "--wait")
        more = [json.loads(await lines.readline()) for _ in range(2)]
        assert [each["kind"] for each in more] == ["power.action", "power.changed"]
        assert [each["id"] for each in [*seen, *more]] == sorted({each["id"] for each in [*seen, *more]})
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


async def test_events_of_no_node_are_told_to_who_administers_the_fleet(bmc: Shell) -> None:
    await bmc.ok("power", "n1", "on", "--wait", as_="olga")
    kinds = [each["kind"] for each in json.loads(await bmc.ok("events", "--json"))]
    assert "account.changed" in kinds
    assert "account.signed-in" not in kinds
    assert kinds.index("power.action") < kinds.index("power.changed")
    for words in (("all",), ("n1,n2",)):
        assert "account" not in await bmc.ok("events", *words)
    assert {each["node"] for each in json.loads(await bmc.ok("events", "--json", as_="vera"))} == {"n1", "n2", "n3"}
    assert {each["node"] for each in json.loads(await bmc.ok("events", "--json", as_="tina"))} == {"n1"}


async def test_events_since_a_moment_are_all_of_them(service: Service, bmc: Shell) -> None:
    for number in range(30):
        await service.world.events.publish(Event(EventKind.NODE_CHANGED, f"change {number}", 0, "n1"))
    assert (await bmc.ok("events", "n1")).count("change ") == 20
    for words in (("n1", "--since", "1h"), ("--since", "1h"), ("--since", "1970-01-01")):
        assert (await bmc.ok("events", *words)).count("change ") == 30
    assert (await bmc.ok("events", "--since", "1h", "--last", "2")).count("change ") == 2
    later = json.loads(await bmc.ok("events", "n1", "--json"))[-10]
    assert (await bmc.ok("events", "n1", "--since", later["at"])).count("change ") >= 10
    assert "change " not in await bmc.ok("events", "n1", "--since", "9999-01-01T00:00:00Z")
    refused = await bmc("events", "--since", "yesterday")
    assert refused.code == 2
    assert "expected 90s" in refused.err


async def test_why_tells_who_did_what_by_which_door_and_the_end_of_the_console(service: Service, bmc: Shell) -> None:
    await bmc.ok("power", "n1", "on", "--wait", as_="olga")
    shown = json.loads(await bmc.ok("why", "n1", "--json"))
    assert shown["power"] == "On"
    assert shown["console"] == ["printed before"]
    times = [each["at"] for each in shown["timeline"]]
    assert times == sorted(times)
    (asked,) = [each for each in shown["timeline"] if "asked for On" in each["message"]]
    assert asked["who"] == "olga (redfish from 127.0.0.1)"
    assert shown["now"][0].endswith(": olga (redfish from 127.0.0.1) asked for On")
    told = await bmc.ok("why", "n1")
    assert told.startswith("n1 is On since ")
    assert told.endswith("the end of the serial console:\n  printed before\n")


async def test_why_tells_an_administrator_who_was_refused_and_others_that_it_does_not(bmc: Shell) -> None:
    assert (await bmc("power", "n1", "on", as_="vera")).code == 1
    (refused,) = json.loads(await bmc.ok("why", "n1", "--json"))["timeline"][1:]
    assert (refused["source"], refused["kind"], refused["who"]) == ("audit", "Power", "vera (redfish from 127.0.0.1)")
    assert refused["message"] == "asked for On: Denied"
    shown = json.loads(await bmc.ok("why", "n1", "--json", as_="olga"))
    assert [each["source"] for each in shown["timeline"]] == ["event"]
    assert "Administrators alone" in shown["notes"][0]
    assert "Administrators alone" in await bmc.ok("why", "n1", as_="olga")


async def test_why_tells_whose_a_shutdown_was_that_the_guest_carried_out_and_that_another_was_nobodys(
    service: Service, bmc: Shell
) -> None:
    server = service.drivers.servers["n1"]
    await bmc.ok("power", "n1", "on", "--wait")
    await bmc.ok("power", "n1", "gracefulshutdown", "--wait", as_="olga")
    assert "after olga (redfish from 127.0.0.1) asked for GracefulShutdown" in await bmc.ok("why", "n1")
    await bmc.ok("power", "n1", "on", "--wait")
    server.become(PowerState.OFF, PowerCause.GUEST_SHUTDOWN)
    await until(lambda: service.world.fleet.node("n1").snapshot.power is PowerState.OFF)
    assert "guest-shutdown; nobody asked for it here" in await bmc.ok("why", "n1")


async def test_a_removal_tells_what_is_left_in_a_bmc_that_does_not_answer(
    service: Service, bmc: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def eject(_: str) -> None:
        raise Unreachable("BMC h1 is unreachable")

    await bmc.ok("media", "insert", "n1", "rescue.iso")
    monkeypatch.setattr(service.drivers.servers["n1"], "eject", eject)
    assert (await bmc.ok("node", "remove", "n1", "--yes")).splitlines() == [
        "n1 removed",
        "rescue.iso may still be in its drive cd0 (BMC h1 is unreachable). Take it out at the server's own BMC.",
    ]
    assert await bmc.ok("node", "remove", "n2", "--yes") == "n2 removed\n"


async def test_nodes_are_held_with_a_reason_and_let_go_of(bmc: Shell) -> None:
    held = await bmc.ok("reserve", "n[1-2]", "--reason", "new fans", "--for", "2h", as_="olga")
    assert held == "n1: reserved\nn2: reserved\n"
    listed = await bmc.ok("node", "list")
    assert listed.count("reserved by olga: new fans, until 20") == 2
    assert "n1 is reserved by olga: new fans (until 20" in (await bmc("power", "n1", "on")).err
    refused = await bmc("release", "n1")
    assert (refused.code, "takes a note" in refused.err) == (1, True)
    assert await bmc.ok("release", "n1", "--note", "olga is on leave") == "n1: released\n"
    assert "released it: olga is on leave" in await bmc.ok("why", "n1", "--lines", "0")
    assert await bmc.ok("release", "n2", as_="olga") == "n2: released\n"
    assert (await bmc("reserve", "n1", "--reason", "x", "--for", "long")).code == 2


async def test_a_token_is_made_used_and_revoked(service: Service, bmc: Shell, tmp_path: Path) -> None:
    file = tmp_path / "ci.token"
    await bmc.ok("token", "add", "ci", "--role", "readonly", "--lasts", "1d", "--file", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    assert "exists" in (await bmc("token", "add", "ci2", "--file", str(file))).err
    listed = json.loads(await bmc.ok("token", "list", "--json"))
    assert [(each["Name"], each["RoleId"], each["Token"]) for each in listed] == [("ci", "ReadOnly", None)]
    assert "n1" in await bmc.ok("--token-file", str(file), "node", "list")
    assert "token list" in (await bmc("token", "revoke", "nothing", "--yes")).err
    assert "ci revoked" in await bmc.ok("token", "revoke", listed[0]["Id"], "--yes")
    assert (await bmc("--token-file", str(file), "node", "list")).code != 0


async def test_accounts_are_managed_with_passwords_from_files(service: Service, bmc: Shell) -> None:
    first, second = bmc.secret("first secret of rita"), bmc.secret("second secret of rita")
    await bmc.ok("account", "add", "rita", "--role", "operator", "--tag", "lab", "--password-file", first)
    assert "rita     Operator       yes      tag:lab" in await bmc.ok("account", "list")
    bmc.more = {"BMC_USER": "rita", "BMC_PASSWORD_FILE": first}
    assert [each["Id"] for each in json.loads(await bmc.ok("node", "list", "--json"))] == ["n3"]
    await bmc.ok("account", "passwd", "rita", "--password-file", second)
    assert (await bmc("node", "list")).code == 1
    bmc.more = {}
    await bmc.ok("account", "change", "rita", "--role", "readonly", "--all-nodes", "--disable")
    assert "rita     ReadOnly       no       all" in await bmc.ok("account", "list")
    await bmc.ok("account", "remove", "rita", "--yes")
    assert "rita" not in await bmc.ok("account", "list")


async def test_a_job_is_listed_followed_and_cancelled(service: Service, bmc: Shell) -> None:
    answer = await service.call("POST", "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Reinstall", {"Image": "tiny"})
    assert answer.status == 202, answer
    (task,) = json.loads(await bmc.ok("job", "list", "--json"))
    assert task["Name"] in await bmc.ok("job", "list")
    following = asyncio.create_task(bmc("job", "follow", task["Id"]))
    service.work.go.set()
    done = await following
    assert (done.code, done.err) == (0, "")
    assert "no proof" in done.out
    assert "ended already" in (await bmc("job", "cancel", task["Id"])).err
    for words in (("cancel", "99"), ("follow", "99")):
        assert "there is no such job" in (await bmc("job", *words)).err
    shown = json.loads(await bmc.ok("why", "n1", "--json", "--lines", "0"))
    jobs = [each["what"] for each in shown["timeline"] if each["kind"] == "Job"]
    assert jobs == ["reinstall", "job.ended"]


async def test_a_job_that_has_ended_for_many_servers_is_shown(service: Service, bmc: Shell) -> None:
    reset = "/redfish/v1/AggregationService/Actions/AggregationService.Reset"
    targets = [f"/redfish/v1/Systems/{name}" for name in ("n1", "n2")]
    answer = await service.call("POST", reset, {"ResetType": "On", "TargetURIs": targets})
    assert answer.status == 202, answer
    assert "runs" not in await bmc.ok("job", "follow", answer.body["Id"])
    assert applied(service, "n1", "n2") == [[PowerAction.ON]] * 2


async def test_ssh_into_a_rescue_signs_in_once_and_asks_nobody_again(
    service: Service, bmc: Shell, tmp_path: Path
) -> None:
    access: Json = {"host_key": "ssh-ed25519 AAAA", "fingerprint": "SHA256:x", "until": 4e9}
    service.work.details = {"rescue": access}
    body = {"SSHKeys": ["ssh-ed25519 AAAA me"]}
    rescue = await service.call("POST", "/redfish/v1/Systems/n1/Actions/Oem/Lightsout.Rescue", body)
    await until(lambda: service.jobs.get(rescue.body["Id"]).percent == 50)
    ssh = tmp_path / "ssh"
    ssh.write_text(
        f"""#!/bin/sh
        stat -c %a "$BMC_TOKEN_FILE"
        BMC_PASSWORD_FILE= {sys.executable} -m bmc.cli node list </dev/null
        """
    )
    ssh.chmod(0o755)
    bmc.more = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    first, *nodes = (await bmc.ok("ssh", "n1")).splitlines()
    assert first == "600"
    assert "n1" in "".join(nodes)
    assert not service.accounts.sessions()


@pytest.mark.parametrize("words", ["reinstall n1 tiny", "erase n1 Full", "inspect n1", "rescue n1 --ssh-key {key}"])
async def test_a_job_by_the_ramdisk_can_come_by_network(
    service: Service, bmc: Shell, tmp_path: Path, words: str
) -> None:
    key = tmp_path / "key.pub"
    key.write_text("ssh-ed25519 AAAA me\n")
    service.work.go.set()
    await bmc.ok(*words.format(key=key).split(), "--way", "Network", "--yes")
    assert [request["way"] for request, _ in service.work.asked] == ["Network"]


@pytest.mark.parametrize("words", ["reinstall n1 tiny", "rescue n1"])
async def test_a_private_key_in_the_place_of_a_public_one_stays_here(
    service: Service, bmc: Shell, tmp_path: Path, words: str
) -> None:
    key = tmp_path / "id_ed25519"
    key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nhunter2\n-----END OPENSSH PRIVATE KEY-----\n")
    done = await bmc(*words.split(), "--ssh-key", str(key), "--yes")
    assert (done.code, done.out) == (1, "")
    assert done.err == f"bmc: {key} holds a private key, which stays here; expected its .pub file\n"
    assert service.work.asked == []


async def test_what_a_server_says_cannot_drive_the_terminal(service: Service, bmc: Shell) -> None:
    await bmc.ok("media", "insert", "n1", "http://192.0.2.9/\x1b]0;owned\x07.iso")
    for command in ("media list n1", "events n1", "why n1"):
        assert "\x1b" not in await bmc.ok(*command.split())


async def test_a_tab_imports_nothing_that_is_slow(bmc: Shell) -> None:
    bmc.more = {"_BMC_COMPLETE": "complete_bash", "COMP_WORDS": "bmc power n1 ", "COMP_CWORD": "3"}
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-X",
            "importtime",
            "-c",
            "import sys; sys.argv[0] = 'bmc'; from bmc.cli import main; main()",
        ),
        # Counting coverage in it would import what is looked for.
        env={name: value for name, value in bmc.environment().items() if not name.startswith("COV")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, told = await process.communicate()
    imported = {line.rpartition(b"|")[2].strip().decode() for line in told.splitlines()}
    assert b"GracefulShutdown" in out
    assert "bmc.cli.power" in imported
    assert imported.isdisjoint({"pydantic", "rich", "aiohttp", "asyncio", "ssl", "http.client", "tomllib"})


async def test_the_shell_completes_names_of_nodes(bmc: Shell) -> None:
    async def offered(line: str) -> list[str]:
        words = line.split(" ")
        bmc.more |= {"_BMC_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
        # `python -m bmc.cli` has no name that a shell could complete for: as the entry point calls it.
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "import sys; sys.argv[0] = 'bmc'; from bmc.cli import main; main()"),
            env=bmc.environment(),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        return out.decode().split()

    assert await offered("bmc power n") == ["n1", "n2", "n3"]
    assert await offered("bmc power n1,n") == ["n1,n1", "n1,n2", "n1,n3"]
    assert await offered("bmc console n3") == ["n3"]
    assert await offered("bmc med") == ["media"]
    assert await offered("bmc power n1 G") == ["GracefulShutdown", "GracefulRestart"]
    bmc.more["BMC_URL"] = "http://127.0.0.1:1"
    assert await offered("bmc power n") == []


async def test_the_keys_of_an_account_are_added_listed_and_removed(
    service: Service, bmc: Shell, tmp_path: Path
) -> None:
    private = asyncssh.generate_private_key("ssh-ed25519", comment="vera@laptop")
    private.write_private_key(tmp_path / "key")
    private.write_public_key(tmp_path / "key.pub")
    refused = await bmc("account", "key", "add", "vera", str(tmp_path / "key"))
    assert (refused.code, "private key, which stays here" in refused.err) == (1, True)
    added = await bmc.ok("account", "key", "add", "vera", str(tmp_path / "key.pub"), as_="vera")
    assert private.get_fingerprint() in added
    listed = await bmc.ok("account", "key", "list", "vera")
    assert ("ssh-ed25519" in listed, private.get_fingerprint() in listed, "vera@laptop" in listed) == (True,) * 3
    (key,) = (await bmc("account", "key", "list", "vera", "--json")).json
    refused = await bmc("account", "key", "remove", "vera", "nonsense", "--yes")
    assert refused.code == 1
    assert "removed" in await bmc.ok("account", "key", "remove", "vera", key["Id"], "--yes")
    account = service.accounts.find("vera")
    assert account is not None
    assert account.keys == ()
