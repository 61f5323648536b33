"""Consumption: totals over all sessions that match, pages of them, and live ones."""

from decimal import Decimal
from typing import Any

import pytest

from tests.contract.store.telemetry.places import (
    NASTY,
    OTHER,
    PROJECT,
    START,
    full_session,
    session,
)
from turnwise.model.session import Session
from turnwise.model.transcripts import UsageQuery, UsageTotals
from turnwise.model.usage import ModelUsage, Stage
from turnwise.store.telemetry import ClickHouseTelemetry

pytestmark = pytest.mark.anyio

USED = (
    ModelUsage(stage=Stage.STT, audio_ns=1_500_000_000, input_tokens=9),
    ModelUsage(stage=Stage.LLM, input_tokens=100, output_tokens=20),
    ModelUsage(stage=Stage.LLM, input_tokens=7, output_tokens=3),
    ModelUsage(stage=Stage.TTS, characters=80, output_tokens=9),
)


def used(name: str, started_ns: int = START, **more: Any) -> Session:
    return session(name, started_ns, usage=USED, cost_usd=Decimal("0.000000500001"), **more)


async def test_totals_are_over_all_pages_and_exact(store: ClickHouseTelemetry) -> None:
    put = [used(f"s{number}", START + number, agent="a") for number in range(5)]
    await store.put_sessions([*put, used("elsewhere", project_id=OTHER, agent="a")])
    found = await store.usage(UsageQuery(project_ids=(PROJECT,), limit=2, offset=1))
    assert found.totals == UsageTotals(
        sessions=5,
        llm_input_tokens=5 * 107,
        llm_output_tokens=5 * 23,
        stt_audio_ns=5 * 1_500_000_000,
        tts_characters=5 * 80,
        cost_usd=Decimal("0.000002500005"),
    )
    assert found.sessions == (put[3], put[2])


async def test_every_filter_holds(store: ClickHouseTelemetry) -> None:
    first = used("first", START, agent="a")
    second = used("second", START + 1, agent="b")
    third = used("third", START + 2, agent="a", project_id=OTHER)
    await store.put_sessions([first, second, third, full_session()])

    async def names(**query: Any) -> list[str | None]:
        found = await store.usage(UsageQuery(**{"project_ids": (PROJECT, OTHER), **query}))
        assert found.totals.sessions == len(found.sessions)
        return [each.ref for each in found.sessions if each.ref != NASTY]

    assert await names() == ["third", "second", "first"]
    assert await names(project_ids=None) == ["third", "second", "first"]
    assert await names(project_ids=()) == []
    assert await names(agent="a") == ["third", "first"]
    assert await names(agents=((OTHER, "a"), (PROJECT, "b"))) == ["third", "second"]
    assert await names(agents=()) == []
    assert await names(agents=((PROJECT, "a"),), agent="b") == []
    assert await names(from_ns=START + 1) == ["third", "second"]
    assert await names(to_ns=START + 1) == ["second", "first"]
    assert await names(from_ns=START + 1, to_ns=START + 1) == ["second"]


async def test_nothing_at_all_is_zero(store: ClickHouseTelemetry) -> None:
    found = await store.usage(UsageQuery(project_ids=(PROJECT,)))
    assert found.totals == UsageTotals()
    assert found.sessions == ()


async def test_live_sessions_are_counted_by_agent(store: ClickHouseTelemetry) -> None:
    await store.put_sessions([
        session("open", agent="a"),
        session("also open", agent="a"),
        session("closed", agent="a", finalized_ns=START),
        session("other", agent="b"),
    ])  # fmt: skip
    assert await store.live_sessions(PROJECT, "a") == 2
    assert await store.live_sessions(OTHER, "a") == 0
