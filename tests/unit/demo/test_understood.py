"""What Turnwise makes of the demo is what the stories tell: who said what, and what went wrong."""

import gzip
from collections.abc import Iterator

import pytest

from turnwise.analyse.assemble import assemble
from turnwise.app.demo.agents import Shape
from turnwise.app.demo.send import DemoSession, demo_sessions
from turnwise.app.demo.story import Story
from turnwise.ingest.otlp.decode import decode_traces
from turnwise.model.facts import SessionFacts
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.observation import Observation
from turnwise.model.session import Session, SessionStatus, Turn
from turnwise.normalise import normalise_spans

PROJECT = ProjectId("5f0c2b6e-9d1a-4c57-8f52-2f6f6d1a0b11")
ANCHOR_NS = 497_900 * 3_600 * 10**9


def observations_of(session: DemoSession) -> Iterator[Observation]:
    for body in session.bodies:
        spans, refused = decode_traces(gzip.decompress(body), "application/x-protobuf")
        observations, unreadable = normalise_spans(PROJECT, spans)
        assert not refused
        assert not unreadable
        yield from observations


def understood(session: DemoSession) -> Session:
    facts = SessionFacts(
        project_id=PROJECT,
        session_id=SessionId(session.story.session_id),
        observations=tuple(observations_of(session)),
        last_arrival_ns=ANCHOR_NS,
        created_by=1,
        facts_version=1,
    )
    found = assemble(facts)
    assert found is not None
    return found


def told(story: Story) -> list[tuple[str, str]]:
    """Who said what; of a cut answer Pipecat does not tell how much was heard."""
    says_what_was_heard = story.profile.shape is Shape.LIVEKIT
    lines = []
    for beat in story.beats:
        lines.append(("user", beat.caller or ""))
        lines.append(("agent", beat.heard if says_what_was_heard else beat.agent))
        lines.append(("agent", beat.handoff.words if beat.handoff else ""))
    return [(speaker, text) for speaker, text in lines if text]


@pytest.fixture(scope="module")
def calls() -> list[tuple[Story, Session]]:
    made = demo_sessions(120, 7, 7, ANCHOR_NS)
    return [(each.story, understood(each)) for each in made]


def test_the_words_are_those_of_the_story(calls: list[tuple[Story, Session]]) -> None:
    for story, session in calls:
        lines = [(turn.speaker.value, turn.text) for turn in session.turns if turn.text]
        if story.until_ns is None:
            assert lines == told(story)
        else:
            assert lines == told(story)[: len(lines)]


def test_interruptions_and_tools_are_counted_right(calls: list[tuple[Story, Session]]) -> None:
    for story, session in calls:
        if story.until_ns is None:
            cut = [beat for beat in story.beats if beat.cut_s is not None]
            assert len([each for each in session.interruptions if not each.is_false]) == len(cut)
            runs = [run for beat in story.beats for run in beat.runs]
            assert [each.name for each in session.tools] == [run.use.name for run in runs]


def test_latencies_are_believable(calls: list[tuple[Story, Session]]) -> None:
    waits = sorted(
        turn.e2e_ns / 1e6 for _, session in calls for turn in session.turns if turn.e2e_ns
    )
    assert 800 < waits[len(waits) // 2] < 1_600
    assert waits[0] > 300
    assert 2_000 < waits[-len(waits) // 20] < 4_500


def test_only_calls_that_broke_off_are_still_open(calls: list[tuple[Story, Session]]) -> None:
    for story, session in calls:
        is_open = session.status is SessionStatus.ACTIVE
        assert is_open == (story.until_ns is not None)


def test_sessions_belong_to_their_agents(calls: list[tuple[Story, Session]]) -> None:
    assert {(s.profile.name, found.agent) for s, found in calls} == {
        (s.profile.name, s.profile.name) for s, _ in calls
    }


def test_answered_turns_name_the_model(calls: list[tuple[Story, Session]]) -> None:
    def answers(turns: tuple[Turn, ...]) -> list[Turn]:
        return [turn for turn in turns if turn.speaker.value == "agent"]

    for story, session in calls:
        if story.until_ns is None:
            assert all(
                (turn.model or "").startswith(story.llm.name) for turn in answers(session.turns)
            )
