"""One connection to an MQTT broker, shared by all that speak through it; it comes back by itself."""

import asyncio
import contextlib
import hashlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import aiomqtt
from paho.mqtt.reasoncodes import ReasonCode

from bmc.model.errors import BmcError, OutcomeUnknown, Unreachable
from robots.motion import apart

KEEPALIVE, HOLDING_KEEPALIVE = 15, 5
ANSWER_WITHIN, READY_WITHIN = 5.0, 5.0
FIRST_RETRY, LONGEST_RETRY = 0.5, 10.0
PORT, TLS_PORT = 1883, 8883
NO_CONNECTION = 4
"""MQTT_ERR_NO_CONN of the client library: the message has not left us."""

log = logging.getLogger(__name__)

Take = Callable[[str, bytes, bool], None]
Credentials = Callable[[str], tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: str


@dataclass(frozen=True, slots=True)
class Address:
    """`ca`: PEM of the authority that signed the broker's certificate, where the system does not know it."""

    host: str
    port: int
    credential: str = ""
    tls: bool = False
    ca: str = ""


@dataclass(eq=False, slots=True)
class Watcher:
    """`take` gets topic, payload and whether the broker had kept it; `changed`: the connection came or went."""

    topics: frozenset[str]
    take: Take
    changed: Callable[[], None]


class _ClosingSocket(ssl.SSLSocket):
    """The client library forgets one whose handshake failed."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class Broker:
    """A shared device. `name` is how it is known at the broker: the same after a restart, another for another user.

    While it is connected the broker keeps `online` in `lightsout/NAME/state`, and `offline` from when we are gone.
    Commands go out with QoS 0: with any other a broker may keep a press for a device that comes back tomorrow.
    """

    def __init__(self, address: Address, credentials: Credentials, site: str) -> None:
        self.where = f"broker {address.host}:{address.port}"
        self.trouble = ""
        told_apart = f"{socket.gethostname()} {site} {address}"
        self.name = f"lightsout-{hashlib.sha256(told_apart.encode()).hexdigest()[:12]}"
        self._address = address
        self._credentials = credentials
        self._watchers: list[Watcher] = []
        self._subscribed: set[str] = set()
        self._subscribing = asyncio.Lock()
        self._client: aiomqtt.Client | None = None
        self._up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._turns: dict[str, asyncio.Lock] = {}

    @property
    def up(self) -> bool:
        return self._client is not None

    def start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"mqtt {self.where}")

    async def close(self) -> None:
        tasks = [task for task in (self._task, *self._chores) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def turn(self, device: str) -> asyncio.Lock:
        """Who moves something of that device holds this."""
        return self._turns.setdefault(device, asyncio.Lock())

    def watch(self, watcher: Watcher) -> None:
        self._watchers.append(watcher)
        if self._client is not None:
            chore = asyncio.create_task(self._subscribe_in_time())
            self._chores.add(chore)
            chore.add_done_callback(self._chores.discard)

    def unwatch(self, watcher: Watcher) -> None:
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    async def ready(self) -> None:
        """Wait until it is connected and every topic is subscribed.

        :raise Unreachable: that takes too long, or was tried in vain a moment ago.
        """
        self.start()
        try:
            async with asyncio.timeout(READY_WITHIN):
                while self._client is None and not self.trouble:
                    await self._up.wait()
                if self._client is not None:
                    return await self._subscribe(self._client)
        except (TimeoutError, aiomqtt.MqttError) as error:
            raise Unreachable(f"{self.where} is unreachable: {str(error) or 'it does not answer'}") from None
        raise Unreachable(f"{self.where} is unreachable: {self.trouble}")

    async def send(self, messages: Sequence[Message], confirm: bool) -> None:
        """Publish them in this order; with `confirm`, wait until the broker has them.

        :raise Unreachable: none has left. :raise OutcomeUnknown: some may have.
        """
        client = self._client
        if client is None:
            raise Unreachable(f"{self.where} is unreachable: {self.trouble or 'no connection was made yet'}")
        left = False
        try:
            for each in messages:
                await client.publish(each.topic, each.payload)
                left = True
            if confirm:  # a broker answers in the order in which it was asked
                await client.unsubscribe(f"lightsout/{self.name}/nothing", timeout=ANSWER_WITHIN)
        except aiomqtt.MqttError as error:
            if not left and isinstance(error, aiomqtt.MqttCodeError) and error.rc == NO_CONNECTION:
                raise Unreachable(f"{self.where} is unreachable: {error}") from None
            raise OutcomeUnknown(f"{self.where} may have passed it on: {error}") from None

    @asynccontextmanager
    async def holding(self, release: Message) -> AsyncIterator[None]:
        """While this is open, the broker itself sends `release` should we die. :raise Unreachable: it cannot."""
        will = aiomqtt.Will(release.topic, release.payload, qos=1)
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._connection(will, HOLDING_KEEPALIVE))
            except (aiomqtt.MqttError, OSError) as error:
                raise Unreachable(f"{self.where} is unreachable: {error}") from None
            yield

    async def _run(self) -> None:
        presence = f"lightsout/{self.name}/state"
        retry = FIRST_RETRY
        while True:
            try:
                will = aiomqtt.Will(presence, "offline", qos=1, retain=True)
                async with self._connection(will, KEEPALIVE, self.name) as client:
                    self._subscribed.clear()
                    self._client, self.trouble, retry = client, "", FIRST_RETRY
                    self._up.set()
                    await client.publish(presence, "online", qos=1, retain=True)
                    self._tell()
                    await self._subscribe(client)
                    try:
                        async for message in client.messages:
                            self._take(message)
                    except asyncio.CancelledError:  # who leaves politely is not missed by the broker
                        with contextlib.suppress(aiomqtt.MqttError):
                            await apart(client.publish(presence, "offline", qos=1, retain=True, timeout=1))
                        raise
            except (aiomqtt.MqttError, OSError, BmcError) as error:
                self._lost(str(error) or type(error).__name__)
            finally:
                self._client = None
                self._up.clear()
            await asyncio.sleep(retry)
            retry = min(2 * retry, LONGEST_RETRY)

    def _lost(self, why: str) -> None:
        if why != self.trouble:
            log.warning("%s: %s", self.where, why)
        self.trouble, self._client = why, None
        self._up.set()  # whoever waits for the connection hears that there is none
        self._up.clear()
        self._tell()

    def _tell(self) -> None:
        for watcher in list(self._watchers):
            watcher.changed()

    def _take(self, message: aiomqtt.Message) -> None:
        topic, payload = message.topic.value, bytes(message.payload)
        for watcher in list(self._watchers):
            if topic in watcher.topics:
                watcher.take(topic, payload, message.retain)

    async def _subscribe_in_time(self) -> None:
        with contextlib.suppress(Unreachable):
            await self.ready()

    async def _subscribe(self, client: aiomqtt.Client) -> None:
        async with self._subscribing:
            missing = set[str]().union(*(watcher.topics for watcher in self._watchers)) - self._subscribed
            if not missing:
                return
            topics = sorted(missing)
            granted: Iterable[int | ReasonCode] = await client.subscribe(
                [(topic, 1) for topic in topics], timeout=ANSWER_WITHIN
            )
            for topic, code in zip(topics, granted, strict=False):
                if (code if isinstance(code, int) else int(code.value)) >= 0x80:
                    log.warning("%s does not let us listen to %s", self.where, topic)
            self._subscribed |= missing

    @asynccontextmanager
    async def _connection(
        self, will: aiomqtt.Will, keepalive: int, identifier: str | None = None
    ) -> AsyncIterator[aiomqtt.Client]:
        address = self._address
        user, password = self._credentials(address.credential) if address.credential else (None, None)
        context = None
        if address.tls:
            context = await asyncio.to_thread(ssl.create_default_context, cadata=address.ca or None)
            context.sslsocket_class = _ClosingSocket
        client = aiomqtt.Client(
            address.host,
            address.port,
            username=user.decode() if user is not None else None,
            password=password.decode() if password is not None else None,
            identifier=identifier or f"{self.name}-{id(will):x}",
            will=will,
            keepalive=keepalive,
            timeout=ANSWER_WITHIN,
            tls_context=context,
        )
        entered = list[bool]()

        async def enter() -> None:
            await client.__aenter__()
            entered.append(True)

        try:
            await apart(enter())  # it connects in a thread that cannot be stopped
            yield client
        finally:
            if entered:
                with contextlib.suppress(aiomqtt.MqttError):
                    await apart(_leave(client))


async def _leave(client: AbstractAsyncContextManager[object]) -> None:
    await client.__aexit__(None, None, None)
