"""A small Redfish client: what the commands of `bmc` speak to a service with, this machine's or another's.

What is slow to import is imported where it is used, here and in the commands: help and completion need none of it.
"""

import atexit
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias
from urllib.parse import quote, urlsplit

from bmc.cli.errors import CliError, SignedOut
from bmc.cli.files import Readable, first_line, password_of
from bmc.model.node import without
from bmc.places import config_file, state_directory

Resource: TypeAlias = dict[str, Any]

SYSTEMS = "/redfish/v1/Systems"
SESSIONS = "/redfish/v1/SessionService/Sessions"
PATIENCE = 60.0
"""Seconds that the service may take to answer."""
UPLOAD_PATIENCE = 600.0
"""The same, for what it has to take and to look at, or to fetch, first."""


@dataclass(frozen=True, slots=True)
class Running:
    """Where the service of a state directory listens, as it wrote on starting."""

    url: str
    pid: int
    nodes: list[Resource]
    ssh: Resource | None


def running(state: Path) -> Running:
    """:raise CliError: no service runs there."""
    try:
        value = json.loads((state / "service.json").read_text())
        found = Running(value["url"], value["pid"], value["nodes"], value["ssh"])
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        raise CliError(f"no service runs on {state}; start it with `make run` or `bmc serve`") from None
    except OSError as error:
        raise CliError(f"{state / 'service.json'} cannot be read: {error.strerror}") from None
    if not Path(f"/proc/{found.pid}").exists():
        raise CliError(f"the service of {state} (pid {found.pid}) has ended; start it with `make run` or `bmc serve`")
    return found


class Answer(Protocol):
    """Of the service to one request; its body is read once."""

    status: int
    reason: str

    def header(self, name: str) -> str:
        """Empty if there is none."""

    def read(self) -> bytes:
        """:raise NoAnswer: the connection broke."""

    def lines(self) -> Iterator[bytes]:
        """As they come. :raise NoAnswer: the connection broke."""


