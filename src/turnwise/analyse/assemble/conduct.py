"""How the parties talked: silences, overlaps and shares of speech, from the times of the turns.

Only what was heard counts: the end of a turn that is known by its model request alone says nothing
of when the agent fell silent. Source: voice.md 1.4 and 1.5.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from turnwise.analyse.assemble.drafts import Conversation, Draft
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.metrics import Conduct, Gap
from turnwise.model.observation import Framework, Step
from turnwise.model.session import Interruption, InterruptionKind, Speaker

_WORD = re.compile(r"\S+")
_SHORTEST_GAP_NS = NS_PER_SECOND
BACKCHANNEL_NS = 800_000_000
"""Shorter speech over the agent is a backchannel (voice.md 1.4)."""
GOES_ON_NS = 1_500_000_000
"""An agent that speaks on for so long has not yielded (voice.md 1.4)."""
_RESUMES_NS = 500_000_000
"""A caller who goes on so soon after the agent's first sound was not done (voice.md 1.4)."""
_TOUCH_NS = 100_000_000
"""Turns that overlap less than a detector's own error touch each other."""
_BUSY_NS = NS_PER_SECOND
"""An agent that begins to work so soon after its own words is not waiting for the caller."""
_FASTEST_LETTER_NS = NS_PER_SECOND // 25
_SLOWEST_LETTER_NS = NS_PER_SECOND // 3
"""Speech of 120 to 150 words a minute (voice.md 1.5) has about 12 to 15 letters a second; scripts
with a letter for each syllable have four to seven."""
_WORK = frozenset({Step.LLM, Step.LLM_NODE, Step.TOOL, Step.TTS})


@dataclass(frozen=True, slots=True)
class _Speech:
    """A turn with its times as heard; `is_whole` is False where only its beginning is known."""

    index: int
    draft: Draft
    start_ns: int
    end_ns: int
    is_whole: bool = True


def conduct_of(conversation: Conversation, started_ns: int, ended_ns: int | None) -> Conduct:
    """The figures of a conversation."""
    heard = _heard(conversation.drafts)
    if not heard:
        return Conduct()
    agent = [each for each in heard if each.draft.speaker is Speaker.AGENT]
    user = [each for each in heard if each.draft.speaker is Speaker.USER]
    agent_ns = sum(each.end_ns - each.start_ns for each in agent) if agent else None
    user_ns = sum(each.end_ns - each.start_ns for each in user) if user else None
    worded = [each for each in agent if each.draft.text and each.end_ns > each.start_ns]
    words = sum(len(_WORD.findall(each.draft.text or "")) for each in worded)
    spoken_ns = sum(each.end_ns - each.start_ns for each in worded)
    both = (agent_ns or 0) + (user_ns or 0)
    first = min((each.start_ns for each in agent), default=None)
    return Conduct(
        first_word_ns=None if first is None else max(0, first - started_ns),
        agent_speech_ns=agent_ns,
        user_speech_ns=user_ns,
        overlap_ns=_overlap(agent, user) if agent and user else None,
        talk_ratio=(agent_ns or 0) / both if agent and user and both else None,
        agent_words_per_minute=words * 60 * NS_PER_SECOND / spoken_ns if spoken_ns else None,
        longest_monologue_ns=max((each.end_ns - each.start_ns for each in agent), default=None),
        gaps=tuple(_gaps(heard, conversation.drafts, ended_ns)),
    )


def _heard(drafts: Sequence[Draft]) -> list[_Speech]:
    found = [
        _Speech(index, draft, draft.start_ns, draft.end_ns)
        for index, draft in enumerate(drafts)
        if draft.end_ns is not None and draft.end_ns >= draft.start_ns and _is_heard(draft)
    ]
    return sorted(found, key=lambda each: (each.start_ns, each.index))


def _is_heard(draft: Draft) -> bool:
    if draft.speaker is Speaker.USER:
        return draft.end_ns is not None and draft.end_ns > draft.start_ns
    if draft.number is not None or not draft.spans:
        return True
    return any(
        each.step is Step.AGENT_SPEAKING or each.voice.turn_duration_ns is not None
        for each in draft.spans
    ) or _is_played(draft)


