"""Costs of a session as a whole: the line, the platform, and what only a report counts."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.analyse.build import PROJECT, SESSION, START_NS
from turnwise.analyse.price_table import read_prices
from turnwise.analyse.pricing import Pricer
from turnwise.analyse.session_costs import with_session_costs
from turnwise.model.call import Call
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.observation import Framework
from turnwise.model.price import prices_of
from turnwise.model.session import Session, SessionStatus, TraceSummary
from turnwise.model.usage import ModelUsage, Stage

HEAD = "provider,match,unit,usd,per\n"
LIVE = Session(
    project_id=PROJECT,
    id=SESSION,
    agent="a",
    framework=Framework.LIVEKIT,
    status=SessionStatus.ACTIVE,
    started_ns=START_NS,
    last_seen_ns=START_NS,
    last_arrival_ns=START_NS,
    cost_usd=Decimal("0.5"),
)
ENDED = replace(LIVE, ended_ns=START_NS + 61 * NS_PER_SECOND, status=SessionStatus.COMPLETED)
CALL = Call(
    project_id=PROJECT,
    sid="CA1",
    carrier="twilio",
    direction="inbound",
    to_number="+12125550123",
    from_number="+14155550123",
    status="completed",
    started_ns=START_NS - 9 * NS_PER_SECOND,
    answered_ns=START_NS,
    ended_ns=START_NS + 61 * NS_PER_SECOND,
)


def _pricer(*lines: str) -> Pricer:
    return Pricer(prices_of(read_prices(HEAD + "\n".join(lines))) if lines else ())


@pytest.mark.parametrize(
    ("changes", "usd"),
    [
        ({}, "0.0170"),
        ({"duration_ns": 60 * NS_PER_SECOND}, "0.0085"),
        ({"to_number": "+18005550123"}, "0.044"),
        ({"direction": "outbound-api"}, "0.028"),
        ({"direction": "outbound-dial", "to_number": "+18765550123"}, None),
        ({"to_number": "+442079460123"}, None),
        ({"to_number": None}, None),
        ({"carrier": "livekit"}, None),
        ({"status": "no-answer"}, None),
        ({"ended_ns": None}, None),
        ({"ended_ns": START_NS}, None),
        ({"answered_ns": None, "started_ns": None}, None),
    ],
)
def test_a_call_is_paid_by_the_minute_begun(changes: dict[str, object], usd: str | None) -> None:
    call = replace(CALL, **changes)  # type: ignore[arg-type]
    priced = with_session_costs(replace(ENDED, call=call), _pricer())
    assert priced.cost_usd == ENDED.cost_usd
    assert priced.line_cost_usd == (Decimal(usd) if usd else None)
    assert priced.unpriced == 0
    assert [row.stage for row in priced.usage] == ([Stage.TELEPHONY] if usd else [])
    assert "+1" not in str(priced.usage)


def test_ones_own_line_price_needs_no_number() -> None:
    pricer = _pricer("twilio,inbound,telephony_minute,0.01,1")
    priced = with_session_costs(replace(ENDED, call=replace(CALL, to_number="sip:x")), pricer)
    assert priced.line_cost_usd == Decimal("0.02")


def test_a_platform_is_paid_only_by_ones_own_price_and_after_the_end() -> None:
    assert with_session_costs(ENDED, _pricer()) == ENDED
    pricer = _pricer("livekit,.*,platform_minute,0.01,1")
    assert with_session_costs(ENDED, pricer).line_cost_usd == Decimal("0.02")
    assert with_session_costs(LIVE, pricer) == LIVE
    assert with_session_costs(replace(ENDED, framework=Framework.PIPECAT), pricer).usage == ()


def test_what_only_a_report_counts_is_priced_from_it() -> None:
    heard = ModelUsage(
        stage=Stage.STT,
        provider="deepgram",
        model="nova-3",
        audio_ns=60 * NS_PER_SECOND,
        is_told=True,
    )
    unknown = replace(heard, model="house-ear")
    priced = with_session_costs(replace(ENDED, usage=(heard, unknown), unpriced=2), _pricer())
    assert [row.cost_usd for row in priced.usage] == [Decimal("0.0048"), None]
    assert priced.cost_usd == Decimal("0.5048")
    assert priced.unpriced == 1


def test_what_spans_count_is_left_to_them() -> None:
    seen = ModelUsage(stage=Stage.LLM, model="gpt-4.1", input_tokens=9)
    session = replace(ENDED, usage=(seen,), unpriced=1)
    assert with_session_costs(session, _pricer()) == session


def test_a_report_beside_spans_adds_no_cost() -> None:
    trace = TraceSummary(
        trace_id="t", name=None, start_ns=START_NS, latency_ns=1, cost_usd=Decimal("0.5"),
        observation_count=1,
    )  # fmt: skip
    told = ModelUsage(stage=Stage.LLM, model="gpt-4.1", input_tokens=9, is_told=True)
    session = replace(ENDED, usage=(told,), unpriced=1, traces=(trace,))
    assert with_session_costs(session, _pricer()) == session
