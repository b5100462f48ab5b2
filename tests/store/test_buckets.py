"""Buckets: values with revisions."""

import asyncio
from pathlib import Path

import pytest

from bmc.model.errors import InvalidRequest
from bmc.store import Conflict, Entry, Json, Store


async def test_what_was_put_is_read_back(store: Store):
    value: dict[str, Json] = {"text": "é\x00\ud800", "list": [1, 2.5, None, True], "deep": {"a": {}}}
    revision = await store.put("nodes", "n1", value)
    assert await store.get("nodes", "n1") == Entry("n1", value, revision)


async def test_a_missing_key_is_none(store: Store):
    assert await store.get("nodes", "n1") is None
    assert await store.list("nodes") == []


async def test_a_bucket_is_listed_by_key_and_holds_nothing_of_others(store: Store):
    for bucket, key in [("a", "2"), ("b", "3"), ("a", "1")]:
        await store.put(bucket, key, {"from": bucket})
    assert [entry.key for entry in await store.list("a")] == ["1", "2"]


async def test_expecting_nothing_refuses_to_replace(store: Store):
    await store.put("b", "k", {"n": 1}, expect=0)
    with pytest.raises(Conflict, match="b/k is at revision 1, expected 0"):
        await store.put("b", "k", {"n": 2}, expect=0)


async def test_expecting_a_stale_revision_changes_nothing(store: Store):
    first = await store.put("b", "k", {"n": 1})
    second = await store.put("b", "k", {"n": 2}, expect=first)
    with pytest.raises(Conflict):
        await store.put("b", "k", {"n": 3}, expect=first)
    with pytest.raises(Conflict):
        await store.delete("b", "k", expect=first)
    assert await store.get("b", "k") == Entry("k", {"n": 2}, second)


async def test_a_revision_is_never_used_twice(store: Store):
    first = await store.put("b", "k", {})
    await store.delete("b", "k", expect=first)
    assert await store.put("b", "k", {}, expect=0) > first


async def test_deleting_what_is_not_there_is_no_error(store: Store):
    await store.delete("b", "k")
    with pytest.raises(Conflict):
        await store.delete("b", "k", expect=7)


async def test_of_many_who_expect_the_same_revision_one_wins(store: Store):
    first = await store.put("b", "k", {"by": -1})
    outcomes = await asyncio.gather(
        *(store.put("b", "k", {"by": n}, expect=first) for n in range(50)), return_exceptions=True
    )
    (winner,) = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, Conflict)]
    entry = await store.get("b", "k")
    assert entry is not None
    assert entry.value == {"by": winner}


async def test_a_write_that_fails_does_not_fail_its_neighbours(store: Store):
    await store.put("b", "taken", {})
    outcomes = await asyncio.gather(
        store.put("b", "one", {}),
        store.put("b", "taken", {}, expect=0),
        store.ack("s", "me", 2**70),  # more than SQLite can count
        store.put("b", "three", {}),
        return_exceptions=True,
    )
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False, True, True, False]
    assert [entry.key for entry in await store.list("b")] == ["one", "taken", "three"]


async def test_what_is_no_text_is_no_name(store: Store):
    with pytest.raises(InvalidRequest, match="no valid Unicode"):
        await store.put("b", "k\udc80", {})
    with pytest.raises(InvalidRequest, match="no valid Unicode"):
        await store.get("b", "k\udc80")


async def test_what_is_no_json_is_refused_at_once(store: Store):
    with pytest.raises(ValueError, match="JSON"):
        await store.put("b", "k", {"n": float("nan")})
    assert await store.list("b") == []


async def test_a_caller_who_gives_up_waiting_hurts_nobody(store: Store):
    given_up = asyncio.ensure_future(store.put("b", "k", {"n": 1}))
    await asyncio.sleep(0)
    given_up.cancel()
    await store.put("b", "other", {})
    entry = await store.get("b", "k")
    assert entry is not None
    assert entry.value == {"n": 1}


async def test_everything_is_there_after_opening_again(path: Path):
    async with Store.open(path) as store:
        revision = await store.put("b", "k", {"n": 1})
        await store.append("s", {"n": 1})
        await store.ack("s", "me", 1)
    async with Store.open(path) as store:
        assert await store.get("b", "k") == Entry("k", {"n": 1}, revision)
        assert await store.last("s") == 1
        assert await store.consume("s", "me") == []


async def test_closing_writes_what_is_queued(path: Path):
    async with Store.open(path) as store:
        waiting = [asyncio.ensure_future(store.append("s", {"n": n})) for n in range(1000)]
        await asyncio.sleep(0)
    assert sorted(await asyncio.gather(*waiting)) == list(range(1, 1001))
