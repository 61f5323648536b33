"""From who sounds when to how they talk to each other: turns, responses, overlaps, silences.

Definitions: voice.md 1.4, 1.5 and 3.2 (6). Instants are nanoseconds since the start of the recording.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.analyse.hearing.spans import Span, gaps, merged
from turnwise.model.audio import HeardKind, HeardOverlap, HeardResponse, HeardTurn, Silence
from turnwise.model.instants import NS_PER_MS
from turnwise.model.speaker import Speaker

TURN_GAP_NS = 600 * NS_PER_MS
"""Speech of one party over shorter pauses is one turn."""
YIELD_NS = 300 * NS_PER_MS
"""Whoever falls silent because of the other's words does so for at least so long."""
EXCHANGE_NS = 450 * NS_PER_MS
"""A pause that a word of the other party fits into with a moment before and after it; in a shorter
one, which may be for breath, such a word is a sign of listening."""
INSIDE_NS = 150 * NS_PER_MS
"""Whoever begins so shortly after the other began has not interrupted anybody."""
SHORT_NS = 800 * NS_PER_MS
"""Shorter speech of the caller over the agent is a sign of listening, if the agent goes on."""
GOES_ON_NS = 1_500 * NS_PER_MS
"""An agent that speaks on for longer has not given way."""
RESUMED_NS = 500 * NS_PER_MS
"""A caller who speaks on so soon after the agent's onset was not finished."""
PAUSE_NS = 2_000 * NS_PER_MS
"""The longest pause of which that can be said."""
DEAD_AIR_NS = 3_000 * NS_PER_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What the report says of a conversation."""

    turns: tuple[HeardTurn, ...]
    overlaps: tuple[HeardOverlap, ...]
    responses: tuple[HeardResponse, ...]
    silences: tuple[Silence, ...]


def talk_of(agent: Sequence[Span], user: Sequence[Span], duration_ns: int) -> Talk:
    """The conversation of two parties, given when each of them sounds."""
    agent_joined, user_joined = merged(agent, TURN_GAP_NS), merged(user, TURN_GAP_NS)
    agent_turns = _split(agent_joined, agent, user_joined)
    user_turns = _split(user_joined, user, agent_joined)
    turns = [
        *(HeardTurn(speaker=Speaker.AGENT, start_ns=a, end_ns=b) for a, b in agent_turns),
        *(HeardTurn(speaker=Speaker.USER, start_ns=a, end_ns=b) for a, b in user_turns),
    ]
    kinds = {turn: _kind(turn, agent_turns, user_turns) for turn in user_turns}
    overlaps = [*_over_agent(kinds, agent_turns), *_over_user(agent_turns, user_turns, kinds)]
    return Talk(
        turns=tuple(sorted(turns, key=lambda each: (each.start_ns, each.speaker))),
        overlaps=tuple(sorted(overlaps, key=lambda each: (each.onset_ns, each.kind))),
        responses=tuple(_responses(agent_turns, user_turns, kinds)),
        silences=silences_of(agent, user, duration_ns),
    )


def _split(turns: Sequence[Span], own: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The turns of one party, parted where the other one had the floor, however short the pause.

    Args:
        turns: over all short pauses.
        own: when the party sounds.
        others: the other party's turns.
    """
    found = []
    for start, end in turns:
        for pause in gaps(own, start, end):
            if _is_given_up(pause, others):
                found.append((start, pause[0]))
                start = pause[1]
        found.append((start, end))
    return found


def _is_given_up(pause: Span, others: Sequence[Span]) -> bool:
    """Whether a turn of the other party ends in the pause that began there, or that caused it."""
    first, last = pause
    if last - first < YIELD_NS:
        return False
    at = bisect_right(others, (last, last))
    ended = [each for each in others[max(0, at - 2) : at] if first + INSIDE_NS <= each[1] <= last]
    began = first if last - first >= EXCHANGE_NS else last
    return any(start >= began or end - start >= SHORT_NS for start, end in ended)


def silences_of(
    agent: Sequence[Span], user: Sequence[Span], duration_ns: int
) -> tuple[Silence, ...]:
    """Gaps of at least three seconds; after the caller's words the agent owes the next ones."""
    spoken = merged([*agent, *user], 0)
    found = []
    for start, end in gaps(spoken, 0, duration_ns):
        if end - start >= DEAD_AIR_NS:
            owed_by = _debtor(start, end, agent, user)
            found.append(Silence(start_ns=start, end_ns=end, owed_by=owed_by))
    return tuple(found)