def _is_played(draft: Draft) -> bool:
    """Whether the agent's end is that of its voice, by spans that last as long as their words take.

    A request to the synthesiser is mostly over long before its sound has been played.
    """
    letters = len(draft.text or "")
    voices = [each for each in draft.spans if each.step is Step.TTS and each.end_ns is not None]
    if not letters or not voices or draft.end_ns is None:
        return False
    if not any(each.framework is Framework.GENERIC for each in voices):
        return False
    length_ns = draft.end_ns - draft.start_ns
    return letters * _FASTEST_LETTER_NS <= length_ns <= letters * _SLOWEST_LETTER_NS


def _overlap(agent: Iterable[_Speech], user: Sequence[_Speech]) -> int:
    total, at = 0, 0
    for mine in agent:
        while at < len(user) and user[at].end_ns <= mine.start_ns:
            at += 1
        for theirs in user[at:]:
            if theirs.start_ns >= mine.end_ns:
                break
            total += max(0, min(mine.end_ns, theirs.end_ns) - max(mine.start_ns, theirs.start_ns))
    return total


def _gaps(heard: Sequence[_Speech], drafts: Sequence[Draft], ended_ns: int | None) -> list[Gap]:
    found: list[Gap] = []
    begun = [
        _Speech(index, draft, draft.start_ns, draft.start_ns, is_whole=False)
        for index, draft in enumerate(drafts)
        if not _is_heard(draft) and any(each.step is Step.TTS for each in draft.spans)
    ]
    known = sorted([*heard, *begun], key=lambda each: (each.start_ns, each.index))
    last = known[0]
    for each in known[1:]:
        is_next = last.is_whole and _nothing_unheard_between(drafts, last, each)
        if each.start_ns - last.end_ns >= _SHORTEST_GAP_NS and is_next:
            found.append(_gap(last, each))
        if each.end_ns >= last.end_ns:
            last = each
    is_last = last.index == len(drafts) - 1
    if (
        is_last
        and last.is_whole
        and ended_ns is not None
        and ended_ns - last.end_ns >= _SHORTEST_GAP_NS
    ):
        owed = last.draft.speaker is Speaker.USER
        found.append(Gap(start_ns=last.end_ns, end_ns=ended_ns, after=last.index,
                         is_owed_by_agent=owed))  # fmt: skip
    return found


def _nothing_unheard_between(drafts: Sequence[Draft], last: _Speech, following: _Speech) -> bool:
    """Whether no turn lies between of which nobody knows how long it was heard."""
    return not any(
        not _is_heard(draft) and last.start_ns <= draft.start_ns <= following.start_ns
        for draft in drafts[min(last.index, following.index) : max(last.index, following.index)]
    )


def _gap(last: _Speech, following: _Speech) -> Gap:
    owed = last.draft.speaker is Speaker.USER
    if not owed and following.draft.speaker is Speaker.AGENT:
        work = [each.start_ns for each in following.draft.spans if each.step in _WORK]
        owed = bool(work) and min(work) <= last.end_ns + _BUSY_NS
    return Gap(
        start_ns=last.end_ns,
        end_ns=following.start_ns,
        after=last.index,
        before=following.index,
        is_owed_by_agent=owed,
    )


def kinds_of(
    interruptions: Iterable[Interruption], conversation: Conversation
) -> list[Interruption]:
    """The interruptions with what became of each."""
    drafts = conversation.drafts
    return [replace(each, kind=_kind(each, drafts)) for each in interruptions]


def _kind(interruption: Interruption, drafts: Sequence[Draft]) -> InterruptionKind:
    if interruption.is_false:
        return InterruptionKind.FALSE_ALARM
    if (kind := _unyielding(interruption, drafts)) is not None:
        return kind
    index, onset_ns = interruption.agent_turn_index, interruption.onset_ns
    if index is None or onset_ns is None or not 0 < index < len(drafts):
        return InterruptionKind.BARGE_IN
    agent, before = drafts[index], drafts[index - 1]
    is_answer = before.speaker is Speaker.USER and _is_heard(agent)
    resumes = 0 <= onset_ns - agent.start_ns < _RESUMES_NS
    return InterruptionKind.PREMATURE if is_answer and resumes else InterruptionKind.BARGE_IN


