"""One Modbus/TCP gateway, shared by all who have relays and inputs there: one connection, one request at a time."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU

from bmc.model.clock import Clock
from bmc.model.errors import BackendFailed, BmcError, OutcomeUnknown, Refused, Unreachable
from bmc.shared_devices import Lease
from robots.adapter import Host, Options, Place, Seconds

CONNECTION = frozenset({"host", "port", "unit", "answers_within"})
RECONNECT_AFTER = 1.0
"""Seconds for which a gateway that took no connection is taken for dead, so that nobody queues up before it."""

ASKS_FIRST, ASKS = 0, 1

NOT_DONE: dict[int, type[BmcError]] = {
    ExcCodes.DEVICE_BUSY: Refused,
    ExcCodes.GATEWAY_PATH_UNAVIABLE: Unreachable,
    ExcCodes.ILLEGAL_FUNCTION: BackendFailed,
    ExcCodes.ILLEGAL_ADDRESS: BackendFailed,
    ExcCodes.ILLEGAL_VALUE: BackendFailed,
    ExcCodes.NEGATIVE_ACKNOWLEDGE: BackendFailed,
}
"""Exception codes that say that a write had no effect (Modbus Application Protocol V1.1b3, section 7)."""

Call = Callable[[AsyncModbusTcpClient], Awaitable[ModbusPDU]]


class ModbusConnection(Options):
    """The way to one device. `unit` tells it from others behind the same gateway."""

    host: Host
    port: int = Field(default=502, ge=1, le=65535)
    unit: int = Field(default=1, ge=0, le=255)
    answers_within: Seconds = Field(default=1.0, ge=0.05, le=2)


@dataclass(eq=False, slots=True)
class _Question:
    call: Call
    within: float
    first: bool
    answer: asyncio.Future[ModbusPDU]
    sent: bool = field(default=False)


class Gateway:
    """A device of `SharedDevices`. Nobody's cancellation cuts off a request that was begun.

    Who lets go of something asks `first`: behind a queue of slow answers a short press would become a long one.
    """

    def __init__(self, host: str, port: int, clock: Clock) -> None:
        self.where = f"modbus {host}:{port}"
        self._address = (host, port)
        self._clock = clock
        self._questions: asyncio.PriorityQueue[tuple[int, int, _Question]] = asyncio.PriorityQueue()
        self._count = itertools.count()
        self._asking: asyncio.Task[None] | None = None
        self._client: AsyncModbusTcpClient | None = None
        self._lost: asyncio.Future[None] | None = None
        self._dead_until = float("-inf")

    async def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        self._hang_up()
        while not self._questions.empty():
            question = self._questions.get_nowait()[2]
            _fail(question, ConnectionError("it is being closed"))

    async def ask(self, call: Call, within: float) -> ModbusPDU:
        """:raise Unreachable: no answer. :raise Refused: :raise BackendFailed: it answered with an exception."""
        question = self._put(call, within, False)
        try:
            reply = await question.answer
        except ConnectionError as error:
            raise Unreachable(f"{self.where} is unreachable: {error}") from None
        if reply.isError():
            raise NOT_DONE.get(reply.exception_code, Unreachable)(f"{self.where} answered with {_code(reply)}")
        return reply

    async def act(self, call: Call, within: float, *, first: bool = False) -> None:
        """A request with an effect; sent at most once.

        :raise Unreachable: it was not sent. :raise OutcomeUnknown: it was, and there is no answer.
        :raise BackendFailed: :raise Refused: the device did not do it.
        """
        question = self._put(call, within, first)
        try:
            reply = await question.answer
        except ConnectionError as error:
            if question.sent:
                raise OutcomeUnknown(f"{self.where} may have done it: {error}") from None
            raise Unreachable(f"{self.where} is unreachable: {error}") from None
        if reply.isError():
            raise NOT_DONE.get(reply.exception_code, OutcomeUnknown)(f"{self.where} answered with {_code(reply)}")

    def _put(self, call: Call, within: float, first: bool) -> _Question:
        question = _Question(call, within, first, asyncio.get_running_loop().create_future())
        self._questions.put_nowait((ASKS_FIRST if first else ASKS, next(self._count), question))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all(), name=f"requests to {self.where}")
        return question

    async def _ask_all(self) -> None:
        while not self._questions.empty():
            question = self._questions.get_nowait()[2]
            if question.answer.done():
                continue
            try:
                reply = await self._ask(question)
            except (ModbusException, OSError) as error:
                self._hang_up()
                _fail(question, ConnectionError(str(error)))
            except BaseException:
                self._hang_up()
                _fail(question, ConnectionError("the request was broken off"))
                raise
            else:
                if not question.answer.done():
                    question.answer.set_result(reply)

    async def _ask(self, question: _Question) -> ModbusPDU:
        client, lost = await self._connected(question)
        question.sent = True
        asked = asyncio.ensure_future(question.call(client))
        either: set[asyncio.Future[Any]] = {asked, lost}
        try:
            await asyncio.wait(either, timeout=question.within, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                return asked.result()
        finally:
            asked.cancel()
        raise ConnectionError(
            "it closed the connection" if lost.done() else f"no answer within {question.within:g} seconds"
        )

    async def _connected(self, question: _Question) -> tuple[AsyncModbusTcpClient, asyncio.Future[None]]:
        if self._client is not None and self._lost is not None and not self._lost.done():
            return self._client, self._lost
        self._hang_up()
        if not question.first and self._clock.monotonic() < self._dead_until:
            raise ConnectionError("it took no connection a moment ago")
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def changed(up: bool) -> None:
            if not up and not lost.done():
                lost.set_result(None)

        host, port = self._address
        client = AsyncModbusTcpClient(host, port=port, timeout=60, retries=0, reconnect_delay=0, trace_connect=changed)
        connected = False
        try:
            async with asyncio.timeout(question.within):
                connected = await client.connect()
        except TimeoutError:
            pass
        if not connected:
            client.close()
            self._dead_until = self._clock.monotonic() + RECONNECT_AFTER
            raise ConnectionError("it takes no connection")
        self._client, self._lost = client, lost
        return client, lost

    def _hang_up(self) -> None:
        """Also after an answer that did not come: it might come late, and there are gateways with one connection."""
        client, self._client, self._lost = self._client, None, None
        if client is not None:
            client.close()


def lease_gateway(connection: ModbusConnection, place: Place) -> Lease[Gateway]:
    key = ("modbus", connection.host, connection.port)
    return place.site.devices.lease(key, lambda: Gateway(connection.host, connection.port, place.clock))


def _fail(question: _Question, error: ConnectionError) -> None:
    if not question.answer.done():
        question.answer.set_exception(error)


def _code(reply: ModbusPDU) -> str:
    try:
        name = ExcCodes(reply.exception_code).name.replace("_", " ").lower()
    except ValueError:
        name = "unknown"
    return f"exception {reply.exception_code:02X}h ({name})"
