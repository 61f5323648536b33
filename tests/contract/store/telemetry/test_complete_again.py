"""Finishing stored observations anew, as when prices have changed: nothing else changes."""

from dataclasses import replace
from decimal import Decimal

import pytest
from clickhouse_connect.driver.client import Client

from tests.contract.store.telemetry.places import OTHER, PROJECT, full_span, named, rows, span
from turnwise.model.observation import Observation
from turnwise.store.telemetry import ClickHouseTelemetry

pytestmark = pytest.mark.anyio


def priced(observation: Observation) -> Observation:
    return replace(observation, cost_details={"total": Decimal(7)}, cost_source="user:x")


async def test_only_what_is_completed_changes(store: ClickHouseTelemetry) -> None:
    sent = full_span()
    await store.write(7, [sent], [])
    (before,) = await store.trace(PROJECT, sent.trace_id)
    await store.complete_again([(PROJECT, sent.trace_id, sent.span_id)], priced)
    (after,) = await store.trace(PROJECT, sent.trace_id)
    assert after == replace(priced(before), version=after.version)
    assert after.version > before.version


async def test_what_is_as_it_was_is_not_written(store: ClickHouseTelemetry, client: Client) -> None:
    await store.write(7, [span("a")], [])
    spans = [(PROJECT, "t1", "a"), (PROJECT, "t1", "unknown"), (OTHER, "t1", "a")]
    await store.complete_again(spans, lambda each: each)
    await store.complete_again([], priced)
    assert len(rows(client, "SELECT * FROM observations")) == 1
    assert await store.trace(OTHER, "t1") == []


async def test_it_is_no_arrival_and_has_no_sender(store: ClickHouseTelemetry) -> None:
    session_id = named("s")
    await store.write(7, [span("a", session_ref="s")], [])
    (before,) = await store.session_facts(PROJECT, [session_id])
    await store.complete_again([(PROJECT, "t1", "a")], priced)
    (after,) = await store.session_facts(PROJECT, [session_id])
    assert (after.last_arrival_ns, after.created_by) == (before.last_arrival_ns, 7)
    assert after.facts_version > before.facts_version


async def test_a_later_update_is_merged_with_what_was_sent(store: ClickHouseTelemetry) -> None:
    first = replace(span("a"), model="m", stamps='{"*": 1}')
    await store.write(7, [first], [])
    await store.complete_again([(PROJECT, "t1", "a")], priced)
    await store.write(7, [replace(span("a"), provider="p", stamps='{"provider": 2}')], [])
    (after,) = await store.trace(PROJECT, "t1")
    assert (after.model, after.provider) == ("m", "p")
    assert (after.cost_details, after.cost_source) == ({}, None)
