"""Prometheus metrics, in a registry of our own."""

import time
from collections import Counter as Tally

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from bmc.model.caller import SERVICE
from bmc.redfish.house import House

METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})


class Metrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "lightsout_http_requests", "HTTP requests by result", ("area", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "lightsout_http_seconds",
            "Seconds to a response",
            ("area",),
            registry=self.registry,
        )
        self.nodes = Gauge("lightsout_nodes", "Nodes by power state", ("state",), registry=self.registry)
        self.sessions = Gauge("lightsout_sessions", "Open sessions", registry=self.registry)
        self.streams = Gauge("lightsout_streams", "Open event streams and consoles", registry=self.registry)

    def count(self, request: web.Request, response: web.StreamResponse, since: float) -> None:
        """`since` is time.perf_counter() at the request's start. Labels are few whatever a client sends."""
        area = request.path.strip("/").partition("/")[0]
        area = area if area in ("redfish", "console", "session", "metrics", "healthz") else "page"
        method = request.method if request.method in METHODS else "other"
        self.requests.labels(area, method, str(response.status)).inc()
        if not isinstance(response, web.WebSocketResponse) and response.content_type != "text/event-stream":
            self.seconds.labels(area).observe(time.perf_counter() - since)

    def text(self, house: House) -> bytes:
        states = Tally(node.snapshot.power.value for node in house.fleet.visible(SERVICE))
        self.nodes.clear()
        for state, number in states.items():
            self.nodes.labels(state).set(number)
        self.sessions.set(len(house.accounts.sessions()))
        self.streams.set(len(house.closing))
        return generate_latest(self.registry)
