import pytest
from hypothesis import given
from hypothesis import strategies as st

from turnwise.analyse.hearing.spans import Span, merged
from turnwise.analyse.hearing.talk import Talk, talk_of
from turnwise.model.audio import HeardKind
from turnwise.model.instants import NS_PER_MS, NS_PER_SECOND
from turnwise.model.speaker import Speaker

Seconds = list[tuple[float, float]]


def _talk(agent: Seconds, user: Seconds, length: float = 60) -> Talk:
    def ns(spans: Seconds) -> list[Span]:
        return [(round(a * NS_PER_SECOND), round(b * NS_PER_SECOND)) for a, b in spans]

    return talk_of(ns(agent), ns(user), round(length * NS_PER_SECOND))


def _overlaps(talk: Talk) -> list[tuple[HeardKind, int, int | None]]:
    return [
        (
            each.kind,
            each.onset_ns // NS_PER_MS,
            None if each.stopped_ns is None else (each.stopped_ns - each.onset_ns) // NS_PER_MS,
        )
        for each in talk.overlaps
    ]


@pytest.mark.parametrize(
    ("agent", "user", "expected"),
    [
        ([(1, 3.5)], [(3, 5)], [(HeardKind.BARGE_IN, 3000, 500)]),
        ([(1, 6)], [(3, 3.4)], [(HeardKind.BACKCHANNEL, 3000, None)]),
        ([(1, 6)], [(2, 3.5)], [(HeardKind.MISSED, 2000, None)]),
        ([(1, 4.4)], [(2, 3.5)], [(HeardKind.BARGE_IN, 2000, 2400)]),
        ([(3, 5)], [(1, 4)], [(HeardKind.PREMATURE, 3000, 1000)]),
        ([(3, 5)], [(1, 2.5), (3.3, 4.5)], [(HeardKind.PREMATURE, 3000, 1500)]),
        ([(1, 3)], [(1.1, 4)], []),
        ([(1, 3)], [(3.2, 4)], []),
        ([(1, 3)], [(0.5, 1.1)], []),
        ([(1, 3), (3.4, 6)], [(3.1, 3.3)], [(HeardKind.BACKCHANNEL, 3100, None)]),
        ([(1, 3), (3.5, 6)], [(3.1, 3.35)], []),
        ([(1, 3), (3.5, 7)], [(2.4, 3.3)], [(HeardKind.BARGE_IN, 2400, 600)]),
        ([(1, 3), (3.5, 7)], [(2.4, 3.6)], [(HeardKind.MISSED, 2400, None)]),
        ([(1, 3), (3.5, 7)], [(2.9, 3.3)], [(HeardKind.BACKCHANNEL, 2900, None)]),
    ],
    ids=[
        "the agent gives way",
        "a sound of listening",
        "the agent talks over",
        "the agent stops late",
        "the agent cuts in",
        "the caller had only paused",
        "both begin at once",
        "one after the other",
        "a late end is no overlap",
        "inside of a pause for breath",
        "a word between two turns",
        "the agent gives way and goes on at once",
        "the agent only takes a breath",
        "a sound of listening before a breath",
    ],
)
def test_speech_over_speech(
    agent: Seconds, user: Seconds, expected: list[tuple[HeardKind, int, int | None]]
) -> None:
    assert _overlaps(_talk(agent, user)) == expected


