"""Everything of a session but its turns: names, life, traces, usage, and odd input."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.analyse.build import (
    START_NS,
    at,
    fact,
    facts_of,
    livekit,
    ms,
    said,
    session_of,
    span,
)
from turnwise.analyse.assemble import assemble
from turnwise.model.facts import FactKind
from turnwise.model.observation import Framework, Kind, Level, Step
from turnwise.model.session import SessionStatus
from turnwise.model.usage import Stage


def test_nothing_known_is_no_session() -> None:
    assert assemble(facts_of()) is None


def test_who_sent_it_and_what_it_was_made_from_pass_through() -> None:
    session = session_of(span(Step.OTHER, 0, 1, "a"))
    assert (session.created_by, session.facts_version, ms(session.last_arrival_ns)) == (
        7,
        3,
        1_000_000,
    )


@pytest.mark.parametrize(
    ("ref", "kept"),
    [
        ("call 7", "call 7"),
        ("0b7f3a52-5a0e-4a55-9a5b-6b6f0a4d7c21", None),
        ("sess_0b7f3a525a0e4a559a5b6b6f0a4d7c21", None),
        ("0b7f3a525a0e4a559a5b6b6f0a4d7c21", None),
        ("sess_0b7f", "sess_0b7f"),
    ],
)
def test_a_ref_is_kept_where_it_is_no_uuid(ref: str, kept: str | None) -> None:
    assert session_of(span(Step.OTHER, 0, 1, "a", session_ref=ref)).ref == kept


def test_the_reference_of_the_highest_precedence_names_the_session() -> None:
    low = span(Step.OTHER, 0, 1, "a", session_ref="room", session_rank=7)
    high = span(Step.OTHER, 5, 6, "b", session_ref="mine", session_rank=0)
    assert session_of(low, high).ref == "mine"


def test_an_agent_is_named_before_its_service() -> None:
    session = session_of(
        livekit(Step.SESSION, 0, 900, "s", agent_name="service", agent_rank=5),
        livekit(Step.USER_SPEAKING, 5, 20, "u", "s", agent_name="service", agent_rank=5),
        livekit(
            Step.AGENT_TURN, 30, 90, "a", "s", kind=Kind.AGENT, agent_name="desk", agent_rank=1
        ),
        livekit(
            Step.AGENT_TURN, 95, 99, "b", "s", kind=Kind.AGENT, agent_name="billing", agent_rank=1
        ),
    )
    assert session.agent == "desk"


def test_a_job_names_the_agent_first_and_a_service_last() -> None:
    job = livekit(Step.JOB, 0, 900, "j", agent_name="inbound")
    agent = livekit(
        Step.AGENT_TURN, 30, 90, "a", "j", kind=Kind.AGENT, agent_name="desk", agent_rank=1
    )
    assert session_of(job, agent).agent == "inbound"
    assert session_of(span(Step.OTHER, 0, 1, "x", agent_name="service")).agent == "service"
    assert session_of(span(Step.OTHER, 0, 1, "x")).agent == "unknown"


def test_joins_and_labels_come_from_whichever_span_has_them() -> None:
    session = session_of(
        livekit(Step.SESSION, 0, 900, "s", environment="default"),
        livekit(
            Step.OTHER, 5, 6, "x", "s",
            room_name="room", job_id="AJ1", call_id="CA1", user_ref="u7",
            environment="test", release="r1", app_version="1.2",
        ),
    )  # fmt: skip
    assert (session.room_name, session.job_id, session.call_id) == ("room", "AJ1", "CA1")
    assert (session.user_ref, session.environment) == ("u7", "test")
    assert (session.release, session.app_version) == ("r1", "1.2")
    assert session.framework is Framework.LIVEKIT


def test_a_session_is_live_until_its_span_ends() -> None:
    turn = livekit(Step.USER_TURN, 100, 900, "u", "s", user_text="Hi")
    live = session_of(turn)
    assert (live.status, live.ended_ns, ms(live.last_seen_ns)) == (SessionStatus.ACTIVE, None, 900)
    ended = session_of(turn, livekit(Step.SESSION, 0, 5000, "s"))
    assert (ended.status, ms(ended.ended_ns)) == (SessionStatus.COMPLETED, 5000)
    assert ended.finalized_ns is None


def test_a_second_trace_that_still_speaks_keeps_the_session_open() -> None:
    first = livekit(Step.SESSION, 0, 5000, "s")
    again = livekit(Step.USER_TURN, 7000, 7500, "u", "s2", trace_id="t2", user_text="Hi")
    assert session_of(first, again).ended_ns is None
    closed = livekit(Step.SESSION, 6500, 9000, "s2", trace_id="t2")
    assert ms(session_of(first, again, closed).ended_ns) == 9000


def test_a_closing_span_ends_a_session_whose_own_span_is_lost() -> None:
    close = livekit(Step.CLOSE, 4000, 4100, "c", "s", close_reason="error")
    session = session_of(livekit(Step.USER_TURN, 0, 900, "u", "s", user_text="Hi"), close)
    assert (session.status, ms(session.ended_ns)) == (SessionStatus.FAILED, 4100)
    assert session.close_reason == "error"


def test_a_trace_that_names_no_session_ends_with_its_root() -> None:
    root = span(Step.OTHER, 0, 5000, "r")
    child = span(Step.LLM, 100, 200, "g", "r", agent_text="Hi")
    assert ms(session_of(root, child).ended_ns) == 5000
    assert session_of(child).ended_ns is None
    assert session_of(root, replace(child, session_ref="mine")).ended_ns is None
    assert session_of(root, replace(child, trace_id="t2")).ended_ns is None


def test_a_trace_is_summed_up() -> None:
    [trace] = session_of(
        span(Step.OTHER, 0, 900, "r", name="call"),
        span(Step.LLM, 100, 400, "g", "r", cost_details={"total": Decimal("0.5")}),
        span(Step.OTHER, 300, 1200, "x", "r", level=Level.ERROR),
    ).traces
    assert (trace.trace_id, trace.name, ms(trace.start_ns)) == ("t1", "call", 0)
    assert trace.latency_ns == 1_200_000_000
    assert (trace.observation_count, trace.error_count) == (3, 1)
    assert trace.cost_usd == Decimal("0.5")


def test_a_trace_without_an_end_lasts_until_its_last_start() -> None:
    alone = span(Step.OTHER, 0, None, "a")
    assert session_of(alone).traces[0].latency_ns is None
    both = session_of(alone, span(Step.OTHER, 700, None, "b", "a"))
    assert both.traces[0].latency_ns == 700_000_000


def test_a_given_name_outranks_the_root_and_the_root_the_earliest_span() -> None:
    early = span(Step.OTHER, 0, 1, "e", "r", name="early")
    root = span(Step.OTHER, 5, 9, "r", name="root")
    named = span(Step.OTHER, 6, 7, "n", "r", trace_name="given")
    assert session_of(early).traces[0].name == "early"
    assert session_of(early, root).traces[0].name == "root"
    assert session_of(early, root, named).traces[0].name == "given"


def test_usage_is_counted_at_the_innermost_span_of_a_stage() -> None:
    session = session_of(
        span(Step.LLM, 0, 9, "outer", model="m", usage_details={"input": 10, "output": 4}),
        span(Step.OTHER, 1, 8, "wrap", "outer"),
        span(
            Step.LLM, 2, 7, "inner", "wrap", model="m", provider="api.openai.com",
            usage_details={"input": 10, "output": 4}, cost_details={"total": Decimal("0.25")},
        ),
        livekit(Step.LLM_NODE, 2, 7, "node", "wrap", usage_details={"input": 10}),
        span(Step.TTS, 8, 9, "v", "outer", model="voice", characters=42, audio_ms=1500),
        span(Step.STT, 0, 1, "e", model="ear", audio_ms=900),
    )  # fmt: skip
    rows = {row.stage: row for row in session.usage}
    assert [row.stage for row in session.usage] == [Stage.STT, Stage.LLM, Stage.TTS]
    llm = rows[Stage.LLM]
    assert (llm.provider, llm.requests) == ("openai", 1)
    assert (llm.input_tokens, llm.output_tokens, llm.cost_usd) == (10, 4, Decimal("0.25"))
    assert (rows[Stage.TTS].characters, rows[Stage.TTS].audio_ns) == (42, 1_500_000_000)
    assert rows[Stage.STT].audio_ns == 900_000_000
    assert session.cost_usd == Decimal("0.25")
    assert session.unpriced == 2


def test_a_request_that_tells_no_size_still_names_its_model() -> None:
    [row] = session_of(
        livekit(Step.USER_TURN, 0, 9, "u", model="nova-3", provider="Deepgram")
    ).usage
    assert (row.stage, row.provider, row.model, row.requests) == (
        Stage.STT,
        "deepgram",
        "nova-3",
        1,
    )
    assert row.cost_usd is None


def test_a_failure_seen_through_its_wrappers_is_one() -> None:
    session = session_of(
        livekit(Step.SESSION, 0, 900, "s"),
        livekit(Step.AGENT_TURN, 10, 90, "a", "s", level=Level.ERROR),
        livekit(Step.LLM, 10, 90, "l", "a", level=Level.ERROR),
        livekit(Step.LLM_ATTEMPT, 10, 40, "r", "l", level=Level.ERROR),
        livekit(Step.TOOL, 100, 120, "f", "s", level=Level.ERROR, tool_name="x", tool_output="bad"),
    )
    assert session.error_count == 2
    assert session.tools[0].error == "bad"


def test_an_attempt_whose_request_has_not_come_is_no_error_yet() -> None:
    assert session_of(livekit(Step.LLM_ATTEMPT, 0, 9, "r", "l", level=Level.ERROR)).error_count == 0


def test_parents_in_a_circle_are_cut() -> None:
    ring = [
        span(Step.LLM, 0, 9, "a", "c", user_text="Hi", agent_text="A", usage_details={"input": 1}),
        span(Step.LLM, 1, 9, "b", "a", user_text="Hi", agent_text="B", usage_details={"input": 1}),
        span(Step.OTHER, 2, 9, "c", "b"),
        span(Step.OTHER, 3, 9, "d", "d"),
    ]
    session = session_of(*ring)
    assert said(session) == [("user", "Hi"), ("agent", "A")]
    assert session.usage[0].input_tokens == 1
    assert assemble(facts_of(*reversed(ring))) == session


def test_clocks_that_contradict_each_other_are_survived() -> None:
    session = session_of(
        livekit(Step.SESSION, 5000, 10, "s"),
        livekit(Step.AGENT_TURN, 4000, 1000, "a", "s", agent_text="Hi", interrupted=True),
        livekit(Step.AGENT_SPEAKING, 3000, 2000, "as", "a"),
        livekit(Step.USER_TURN, 6000, -50, "u", "s", user_text="What?"),
        livekit(Step.TOOL, 9000, 8000, "f", "a", tool_name="x"),
    )
    assert all(turn.end_ns is None or turn.end_ns >= turn.start_ns for turn in session.turns)
    assert session.ended_ns is not None
    assert session.ended_ns >= session.started_ns


def test_the_newer_of_two_records_of_a_span_counts() -> None:
    old = span(Step.LLM, 0, None, "g", user_text="Hi", version=1)
    new = span(Step.LLM, 0, 9, "g", user_text="Hi", agent_text="Hello", version=2)
    assert session_of(new, old) == session_of(old, new)
    assert said(session_of(old, new, old)) == [("user", "Hi"), ("agent", "Hello")]


def test_the_same_span_id_in_two_traces_is_two_spans() -> None:
    session = session_of(
        livekit(Step.USER_TURN, 0, 9, "u", user_text="Hi"),
        livekit(Step.USER_TURN, 20, 29, "u", user_text="There", trace_id="t2"),
    )
    assert said(session) == [("user", "Hi"), ("user", "There")]


def test_metadata_of_the_sender_stays_beside_ours() -> None:
    stated = fact(FactKind.SESSION, started_ns=START_NS, metadata={"plan": "gold"}, ended_ns=at(50))
    handoff = livekit(Step.HANDOFF, 40, 41, "h", handoff_to="b")
    assert session_of(stated, handoff).metadata == (
        '{"handoffs":[{"atMs":40,"from":null,"to":"b"}],"plan":"gold"}'
    )


def test_plain_words_of_a_tool_become_json() -> None:
    [tool] = session_of(
        livekit(Step.TOOL, 0, 9, "f", tool_name="x", tool_arguments='{"a":1}', tool_output="done")
    ).tools
    assert (tool.arguments, tool.output, tool.turn_index) == ('{"a":1}', '"done"', None)
