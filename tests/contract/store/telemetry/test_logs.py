"""Log records in the store: kept once, found with the session that their trace or name leads to."""

from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client

from tests.contract.store.telemetry.places import (
    NASTY,
    OTHER,
    PROJECT,
    START,
    fact,
    log_record,
    named,
    rows,
    span,
)
from turnwise.model.facts import FactKind
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.logs import LogQuery, LogRecord
from turnwise.model.query import Claim
from turnwise.store.telemetry import ClickHouseTelemetry

pytestmark = pytest.mark.anyio


async def ids(
    store: ClickHouseTelemetry, session: SessionId, project: ProjectId = PROJECT
) -> list[str]:
    query = LogQuery(project_id=project, session_id=session)
    return [line.id for line in await store.logs.lines(query)]


async def written(store: ClickHouseTelemetry, *records: LogRecord) -> None:
    found = await store.write(7, [], [], logs=records)
    assert (found.stored, found.rejected) == (len(records), ())


async def test_a_record_is_read_back_as_it_was_kept(store: ClickHouseTelemetry) -> None:
    here = named("s")
    await store.write(7, [span("a", session_ref="s", session_rank=1)], [])
    whole = log_record(trace_id="t1", span_id=NASTY, attributes='{"a":1}', severity_text=NASTY)
    bare = log_record("", id="b", session_id=here, severity_text=None, severity=0, logger=None)
    await written(store, whole, bare)
    assert await store.logs.record(PROJECT, here, "r") == whole
    assert await store.logs.record(PROJECT, here, "b") == bare
    assert await store.logs.record(PROJECT, here, NASTY) is None


async def test_a_record_that_comes_again_is_there_once_whatever_was_joined(
    open_store: Callable[..., ClickHouseTelemetry], client: Client
) -> None:
    store = open_store()
    client.command("SYSTEM STOP MERGES log_records")
    await store.write(7, [span("a", session_ref="s", session_rank=1)], [])
    for _ in range(3):
        await written(store, log_record(trace_id="t1"))
    assert rows(client, "SELECT count() FROM log_records") == [(3,)]
    assert await ids(store, named("s")) == ["r"]
    await store.close()
    again = open_store()
    assert await ids(again, named("s")) == ["r"]


async def test_records_stay_in_their_project(store: ClickHouseTelemetry) -> None:
    for project in (PROJECT, OTHER):
        await store.write(7, [span("a", project_id=project)], [])
    await written(store, log_record(trace_id="t1", project_id=OTHER))
    assert await ids(store, named("t1")) == []
    assert await ids(store, named("t1", OTHER), OTHER) == ["r"]


async def test_records_of_a_name_go_where_its_facts_went(store: ClickHouseTelemetry) -> None:
    room, call = named("room"), named("call")
    await store.write(7, [], [fact(room, FactKind.ROOM_EVENT, "1", event="x")])
    await written(store, log_record(session_id=room))
    assert (await ids(store, room), await ids(store, call)) == (["r"], [])
    await store.claim(PROJECT, [Claim(room, call, 0)])
    assert (await ids(store, room), await ids(store, call)) == ([], ["r"])


async def test_old_records_go_by_their_own_age(store: ClickHouseTelemetry) -> None:
    await store.write(7, [span("a")], [])
    await written(
        store,
        log_record(trace_id="t1", id="old", time_ns=START - 1),
        log_record(trace_id="t1", id="young", time_ns=START),
        log_record(trace_id="t1", id="theirs", time_ns=START - 1, project_id=OTHER),
    )
    await store.ages.erase_logs(PROJECT, START)
    assert await ids(store, named("t1")) == ["young"]
    await store.write(7, [span("a", project_id=OTHER)], [])
    assert await ids(store, named("t1", OTHER), OTHER) == ["theirs"]
