"""One SNMP agent over UDP, by pysnmp: integers are read and written. Knows no outlet."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pysnmp.entity.rfc3413.cmdgen import GetCommandGenerator, SetCommandGenerator
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch.asyncio import (
    USM_AUTH_HMAC96_MD5,
    USM_AUTH_HMAC96_SHA,
    USM_AUTH_HMAC192_SHA256,
    USM_AUTH_HMAC384_SHA512,
    USM_PRIV_CBC56_DES,
    USM_PRIV_CFB128_AES,
    USM_PRIV_NONE,
    CommunityData,
    SnmpEngine,
    Udp6TransportTarget,
    UdpTransportTarget,
    UsmUserData,
)
from pysnmp.hlapi.v3arch.asyncio.lcd import CommandGeneratorLcdConfigurator
from pysnmp.proto.errind import ErrorIndication, RequestTimedOut
from pysnmp.proto.rfc1902 import Integer32, Null, ObjectName

from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable

AUTH = {
    "md5": USM_AUTH_HMAC96_MD5,
    "sha": USM_AUTH_HMAC96_SHA,
    "sha256": USM_AUTH_HMAC192_SHA256,
    "sha512": USM_AUTH_HMAC384_SHA512,
}
PRIVACY = {"none": USM_PRIV_NONE, "des": USM_PRIV_CBC56_DES, "aes": USM_PRIV_CFB128_AES}

AT_ONCE = 4
"""Requests that a management card gets at the same time."""
TRIES = 2
KNOWN_FOR = 20.0
"""Seconds for which what was learnt about an agent is kept at least, though it does not answer."""

UNDONE = {"genErr", "commitFailed", "undoFailed", "resourceUnavailable", "tooBig"}
"""Errors after which a write may have left something behind; all others say that it was not begun."""

Login = Any
"""CommunityData or UsmUserData, whose package has no types."""


def community(name: str) -> Login:
    return CommunityData(name, mpModel=1)  # noqa: S508 - many PDUs speak nothing better; the page says so


def user(name: str, password: str, auth: str, privacy: str, privacy_password: str) -> Login:
    if privacy == "none":
        return UsmUserData(name, password, authProtocol=AUTH[auth])
    return UsmUserData(name, password, privacy_password, authProtocol=AUTH[auth], privProtocol=PRIVACY[privacy])


@dataclass(eq=False, slots=True)
class _Session:
    """What pysnmp knows of the agent: with version 3 its identity and its clock, for good."""

    engine: SnmpEngine
    since: float
    users: int = 0


class Agent:
    """Shared by all that is behind one address. `timeout` is for one try of a request."""

    def __init__(self, name: str, host: str, port: int, login: Callable[[], Login], timeout: float) -> None:
        self.name = name
        self._host, self._port = host, port
        self._login = login
        self._timeout = timeout
        self._session: _Session | None = None
        self._targets = CommandGeneratorLcdConfigurator()
        self._places = asyncio.Semaphore(AT_ONCE)

    async def get(self, *oids: str) -> list[int]:
        """:raise Unreachable: no answer. :raise Refused: it will not tell, or has no such thing."""
        try:
            told = await self._request(GetCommandGenerator(), [(oid, Null("")) for oid in oids], TRIES)
        except (PySnmpError, OSError) as error:
            raise Unreachable(f"{self.name}: {_words(error)}") from error
        indication, status, _, values = told
        if indication:
            raise _not_answered(self.name, indication)
        if status:
            raise Refused(f"{self.name} will not tell: {status.prettyPrint()}")
        try:
            return [int(value) for _, value in values]
        except (TypeError, ValueError):
            missing = ", ".join(oid for oid, (_, value) in zip(oids, values, strict=True) if not _is_number(value))
            raise Refused(f"{self.name} has no number at {missing}; is it of another model?") from None

    async def set(self, oid: str, value: int, repeatable: bool) -> None:
        """:raise OutcomeUnknown: no answer, but it may have come through. :raise Refused, BackendFailed: it says no."""
        what = [(oid, Integer32(value))]
        try:
            told = await self._request(SetCommandGenerator(), what, TRIES if repeatable else 1)
        except (PySnmpError, OSError) as error:
            raise OutcomeUnknown(f"{self.name}: {_words(error)}") from error
        indication, status, _, values = told
        if isinstance(indication, RequestTimedOut):
            raise OutcomeUnknown(f"{self.name} has not acknowledged the command within {self._timeout:g} s")
        if indication:
            raise _not_answered(self.name, indication)
        if status:
            kind: type[BmcError] = BackendFailed if status.prettyPrint() in UNDONE else Refused
            raise kind(f"{self.name} says {status.prettyPrint()} to the command; may this user write?")
        if not all(_is_number(value) for _, value in values):
            raise Refused(f"{self.name} has nothing to be written at {oid}; may this user write?")

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            self._end(session)

    async def _request(self, generator: Any, what: Sequence[tuple[str, Any]], tries: int) -> Any:
        """Without pysnmp's own `get_cmd`, which sets up a MIB parser first and blocks everything for seconds."""
        async with self._places:
            target, login = await self._target(tries), self._login()
            loop = asyncio.get_running_loop()
            session = self._session = self._session or _Session(SnmpEngine(), loop.time())
            told = loop.create_future()

            def answered(engine: object, handle: object, *answer: Any) -> None:
                if not told.done():
                    told.set_result(answer[:4])

            address, _ = self._targets.configure(session.engine, login, target, b"")
            named = [(ObjectName(oid), value) for oid, value in what]
            session.users += 1
            try:
                generator.send_varbinds(session.engine, address, None, b"", named, answered)
                answer = await told
                if answer[0] and isinstance(login, UsmUserData) and loop.time() > session.since + KNOWN_FOR:
                    self._forget(session)
            finally:
                session.users -= 1
                self._end(session)
            return answer

    def _forget(self, session: _Session) -> None:
        """An agent that was started again or replaced is met anew: pysnmp would ask the old one for ever."""
        if session is self._session:
            self._session = None

    def _end(self, session: _Session) -> None:
        if session is not self._session and not session.users:
            session.engine.close_dispatcher()

    async def _target(self, tries: int) -> UdpTransportTarget | Udp6TransportTarget:
        """Looks the name up each time, so that a PDU that has moved is found."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
        family, *_, address = found[0]
        kind = Udp6TransportTarget if family == socket.AF_INET6 else UdpTransportTarget
        return await kind.create(address[:2], timeout=self._timeout, retries=tries - 1)


def _not_answered(name: str, indication: ErrorIndication) -> Unreachable:
    """It was not even looked at: no answer to a question, or one that the user is not known."""
    return Unreachable(f"{name} does not answer: {_words(indication)}")


def _words(error: object) -> str:
    return str(error).strip() or type(error).__name__


def _is_number(value: object) -> bool:
    try:
        int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return False
    return True
