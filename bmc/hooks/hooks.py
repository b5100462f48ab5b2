"""Who hears of events outside: accounts' subscriptions and the destinations of the configuration file."""

import asyncio
import secrets
import ssl
from collections import Counter as Tally
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from bmc.accounts import Accounts
from bmc.accounts.decision import sees
from bmc.accounts.keyfile import Sealer
from bmc.events import Events, Follower
from bmc.fetch import Network
from bmc.fleet import Fleet
from bmc.hooks.dead_letters import DeadLetter, DeadLetters
from bmc.hooks.deliveries import Deliveries, Delivery
from bmc.hooks.filter import Filter
from bmc.hooks.mail import Mail
from bmc.hooks.options import HookSettings
from bmc.hooks.program import Program
from bmc.hooks.sink import Render, Sink, trust
from bmc.hooks.subscriptions import RetryPolicy, Subscription, Subscriptions
from bmc.hooks.syslog import PORTS as SYSLOG_PORTS
from bmc.hooks.syslog import Syslog
from bmc.hooks.webhook import Webhook, check_url, host_of
from bmc.hooks.worker import GaveUp, Patience, Worker, log
from bmc.model.caller import Role
from bmc.model.clock import Clock
from bmc.model.errors import NotFound, Refused
from bmc.model.events import Event
from bmc.store import Store, StoreFailed

MOST, MOST_OF_ONE = 128, 16


@dataclass(frozen=True, slots=True)
class Configured:
    """A destination of the configuration file; `protocol` and `uri` are as Redfish names them."""

    id: str
    protocol: str
    uri: str
    filter: Filter
    sink: Sink


@dataclass(slots=True)
class _Running:
    worker: Worker
    task: asyncio.Task[None]


