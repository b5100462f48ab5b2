"""What cloud-init is told: the files of its two kinds of seed, NoCloud and ConfigDrive.

Ours is vendor data, so that the operator's user data stays as it was given and has the last word, while nothing in it
takes away our script: cloud-init keeps the scripts of both apart. Keys are in the metadata, where they are added to
those of the user data.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

import yaml

from bmc.reinstall.seed_network import network_config, network_data

USER_DATA_BYTES_MAX = 64 * 1024
CONFIG = "#cloud-config"
OF_YAML = (ValueError, RecursionError, LookupError, ArithmeticError, AttributeError)
"""What PyYAML raises beside its own errors: for `!!bool x`, `!!int ''`, `!!timestamp x` and a number without end."""
EMPTY = f"{CONFIG}\n{{}}\n"
OPENSTACK = "openstack/latest"
SCRIPT = Path(__file__).with_name("cloud_init_proof.py")


@dataclass(frozen=True, slots=True)
class System:
    """What a new system is told of itself. `instance` is new for every install: cloud-init takes it for a new machine
    then. `proof` is what it needs to prove itself: api, proof_token, nonce, image. `network` is a sound one, with mac.
    """

    instance: str
    hostname: str
    user: str = "root"
    keys: tuple[str, ...] = ()
    password_hash: str = ""
    network: Mapping[str, Any] = field(default_factory=dict)
    user_data: str = ""
    proof: Mapping[str, str] = field(default_factory=dict)


def nocloud(system: System) -> dict[str, str]:
    """The files of the file system labelled CIDATA."""
    meta = {
        "instance-id": system.instance,
        "local-hostname": system.hostname,
        "public-keys": list(system.keys),
    }
    files = {
        "meta-data": _json(meta),  # JSON is YAML too, whatever a key's comment holds
        "user-data": system.user_data or EMPTY,
        "vendor-data": _vendor_data(system),
    }
    if system.network:
        files["network-config"] = _json(network_config(system.network))
    return files


def configdrive(system: System) -> dict[str, str]:
    """The files of the file system labelled config-2, laid out as OpenStack does."""
    meta = {
        "uuid": system.instance,
        "hostname": system.hostname,
        "public_keys": {f"key-{number}": key for number, key in enumerate(system.keys, 1)},
    }
    files = {
        "meta_data.json": _json(meta),
        "user_data": system.user_data or EMPTY,
        "vendor_data.json": _json({"cloud-init": _vendor_data(system)}),
    }
    if system.network:
        files["network_data.json"] = _json(network_data(system.network))
    return {f"{OPENSTACK}/{name}": text for name, text in files.items()}


def user_data_problems(user_data: object) -> list[str]:
    """Everything wrong with user data: #cloud-config in YAML, or a script. Parsing takes a moment for long ones."""
    if not isinstance(user_data, str):
        return ["user_data: expected a text"]
    if len(user_data.encode(errors="replace")) > USER_DATA_BYTES_MAX:
        return [f"user_data: longer than {USER_DATA_BYTES_MAX} bytes"]
    if any(not character.isprintable() and character not in "\n\r\t" for character in user_data):
        return ["user_data: expected a text without control characters"]
    first = user_data.partition("\n")[0].rstrip()
    if first.startswith("#!") and first[2:].strip().startswith("/"):
        return []
    if first != CONFIG:
        return [f"user_data: expected {CONFIG} or #! and the path of an interpreter in the first line"]
    return _config_problems(user_data)


def _config_problems(text: str) -> list[str]:
    try:
        config = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        return [f"user_data: no YAML: {error.problem}{line}"]
    except (yaml.YAMLError, *OF_YAML) as error:
        return [f"user_data: no YAML: {type(error).__name__}"]
    if config is None:
        return []
    if not isinstance(config, dict) or not all(isinstance(key, str) for key in config):
        return ["user_data: expected a mapping of cloud-init's keys"]
    vendor = config.get("vendor_data")
    if vendor is not None and (not isinstance(vendor, dict) or vendor.get("enabled") not in (None, True)):
        return ["user_data.vendor_data.enabled: must stay true, since the new system proves itself by vendor data"]
    return []


def _vendor_data(system: System) -> str:
    parts = MIMEMultipart()
    config = MIMEText(f"{CONFIG}\n{_json(_config(system))}", "cloud-config", "us-ascii")
    config.add_header("Content-Disposition", "attachment", filename="lightsout.cfg")
    parts.attach(config)
    if system.proof:
        script = MIMEText(proof_script(system.proof), "x-shellscript", "us-ascii")
        script.add_header("Content-Disposition", "attachment", filename="lightsout-proof")
        parts.attach(script)
    return parts.as_string()


def _config(system: System) -> dict[str, Any]:
    """Root logs in by key, or the one user there is; passwords are for the console."""
    config: dict[str, Any] = {"hostname": system.hostname, "disable_root": False, "ssh_pwauth": False, "users": []}
    if system.user != "root":
        config["disable_root"] = True
        config["users"] = [
            {
                "name": system.user,
                "shell": "/bin/bash",
                "sudo": "ALL=(ALL) NOPASSWD:ALL",
                "ssh_authorized_keys": list(system.keys),
            }
        ]
    if system.password_hash:
        user = {"name": system.user, "password": system.password_hash, "type": "hash"}
        config["chpasswd"] = {"expire": False, "users": [user]}
    return config


def proof_script(proof: Mapping[str, str]) -> str:
    """A script for the system's own Python, which cloud-init needs too."""
    return (
        "#!/bin/sh\n"
        "for python in python3 /usr/libexec/platform-python; do\n"
        '    command -v "$python" > /dev/null && break\n'
        "done\n"
        f"exec \"$python\" - <<'END OF PROOF'\n{SCRIPT.read_text()}\nmain({json.dumps(dict(proof))})\nEND OF PROOF\n"
    )


def _json(value: object) -> str:
    return json.dumps(value, indent=1) + "\n"
