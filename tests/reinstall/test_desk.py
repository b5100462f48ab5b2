"""The deploy desk: who is answered, in what order, and what is believed."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from bmc.reinstall.desk import Desk, Turned
from bmc.reinstall.network_boot import BootFiles
from bmc.reinstall.ticket import Facts, Stage, Ticket, hidden
from tests.reinstall.conftest import install_ticket
from tests.reinstall.samples import BAD, CHECK_IN, GOOD, IMAGE
from tests.reinstall.simulated import values

FULL = {"phase": "write", "bytes": "10", "total": "1024"}


@pytest.fixture
def ticket() -> Ticket:
    return install_ticket(IMAGE)


@pytest.fixture
def desk(ticket) -> Desk:
    desk = Desk()
    desk.arm(ticket)
    return desk


def status(call: Callable[[], Any]) -> int:
    try:
        return int(call().status)
    except Turned as turned:
        return turned.reply.status


def calls(desk: Desk, node: str, token: str):
    return [
        lambda: desk.check_in(node, token, CHECK_IN),
        lambda: desk.image(node, token),
        lambda: desk.progress(node, token, FULL),
        lambda: desk.verified(node, token, {"sha256": GOOD}),
        lambda: desk.seed(node, token, "meta-data"),
        lambda: desk.done(node, token),
        lambda: desk.failed(node, token, {"message": "no"}),
        lambda: desk.proof(node, token, {"nonce": "nonce"}),
    ]


@pytest.mark.parametrize(("node", "token"), [("n1", "wrong"), ("n1", ""), ("n2", "token"), ("n2", "proof")])
def test_nobody_without_the_token_of_this_nodes_job_is_answered(desk, ticket, node, token):
    assert [status(call) for call in calls(desk, node, token)] == [403] * 8
    assert ticket.facts == Facts()


def test_only_a_node_that_boots_by_network_is_given_a_script_and_only_once(desk, ticket):
    assert [status(partial(desk.boot_script, node)) for node in ("n1", "n2")] == [404, 404]
    ticket.boot = BootFiles(hidden("key"), "#!ipxe", {"kernel": b"k"})
    assert [status(partial(desk.boot_script, node)) for node in ("n2", "n1", "n1")] == [404, 200, 404]
    assert desk.boot_file("n1", "key", "kernel") == desk.boot_file("n1", "key", "kernel") == b"k"
    assert ticket.facts.fetched == ("boot script", "kernel")


@pytest.mark.parametrize(
    ("node", "key", "name"), [("n1", "", "kernel"), ("n1", "token", "kernel"), ("n2", "key", "kernel")]
)
def test_nobody_without_the_key_of_this_nodes_job_is_given_a_file(desk, ticket, node, key, name):
    ticket.boot = BootFiles(hidden("key"), "#!ipxe", {"kernel": b"k"})
    assert status(lambda: desk.boot_file(node, key, name)) == (403 if node == "n1" else 404)
    assert ticket.facts == Facts()


@pytest.mark.parametrize("over", ["checked in", "cancelled"])
def test_after_the_check_in_or_a_cancel_there_is_nothing_to_boot(desk, ticket, over):
    ticket.boot = BootFiles(hidden("key"), "#!ipxe", {"kernel": b"k"})
    if over == "cancelled":
        ticket.cancelled = True
    else:
        desk.check_in("n1", "token", CHECK_IN)
    assert status(lambda: desk.boot_script("n1")) == status(lambda: desk.boot_file("n1", "key", "kernel")) == 404


def test_the_two_tokens_are_not_each_others(desk, ticket):
    assert status(calls(desk, "n1", "token")[-1]) == 403
    assert [status(call) for call in calls(desk, "n1", "proof")[:-1]] == [403] * 7


def test_a_disarmed_ticket_answers_nothing_more(desk, ticket):
    desk.disarm(ticket)
    assert [status(call) for call in calls(desk, "n1", "token")] == [403] * 8


def test_the_walk_of_a_ramdisk(desk, ticket):
    told = values(desk.check_in("n1", "token", CHECK_IN).body)
    assert told == {
        "errand": "install", "disk": "vda", "seed": "meta-data",
        "image_size": "1024", "image_sha256": GOOD, "image_encoding": "raw",
    }  # fmt: skip
    assert desk.image("n1", "token") == IMAGE.path
    assert values(desk.progress("n1", "token", FULL).body) == {"go": "1"}
    assert (ticket.facts.phase, ticket.facts.bytes, ticket.facts.total) == ("write", 10, 1024)
    assert desk.verified("n1", "token", {"sha256": GOOD.upper()}).keep
    assert desk.seed("n1", "token", "meta-data").body == "x"
    assert desk.done("n1", "token").status == 200
    assert desk.done("n1", "token").status == 200, "the first answer may have been lost"
    assert status(lambda: desk.progress("n1", "token", FULL)) == 409
    assert Facts.from_json(ticket.facts.to_json()) == ticket.facts


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_nothing_can_be_had_before_the_check_in(desk, number):
    assert status(calls(desk, "n1", "token")[number]) == 409


def test_the_seed_is_not_given_before_the_disk_is_verified(desk):
    desk.check_in("n1", "token", CHECK_IN)
    assert status(lambda: desk.seed("n1", "token", "meta-data")) == 409
    assert status(lambda: desk.done("n1", "token")) == 409
    assert status(lambda: desk.progress("n1", "token", {**FULL, "phase": "seed"})) == 409


def test_a_wrong_digest_is_a_failure_that_later_ones_do_not_hide(desk, ticket):
    desk.check_in("n1", "token", CHECK_IN)
    assert status(lambda: desk.verified("n1", "token", {"sha256": BAD})) == 422
    desk.failed("n1", "token", {"message": "refused", "log": "a\x1b[2Jb\n" + "x" * 20000})
    assert ticket.facts.failed == f"vda holds SHA-256 {BAD}, the image has {GOOD}"
    assert not ticket.facts.verified
    assert len(ticket.facts.log) == 8192
    assert "\x1b" not in ticket.facts.log


def test_a_disk_whose_serial_steers_a_terminal_is_told_without_that(desk, ticket):
    assert status(lambda: desk.check_in("n1", "token", {"disks": "vda:1:\x1b]0;x\x07\u202eA"})) == 422
    assert ticket.facts.failed.endswith("seen: vda (1 bytes, serial ]0;xA)")


@pytest.mark.parametrize("size", ["9" * 19, "9" * 5000, "٣", "-1", ""])
def test_a_disk_of_no_possible_size_is_none(desk, size):
    assert status(lambda: desk.check_in("n1", "token", {"disks": f"vda:{size}:A"})) == 422


def test_a_cancelled_job_stops_its_ramdisk(desk, ticket):
    desk.check_in("n1", "token", CHECK_IN)
    ticket.cancelled = True
    assert [status(call) for call in calls(desk, "n1", "token")] == [409, 409, 409, 409, 409, 409, 200, 403]


def test_the_proof_is_taken_once_after_the_start_and_with_the_nonce(desk, ticket):
    form = {"nonce": "nonce", "hostname": "web-1", "boot_id": "b", "hostkey": "ssh-ed25519 A", "image": "mini\x07"}
    assert status(lambda: desk.proof("n1", "proof", form)) == 409
    ticket.stage = Stage.PROOF
    assert status(lambda: desk.proof("n1", "proof", {**form, "nonce": "other"})) == 422
    assert status(lambda: desk.proof("n1", "proof", form)) == 200
    assert status(lambda: desk.proof("n1", "proof", form)) == 403
    assert ticket.facts.proofs == ("phone-home",)
    assert ticket.facts.proof["image"] == "mini"
    assert status(lambda: desk.check_in("n1", "token", CHECK_IN)) == 409


@pytest.mark.parametrize(
    "form",
    [
        {}, {"phase": "dance"}, {**FULL, "bytes": "-1"}, {**FULL, "total": "9" * 19}, {**FULL, "bytes": "٣"},
    ],
)  # fmt: skip
def test_nonsense_is_refused(desk, form):
    desk.check_in("n1", "token", CHECK_IN)
    assert status(lambda: desk.progress("n1", "token", form)) == 400
    assert status(lambda: desk.verified("n1", "token", {"sha256": "12"})) == 400


def test_progress_does_not_go_back(desk):
    desk.check_in("n1", "token", CHECK_IN)
    desk.progress("n1", "token", {**FULL, "phase": "verify"})
    assert status(lambda: desk.progress("n1", "token", FULL)) == 409


def test_a_ticket_holds_no_secret_that_could_be_read_out_of_it(ticket):
    assert all(word not in repr(ticket) for word in ("'token'", "'proof'", "'nonce'"))
