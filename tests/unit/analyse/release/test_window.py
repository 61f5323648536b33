"""What a time's sessions say of a release: how soon the agent speaks on after a false alarm."""

import pytest

from turnwise.analyse.release.window import Window
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.instants import NS_PER_MS
from turnwise.model.session import (
    Interruption,
    InterruptionKind,
    Session,
    SessionStatus,
    Speaker,
    Turn,
)

AGENT, USER = Speaker.AGENT, Speaker.USER
Said = tuple[Speaker, int, int | None]


def recovery(
    stopped_ms: int | None,
    *said: Said,
    kind: InterruptionKind = InterruptionKind.FALSE_ALARM,
) -> float | None:
    """The median, of one session whose first turn was stopped."""
    turns = tuple(
        Turn(
            id=str(index),
            index=index,
            speaker=speaker,
            start_ns=start * NS_PER_MS,
            end_ns=None if end is None else end * NS_PER_MS,
        )
        for index, (speaker, start, end) in enumerate(said)
    )
    stopped_ns = None if stopped_ms is None else stopped_ms * NS_PER_MS
    alarm = Interruption(id="i", kind=kind, agent_turn_index=0, onset_ns=0, stopped_ns=stopped_ns)
    window = Window()
    window.add(
        Session(
            project_id=ProjectId("p"),
            id=SessionId("s"),
            agent="support",
            status=SessionStatus.COMPLETED,
            started_ns=0,
            last_seen_ns=0,
            last_arrival_ns=0,
            turns=turns,
            interruptions=(alarm,),
        )
    )
    return window.measured("falseStopRecoveryMs").spread().p50


def test_it_is_the_silence_until_the_agent_speaks_on() -> None:
    assert recovery(1000, (AGENT, 0, 1000), (AGENT, 1800, 3000)) == 800
    assert recovery(1000, (AGENT, 0, None), (AGENT, 1800, 3000)) == 800


@pytest.mark.parametrize(
    ("stopped_ms", "said"),
    [
        (None, [(AGENT, 0, 1000), (AGENT, 1800, 3000)]),
        (1000, [(AGENT, 0, 2500), (AGENT, 4000, 5000)]),
        (1000, [(AGENT, 0, 1000), (USER, 1500, 2000), (AGENT, 2600, 3000)]),
        (1000, [(AGENT, 0, 1000)]),
    ],
    ids=["silence unknown", "goes on in its turn", "the caller speaks first", "nothing after"],
)
def test_it_is_unknown_where_nobody_can_tell(stopped_ms: int | None, said: list[Said]) -> None:
    assert recovery(stopped_ms, *said) is None


def test_an_agent_that_was_rightly_stopped_recovers_from_nothing() -> None:
    told = recovery(1000, (AGENT, 0, 1000), (AGENT, 1800, 3000), kind=InterruptionKind.BARGE_IN)
    assert told is None
