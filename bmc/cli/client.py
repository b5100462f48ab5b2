"""A small Redfish client: what the commands of `bmc` speak to the running service with."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote

from bmc.config import config_file, load, state_directory

Resource: TypeAlias = dict[str, Any]


class CliError(Exception):
    """What a command says instead of a traceback; `bmc` then exits with 1."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where the service of a state directory listens, as it wrote on starting."""

    url: str
    pid: int
    nodes: list[Resource]


def running(state: Path) -> Running:
    """:raise CliError: no service runs there."""
    try:
        value = json.loads((state / "service.json").read_text())
        found = Running(value["url"], value["pid"], value["nodes"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        raise CliError(f"no service runs on {state}; start it with `make run` or `bmc serve`") from None
    except OSError as error:
        raise CliError(f"{state / 'service.json'} cannot be read: {error.strerror}") from None
    if not Path(f"/proc/{found.pid}").exists():
        raise CliError(f"the service of {state} (pid {found.pid}) has ended; start it with `make run` or `bmc serve`")
    return found


class Client:
    """Signed in by the token that the service keeps in its state directory, readable only for its own user."""

    def __init__(self, state: Path | None = None) -> None:
        """:raise CliError: no service runs, or its token may not be read."""
        state = state or state_directory()
        self.service = running(state)
        try:
            self._token = (state / "cli-token").read_text().strip()
        except OSError as error:
            why = f"{state / 'cli-token'}: {error.strerror}; run `bmc` as the user that runs the service"
            raise CliError(why) from None
        self._tls = _trust(state) if self.service.url.startswith("https:") else None

    def get(self, path: str) -> Resource:
        return self.call("GET", path)[0]

    def post(self, path: str, body: Mapping[str, Any]) -> tuple[Resource, str]:
        """The answer and its Location."""
        return self.call("POST", path, body)

    def patch(self, path: str, body: Mapping[str, Any]) -> Resource:
        return self.call("PATCH", path, body)[0]

    def delete(self, path: str) -> None:
        self.call("DELETE", path)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[Resource, str]:
        """:raise CliError: the service refused, in its own words, or does not answer."""
        headers = {"X-Auth-Token": self._token, "Accept": "application/json"}
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.service.url + path, data, headers, method=method)  # noqa: S310
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls)
        )
        try:
            with opener.open(request, timeout=60) as answer:
                text = answer.read()
                return (json.loads(text) if text else {}), answer.headers.get("Location") or ""
        except urllib.error.HTTPError as error:
            raise CliError(_words(error)) from None
        except (OSError, ValueError) as error:
            raise CliError(f"{self.service.url} does not answer: {error}") from None


def _trust(state: Path) -> ssl.SSLContext:
    """Trusts the service's own certificate and no other: whoever else answers there must not get the token."""
    certificate = load(config_file(state)).http.certificate or state / "tls" / "certificate.pem"
    try:
        context = ssl.create_default_context(cafile=str(certificate))
    except OSError as error:
        raise CliError(f"{certificate}: {error.strerror or error}") from None
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def read(file: Path) -> str:
    """A text that the command line names. :raise CliError: it cannot be read."""
    try:
        return file.read_text()
    except OSError as error:
        raise CliError(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise CliError(f"{file}: is no text") from None


def system_path(name: str) -> str:
    return f"/redfish/v1/Systems/{quote(name, safe='')}"


def _words(error: urllib.error.HTTPError) -> str:
    """The messages of a Redfish error, DSP0266 §8.6."""
    try:
        body = json.loads(error.read())["error"]
        extended = [each["Message"] for each in body.get("@Message.ExtendedInfo", [])]
        return "\n".join(extended) or str(body["message"])
    except (ValueError, KeyError, TypeError):
        return f"{error.code} {error.reason}"
