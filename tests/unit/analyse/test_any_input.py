"""Whatever comes in, a session comes out, and the order in which it came makes no difference."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.analyse.build import PROJECT, SESSION, facts_of
from turnwise.analyse.assemble import assemble
from turnwise.model.facts import FactKind, SessionFact, SessionFacts
from turnwise.model.instants import iso_us
from turnwise.model.observation import (
    Framework,
    Kind,
    Level,
    Observation,
    Step,
    ToolMessage,
    Voice,
)
from turnwise.model.session import Session

IDS = st.sampled_from(["a", "b", "c", "d", "e", "f"])
INSTANTS = st.integers(0, 40) | st.integers(0, 2**63 - 1)
WORDS = st.none() | st.sampled_from(["", "yes", "one two three"])
DELAYS = st.none() | st.integers(0, 30)
FLAGS = st.none() | st.booleans()


def _voices() -> st.SearchStrategy[Voice]:
    return st.builds(
        Voice,
        agent_name=WORDS,
        user_text=WORDS,
        agent_text=WORDS,
        stt_ns=DELAYS,
        llm_ttft_ns=DELAYS,
        tts_ttfb_ns=DELAYS,
        e2e_ns=DELAYS,
        interrupted=FLAGS,
        detection_delay_ns=DELAYS,
        turn_duration_ns=DELAYS,
        ended_by_conversation_end=FLAGS,
        characters=DELAYS,
        tool_call_id=st.none() | IDS,
        generation_id=st.none() | IDS,
        parent_generation_id=st.none() | IDS,
        handoff_to=st.none() | IDS,
        user_turn_completed_ns=DELAYS,
        eou_outcome=st.none() | st.just("user_resumed"),
        retry_count=DELAYS,
        cached_tokens=DELAYS,
        acquire_ns=DELAYS,
        is_cancelled=FLAGS,
        refused=st.just(()) | st.just(("ttft",)),
        tool_messages=st.lists(
            st.builds(ToolMessage, IDS, IDS, WORDS, WORDS, st.booleans()), max_size=2
        ).map(tuple),
    )


def _observations(framework: Framework) -> st.SearchStrategy[Observation]:
    return st.builds(
        Observation,
        project_id=st.just(PROJECT),
        trace_id=st.sampled_from(["t1", "t2"]),
        span_id=IDS,
        parent_span_id=st.none() | IDS | st.just("gone"),
        start_ns=INSTANTS,
        end_ns=st.none() | INSTANTS,
        name=st.none() | st.sampled_from(["turn", "start_agent_activity", "x"]),
        kind=st.sampled_from(Kind),
        step=st.sampled_from(Step),
        framework=st.just(framework) | st.sampled_from(Framework),
        session_ref=st.none() | IDS,
        level=st.sampled_from(Level),
        model=st.none() | IDS,
        usage_details=st.dictionaries(st.sampled_from(["input", "output"]), st.integers(0, 9)),
        voice=_voices(),
    )


def _bodies() -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(
        [
            "index",
            "turn_index",
            "start_ms",
            "end_ms",
            "onset_ms",
            "stopped_ms",
            "speaker",
            "text",
            "interrupted",
            "started_ns",
            "ended_ns",
            "at_ns",
            "status",
            "is_false",
            "metadata",
            "error",
        ]
    )
    far = st.sampled_from([1e300, -1e15, 2**62, 2**80])
    values = (
        far | st.none() | st.booleans() | st.integers(-5, 2**40) | st.floats() | st.text(max_size=3)
    )
    return st.dictionaries(names, values | st.just({"k": [1]}), max_size=5)


FACTS = st.builds(
    SessionFact,
    project_id=st.just(PROJECT),
    session_id=st.just(SESSION),
    kind=st.sampled_from(FactKind),
    fact_id=IDS,
    body=_bodies(),
    version=st.integers(0, 3),
)


def _instants(session: Session) -> list[int]:
    """Every instant that is kept or shown."""
    found = [session.started_ns, session.ended_ns, session.last_seen_ns, session.finalized_ns]
    for turn in session.turns:
        found += [turn.start_ns, turn.end_ns]
    for tool in session.tools:
        found += [tool.start_ns, tool.end_ns]
    for each in session.interruptions:
        found += [each.onset_ns, each.detected_ns, each.stopped_ns]
    return [each for each in found if each is not None]


@st.composite
def everything(draw: st.DrawFn) -> SessionFacts:
    """Any facts of one session."""
    framework = draw(st.sampled_from(Framework))
    observations = draw(st.lists(_observations(framework), max_size=14))
    return facts_of(*observations, *draw(st.lists(FACTS, max_size=6)))


@settings(max_examples=60)
@given(data=st.data(), framework=st.sampled_from(Framework))
def test_any_input_makes_a_session_and_no_order_of_it_another(
    data: st.DataObject, framework: Framework
) -> None:
    observations = data.draw(st.lists(_observations(framework), max_size=14))
    facts = data.draw(st.lists(FACTS, max_size=6))
    session = assemble(facts_of(*observations, *facts))
    if session is None:
        assert not observations
        assert not facts
        return
    assert [turn.index for turn in session.turns] == list(range(len(session.turns)))
    assert all(turn.end_ns is None or turn.end_ns >= turn.start_ns for turn in session.turns)
    assert len({(turn.id, turn.trace_id) for turn in session.turns}) == len(session.turns)
    for tool in session.tools:
        assert tool.turn_index is None or tool.turn_index < len(session.turns)
    for instant_ns in _instants(session):
        assert -(2**63) <= instant_ns < 2**63
        assert iso_us(instant_ns)
    items: list[Observation | SessionFact] = [*observations, *facts]
    shuffled = data.draw(st.permutations(items))
    again = data.draw(st.lists(st.sampled_from(items), max_size=5))
    assert assemble(facts_of(*shuffled, *again)) == session
