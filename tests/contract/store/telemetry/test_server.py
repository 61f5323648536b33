"""The same store over HTTP: same statements, same parameters, same answers."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from urllib.parse import quote

import pytest

from tests.contract.store.telemetry.bridge import PASSWORD, USER, Bridge
from tests.contract.store.telemetry.places import (
    NASTY,
    PROJECT,
    fact,
    full_session,
    full_span,
    named,
    span,
)
from turnwise.model.errors import Busy, Misconfigured
from turnwise.model.facts import FactKind
from turnwise.model.query import SessionQuery
from turnwise.store.telemetry import ClickHouseTelemetry, open_telemetry, schema
from turnwise.store.telemetry.embedded import Embedded

pytestmark = pytest.mark.anyio


@pytest.fixture
def bridge(engine: Embedded) -> Iterator[Bridge]:
    with closing(Bridge(engine)) as bridge:
        yield bridge
    with closing(engine.client(None, {})) as client:
        client.command("DROP DATABASE IF EXISTS over_http SYNC")


@pytest.fixture
def remote(bridge: Bridge) -> Iterator[ClickHouseTelemetry]:
    store = open_telemetry(
        f"clickhouse://{USER}:{quote(PASSWORD)}@127.0.0.1:{bridge.port}/over_http"
    )
    yield store
    store.close_now()


async def test_records_travel_both_ways(remote: ClickHouseTelemetry) -> None:
    assert remote.is_shared
    update = replace(full_span(), stamps='{"*":1}')
    turn = fact(named(NASTY), FactKind.TURN, NASTY, text=NASTY)
    assert (await remote.write(7, [full_span()], [turn])).stored == 2
    assert (await remote.write(7, [update], [turn])).stored == 2
    (found,) = await remote.trace(PROJECT, "t1", named(NASTY))
    assert replace(found, version=0, stamps=None) == full_span()
    (facts,) = await remote.session_facts(PROJECT, [named(NASTY)])
    assert (len(facts.observations), [item.body for item in facts.facts]) == (1, [{"text": NASTY}])
    assert await remote.session_ids() == [(PROJECT, named(NASTY))]
    newest, changed = await remote.changed_sessions(0)
    assert (newest, changed) == (facts.facts_version, [(PROJECT, named(NASTY))])

    await remote.put_sessions([full_session()])
    assert await remote.session_named([PROJECT], NASTY) == full_session()
    assert len(await remote.sessions(SessionQuery(project_ids=(PROJECT,)))) == 1
    await remote.retire_sessions(PROJECT, {named(NASTY): 2**62})
    assert await remote.session([PROJECT], named(NASTY)) is None
    health = await remote.health()
    assert (health.problems, health.facts["schema"]) == ((), max(schema.migrations()))


async def test_a_record_that_the_server_refuses_fails_alone(remote: ClickHouseTelemetry) -> None:
    bad = span("bad", cost_details={"total": Decimal("1e30")})
    written = await remote.write(7, [span("a"), bad, span("b")], [])
    assert (written.stored, [item.id for item in written.rejected]) == (2, ["bad"])


async def test_many_long_ids_fit_into_a_question(remote: ClickHouseTelemetry) -> None:
    spans = [span("a", f"{n:0256}", session_ref="call") for n in range(1_200)]
    await remote.write(7, spans, [])
    membership = await remote.memberships(PROJECT, [item.trace_id for item in spans])
    assert membership.current == {named("call")}
    (found,) = await remote.session_facts(PROJECT, [named("call")])
    assert len(found.observations) == 1_200


async def test_settings_travel_with_every_statement(
    bridge: Bridge, remote: ClickHouseTelemetry
) -> None:
    bridge.asked.clear()
    await remote.write(7, [span("a")], [])
    await remote.trace(PROJECT, "t1")
    assert len(bridge.asked) >= 4
    for _, asked in bridge.asked:
        assert asked["use_skip_indexes_if_final_exact_mode"] == "1"
        assert asked["async_insert"] == "0"
        assert "session_id" not in asked


async def test_a_server_that_went_away_says_busy(
    bridge: Bridge, remote: ClickHouseTelemetry
) -> None:
    bridge.close()
    with pytest.raises(Busy):
        await remote.write(7, [span("a")], [])
    with pytest.raises(Busy):
        await remote.trace(PROJECT, "t1")
    assert any("does not answer" in problem for problem in (await remote.health()).problems)


async def test_a_wrong_password_stops_the_start(bridge: Bridge) -> None:
    with pytest.raises(Misconfigured, match="does not answer"):
        open_telemetry(f"clickhouse://{USER}:wrong@127.0.0.1:{bridge.port}/over_http")
