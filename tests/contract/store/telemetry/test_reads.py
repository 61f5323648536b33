"""What reads answer: exact, one project's alone, and never an older version."""

from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from tests.contract.store.telemetry.places import (
    DAY_NS,
    NASTY,
    OTHER,
    PROJECT,
    START,
    fact,
    full_session,
    named,
    rows,
    session,
    span,
)
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.observation import Voice
from turnwise.model.query import Membership, SessionQuery
from turnwise.store.telemetry import ClickHouseTelemetry

pytestmark = pytest.mark.anyio

LATEST = 2**63 - 1


async def test_parameters_are_exact_in_every_read(store: ClickHouseTelemetry) -> None:
    first = span(NASTY, NASTY, session_ref=NASTY, stamps='{"*":1}')
    await store.write(7, [first], [fact(named(NASTY), FactKind.TURN, NASTY, text=NASTY)])
    second = span(NASTY, NASTY, name=NASTY, stamps='{"*":2}')
    await store.write(7, [second], [fact(named(NASTY), FactKind.TURN, NASTY, full_text=NASTY)])
    await store.put_sessions([full_session(), session("plain")])

    here = named(NASTY)
    assert [item.name for item in await store.trace(PROJECT, NASTY)] == [NASTY]
    assert [item.name for item in await store.trace(PROJECT, NASTY, here)] == [NASTY]
    assert (await store.memberships(PROJECT, [NASTY])).current == {here}
    (found,) = await store.session_facts(PROJECT, [here])
    assert [item.session_ref for item in found.observations] == [NASTY]
    assert [item.body for item in found.facts] == [{"text": NASTY, "full_text": NASTY}]
    assert await store.session([PROJECT], here) == full_session()
    assert await store.session_named([PROJECT], NASTY) == full_session()
    assert await store.sessions(SessionQuery(project_ids=(PROJECT,), agent=NASTY)) == []
    assert await store.successor(PROJECT, here) is None
    assert await store.session_named([PROJECT], NASTY + " ") is None


async def test_unknown_things_are_empty(store: ClickHouseTelemetry) -> None:
    nobody = named("nobody")
    assert await store.trace(PROJECT, "none") == []
    assert await store.memberships(PROJECT, ["none"]) == Membership()
    assert await store.memberships(PROJECT, []) == Membership()
    (found,) = await store.session_facts(PROJECT, [nobody])
    assert (found.observations, found.facts, found.facts_version) == ((), (), 0)
    assert await store.session_facts(PROJECT, []) == []
    assert await store.facts_version(PROJECT, nobody) == 0
    assert await store.session([PROJECT], nobody) is None
    assert await store.successor(PROJECT, nobody) is None
    assert await store.changed_sessions(-5) == (0, [])
    assert await store.silent_sessions(LATEST, 10) == []
    assert await store.session_ids() == []
    await store.retire_sessions(PROJECT, {nobody: 5})
    await store.put_sessions([])


async def test_a_trace_is_in_order_of_start_then_span(store: ClickHouseTelemetry) -> None:
    spans = [
        span("b", start_ns=START + 1),
        span("c", start_ns=START),
        span("a", start_ns=START + 1),
    ]
    await store.write(7, spans, [])
    assert [item.span_id for item in await store.trace(PROJECT, "t1")] == ["c", "a", "b"]


async def test_a_trace_is_in_its_session_and_not_in_one_of_itself(
    store: ClickHouseTelemetry,
) -> None:
    await store.write(3, [span("a")], [])
    await store.write(4, [span("b", session_ref="room", session_rank=2)], [])
    await store.write(5, [span("c", session_ref="call", session_rank=1)], [])
    membership = await store.memberships(PROJECT, ["t1"])
    assert membership.current == {named("call")}
    assert membership.outranked == {named("room"), named("t1")}
    own, room, call = await store.session_facts(
        PROJECT, [named("t1"), named("room"), named("call")]
    )
    assert (own.facts_version, room.facts_version, len(call.observations)) == (0, 0, 3)
    assert own.named_version == room.named_version == call.named_version == call.facts_version
    assert call.created_by == 3
    assert await store.successor(PROJECT, named("room")) == named("call")
    assert await store.successor(PROJECT, named("t1")) == named("call")
    assert await store.successor(PROJECT, named("call")) is None
    assert await store.session_ids() == [(PROJECT, named("call"))]


