"""The store against a dict and a list, in any order of operations, across closing and opening."""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bmc.store import Conflict, Entry, Record, Store

KEYS = st.sampled_from(["a", "b", "ü/2"])
NAMES = st.sampled_from(["first", "second"])
VALUES = st.dictionaries(st.text(max_size=3), st.none() | st.integers() | st.text(max_size=3), max_size=2)


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.entries: dict[tuple[str, str], Entry] = {}
        self.revision = 0
        self.records: dict[str, list[Record]] = {"first": [], "second": []}
        self.lasts = {"first": 0, "second": 0}
        self.messages: dict[tuple[str, str], int] = {}
        self.cursors: dict[tuple[str, str], int] = {}

    @initialize()
    def open(self) -> None:
        self.stack = AsyncExitStack()
        path = Path(self.directory.name) / "store.db"
        self.store = self.runner.run(self.stack.enter_async_context(Store.open(path)))

    @rule()
    def close_and_open_again(self) -> None:
        self.runner.run(self.stack.aclose())
        self.open()

    @rule(bucket=NAMES, key=KEYS, value=VALUES, expect=st.none() | st.integers(0, 5))
    def put(self, bucket: str, key: str, value: dict[str, Any], expect: int | None) -> None:
        stored = self.entries.get((bucket, key))
        try:
            revision = self.runner.run(self.store.put(bucket, key, value, expect))
        except Conflict:
            assert expect != (stored.revision if stored else 0)
        else:
            assert expect in (None, stored.revision if stored else 0)
            assert revision > self.revision
            self.revision = revision
            self.entries[bucket, key] = Entry(key, value, revision)

    @rule(bucket=NAMES, key=KEYS, expect=st.none() | st.integers(0, 5))
    def delete(self, bucket: str, key: str, expect: int | None) -> None:
        stored = self.entries.get((bucket, key))
        try:
            self.runner.run(self.store.delete(bucket, key, expect))
        except Conflict:
            assert expect != (stored.revision if stored else 0)
        else:
            assert expect in (None, stored.revision if stored else 0)
            self.entries.pop((bucket, key), None)

    @rule(stream=NAMES, value=VALUES, message=st.sampled_from(["", "m1", "m2"]))
    def append(self, stream: str, value: dict[str, Any], message: str) -> None:
        sequence = self.runner.run(self.store.append(stream, value, message))
        if message and (stream, message) in self.messages:
            assert sequence == self.messages[stream, message]
            return
        self.lasts[stream] += 1
        assert sequence == self.lasts[stream]
        self.records[stream].append(Record(sequence, value))
        if message:
            self.messages[stream, message] = sequence

    @rule(stream=NAMES, keep=st.integers(0, 4))
    def trim(self, stream: str, keep: int) -> None:
        self.runner.run(self.store.trim(stream, keep))
        oldest = self.lasts[stream] - keep
        self.records[stream] = [record for record in self.records[stream] if record.sequence > oldest]
        for key, sequence in list(self.messages.items()):
            if key[0] == stream and sequence <= oldest:
                del self.messages[key]

    @rule(stream=NAMES, durable=KEYS, sequence=st.integers(0, 6))
    def ack(self, stream: str, durable: str, sequence: int) -> None:
        self.runner.run(self.store.ack(stream, durable, sequence))
        self.cursors[stream, durable] = max(sequence, self.cursors.get((stream, durable), 0))

    @rule(stream=NAMES, durable=KEYS)
    def consume(self, stream: str, durable: str) -> None:
        cursor = self.cursors.get((stream, durable), 0)
        expected = [record for record in self.records[stream] if record.sequence > cursor]
        assert self.runner.run(self.store.consume(stream, durable)) == expected

    @invariant()
    def agrees_with_the_model(self) -> None:
        for bucket in ("first", "second"):
            expected = sorted((e for (b, _), e in self.entries.items() if b == bucket), key=lambda entry: entry.key)
            assert self.runner.run(self.store.list(bucket)) == expected
        for stream, records in self.records.items():
            assert self.runner.run(self.store.read(stream)) == records
            assert self.runner.run(self.store.newest(stream, 2)) == records[-2:]
            assert self.runner.run(self.store.last(stream)) == self.lasts[stream]

    def teardown(self) -> None:
        self.runner.run(self.stack.aclose())
        self.runner.close()
        self.directory.cleanup()


StoreMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, suppress_health_check=list(HealthCheck)
)
TestStore = StoreMachine.TestCase