class Client:
    """Of the service of a state directory, by the token that it keeps there; or of the one that BMC_URL names.

    There it signs in with BMC_TOKEN_FILE, or opens a session for BMC_USER and ends it with the program.
    """

    def __init__(self, state: Path | None = None) -> None:
        """:raise CliError: no service runs, or we cannot sign in."""
        self._state = state
        self._password = ""
        self._sign_in()

    def again(self) -> None:
        """A service that was started anew has another token, and maybe another port. While there is none, as before."""
        try:
            self._sign_in()
        except CliError:
            pass

    def _sign_in(self) -> None:
        from bmc.cli.transport import Transport

        if self._state is None and (url := os.environ.get("BMC_URL")):
            self.url = _checked(url)
            self.transport = Transport(self.url, _named("BMC_CERTIFICATE"))
            self.token = self._remote_token()
            return
        state = self._state or state_directory()
        self.url = running(state).url
        certificate = None
        if self.url.startswith("https:"):
            from bmc.config import load

            certificate = load(config_file(state)).http.certificate or state / "tls" / "certificate.pem"
        self.transport = Transport(self.url, certificate)
        try:
            self.token = (state / "cli-token").read_text().strip()
        except OSError as error:
            why = f"{state / 'cli-token'}: {error.strerror}; run `bmc` as the user that runs the service"
            raise CliError(why) from None

    def get(self, path: str) -> Resource:
        return self.call("GET", path)[0]

    def members(self, path: str) -> list[Resource]:
        """Those of a collection, each in full."""
        found: list[Resource] = self.get(f"{path}?$expand=.")["Members"]
        return found

    def post(self, path: str, body: Mapping[str, Any], timeout: float = PATIENCE) -> tuple[Resource, str]:
        """The answer and its Location."""
        return self.call("POST", path, body, timeout)

    def patch(self, path: str, body: Mapping[str, Any]) -> Resource:
        return self.call("PATCH", path, body)[0]

    def delete(self, path: str) -> Resource:
        """What the service has to say of it; empty where that is nothing."""
        return self.call("DELETE", path)[0]

    def call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, timeout: float = PATIENCE
    ) -> tuple[Resource, str]:
        """:raise CliError: the service refused, in its own words, or does not answer."""
        with self.open(method, path, body, timeout=timeout) as answer:
            text = answer.read()
            try:
                return (json.loads(text) if text else {}), answer.header("Location")
            except ValueError:
                raise CliError(f"{self.url} answers no JSON: is it a Redfish service?") from None

    @contextmanager
    def open(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | Readable | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = PATIENCE,
    ) -> Iterator[Answer]:
        """An answer whose body is still to be read. :raise CliError: as `call`."""
        sent = {"Accept": "application/json", **(headers or {})}
        if self.token:
            sent["X-Auth-Token"] = self.token
        data: bytes | Readable | None = None
        if isinstance(body, Mapping):
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        else:
            data = body
        with self.transport.open(method, path, data, sent, timeout) as answer:
            if answer.status >= 400:
                raise (SignedOut if answer.status == 401 else CliError)(self._words(answer))
            yield answer

    def _words(self, answer: Answer) -> str:
        """The messages of a Redfish error, DSP0266 §8.6."""
        try:
            body = json.loads(answer.read())["error"]
            extended = [each["Message"] for each in body.get("@Message.ExtendedInfo", [])]
            return " ".join(extended) or str(body["message"])
        except (ValueError, KeyError, TypeError):
            return f"{self.url} answers {answer.status} {answer.reason}: is it a Redfish service?"

    def _remote_token(self) -> str:
        if file := _named("BMC_TOKEN_FILE"):
            return first_line(file)
        user = os.environ.get("BMC_USER")
        if not user:
            raise CliError(f"how to sign in at {self.url}? Use --user and --password-file, or --token-file")
        self.token = ""
        if not self._password:
            self._password = password_of(f"Password of {user} at {self.url}", _named("BMC_PASSWORD_FILE"))
        with self.open("POST", SESSIONS, {"UserName": user, "Password": self._password}) as answer:
            token, session = answer.header("X-Auth-Token"), answer.header("Location")
        if not token or not session:
            raise CliError(f"{self.url} opens no sessions: is it a Redfish service?")
        atexit.register(self._sign_out, urlsplit(session).path)
        return token

    def _sign_out(self, session: str) -> None:
        try:
            self.delete(session)
        except CliError:
            pass  # it ends by itself when it was idle for long


def system_path(name: str) -> str:
    return f"{SYSTEMS}/{quote(name, safe='')}"


def remedies(system: Resource) -> dict[str, str]:
    """What would give a node the parts that it has not, by what the part is called."""
    return {each["Part"]: each["Remedy"] for each in system["Oem"]["Lightsout"]["MissingParts"]}


def lacking(system: Resource, part: str) -> str:
    """In words, that a node has no such part, and what would give it one."""
    return without(system["Id"], part, remedies(system))


def chassis_path(name: str) -> str:
    return f"/redfish/v1/Chassis/{quote(name, safe='')}"


def manager_path(name: str) -> str:
    return f"/redfish/v1/Managers/{quote(name, safe='')}"


def _named(variable: str) -> Path | None:
    value = os.environ.get(variable)
    return Path(value) if value else None


def _checked(url: str) -> str:
    """:raise CliError: it is no address of a service, or would show our secret to the network."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise CliError(f"the address of the service: {error}") from None
    host = parts.hostname
    if parts.scheme not in ("http", "https") or not host or parts.path.strip("/") or parts.query or parts.username:
        raise CliError("the address of the service: expected https://HOST or https://HOST:PORT, and nothing else")
    if parts.scheme == "http" and host != "localhost" and not host.startswith("127.") and host != "::1":
        raise CliError(f"{url}: http would show the password to the network; use https")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")