def _debtor(start: int, end: int, agent: Sequence[Span], user: Sequence[Span]) -> Speaker | None:
    """Whose turn it was: not that of who spoke last; at the beginning that of who breaks it."""
    if any(last == start for _, last in user):
        return Speaker.AGENT
    if any(last == start for _, last in agent):
        return Speaker.USER
    return Speaker.AGENT if any(first == end for first, _ in agent) else None


def _within(turns: Sequence[Span], instant: int) -> Span | None:
    """The turn that goes on at an instant."""
    at = bisect_right(turns, (instant, instant)) - 1
    candidates = turns[max(0, at) : at + 2]
    return next((each for each in candidates if each[0] <= instant < each[1]), None)


def _kind(turn: Span, agent_turns: Sequence[Span], user_turns: Sequence[Span]) -> HeardKind | None:
    """What a caller's turn is to the agent's turn in which it begins; None when it begins in none."""
    over = _within(agent_turns, turn[0])
    if over is None:
        return None
    start, end = turn
    if start - over[0] <= RESUMED_NS and _has_paused(turn, over, user_turns):
        return HeardKind.PREMATURE
    if start - over[0] <= INSIDE_NS:
        return None
    if end - start < SHORT_NS:
        goes_on = over[1] - start > GOES_ON_NS
        return HeardKind.BACKCHANNEL if goes_on else HeardKind.BARGE_IN
    return HeardKind.MISSED if over[1] - end >= GOES_ON_NS else HeardKind.BARGE_IN


def _has_paused(turn: Span, agent_turn: Span, user_turns: Sequence[Span]) -> bool:
    """Whether the caller spoke shortly before the agent's turn, and speaks on in this one."""
    before = [each for each in user_turns if each < turn]
    return bool(before) and agent_turn[0] - PAUSE_NS < before[-1][1] <= agent_turn[0]


def _over_agent(
    kinds: dict[Span, HeardKind | None], agent_turns: Sequence[Span]
) -> list[HeardOverlap]:
    found = []
    for turn, kind in kinds.items():
        over = _within(agent_turns, turn[0])
        if kind is None or over is None:
            continue
        if kind is HeardKind.PREMATURE:
            found.append(
                HeardOverlap(kind=kind, onset_ns=over[0], stopped_ns=min(over[1], turn[1]))
            )
            continue
        stopped_ns = over[1] if kind is HeardKind.BARGE_IN else None
        found.append(HeardOverlap(kind=kind, onset_ns=turn[0], stopped_ns=stopped_ns))
    return found


def _over_user(
    agent_turns: Sequence[Span], user_turns: Sequence[Span], kinds: dict[Span, HeardKind | None]
) -> list[HeardOverlap]:
    """The agent begins while the caller speaks."""
    found = []
    for start, end in agent_turns:
        over = _within(user_turns, start)
        if over is None or kinds[over] not in (None, HeardKind.BARGE_IN):
            continue
        if start - over[0] > INSIDE_NS and over[1] - start > INSIDE_NS:
            found.append(
                HeardOverlap(kind=HeardKind.PREMATURE, onset_ns=start, stopped_ns=min(end, over[1]))
            )
    return found


def _responses(
    agent_turns: Sequence[Span], user_turns: Sequence[Span], kinds: dict[Span, HeardKind | None]
) -> list[HeardResponse]:
    """For each agent turn the caller's last words since the agent spoke before.

    Words that the agent spoke over to its own end are not answered by its next turn.
    """
    ignored = (HeardKind.BACKCHANNEL, HeardKind.MISSED)
    asked = [turn for turn in user_turns if kinds[turn] not in ignored]
    found = []
    before = (0, 0)
    for turn in agent_turns:
        since = [
            each
            for each in asked
            if before[0] < each[1] and each[0] < turn[0] and _is_answered(each, before, turn)
        ]
        if since:
            found.append(HeardResponse(user_end_ns=since[-1][1], agent_start_ns=turn[0]))
        before = turn
    return found


def _is_answered(words: Span, before: Span, turn: Span) -> bool:
    """Said after the agent's last turn or into it, and not going on after the whole of this one."""
    said_since = words[1] > before[1] or before[0] < words[0] < before[1]
    return said_since and words[1] < turn[1]
