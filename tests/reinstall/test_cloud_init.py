"""What cloud-init is told, and what user data is taken."""

import email
import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from bmc.reinstall import seed
from bmc.reinstall.cloud_init import System, proof_script, user_data_problems

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUY0Wz6R2QZgG2u3nJY6JlyTUn2cB5mgwHpzVQFRn6h o'neill \"@desk"
PROOF = {"api": "http://10.0.2.2", "proof_token": "tok'en", "nonce": "nonce", "image": "debian-12"}
NETWORK = {"mac": "52:54:00:12:34:56", "addresses": ["192.0.2.10/24"]}


def system(**changes: object) -> System:
    fields: dict[str, object] = {"keys": (KEY,), "password_hash": "$6$salt$hash", "proof": PROOF}
    return System("lightsout-7", "web-1", **fields | changes)  # type: ignore[arg-type]


def parts(vendor_data: str) -> dict[str, str]:
    whole = email.message_from_string(vendor_data)
    found: dict[str, str] = {}
    for part in whole.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            found[part.get_content_type()] = content.decode()
    return found


def config(system: System) -> dict[str, Any]:
    text = parts(seed.files("nocloud", system)["vendor-data"])["text/cloud-config"]
    assert text.startswith("#cloud-config\n")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_nocloud_is_told_everything_and_the_user_data_is_as_it_was_given():
    files = seed.files("nocloud", system(network=NETWORK, user_data="#!/bin/sh\ntrue\n"))
    assert sorted(files) == ["meta-data", "network-config", "user-data", "vendor-data"]
    assert yaml.safe_load(files["meta-data"]) == {
        "instance-id": "lightsout-7",
        "local-hostname": "web-1",
        "public-keys": [KEY],
    }
    assert files["user-data"] == "#!/bin/sh\ntrue\n"
    assert yaml.safe_load(files["network-config"])["version"] == 1


def test_a_config_drive_holds_the_same_as_openstack_lays_it_out():
    files = seed.files("configdrive", system(network=NETWORK))
    latest = {name.removeprefix("openstack/latest/"): text for name, text in files.items()}
    assert sorted(latest) == ["meta_data.json", "network_data.json", "user_data", "vendor_data.json"]
    assert json.loads(latest["meta_data.json"])["public_keys"] == {"key-1": KEY}
    assert "text/x-shellscript" in parts(json.loads(latest["vendor_data.json"])["cloud-init"])


def test_root_logs_in_where_no_user_is_named():
    found = config(system())
    assert (found["disable_root"], found["users"]) == (False, [])
    assert found["chpasswd"] == {
        "expire": False,
        "users": [{"name": "root", "password": "$6$salt$hash", "type": "hash"}],
    }


def test_a_user_who_is_named_logs_in_instead_of_root():
    found = config(system(user="olga", password_hash=""))
    assert found["disable_root"] is True
    assert (found["users"][0]["name"], found["users"][0]["ssh_authorized_keys"]) == ("olga", [KEY])
    assert "chpasswd" not in found


@pytest.mark.parametrize(
    "text",
    ["#cloud-config\npackages: [git]\n", "#cloud-config\n", "#!/bin/sh\ntrue", "#! /usr/bin/env python3\n",
     "#cloud-config\r\nruncmd:\r\n - [ls]\r\n", "#cloud-config\nvendor_data: {prefix: nice}\n"],
)  # fmt: skip
def test_user_data_that_cloud_init_knows_is_taken(text):
    assert user_data_problems(text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (7, "expected a text"),
        ("", "in the first line"),
        ("packages: [git]", "in the first line"),
        ("#!\n", "in the first line"),
        ("#cloud-config-archive\n[]", "in the first line"),
        ("#cloud-config\na: [1\nb: 2\n", "in line"),
        ("#cloud-config\n- a\n", "expected a mapping"),
        ("#cloud-config\n1: a\n", "expected a mapping"),
        ("#cloud-config\na: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
        ("#cloud-config\n" + "[" * 20000, "no YAML"),
        ("#cloud-config\na: 2026-13-45\n", "no YAML"),
        ("#cloud-config\na: !!int ''\n", "no YAML"),
        ("#cloud-config\na: !!bool x\n", "no YAML"),
        ("#cloud-config\na: !!timestamp x\n", "no YAML"),
        ("#cloud-config\na: " + "1:" * 300 + "1.5\n", "no YAML"),
        ("#cloud-config\nvendor_data: {enabled: false}\n", "user_data.vendor_data.enabled: must stay true"),
        ("#!/bin/sh\n\0", "control characters"),
        ("#!/bin/sh\n" + "x" * 70000, "longer than 65536 bytes"),
    ],
)
def test_other_user_data_is_refused(text, words):
    [problem] = user_data_problems(text)
    assert problem.startswith("user_data")
    assert words in problem


def test_the_proof_script_reports_what_the_service_asks_for():
    heard: list[tuple[str | None, dict[str, list[str]]]] = []
    statuses = [503, 200]

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None: ...

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            heard.append((self.headers["Authorization"], parse_qs(body)))
            self.send_response(statuses.pop(0))
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Handler) as server:

        def answer_twice() -> None:
            server.handle_request()
            server.handle_request()

        thread = threading.Thread(target=answer_twice)
        thread.start()
        script = proof_script({**PROOF, "api": f"http://127.0.0.1:{server.server_address[1]}"})
        script = script.replace("PAUSE = 3, 2.0", "PAUSE = 3, 0.0").replace(
            '"/dev/console", "/dev/ttyS0", "/dev/tty0"', ""
        )
        subprocess.run(["sh"], input=script.encode(), check=True, timeout=30)
        thread.join(10)
    (token, form) = heard[1]
    assert token == "Bearer tok'en"
    assert (form["nonce"], form["image"]) == (["nonce"], ["debian-12"])
    assert form["boot_id"][0].count("-") == 4
