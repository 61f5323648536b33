"""Derived sessions: put, found, listed, retired."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import OperationalError

from tests.contract.store.telemetry.places import (
    NASTY,
    OTHER,
    PROJECT,
    START,
    full_session,
    named,
    recording,
    rows,
    session,
)
from turnwise.model.errors import Busy
from turnwise.model.query import SessionQuery
from turnwise.model.recording import Analysis
from turnwise.model.session import Interruption, Speaker, Turn
from turnwise.store.telemetry import ClickHouseTelemetry
from turnwise.store.telemetry.group import Limits

pytestmark = pytest.mark.anyio


async def test_a_session_comes_back_as_it_was_put(store: ClickHouseTelemetry) -> None:
    await store.put_sessions([full_session(), session("plain")])
    assert await store.session([OTHER, PROJECT], named(NASTY)) == full_session()
    assert await store.session([PROJECT], named("plain")) == session("plain")
    assert await store.session([OTHER], named("plain")) is None


async def test_the_same_session_put_twice_is_the_same_row(
    store: ClickHouseTelemetry, client: Client
) -> None:
    client.command("SYSTEM STOP MERGES sessions")
    await store.put_sessions([full_session()])
    await store.put_sessions([full_session()])
    assert rows(client, "SELECT count() FROM sessions") == [(2,)]
    assert len(rows(client, "SELECT DISTINCT * FROM sessions")) == 1


async def test_the_derivation_from_newer_facts_wins(store: ClickHouseTelemetry) -> None:
    old = session("x", agent="old", facts_version=1)
    new = session("x", agent="new", facts_version=2)
    same = session("x", agent="same", facts_version=2)
    await store.put_sessions([new, old])
    await store.put_sessions([old])
    assert await store.session([PROJECT], new.id) == new
    await store.put_sessions([same])
    assert await store.session([PROJECT], new.id) == same


async def test_a_retired_session_is_gone_until_newer_facts_come(store: ClickHouseTelemetry) -> None:
    put = session("x", facts_version=5)
    await store.put_sessions([put])
    await store.retire_sessions(PROJECT, {put.id: 5, named("never there"): 5})
    assert await store.session([PROJECT], put.id) is None
    assert await store.session_named([PROJECT], "x") is None
    assert await store.sessions(SessionQuery(project_ids=(PROJECT,))) == []
    await store.put_sessions([replace(put, facts_version=4)])
    assert await store.session([PROJECT], put.id) is None
    back = replace(put, facts_version=6)
    await store.put_sessions([back])
    assert await store.session([PROJECT], put.id) == back


async def test_a_session_is_found_by_any_of_its_names(store: ClickHouseTelemetry) -> None:
    put = session("own", call_id="call", room_name="room", job_id="job")
    newer = session("newer", room_name="room", started_ns=START + 1)
    await store.put_sessions([put, newer])
    for name in ("own", "call", "job"):
        assert await store.session_named([PROJECT], name) == put
    assert await store.session_named([PROJECT], "room") == newer
    assert await store.session_named([OTHER], "room") is None
    assert await store.session_named([PROJECT], "") is None


async def test_lines_are_filtered(store: ClickHouseTelemetry) -> None:
    puts = [
        session("a", agent="x", created_by=1),
        session("b", agent="y", created_by=1),
        session("c", agent="x", created_by=2),
        session("d", agent="x", created_by=1, project_id=OTHER),
    ]
    await store.put_sessions(puts)

    async def ids(**query: object) -> set[str]:
        lines = await store.sessions(SessionQuery(project_ids=(PROJECT,), **query))  # type: ignore[arg-type]
        return {line.id for line in lines}

    assert await ids() == {named("a"), named("b"), named("c")}
    assert await ids(agent="x") == {named("a"), named("c")}
    assert await ids(created_by=1) == {named("a"), named("b")}
    assert await ids(agent="x", created_by=1) == {named("a")}
    both = await store.sessions(SessionQuery(project_ids=(PROJECT, OTHER)))
    assert len(both) == 4


async def test_a_line_says_what_the_session_says(store: ClickHouseTelemetry) -> None:
    put = full_session()
    await store.put_sessions([put])
    (line,) = await store.sessions(SessionQuery(project_ids=(PROJECT,)))
    assert (line.project_id, line.id, line.agent, line.status) == (
        put.project_id,
        put.id,
        put.agent,
        put.status,
    )
    assert (line.started_ns, line.ended_ns, line.turn_count) == (put.started_ns, put.ended_ns, 2)


async def test_pages_hand_out_every_session_once_while_others_come_in(
    store: ClickHouseTelemetry,
) -> None:
    # Pairs share their start, so that pages end inside a pair.
    before = [session(f"s{n}", started_ns=START + n // 2) for n in range(15)]
    await store.put_sessions(before)
    seen: list[tuple[int, str]] = []
    position = None
    while True:
        query = SessionQuery(project_ids=(PROJECT,), before=position, limit=4)
        page = await store.sessions(query)
        if not page:
            break
        assert len(page) <= 4
        seen += [(line.started_ns, line.id) for line in page]
        position = (page[-1].started_ns, page[-1].id)
        await store.put_sessions([session(f"new{len(seen)}", started_ns=START + 1_000)])
    expected = sorted(((item.started_ns, item.id) for item in before), reverse=True)
    assert seen == expected


async def test_many_puts_at_once_are_all_kept(store: ClickHouseTelemetry) -> None:
    await asyncio.gather(*(store.put_sessions([session(f"s{n}")]) for n in range(40)))
    assert len(await store.sessions(SessionQuery(project_ids=(PROJECT,), limit=100))) == 40


async def test_a_session_that_is_no_unicode_does_not_cost_its_neighbours(
    store: ClickHouseTelemetry,
) -> None:
    half = session("x", agent="\ud800")
    answers = await asyncio.gather(
        store.put_sessions([half]), store.put_sessions([session("y")]), return_exceptions=True
    )
    assert isinstance(answers[0], ValueError)
    assert await store.session([PROJECT], named("y")) is not None


async def test_a_failing_engine_says_busy(
    store: ClickHouseTelemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OperationalError("connection lost")

    with monkeypatch.context() as patch:
        patch.setattr(store._writing[1], "raw_insert", fail)
        with pytest.raises(Busy):
            await store.put_sessions([session("x")])
    await store.put_sessions([session("x")])
    assert await store.session([PROJECT], named("x")) == session("x")


async def test_sessions_whose_audio_nobody_has_heard_are_found(store: ClickHouseTelemetry) -> None:
    waits = [
        session(f"s{n}", recordings=(recording(Analysis.PENDING),), last_arrival_ns=START - n)
        for n in range(3)
    ]
    heard = session("heard", recordings=(recording(Analysis.DONE),))
    elsewhere = session("elsewhere", recordings=(recording(None),))
    await store.put_sessions([*waits, heard, elsewhere, session("without")])
    longest_first = [(PROJECT, each.id) for each in reversed(waits)]
    assert await store.unheard_sessions(10) == longest_first
    assert await store.unheard_sessions(2) == longest_first[:2]
    done = replace(waits[2], recordings=(recording(Analysis.FAILED),), facts_version=9)
    await store.put_sessions([done])
    assert await store.unheard_sessions(10) == longest_first[1:]


async def test_what_was_said_can_be_searched(store: ClickHouseTelemetry, client: Client) -> None:
    turn = Turn(id="1", index=0, speaker=Speaker.USER, text="Cancel my BOOKING", start_ns=START)
    await store.put_sessions([session("x", turns=(turn,)), session("y")])
    statement = "SELECT session_id FROM sessions FINAL WHERE hasToken(lower(transcript), 'booking')"
    assert rows(client, statement) == [(named("x"),)]
    kinds = rows(
        client,
        "SELECT type FROM system.data_skipping_indices "
        "WHERE database = currentDatabase() AND name = 'ix_transcript'",
    )
    assert kinds == [("text",)]


async def test_a_session_that_the_engine_refuses_costs_its_neighbours_nothing(
    open_store: Callable[..., ClickHouseTelemetry],
) -> None:
    store = open_store(limits=Limits(linger_seconds=60, group_rows=2))
    odd = replace(session("odd"), interruptions=(Interruption(id="i", bleed_words=-1),))
    # Two rows are a whole group, so that both are written at once.
    told = await asyncio.gather(
        store.put_sessions([odd]), store.put_sessions([session("plain")]), return_exceptions=True
    )
    assert isinstance(told[0], Busy)
    assert told[1] is None
    assert await store.session([PROJECT], named("plain")) == session("plain")