async def test_a_trace_that_two_sessions_name_is_divided(store: ClickHouseTelemetry) -> None:
    spans = [
        span("root"),
        span("a", parent_span_id="root", session_ref="one"),
        span("a1", parent_span_id="a"),
        span("b", parent_span_id="root", session_ref="two"),
        span("b1", parent_span_id="b"),
    ]
    await store.write(7, spans, [])
    first = min(named("one"), named("two"))
    ends = {named("one"): {"a", "a1"}, named("two"): {"b", "b1"}}
    ends[first].add("root")
    for found in await store.session_facts(PROJECT, [named("one"), named("two")]):
        assert {item.span_id for item in found.observations} == ends[found.session_id]
        part = await store.trace(PROJECT, "t1", found.session_id)
        assert {item.span_id for item in part} == ends[found.session_id]
    assert len(await store.trace(PROJECT, "t1")) == 5
    assert await store.trace(PROJECT, "t1", named("other")) == []


async def test_session_facts_hold_all_but_contents(store: ClickHouseTelemetry) -> None:
    a = span("a", "t1", session_ref="call", input="1", output="2", voice=Voice(user_text="hi"))
    b = span("b", "t2", start_ns=START + 30 * DAY_NS, session_ref="call", metadata="{}")
    c = span("c", "t2", start_ns=START, model_parameters="{}")
    await store.write(3, [a], [])
    await store.write(4, [b, c], [fact(named("call"), FactKind.SESSION, agent="x")])
    await store.write(5, [span("d", "t3", session_ref="other")], [])
    found, other, none = await store.session_facts(
        PROJECT, [named("call"), named("other"), named("none")]
    )
    assert {item.span_id for item in found.observations} == {"a", "b", "c"}
    for item in found.observations:
        assert (item.input, item.output, item.metadata, item.model_parameters) == (None,) * 4
    assert next(item.voice for item in found.observations if item.span_id == "a") == a.voice
    assert (found.created_by, len(found.facts)) == (3, 1)
    assert found.facts_version == await store.facts_version(PROJECT, named("call"))
    assert max(item.version for item in found.observations) <= found.facts_version
    assert (other.created_by, len(other.observations)) == (5, 1)
    assert (none.facts_version, none.named_version) == (0, 0)


async def test_facts_version_grows_with_every_write(store: ClickHouseTelemetry) -> None:
    seen = []
    turn = fact(named("call"), FactKind.TURN, "1", text="x")
    for spans, facts in (
        ([span("a", session_ref="call")], []),
        ([span("b")], []),
        ([], [turn]),
    ):
        await store.write(7, spans, facts)
        seen.append(await store.facts_version(PROJECT, named("call")))
    assert seen == sorted(set(seen))
    assert seen[0] > 0


async def test_changed_sessions_are_those_since_a_version(store: ClickHouseTelemetry) -> None:
    await store.write(7, [span("a", "t1", session_ref="one")], [])
    first, changed = await store.changed_sessions(0)
    assert changed == [(PROJECT, named("one"))]
    await store.write(7, [span("a", "t2", project_id=OTHER)], [])
    second, changed = await store.changed_sessions(first)
    assert changed == [(OTHER, named("t2", OTHER))]
    assert second > first
    assert await store.changed_sessions(second) == (second, [])
    assert await store.changed_sessions(LATEST) == (second, [])


async def test_silence_is_judged_by_the_newest_fact(store: ClickHouseTelemetry) -> None:
    await store.write(
        7, [span("a", "t1", session_ref="one"), span("b", "t2", session_ref="two")], []
    )
    one, two = await store.session_facts(PROJECT, [named("one"), named("two")])
    closed = session("closed", finalized_ns=5, last_arrival_ns=1)
    without_facts = session("without facts", last_arrival_ns=1)
    stale = session("two", last_arrival_ns=1)
    fresh = session("one", last_arrival_ns=one.last_arrival_ns)
    await store.put_sessions([closed, without_facts, stale, fresh])
    # What was derived of the second is old; its facts are not.
    assert await store.silent_sessions(two.last_arrival_ns, 10) == []
    silent = await store.silent_sessions(one.last_arrival_ns + 1, 10)
    assert set(silent) == {(PROJECT, named("one")), (PROJECT, named("two"))}
    assert len(await store.silent_sessions(one.last_arrival_ns + 1, 1)) <= 1


