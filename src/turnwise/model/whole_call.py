"""Several sessions of one call, told as one."""

from collections.abc import Sequence
from dataclasses import replace

from turnwise.model.ids import SessionId
from turnwise.model.session import Session, SessionStatus, Turn


def _in_order(sessions: Sequence[Session]) -> list[tuple[Session, Turn]]:
    pairs = [(session, turn) for session in sessions for turn in session.turns]
    pairs.sort(key=lambda pair: (pair[1].start_ns, pair[0].started_ns, pair[0].id, pair[1].index))
    return pairs


def places(sessions: Sequence[Session]) -> dict[tuple[SessionId, int], int]:
    """Where each session's turns are among the turns of all."""
    pairs = _in_order(sessions)
    return {(session.id, turn.index): index for index, (session, turn) in enumerate(pairs)}


def whole_call(sessions: Sequence[Session]) -> Session:
    """The first session with the turns, tools and interruptions of all, in time order.

    It lasts from the earliest start to the latest end, lives while one of them does, and has failed
    when one of them has.
    """
    first = min(sessions, key=lambda each: (each.started_ns, each.id))
    if len(sessions) == 1:
        return first
    statuses = {each.status for each in sessions}
    order = (SessionStatus.ACTIVE, SessionStatus.FAILED, SessionStatus.COMPLETED)
    ends = [each.ended_ns for each in sessions if each.ended_ns is not None]
    pairs = _in_order(sessions)
    place = places(sessions)

    def placed(session: Session, index: int | None) -> int | None:
        return None if index is None else place.get((session.id, index))

    tools = [
        replace(tool, turn_index=placed(session, tool.turn_index))
        for session in sessions
        for tool in session.tools
    ]
    cuts = [
        replace(
            cut,
            agent_turn_index=placed(session, cut.agent_turn_index),
            user_turn_index=placed(session, cut.user_turn_index),
        )
        for session in sessions
        for cut in session.interruptions
    ]
    heard = next((each for each in sessions if each.audio is not None), first)
    audio = heard.audio and replace(
        heard.audio,
        responses=tuple(
            replace(response, turn_index=placed(heard, response.turn_index))
            for response in heard.audio.responses
        ),
    )
    return replace(
        first,
        audio=audio,
        status=next(each for each in order if each in statuses),
        ended_ns=max(ends) if len(ends) == len(sessions) else None,
        last_seen_ns=max(each.last_seen_ns for each in sessions),
        turns=tuple(replace(turn, index=index) for index, (_, turn) in enumerate(pairs)),
        tools=tuple(sorted(tools, key=lambda each: (each.start_ns or 0, each.id))),
        interruptions=tuple(sorted(cuts, key=lambda each: (each.onset_ns or 0, each.id))),
        unpriced=sum(each.unpriced for each in sessions),
    )
