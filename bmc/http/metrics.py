"""Prometheus metrics, in a registry of our own: what is counted as it happens, and what is looked up at a scrape."""

import asyncio
import time
from collections import Counter as Tally
from collections.abc import Iterator, Mapping
from typing import Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from bmc.model.caller import Caller, Door
from bmc.model.power import PowerState
from bmc.redfish.house import House
from bmc.redfish.subscriptions import visible

METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
AREAS = frozenset({"redfish", "console", "session", "metrics", "healthz"})
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class IpmiFigures(Protocol):
    """What is used of the IPMI door."""

    @property
    def counters(self) -> Mapping[str, int]:
        """What was seen, by name."""

    @property
    def answers(self) -> Mapping[int, int]:
        """Requests answered, by completion code."""

    @property
    def sessions(self) -> int:
        """Open now."""


class Metrics:
    def __init__(self, house: House, ipmi: IpmiFigures) -> None:
        self._house = house
        self._ipmi = ipmi
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "lightsout_http_requests", "HTTP requests by result", ("area", "method", "status"), registry=self._registry
        )
        self._seconds = Histogram("lightsout_http_seconds", "Seconds to a response", ("area",), registry=self._registry)
        self._lag = Histogram(
            "lightsout_loop_lag_seconds",
            "How late the event loop came to what was due",
            buckets=LAG_BUCKETS,
            registry=self._registry,
        )

    def count(self, request: web.Request, response: web.StreamResponse, since: float) -> None:
        """`since` is time.perf_counter() at the request's start. Labels are few whatever a client sends."""
        area = request.path.strip("/").partition("/")[0]
        area = area if area in AREAS else "page"
        method = request.method if request.method in METHODS else "other"
        self._requests.labels(area, method, str(response.status)).inc()
        if not isinstance(response, web.WebSocketResponse) and response.content_type != "text/event-stream":
            self._seconds.labels(area).observe(time.perf_counter() - since)

    async def watch_loop(self) -> None:
        """Without end, once a second."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + 1.0
            await asyncio.sleep(1.0)
            self._lag.observe(max(0.0, loop.time() - due))

    async def text(self, caller: Caller) -> bytes:
        """Of nodes, their jobs and hooks those that `caller` may see."""
        waiting = await self._house.hooks.waiting()
        now = CollectorRegistry()
        now.register(_Now(self._house, self._ipmi, caller, waiting))
        return generate_latest(self._registry) + generate_latest(now)


class _Now(Collector):
    """What there is to be seen at this moment."""

    def __init__(self, house: House, ipmi: IpmiFigures, caller: Caller, waiting: Mapping[str, int]) -> None:
        self._house = house
        self._ipmi = ipmi
        self._caller = caller
        self._waiting = waiting

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        yield from self._nodes()
        yield from self._doors()
        yield from self._hooks()
        jobs = GaugeMetricFamily("lightsout_jobs", "Jobs by kind and state", labels=("kind", "state"))
        states = Tally((job.kind, job.state.value) for job in self._house.jobs.list(self._caller))
        for labels, number in sorted(states.items()):
            jobs.add_metric(labels, number)
        yield jobs

    def _nodes(self) -> Iterator[Metric]:
        nodes = GaugeMetricFamily("lightsout_nodes", "Nodes by power state", labels=("state",))
        power = GaugeMetricFamily("lightsout_node_power", "1 for the node's power state", labels=("node", "state"))
        readings = GaugeMetricFamily(
            "lightsout_sensor_reading", "What a sensor reads, in its unit", labels=("node", "sensor", "unit")
        )
        crossed = GaugeMetricFamily(
            "lightsout_sensor_crossed", "How many thresholds it is beyond", labels=("node", "sensor")
        )
        snapshots = [node.snapshot for node in self._house.fleet.visible(self._caller)]
        states = Tally(snapshot.power for snapshot in snapshots)
        for state in PowerState:
            nodes.add_metric((state.value,), states[state])
        for snapshot in snapshots:
            power.add_metric((snapshot.name, snapshot.power.value), 1)
            for sensor in snapshot.sensors:
                crossed.add_metric((snapshot.name, sensor.info.name), len(sensor.crossed))
                if sensor.reading is not None:
                    readings.add_metric((snapshot.name, sensor.info.name, sensor.info.unit.value), sensor.reading)
        yield from (nodes, power, readings, crossed)

    def _hooks(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily(
            "lightsout_hook_waiting", "Events that a destination has not been given yet", labels=("hook",)
        )
        results = CounterMetricFamily(
            "lightsout_hook_results", "Events delivered, tries that failed and dead letters", labels=("hook", "result")
        )
        for hook in visible(self._house, self._caller):
            waiting.add_metric((hook.id,), self._waiting.get(hook.id, 0))
            for result, number in self._house.hooks.results(hook.id).items():
                results.add_metric((hook.id, result), number)
        yield from (waiting, results)

    def _doors(self) -> Iterator[Metric]:
        sessions = GaugeMetricFamily("lightsout_sessions", "Open sessions", labels=("door",))
        signed_in = self._house.accounts.sessions_everywhere()
        sessions.add_metric(("web",), signed_in.total() - signed_in[Door.SSH])
        sessions.add_metric(("ssh",), signed_in[Door.SSH])
        sessions.add_metric(("ipmi",), self._ipmi.sessions)
        yield sessions
        yield GaugeMetricFamily("lightsout_streams", "Open event streams and consoles", len(self._house.closing))
        answers = CounterMetricFamily("lightsout_ipmi_requests", "IPMI requests by completion code", labels=("code",))
        for code, number in sorted(self._ipmi.answers.items()):
            answers.add_metric((f"{code:02X}h",), number)
        yield answers
        seen = CounterMetricFamily("lightsout_ipmi_seen", "What the IPMI doors have seen", labels=("what",))
        for what, number in sorted(self._ipmi.counters.items()):
            seen.add_metric((what,), number)
        yield seen
        if self._house.ssh is not None:
            ssh = CounterMetricFamily("lightsout_ssh_seen", "What the SSH door has seen", labels=("what",))
            for what, number in sorted(self._house.ssh.counters.items()):
                ssh.add_metric((what,), number)
            yield ssh
