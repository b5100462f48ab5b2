"""Streams: records with sequences, cursors and quotas."""

import asyncio

import pytest

from bmc.store import Record, Store


async def test_sequences_count_from_one_in_each_stream(store: Store):
    assert [await store.append("a", {}), await store.append("a", {}), await store.append("b", {})] == [1, 2, 1]
    assert [await store.last("a"), await store.last("b"), await store.last("c")] == [2, 1, 0]


async def test_concurrent_writers_leave_no_gap_and_keep_their_order(store: Store):
    sequences = await asyncio.gather(*(store.append("s", {"n": n}) for n in range(500)))
    assert sequences == list(range(1, 501))
    assert [record.value["n"] for record in await store.read("s")] == list(range(500))


async def test_the_same_message_is_stored_once(store: Store):
    assert await store.append("s", {"n": 1}, msg_id="m") == 1
    assert await store.append("s", {"n": 2}) == 2
    assert await store.append("s", {"n": 3}, msg_id="m") == 1
    assert await store.append("other", {"n": 4}, msg_id="m") == 1
    assert await store.read("s") == [Record(1, {"n": 1}), Record(2, {"n": 2})]


async def test_reading_goes_on_where_it_stopped(store: Store):
    for n in range(1, 6):
        await store.append("s", {"n": n})
    assert [record.sequence for record in await store.read("s", limit=2)] == [1, 2]
    assert [record.sequence for record in await store.read("s", after=2, limit=2)] == [3, 4]
    assert await store.read("s", after=5) == []


async def test_what_is_kept_of_a_subject_can_be_put_to_another(store: Store):
    for n, subject in enumerate(("n1", "n2", "n1", "former n1")):
        await store.append("s", {"n": n}, subject=subject)
    await store.append("t", {"n": 0}, subject="n1")
    await store.rename_subject("s", "n1", "former n1")
    assert await store.newest("s", 9, subject="n1") == []
    assert [record.value["n"] for record in await store.newest("s", 9, subject="former n1")] == [0, 2, 3]
    assert [record.value["n"] for record in await store.read("s")] == [0, 1, 2, 3]
    assert await store.count("t", "n1") == 1


async def test_the_newest_can_be_had_by_subject(store: Store):
    for n in range(1, 9):
        await store.append("s", {"n": n}, subject="odd" if n % 2 else "")
    assert [record.sequence for record in await store.newest("s", 3)] == [6, 7, 8]
    assert [record.sequence for record in await store.newest("s", 2, subject="odd")] == [5, 7]
    assert [record.sequence for record in await store.newest("s", 9, after=3, subject="odd")] == [5, 7]


async def test_what_is_left_out_pushes_out_nothing_but_is_not_looked_through_without_end(store: Store, monkeypatch):
    for n in range(10):
        await store.append("s", {"n": n, "by": {"guest": n not in (0, 3, 9)}}, subject="n1")
    await store.append("s", {"n": 10}, subject="n2")
    left_out = [{"by.guest": True}]
    assert [record.value["n"] for record in await store.newest("s", 2, subject="n1", without=left_out)] == [3, 9]
    monkeypatch.setattr("bmc.store.store.SIFTED_MOST", 7)
    assert [record.value["n"] for record in await store.newest("s", 9, subject="n1", without=left_out)] == [3, 9]
    monkeypatch.setattr("bmc.store.store.SIFTED_MOST", 6)
    assert [record.value["n"] for record in await store.newest("s", 9, subject="n1", without=left_out)] == [9]
    assert len(await store.newest("s", 99)) == 11


@pytest.mark.parametrize("without", [(), [{"by": "guest"}]], ids=["all", "sifted"])
async def test_what_is_read_of_one_subject_costs_no_more_for_what_others_have(store: Store, without):
    async def steps() -> int:
        taken = []
        store._reader.set_progress_handler(lambda: taken.append(1), 100)
        assert len(await store.newest("s", 20, subject="quiet", without=without)) == 10
        store._reader.set_progress_handler(None, 0)
        return 100 * len(taken)

    await asyncio.gather(*(store.append("s", {"n": n}, subject="quiet") for n in range(10)))
    alone = await steps()
    await asyncio.gather(*(store.append("s", {"n": n}, subject="loud") for n in range(3000)))
    assert await steps() <= alone + 200


async def test_a_consumer_sees_the_same_until_it_acknowledges(store: Store):
    for n in range(3):
        await store.append("s", {"n": n})
    assert [record.sequence for record in await store.consume("s", "hook")] == [1, 2, 3]
    await store.ack("s", "hook", 2)
    assert [record.sequence for record in await store.consume("s", "hook")] == [3]
    assert [record.sequence for record in await store.consume("s", "other")] == [1, 2, 3]


async def test_a_cursor_never_goes_back(store: Store):
    for _ in range(3):
        await store.append("s", {})
    await store.ack("s", "hook", 3)
    await store.ack("s", "hook", 1)
    assert await store.consume("s", "hook") == []


async def test_trimming_keeps_the_last_and_counts_on(store: Store):
    for n in range(10):
        await store.append("s", {"n": n})
    await store.trim("s", 3)
    assert [record.sequence for record in await store.read("s")] == [8, 9, 10]
    await store.trim("s", 0)
    assert await store.read("s") == []
    assert await store.append("s", {}) == 11


async def test_trimming_one_stream_spares_the_others(store: Store):
    await store.append("a", {})
    await store.append("b", {})
    await store.trim("a", 0)
    assert len(await store.read("b")) == 1


async def test_trimming_takes_from_who_has_more_than_a_share(store: Store):
    for subject, count in (("quiet", 2), ("", 1), ("busy", 9), ("loud", 9)):
        for n in range(count):
            await store.append("s", {"of": subject, "n": n}, subject=subject)
    await store.trim("s", 11)
    left = [(record.value["of"], record.value["n"]) for record in await store.read("s")]
    assert left == [("quiet", 0), ("quiet", 1), ("", 0), *(("busy", n) for n in range(5, 9))] + [
        ("loud", n) for n in range(5, 9)
    ]
    await store.trim("s", 11)
    assert len(await store.read("s")) == 11


async def test_more_subjects_than_are_kept_lose_the_oldest_alone(store: Store):
    for n in range(12):
        await store.append("s", {"n": n}, subject=f"subject {n % 6}")
    await store.trim("s", 4)
    assert [record.value["n"] for record in await store.read("s")] == [8, 9, 10, 11]


async def test_a_reader_that_is_dropped_begins_anew(store: Store) -> None:
    await store.append("s", {})
    await store.ack("s", "hook", 1)
    await store.ack("other", "hook", 0)
    assert await store.cursors("s") == {"hook": 1}
    await store.drop_cursor("s", "hook")
    await store.drop_cursor("s", "never was")
    assert await store.cursors("s") == {}
    assert await store.cursors("other") == {"hook": 0}
    assert len(await store.consume("s", "hook")) == 1