def _unyielding(interruption: Interruption, drafts: Sequence[Draft]) -> InterruptionKind | None:
    """What an interruption was that somebody stated, but at which the agent spoke on."""
    index, onset_ns, at = (
        interruption.agent_turn_index, interruption.onset_ns, interruption.user_turn_index
    )  # fmt: skip
    if index is None or onset_ns is None or interruption.stopped_ns is not None:
        return None
    agent_end_ns = drafts[index].end_ns
    if drafts[index].interrupted or agent_end_ns is None or at is None:
        return None
    if agent_end_ns - onset_ns < GOES_ON_NS:
        return None
    shared_ns = min(drafts[at].end_ns or onset_ns, agent_end_ns) - onset_ns
    return InterruptionKind.MISSED if shared_ns >= BACKCHANNEL_NS else InterruptionKind.BACKCHANNEL


def overlaps_of(
    conversation: Conversation, interruptions: Sequence[Interruption]
) -> list[Interruption]:
    """Speech of both at once at which the agent did not fall silent, in order."""
    agents = [each for each in _heard(conversation.drafts) if each.draft.speaker is Speaker.AGENT]
    known = {
        (each.agent_turn_index, each.user_turn_index)
        for each in interruptions
        if each.agent_turn_index is not None
    }
    yielded = {index for index, _ in known}
    found: list[Interruption] = []
    for user_index, draft, start_ns, end_ns in _voices(conversation):
        for agent in agents:
            if agent.start_ns >= end_ns:
                break
            if agent.end_ns <= start_ns or agent.index in yielded:
                continue
            kind = _overlap_kind(agent, draft, start_ns, end_ns)
            if kind is not None:
                index = user_index if user_index >= 0 else None
                found.append(_overlapping(kind, agent, index, start_ns, draft))
    return found


def _voices(conversation: Conversation) -> list[tuple[int, Draft, int, int]]:
    """Every stretch of the caller's speech: index of its turn (-1: none), start and end."""
    found = []
    heard = [*enumerate(conversation.drafts), *((-1, draft) for draft in conversation.noise)]
    for index, draft in heard:
        if draft.speaker is not Speaker.USER or draft.end_ns is None:
            continue
        pieces = [
            (each.start_ns, each.end_ns)
            for each in draft.spans
            if each.step is Step.USER_SPEAKING and each.end_ns is not None
        ]
        for start_ns, end_ns in pieces or [(draft.start_ns, draft.end_ns)]:
            if end_ns > start_ns:
                found.append((index, draft, start_ns, end_ns))
    return sorted(found, key=lambda each: (each[2], each[3], each[0], each[1].id))


def _overlap_kind(
    agent: _Speech, caller: Draft, start_ns: int, end_ns: int
) -> InterruptionKind | None:
    if start_ns < agent.start_ns:
        is_inside = end_ns - agent.start_ns > _TOUCH_NS and _is_single(caller)
        return InterruptionKind.PREMATURE if is_inside else None
    shared_ns = min(end_ns, agent.end_ns) - start_ns
    goes_on_ns = agent.end_ns - start_ns
    if goes_on_ns < GOES_ON_NS:
        return None
    return InterruptionKind.MISSED if shared_ns >= BACKCHANNEL_NS else InterruptionKind.BACKCHANNEL


def _is_single(caller: Draft) -> bool:
    """Whether the speech is known as one stretch: recognisers that wait for silence merge more."""
    steps = {each.step for each in caller.spans}
    return Step.USER_SPEAKING in steps or Step.STT not in steps


def _overlapping(
    kind: InterruptionKind, agent: _Speech, user_index: int | None, onset_ns: int, caller: Draft
) -> Interruption:
    return Interruption(
        id=f"{agent.draft.id}:{kind}:{caller.id}:{onset_ns}",
        kind=kind,
        agent_turn_index=agent.index,
        user_turn_index=user_index,
        onset_ns=onset_ns,
        source="reported" if agent.draft.number is not None else "spans",
    )