async def test_recordings_wait_until_somebody_has_kept_or_given_them_up(
    store: ClickHouseTelemetry,
) -> None:
    def told(name: str, **body: Any) -> SessionFact:
        return fact(named(name), FactKind.RECORDING, f"recording of {name}", **body)

    for name in ("kept", "lost", "uncopied", "first", "second"):
        await store.write(0, [], [told(name, source_url="https://api.twilio.com/a")])
    linked = {"linked_uri": "https://files.example.com/a.ogg"}
    await store.write(0, [], [told("linked", **linked), told("elsewhere", **linked)])
    await store.write(0, [], [told("announced", call_id="CA1")])
    assert len(await store.waiting_recordings(10)) == 7
    done = {
        "kept": {"storage_uri": "file:a.wav", "status": "ready"},
        "lost": {"status": "failed"},
        "uncopied": {"copy_error": "It lies elsewhere."},
    }
    await store.write(0, [], [told(name, **body) for name, body in done.items()])
    # Under another id of the same session, as when a copy is told of where its call is.
    copy = {"storage_uri": "file:b.ogg"}
    other = fact(named("call"), FactKind.RECORDING, "recording of elsewhere", **copy)
    await store.write(0, [], [other])
    waiting = {(PROJECT, named(name)) for name in ("first", "second", "linked")}
    assert set(await store.waiting_recordings(10)) == waiting
    assert await store.waiting_recordings(1) == [(PROJECT, named("linked"))]


async def test_an_index_never_brings_back_an_old_version(
    store: ClickHouseTelemetry, client: Client
) -> None:
    client.command("SYSTEM STOP MERGES observations")
    await store.write(7, [span("a", session_ref="old")], [])
    await store.write(7, [span("a", session_ref="new")], [])
    await store.put_sessions([session("x", room_name="old", facts_version=1)])
    await store.put_sessions([session("x", room_name="new", facts_version=2)])
    assert await store.session_named([PROJECT], "old") is None
    assert await store.session_named([PROJECT], "new") is not None
    found = rows(
        client,
        "SELECT count() FROM observations FINAL WHERE session_id = {s:String}",
        s=named("old"),
    )
    assert found == [(0,)]


async def test_joining_parts_changes_no_answer(store: ClickHouseTelemetry, client: Client) -> None:
    tables = ("observations", "trace_activity", "session_facts", "sessions")
    for table in tables:
        client.command(f"SYSTEM STOP MERGES {table}")
    here, own = named("call"), named("t1")
    await store.write(3, [span("a", start_ns=START + DAY_NS)], [])
    await store.write(4, [span("b", session_ref="room", session_rank=2)], [])
    await store.write(5, [span("c", session_ref="call", session_rank=1)], [])
    await store.write(6, [span("a", name="x")], [fact(here, FactKind.TURN, "1", text="x")])
    await store.write(6, [], [fact(here, FactKind.TURN, "1", text="y")])
    await store.put_sessions([session("call", facts_version=1), session("gone", facts_version=1)])
    await store.put_sessions([session("call", facts_version=2)])
    await store.retire_sessions(PROJECT, {named("gone"): 2})

    async def answers() -> list[object]:
        return [
            await store.trace(PROJECT, "t1"),
            await store.session_facts(PROJECT, [here, own]),
            await store.memberships(PROJECT, ["t1"]),
            await store.changed_sessions(0),
            await store.session_ids(),
            await store.sessions(SessionQuery(project_ids=(PROJECT,))),
        ]

    before = await answers()
    for table in tables:
        client.command(f"SYSTEM START MERGES {table}")
        client.command(f"OPTIMIZE TABLE {table} FINAL")
    assert await answers() == before


async def test_contents_go_through_memberships_of_many_traces(store: ClickHouseTelemetry) -> None:
    spans = [span("a", f"t{n}", session_ref="call") for n in range(2_100)]
    await store.write(7, spans, [])
    membership = await store.memberships(PROJECT, [item.trace_id for item in spans])
    assert membership.current == {named("call")}
    (found,) = await store.session_facts(PROJECT, [named("call")])
    assert len(found.observations) == 2_100