def _latencies(talk: Talk) -> list[int]:
    return [each.latency_ns // NS_PER_MS for each in talk.responses]


@pytest.mark.parametrize(
    ("agent", "user", "expected"),
    [
        ([(0, 2), (5, 7)], [(3, 4)], [1000]),
        ([(0, 2), (9, 10)], [(3, 4), (6, 7)], [2000]),
        ([(0, 2), (4, 5)], [], []),
        ([(0, 3), (5, 6)], [(2.5, 4)], [1000]),
        ([(0, 3.2), (5, 6)], [(2.5, 2.9)], [2100]),
        ([(0, 6), (8, 9)], [(2, 2.3)], []),
        ([(5, 7)], [(3, 5.1)], [-100]),
        ([(5, 7), (7.7, 8)], [(3, 4)], [1000]),
        ([(5, 6), (11, 12)], [(3, 10)], [1000]),
        ([(0, 2), (2.55, 4), (4.5, 6)], [(2.15, 2.4), (4.15, 4.35)], [150, 150]),
    ],
    ids=[
        "plain",
        "the last words count",
        "nobody asked",
        "after an interruption",
        "after a short interruption",
        "a sound of listening is not answered",
        "a little early",
        "only the first turn answers",
        "the agent gave way to the caller",
        "one word after the other",
    ],
)
def test_responses(agent: Seconds, user: Seconds, expected: list[int]) -> None:
    assert _latencies(_talk(agent, user)) == expected


def test_silences_and_who_owed_the_next_word() -> None:
    talk = _talk([(4, 5), (12, 13)], [(8.5, 9), (16.5, 17)], 21)
    found = [
        (each.start_ns / NS_PER_SECOND, each.end_ns / NS_PER_SECOND, each.owed_by)
        for each in talk.silences
    ]
    assert found == [
        (0, 4, Speaker.AGENT),
        (5, 8.5, Speaker.USER),
        (9, 12, Speaker.AGENT),
        (13, 16.5, Speaker.USER),
        (17, 21, Speaker.AGENT),
    ]
    assert _talk([], [], 10).silences[0].owed_by is None


_spans = st.lists(st.tuples(st.integers(0, 600), st.integers(1, 80)), max_size=15).map(
    lambda pairs: merged([(a * 10**8, (a + n) * 10**8) for a, n in pairs], 10**8)
)


@given(_spans, _spans, st.integers(0, 10**11))
def test_later_by_some_time_is_the_same_later(agent: list[Span], user: list[Span], by: int) -> None:
    def moved(spans: list[Span]) -> list[Span]:
        return [(start + by, end + by) for start, end in spans]

    plain, late = talk_of(agent, user, 10**11), talk_of(moved(agent), moved(user), 10**11 + by)
    assert [(t.speaker, t.start_ns + by, t.end_ns + by) for t in plain.turns] == [
        (t.speaker, t.start_ns, t.end_ns) for t in late.turns
    ]
    assert [(o.kind, o.onset_ns + by) for o in plain.overlaps] == [
        (o.kind, o.onset_ns) for o in late.overlaps
    ]
    assert [r.latency_ns for r in plain.responses] == [r.latency_ns for r in late.responses]


@given(_spans, _spans)
def test_exchanging_the_parties_exchanges_the_turns(agent: list[Span], user: list[Span]) -> None:
    one, other = talk_of(agent, user, 10**11), talk_of(user, agent, 10**11)
    for mine, theirs in ((Speaker.AGENT, Speaker.USER), (Speaker.USER, Speaker.AGENT)):
        assert [(t.start_ns, t.end_ns) for t in one.turns if t.speaker is mine] == [
            (t.start_ns, t.end_ns) for t in other.turns if t.speaker is theirs
        ]
    lengths = [[(s.start_ns, s.end_ns) for s in each.silences] for each in (one, other)]
    assert lengths[0] == lengths[1]


@given(_spans, _spans)
def test_every_overlap_and_response_lies_in_the_call(agent: list[Span], user: list[Span]) -> None:
    talk = talk_of(agent, user, 10**11)
    onsets = {t.start_ns for t in talk.turns}
    assert all(each.onset_ns in onsets for each in talk.overlaps)
    assert all((each.stopped_ns or 10**12) >= each.onset_ns for each in talk.overlaps)
    answered = [each.agent_start_ns for each in talk.responses]
    assert len(set(answered)) == len(answered)
    assert set(answered) <= {t.start_ns for t in talk.turns if t.speaker is Speaker.AGENT}
