"""The configuration file is checked whole, and every setting is documented."""

from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from bmc.config import Settings, load
from bmc.hooks.filter import Filter
from bmc.model.errors import InvalidRequest
from bmc.places import config_file, state_directory

SYSLOG = '[[hooks.syslog]]\nname = "a"\nhost = "h"\n'
MAIL = '[[hooks.mail]]\nname = "a"\nhost = "h"\nsender = "x@y"\nto = ["z@y"]\n'
DOCUMENT = (Path(__file__).parents[1] / "docs" / "operating.md").read_text()


def settings_of(model: type[BaseModel], prefix: str = "") -> list[str]:
    found = []
    for name, field in model.model_fields.items():
        kind: Any = field.annotation
        if get_origin(kind) is list and isinstance(get_args(kind)[0], type):
            kind = get_args(kind)[0]
        if kind is Filter:
            found.append(f"{prefix}{name}")
            continue
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += settings_of(kind, f"{prefix}{name}.")
        else:
            found.append(f"{prefix}{name}")
    return found


def test_no_file_means_the_defaults_and_loopback_only(tmp_path):
    settings = load(tmp_path / "config.toml")
    assert settings.http.host.is_loopback
    assert settings.ipmi.host.is_loopback
    assert not settings.http.secure


def test_beyond_loopback_it_is_https(tmp_path):
    (tmp_path / "config.toml").write_text('[http]\nhost = "0.0.0.0"\n')
    assert load(tmp_path / "config.toml").http.secure


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[http]\nport = "x"\n', "http.port: Input should be a valid integer"),
        ("[http]\nprot = 1\n", "http.prot: Extra inputs are not permitted"),
        ('[http]\nport = 70000\n[ipmi]\nhost = "x"\n', "http.port.*; ipmi.host"),
        ("[http\n", "Expected"),
        ('[http]\ncertificate = "/c.pem"\n', "http: .*both certificate and key, or neither"),
        ('[ipmi]\naddresses = "10.0.5.0/24"\nfirst_port = 7000\n', "ipmi: .*either `addresses`.*not both"),
        ('[ipmi]\naddresses = "10.0.5.1/24"\n', "ipmi.addresses: value is not a valid IPv4 or IPv6 network"),
        ("[ipmi]\nport = 623\n", "ipmi: .*port is that of `addresses`, which is missing"),
        ('[credentials.r1]\nuser = ""\n', "credentials.r1.user"),
        ('[deploy.lab]\ninterface = "eth1"\naddress = "192.0.2.1"\n', "deploy.lab.address: .*such as 192.0.2.1/24"),
        (
            '[deploy.lab]\ninterface = "eth1"\naddress = "192.0.2.0/24"\n',
            "lab.address: .*not that of the network",
        ),
        ('[deploy.lab]\ninterface = "a b"\naddress = "192.0.2.1/24"\nbeside = true\n', "lab.interface.*lab.beside"),
        ('[[hooks.program]]\nname = "a"\ncommand = ["sh"]\n', r"hooks.program.0.command: .*absolute path"),
        (
            SYSLOG + 'protocol = "x"\n',
            r"hooks.syslog.0.protocol: .*'udp', 'tcp' or 'tls'",
        ),
        (SYSLOG + 'filter.kinds = ["pwr"]\n', r"hooks.syslog.0.filter.kinds: .*'pwr'"),
        ('[[hooks.mail]]\nname = "a"\nhost = "h"\nsender = "x"\nto = []\n', "hooks.mail.0.sender.*; hooks.mail.0.to"),
        (MAIL + 'user = "u"\n', "hooks.mail.0: .*both user and password_file"),
        (MAIL + 'user = "u"\npassword_file = "/f"\nsecurity = "none"\n', "hooks.mail.0: .*only with security"),
        (MAIL + MAIL, "hooks: .*'a' is there twice"),
    ],
)
def test_every_wrong_key_is_named(tmp_path, text, words):
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(InvalidRequest, match=words):
        load(tmp_path / "config.toml")


def test_the_state_directory_is_the_installations_own_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("BMC_STATE", str(tmp_path))
    assert state_directory() == tmp_path
    assert config_file(tmp_path) == tmp_path / "config.toml"
    monkeypatch.delenv("BMC_STATE")
    assert state_directory().name.startswith("lightsout-")


@pytest.mark.parametrize("setting", settings_of(Settings))
def test_every_setting_is_documented(setting):
    assert f"`{setting}" in DOCUMENT


@pytest.mark.parametrize("field", Filter.model_fields)
def test_every_part_of_a_filter_is_documented(field):
    assert f"| `{field}` |" in (Path(__file__).parents[1] / "docs" / "hooks.md").read_text()