class Hooks:
    """One worker a destination, by id; a receiver that is slow or dead holds up nobody but itself.

    Every destination delivers while the context lasts.
    """

    def __init__(
        self,
        settings: HookSettings,
        store: Store,
        events: Events,
        accounts: Accounts,
        fleet: Fleet,
        clock: Clock,
        sealer: Sealer,
        allowed: Sequence[Network],
        render: Render,
    ) -> None:
        """:raise InvalidRequest: a file that the settings name."""
        self.patience = Patience(settings.retry_attempts, settings.retry_interval)
        self._stored = Subscriptions(store, sealer)
        self._letters = DeadLetters(store, clock)
        self._deliveries = Deliveries(store)
        self._events = events
        self._accounts = accounts
        self._fleet = fleet
        self._clock = clock
        self._allowed = allowed
        self._render = render
        self._tls = trust(settings.ca_file)
        self._configured = {each.id: each for each in _configured(settings, clock, render, self._tls)}
        self._subscriptions: dict[str, Subscription] = {}
        self._running: dict[str, _Running] = {}
        self._followers: dict[str, Follower] = {}
        self._results: dict[str, Tally[str]] = {}
        self._changing = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Every destination goes on from where it was. :raise KeyFileUnusable: it does not open what is stored."""
        try:
            await self._start()
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def _start(self) -> None:
        for subscription in await self._stored.load():
            if self._accounts.find(subscription.account) is None:
                await self._stored.delete(subscription.id)
            else:
                self._subscriptions[subscription.id] = subscription
        for name in await self._events.followers():
            if name not in self._subscriptions and name not in self._configured:
                await self._events.forget(name)
        destinations: list[Configured | Subscription] = [*self._configured.values(), *self._subscriptions.values()]
        for destination in destinations:
            await self._follow(destination.id)
            self._begin(destination)
        self._accounts.on_forget(self._forget_account)

    async def _close(self) -> None:
        for id in list(self._running):
            await self._end(id)

    # What there is

    def configured(self) -> tuple[Configured, ...]:
        return tuple(self._configured.values())

    def subscriptions(self) -> tuple[Subscription, ...]:
        return tuple(self._subscriptions.values())

    def find(self, id: str) -> Subscription | Configured:
        """:raise NotFound:"""
        found = self._subscriptions.get(id) or self._configured.get(id)
        if found is None:
            raise NotFound(f"there is no subscription {id[:64]!r}")
        return found

    def worker(self, id: str) -> Worker | None:
        """How it goes; None while it is suspended."""
        running = self._running.get(id)
        return running.worker if running else None

    async def waiting(self) -> dict[str, int]:
        """How many events there are that each destination has not been given, or passed over, yet."""
        last = await self._events.last()
        return {id: last - follower.place for id, follower in self._followers.items()}

    def results(self, id: str) -> Mapping[str, int]:
        """Since the service started: events `delivered` and `dead` letters, and tries that `failed`."""
        return self._results[id]

    async def deliveries(self, id: str, limit: int = 50) -> list[Delivery]:
        """The last tries, oldest first."""
        return await self._deliveries.newest(id, limit)

    async def dead_letters(self, id: str, limit: int = 20) -> list[DeadLetter]:
        """The last ones, oldest first."""
        return await self._letters.newest(id, limit)

    # Changes

    def _check_room(self, account: str) -> None:
        """:raise Refused: there are as many subscriptions as there may be."""
        mine = sum(each.account == account for each in self._subscriptions.values())
        if mine >= MOST_OF_ONE or len(self._subscriptions) >= MOST:
            raise Refused(f"there are too many subscriptions ({mine} of {account}); delete some")

    async def subscribe(self, account: str, destination: str, **fields: Any) -> Subscription:
        """A webhook at `destination`, which is given what is published from now on; fields as of `Subscription`.

        :raise InvalidRequest: see `check_url`. :raise Refused: there are too many.
        :raise NotFound: the account was deleted meanwhile.
        """
        check_url(destination, self._allowed)
        async with self._changing:
            self._check_room(account)
            if self._accounts.find(account) is None:
                raise NotFound(f"there is no account {account!r}")
            subscription = Subscription(secrets.token_hex(6), account, destination, **fields)
            await self._follow(subscription.id)
            await self._renew(subscription)
        return subscription

    async def change(self, id: str, **fields: Any) -> Subscription:
        """What is under way begins anew, as it is now, if anything changes. :raise NotFound:"""
        async with self._changing:
            before = self._subscription(id)
            changed = replace(before, **fields)
            if changed != before:
                await self._renew(changed)
        return changed

    async def suspend(self, id: str, account: str) -> None:
        """Until it is resumed its events wait in the stream. :raise NotFound:"""
        await self.change(id, suspended=f"suspended by {account}", asked=True)

    async def resume(self, id: str) -> None:
        """Also tries at once what waits to be tried again. :raise NotFound:"""
        async with self._changing:
            await self._renew(replace(self._subscription(id), suspended="", asked=False))

    async def remove(self, id: str) -> None:
        """:raise NotFound:"""
        async with self._changing:
            self._subscription(id)
            await self._remove(id)

    async def _forget_account(self, account: str) -> None:
        async with self._changing:
            for each in [each for each in self._subscriptions.values() if each.account == account]:
                await self._remove(each.id)

    def _subscription(self, id: str) -> Subscription:
        if id not in self._subscriptions:
            raise NotFound(f"there is no subscription {id[:64]!r}")
        return self._subscriptions[id]

    async def _remove(self, id: str) -> None:
        await self._stored.delete(id)
        del self._subscriptions[id]
        await self._end(id)
        del self._followers[id], self._results[id]
        await self._events.forget(id)

    async def _renew(self, subscription: Subscription) -> None:
        """:raise StoreFailed: and then it is as it was."""
        await self._stored.save(subscription)
        self._subscriptions[subscription.id] = subscription
        await self._end(subscription.id)
        self._begin(subscription)

    # Workers

    async def _follow(self, id: str) -> None:
        self._followers[id] = await self._events.follow(id)
        self._results[id] = Tally(delivered=0, failed=0, dead=0)

    def _begin(self, destination: Subscription | Configured) -> None:
        if isinstance(destination, Configured):
            sink, wants, policy = destination.sink, self._fitting(destination.filter), RetryPolicy.BACK_OFF
        elif destination.suspended:
            return
        else:
            sink, wants, policy = self._webhook(destination), self._visible_to(destination), destination.policy
        id = destination.id
        worker = Worker(
            *(id, sink, wants, self._followers[id], self._letters, self._clock, self.patience, policy),
            self._results[id],
            self._deliveries,
        )
        task = asyncio.create_task(self._work(id, worker, sink), name=f"hook {id}")
        self._running[id] = _Running(worker, task)

    async def _work(self, id: str, worker: Worker, sink: Sink) -> None:
        try:
            while True:
                try:
                    await worker.run()
                except GaveUp as error:
                    try:
                        return await self._give_up(id, str(error))
                    except StoreFailed as failure:  # it would be forgotten by a restart, so it goes on
                        log.error("hook %s cannot be stopped: %s", id, failure)
                        await self._clock.sleep(self.patience.interval)
        finally:
            await sink.close()

    async def _give_up(self, id: str, why: str) -> None:
        async with self._changing:
            subscription = self._subscription(id)
            ends = subscription.policy is RetryPolicy.TERMINATE
            if ends:
                await self._remove(id)
            else:
                suspended = replace(subscription, suspended=f"too many retries: {why}")
                await self._stored.save(suspended)
                self._subscriptions[id] = suspended
                self._running.pop(id, None)
            where = host_of(subscription.destination)
            log.error("hook %s to %s is %s: %s", id, where, "ended" if ends else "suspended", why)

    async def _end(self, id: str) -> None:
        running = self._running.pop(id, None)
        if running is not None and running.task is not asyncio.current_task():
            running.task.cancel()
            await asyncio.gather(running.task, return_exceptions=True)

    def _webhook(self, subscription: Subscription) -> Webhook:
        return Webhook(
            subscription.destination,
            self._clock,
            self._render,
            self._tls if subscription.verify else False,
            self._allowed,
            subscription.context,
            subscription.headers,
            subscription.secret,
        )

    def _fitting(self, filter: Filter) -> Callable[[Event], bool]:
        return lambda event: not event.maintenance and filter.wants(event, self._fleet.tags(event.node))

    def _visible_to(self, subscription: Subscription) -> Callable[[Event], bool]:
        """By the account as it is at that moment; to have us send takes an Operator."""
        fits = self._fitting(subscription.filter)

        def wants(event: Event) -> bool:
            account = self._accounts.find(subscription.account)
            if account is None or not account.enabled or account.role.rank < Role.OPERATOR.rank:
                return False
            return fits(event) and sees(account.role, account.scope, event, self._fleet.tags, self._fleet.began)

        return wants


def _configured(settings: HookSettings, clock: Clock, render: Render, tls: ssl.SSLContext) -> list[Configured]:
    found = []
    for program in settings.program:
        uri = f"file://{program.command[0]}"
        found.append(Configured(f"program-{program.name}", "OEM", uri, program.filter, Program(program, render)))
    for receiver in settings.syslog:
        uri = f"syslog://{_authority(receiver.host, receiver.port or SYSLOG_PORTS[receiver.protocol])}"
        protocol = f"Syslog{receiver.protocol.upper()}"
        found.append(Configured(f"syslog-{receiver.name}", protocol, uri, receiver.filter, Syslog(receiver, tls)))
    for mail in settings.mail:
        uri = f"mailto:{','.join(mail.to)}"
        found.append(Configured(f"mail-{mail.name}", "SMTP", uri, mail.filter, Mail(mail, clock, tls)))
    return found


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
