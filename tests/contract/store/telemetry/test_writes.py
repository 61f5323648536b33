"""What a write promises: durable, idempotent, merged, each record for itself."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from tests.contract.store.telemetry.places import (
    DAY_NS,
    NASTY,
    OTHER,
    PROJECT,
    START,
    fact,
    full_span,
    log_record,
    named,
    rows,
    session,
    span,
)
from tests.contract.store.telemetry.test_diagnoses import diagnosis
from turnwise.model.errors import Busy
from turnwise.model.facts import FactKind
from turnwise.model.feedback import Feedback
from turnwise.model.observation import Observation, Voice
from turnwise.model.trace import TraceFact, TraceQuery
from turnwise.store.telemetry import ClickHouseTelemetry
from turnwise.store.telemetry.group import Limits

pytestmark = pytest.mark.anyio

Open = Callable[..., ClickHouseTelemetry]


def without_version(observations: list[Observation]) -> list[Observation]:
    return [replace(item, version=0) for item in observations]


async def test_every_field_comes_back_as_it_was_sent(store: ClickHouseTelemetry) -> None:
    sent = full_span()
    written = await store.write(7, [sent], [])
    assert written.stored == 1
    assert written.traces == {(PROJECT, "t1")}
    found = await store.trace(PROJECT, "t1")
    assert without_version(found) == [sent]
    assert isinstance(found[0].usage_details["input"], int)
    assert found[0].version > 0


async def test_a_record_of_defaults_comes_back_as_it_was_sent(store: ClickHouseTelemetry) -> None:
    await store.write(7, [span("a")], [])
    assert without_version(await store.trace(PROJECT, "t1")) == [span("a")]


async def test_a_repeated_record_changes_nothing_but_its_version(
    store: ClickHouseTelemetry, client: Client
) -> None:
    for _ in range(3):
        await store.write(7, [full_span(), full_span()], [])
    assert without_version(await store.trace(PROJECT, "t1")) == [full_span()]
    assert rows(client, "SELECT count() FROM observations FINAL") == [(1,)]


async def test_a_newer_whole_record_replaces_an_older_one(store: ClickHouseTelemetry) -> None:
    await store.write(7, [span("a", name="old", input="1")], [])
    await store.write(7, [span("a", name="new")], [])
    assert without_version(await store.trace(PROJECT, "t1")) == [span("a", name="new")]


async def test_a_whole_record_with_another_day_is_one_span_still(
    store: ClickHouseTelemetry,
) -> None:
    await store.write(7, [span("a", name="old")], [])
    moved = span("a", name="new", start_ns=START + 3 * DAY_NS)
    await store.write(7, [moved], [])
    assert without_version(await store.trace(PROJECT, "t1")) == [moved]


async def test_partial_updates_are_merged(store: ClickHouseTelemetry) -> None:
    await store.write(7, [span("a", name="old", stamps='{"*":1}')], [])
    await store.write(7, [span("a", name="new", output="2", stamps='{"*":5}')], [])
    await store.write(7, [span("a", name="late", input="1", stamps='{"*":3}')], [])
    (found,) = await store.trace(PROJECT, "t1")
    assert (found.name, found.input, found.output) == ("new", "1", "2")


async def test_partial_updates_of_one_group_are_merged(store: ClickHouseTelemetry) -> None:
    updates = [
        span("a", name="first", stamps='{"*":1}'),
        span("a", voice=Voice(user_text="hi"), stamps='{"*":2}'),
        span("a", voice=Voice(agent_text="ho"), stamps='{"*":3}'),
    ]
    await store.write(7, updates, [])
    (found,) = await store.trace(PROJECT, "t1")
    assert found.name == "first"
    assert found.voice == Voice(user_text="hi", agent_text="ho")


async def test_a_partial_update_keeps_the_stored_start(
    store: ClickHouseTelemetry, client: Client
) -> None:
    await store.write(7, [span("a", name="old", stamps='{"*":1}')], [])
    later = span("a", start_ns=START + 2 * DAY_NS, output="1", stamps='{"*":2}')
    await store.write(7, [later], [])
    (found,) = await store.trace(PROJECT, "t1")
    assert (found.start_ns, found.output) == (START, "1")
    assert rows(client, "SELECT count() FROM observations FINAL") == [(1,)]


@pytest.mark.parametrize("days", [1, 400])
async def test_a_placeholder_start_gives_way_and_leaves_no_second_row(
    store: ClickHouseTelemetry, client: Client, days: int
) -> None:
    await store.write(7, [span("a", start_ns=START, end_ns=START + 5, stamps='{"end_ns":1}')], [])
    known = span("a", start_ns=START + days * DAY_NS, stamps='{"start_ns":1}')
    await store.write(7, [known], [])
    # A trace over many days is looked up in another way.
    await store.write(7, [span("a", name="n", start_ns=START, stamps='{"name":2}')], [])
    (found,) = await store.trace(PROJECT, "t1")
    assert (found.start_ns, found.end_ns, found.name) == (START + days * DAY_NS, START + 5, "n")
    assert rows(client, "SELECT count() FROM observations FINAL") == [(1,)]


async def test_every_observation_is_completed_after_merging(open_store: Open) -> None:
    def complete(item: Observation) -> Observation:
        total = Decimal(sum(item.usage_details.values()))
        return replace(item, cost_details={"total": total}, cost_source="price-1")

    store = open_store(complete=complete)
    await store.write(7, [span("a", usage_details={"input": 1}, stamps='{"*":1}')], [])
    await store.write(7, [span("a", usage_details={"input": 4}, stamps='{"*":2}')], [])
    (found,) = await store.trace(PROJECT, "t1")
    assert found.total_cost_usd == 4


async def test_an_observation_is_stored_although_it_cannot_be_completed(open_store: Open) -> None:
    def fail(item: Observation) -> Observation:
        raise RuntimeError("no price")

    store = open_store(complete=fail)
    assert (await store.write(7, [span("a")], [])).stored == 1
    assert len(await store.trace(PROJECT, "t1")) == 1


async def test_totals_are_columns(store: ClickHouseTelemetry, client: Client) -> None:
    usage = {"input": 3, "output": 4}
    costs = {"input": Decimal("0.5"), "output": Decimal("0.25")}
    await store.write(7, [span("a", usage_details=usage, cost_details=costs), span("b")], [])
    statement = "SELECT input_tokens, output_tokens, total_tokens, total_cost FROM observations"
    found = rows(client, f"{statement} ORDER BY span_id")
    assert found == [(3, 4, 7, Decimal("0.75")), (None, None, None, None)]


POISON: dict[str, dict[str, Any]] = {
    "cost": {"cost_details": {"total": Decimal("1e30")}},
    "surrogate": {"name": "half \ud800"},
    "surrogate in the session's name": {"session_ref": "half \ud800"},
    "wide instant": {"end_ns": 2**63},
    "start before 1970": {"start_ns": -1},
    "start after 2147": {"start_ns": 2**62 + 2**61},
    "no number": {"usage_details": {"input": None}},
    "stamps": {"stamps": "[]"},
}


@pytest.mark.parametrize("what", POISON)
async def test_a_record_that_cannot_be_stored_fails_alone(
    store: ClickHouseTelemetry, what: str
) -> None:
    good = [span(f"g{n}") for n in range(6)]
    bad = replace(span("bad", "t2"), **POISON[what])
    written = await store.write(7, [*good[:3], bad, *good[3:]], [])
    assert written.stored == 6
    assert [item.id for item in written.rejected] == ["bad"]
    assert written.traces == {(PROJECT, "t1")}
    assert len(await store.trace(PROJECT, "t1")) == 6
    assert await store.trace(PROJECT, "t2") == []


async def test_ids_that_are_no_unicode_do_not_cost_their_neighbours(
    store: ClickHouseTelemetry,
) -> None:
    half = span("\ud800", stamps='{"*":1}')
    odd = fact(named("x"), FactKind.TURN, "\ud800", text="x")
    written = await store.write(7, [half, span("b", stamps='{"*":1}')], [odd])
    assert written.stored == 1
    assert {item.id for item in written.rejected} == {"\ud800"}


async def test_a_refusal_does_not_quote_the_record(store: ClickHouseTelemetry) -> None:
    secret = {"secret words": Decimal("1e30")}
    written = await store.write(7, [span("a", input="secret words", cost_details=secret)], [])
    assert "secret" not in written.rejected[0].reason


async def test_one_batch_may_span_many_months(store: ClickHouseTelemetry) -> None:
    spans = [span(f"s{n:03}", start_ns=n * 31 * DAY_NS) for n in range(120)]
    assert (await store.write(7, spans, [])).stored == 120
    assert without_version(await store.trace(PROJECT, "t1")) == spans


async def test_facts_are_merged_and_null_never_clears(store: ClickHouseTelemetry) -> None:
    here = named("call")
    first = fact(here, FactKind.SESSION, agent="a", call_id="c", metadata={"x": 1, "y": NASTY})
    second = fact(here, FactKind.SESSION, agent="b", call_id=None, metadata={"x": 2, "z": None})
    await store.write(7, [], [first, fact(here, FactKind.TURN, "t", text="hi")])
    written = await store.write(7, [], [second])
    assert written.sessions == {(PROJECT, here)}
    (found,) = await store.session_facts(PROJECT, [here])
    bodies = {item.kind: item.body for item in found.facts}
    assert bodies == {
        FactKind.SESSION: {"agent": "b", "call_id": "c", "metadata": {"x": 2, "y": NASTY}},
        FactKind.TURN: {"text": "hi"},
    }


async def test_facts_of_one_group_are_merged_in_order(store: ClickHouseTelemetry) -> None:
    here = named("call")
    turns = [
        fact(here, FactKind.TURN, "t", text="a", index=1),
        fact(here, FactKind.TURN, "t", text="b"),
    ]
    await store.write(7, [], turns)
    (found,) = await store.session_facts(PROJECT, [here])
    assert [item.body for item in found.facts] == [{"text": "b", "index": 1}]


async def test_projects_do_not_see_each_other(store: ClickHouseTelemetry) -> None:
    mine, theirs = span("a", name="mine"), span("a", name="theirs", project_id=OTHER)
    await store.write(7, [mine, theirs], [])
    assert [item.name for item in await store.trace(PROJECT, "t1")] == ["mine"]
    assert [item.name for item in await store.trace(OTHER, "t1")] == ["theirs"]


async def test_an_erased_project_leaves_nothing_and_its_neighbour_all(
    store: ClickHouseTelemetry, client: Client
) -> None:
    for each in (PROJECT, OTHER):
        here = named("s", each)
        said = TraceFact(project_id=each, trace_id="t2", seen_ns=START, name="call")
        told = replace(fact(here, FactKind.TURN, "1", text="a"), project_id=each)
        logged = log_record(project_id=each, trace_id="t1")
        await store.write(7, [span("a", project_id=each)], [told], [said], [logged])
        await store.put_sessions([replace(session("s"), project_id=each, id=here)])
        judged = Feedback(id="f", project_id=each, key="k", trace_id="t1", created_ns=START)
        await store.put_feedback([judged])
        await store.mark_seen(each, ["e"])
        await store.put_diagnoses([replace(diagnosis("s"), project_id=each, session_id=here)])
    await store.erase_project(PROJECT)
    tables = [
        str(name)
        for (name,) in rows(client, "SELECT table FROM system.columns WHERE name = 'project_id' "
                                    "AND database = currentDatabase()")
    ]  # fmt: skip
    assert "traces" in tables
    for table in tables:
        found = rows(client, f"SELECT DISTINCT project_id FROM {table}")
        assert [str(name) for (name,) in found] == [OTHER], table
    assert await store.traces(TraceQuery(project_ids=(PROJECT,))) == []
    assert len(await store.traces(TraceQuery(project_ids=(OTHER,)))) == 2


async def test_a_full_queue_says_busy_and_what_waits_is_written(open_store: Open) -> None:
    store = open_store(limits=Limits(linger_seconds=60, group_rows=5, queue_rows=4))
    waiting = asyncio.ensure_future(store.write(7, [span(f"a{n}") for n in range(4)], []))
    # One turn of the loop brings the call up to its place in the queue.
    await asyncio.sleep(0)
    with pytest.raises(Busy):
        await store.write(7, [span("b")], [])
    await store.close()
    assert (await waiting).stored == 4


async def test_a_closed_store_says_busy(open_store: Open) -> None:
    store = open_store()
    await store.close()
    with pytest.raises(Busy):
        await store.write(7, [span("a")], [])


async def test_a_cancelled_call_does_not_cost_its_neighbours(open_store: Open) -> None:
    store = open_store(limits=Limits(linger_seconds=60, group_rows=2))
    gone = asyncio.ensure_future(store.write(7, [span("gone")], []))
    await asyncio.sleep(0)
    gone.cancel()
    with suppress(asyncio.CancelledError):
        await gone
    assert (await store.write(7, [span("b")], [])).stored == 1
    assert [item.span_id for item in await store.trace(PROJECT, "t1")] == ["b"]


@pytest.mark.parametrize(
    "failure",
    [
        DatabaseError("no memory", code=241, name="MEMORY_LIMIT_EXCEEDED"),
        DatabaseError("something new", code=4711, name="SOMETHING_NEW"),
        OperationalError("connection lost"),
        OSError("no space left"),
    ],
)
async def test_a_failing_engine_says_busy_and_nothing_is_lost_after_it(
    store: ClickHouseTelemetry, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(store._writing[0], "raw_insert", fail)
        with pytest.raises(Busy):
            await store.write(7, [span("a"), span("b")], [])
    assert (await store.write(7, [span("a"), span("b")], [])).stored == 2
    assert len(await store.trace(PROJECT, "t1")) == 2


async def test_activity_that_could_not_be_written_is_written_with_the_next_group(
    store: ClickHouseTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert = store._writing[0].raw_insert

    def fail_after_the_facts(table: str, **more: object) -> object:
        if table == "trace_activity":
            raise OperationalError("connection lost")
        return insert(table, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(store._writing[0], "raw_insert", fail_after_the_facts)
        with pytest.raises(Busy):
            await store.write(7, [span("a", session_ref="call")], [])
    await store.write(7, [span("z", "t9")], [])
    (found,) = await store.session_facts(PROJECT, [named("call")])
    assert [item.span_id for item in found.observations] == ["a"]
    assert found.created_by == 7


async def test_activity_that_a_crash_left_out_is_made_up_when_opening(
    open_store: Open, store: ClickHouseTelemetry, client: Client
) -> None:
    here = named("call")
    await store.write(
        7,
        [span("a", session_ref="call"), span("b", "t2")],
        [fact(here, FactKind.TURN, "1", text="x")],
    )
    client.command("TRUNCATE TABLE trace_activity")
    assert await store.trace(PROJECT, "t1") == []
    again = open_store()
    assert len(await again.trace(PROJECT, "t1")) == 1
    (found,) = await again.session_facts(PROJECT, [here])
    assert (len(found.observations), len(found.facts), found.created_by) == (1, 1, 0)
    assert set(await again.session_ids()) == {(PROJECT, here), (PROJECT, named("t2"))}


async def test_versions_grow_when_the_wall_clock_steps_back(
    store: ClickHouseTelemetry, open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.write(7, [span("a", name="old")], [])
    monkeypatch.setattr("turnwise.store.telemetry.clock.time.time_ns", lambda: 1_000)
    again = open_store()
    await again.write(7, [span("a", name="new")], [])
    (found,) = await again.trace(PROJECT, "t1")
    assert found.name == "new"
