"""What is usual: the narrowest baseline that is large enough, without the session in question."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.analyse.diagnosis.calls import Call, Tool, history
from turnwise.analyse.diagnosis import (
    MOST_TURNS,
    PRESETS,
    Baselines,
    History,
    diagnose,
    thresholds_of,
)
from turnwise.model.diagnosis import Lesson, Sample
from turnwise.model.errors import Misconfigured
from turnwise.model.ids import SessionId

DAY_NS = 86_400 * 10**9


def name(number: int) -> SessionId:
    return SessionId(f"00000000-0000-0000-0000-{number:012d}")


def lesson(
    number: int, *values: float, version: str = "", model: str = "m", kind: str = "plain"
) -> Lesson:
    samples = tuple(
        Sample(turn=turn, part="llm", kind=kind, model=model, value=value)
        for turn, value in enumerate(values)
    )
    return Lesson(session_id=name(number), version=version, at_ns=number, samples=samples)


def usual(known: Baselines, model: str = "m", kind: str = "plain") -> tuple[str, float] | None:
    found = known.usual("llm", kind, model)
    return None if found is None else (found.source, round(found.spread.median))


def test_the_narrowest_baseline_with_enough_values_counts() -> None:
    agent = History(
        [
            lesson(1, *[100.0] * 20, version="1"),
            lesson(2, *[200.0] * 30, version="2"),
            lesson(3, *[900.0] * 19, version="3"),
        ]
    )
    assert usual(Baselines(agent=agent, version="1")) == ("version", 100)
    assert usual(Baselines(agent=agent, version="2")) == ("version", 200)
    assert usual(Baselines(agent=agent, version="3")) == ("agent", 200)
    assert usual(Baselines(agent=agent, version="2"), kind="first") == ("agent", 200)
    assert usual(Baselines(project=agent, version="2")) == ("project", 200)
    assert usual(Baselines(project=agent), kind="first") is None
    assert Baselines(agent=agent).usual("llm", "plain", "n", is_model_bound=True) is None


def test_a_session_is_no_baseline_of_itself() -> None:
    agent = History([lesson(1, *[100.0] * 20), lesson(2, *[900.0] * 25)])
    assert usual(Baselines(agent=agent, session_id=name(2))) == ("agent", 100)
    assert usual(Baselines(agent=agent, session_id=name(1))) == ("agent", 900)
    assert Baselines(agent=agent, session_id=name(2)).turns == 20


def test_what_is_taught_again_replaces_what_was_taught() -> None:
    agent = History([lesson(1, *[100.0] * 20)])
    for _ in range(3):
        agent.add(lesson(1, *[300.0] * 21))
    assert usual(Baselines(agent=agent)) == ("agent", 300)
    assert agent.turns == 21
    agent.add(lesson(1))
    assert usual(Baselines(agent=agent)) is None


def test_old_turns_give_way_to_those_of_the_last_week_and_to_the_newest() -> None:
    old = Lesson(session_id=name(1), version="", at_ns=0, samples=lesson(1, *[100.0] * 40).samples)
    new = Lesson(
        session_id=name(2), version="", at_ns=9 * DAY_NS, samples=lesson(2, *[300.0] * 25).samples
    )
    assert usual(Baselines(agent=History([old, new]))) == ("agent", 300)
    many = History(lesson(number, *[float(number)] * 100) for number in range(1, 40))
    assert many.turns <= MOST_TURNS
    assert usual(Baselines(agent=many)) == ("agent", 37)


@given(st.permutations(range(1, 9)))
def test_the_order_in_which_sessions_teach_makes_no_difference(order: list[int]) -> None:
    lessons = {each: lesson(each, *[float(each * 100)] * 5) for each in order}
    known = Baselines(agent=History(lessons[each] for each in order))
    assert usual(known) == ("agent", 447)


TAUGHT = st.tuples(st.integers(1, 5), st.integers(0, 12), st.integers(0, 30))
"""A session, the day on which it began, how many turns it taught."""


@settings(deadline=None)
@given(st.lists(TAUGHT, min_size=3, max_size=12), st.sets(st.integers(1, 5)), st.integers(0, 5))
def test_values_are_the_newest_however_the_history_came_about(
    taught: list[tuple[int, int, int]], forgotten: set[int], asked: int
) -> None:
    agent, known = History(), {}
    for place, (number, day, turns) in enumerate(taught):
        samples = lesson(number, *[place + turn / 100 for turn in range(turns)]).samples
        known[number] = day * DAY_NS, [each.value for each in samples]
        agent.add(Lesson(session_id=name(number), version="", at_ns=day * DAY_NS, samples=samples))
    for number in forgotten:
        agent.remove(name(number))
        known.pop(number, None)
    assert agent.turns == sum(len(values) for _, values in known.values())
    left = [
        (at, value) for number, (at, values) in known.items() if number != asked for value in values
    ]
    newest = max((at for at, _ in left), default=0)
    recent = [value for at, value in left if at >= newest - 7 * DAY_NS]
    found = agent.values(("all", "llm"), name(asked))
    if len(left) <= 20 or len(recent) >= 20:
        wanted = recent if len(left) > 20 else [value for _, value in left]
        assert sorted(found) == sorted(wanted)
    else:
        assert len(found) == 20
        assert min(at for at, value in left if value in found) >= max(
            (at for at, value in left if value not in found), default=0
        )
    taught_by = {number for number, (_, values) in known.items() if values} - {asked}
    assert agent.sessions(("all", "llm"), name(asked)) == len(taught_by)


def test_flagged_failed_and_interrupted_turns_teach_nothing() -> None:
    known = history()
    call = Call().greets().talks(2)
    call.says().answers("Sorry.", llm=2400)
    call.says().answers("No order there.", tools=[Tool(error="not found")])
    call.says().answers("Well, I", about={"interrupted": True})
    call.talks(1).ends()
    session = call.session()
    taught = diagnose(session, Baselines(agent=known), PRESETS["webrtc"]).samples
    assert {each.turn for each in taught if each.turn >= 0} == {0, 2, 4, 12}


def test_what_a_fixed_limit_flags_before_anything_is_usual_does_teach() -> None:
    call = Call().greets().talks(2).says().answers("Sorry.", llm=2400).talks(1).ends()
    found = diagnose(call.session(), Baselines(), PRESETS["webrtc"])
    assert {each.turn for each in found.issues} == {6}
    assert 6 in {each.turn for each in found.samples}


@pytest.mark.parametrize(
    ("preset", "limits"),
    [("loud", {}), ("webrtc", {"llm": 5.0}), ("webrtc", {"llm_ms": 0}), ("webrtc", {"llm_ms": -1})],
)
def test_a_limit_that_cannot_be_is_refused(preset: str, limits: dict[str, float]) -> None:
    with pytest.raises(Misconfigured):
        thresholds_of(preset, limits)


def test_own_limits_go_over_the_preset() -> None:
    found = thresholds_of("pstn", {"tts_ms": 555})
    assert (found.tts_ms, found.turn_ms) == (555, 2800)
