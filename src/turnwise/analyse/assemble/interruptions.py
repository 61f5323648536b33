"""Interruptions: the caller begins to speak while the agent does, and the agent falls silent.

Counted for agent turns that are marked interrupted and over which, or right after which, the caller
spoke. An agent turn that paused when the caller began to speak, and then went on, was interrupted
falsely. A turn that code or the end of the session cut is none, nor is one that nobody spoke over.
Words after the onset are estimated from their place in the text (voice.md 1.4: within one word in
91 % of cases), only where the text ends where the agent fell silent.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

from turnwise.analyse.assemble.drafts import Conversation, Draft
from turnwise.analyse.assemble.statements import Body, int_of, offset_ns
from turnwise.model.observation import Step
from turnwise.model.session import Interruption, Speaker

_WORD = re.compile(r"\S+")
_LATE_NS = 1_000_000_000
"""How long after the agent's silence a voice detector may place the onset that caused it."""

_SHORT_NS = 800_000_000
"""Shorter sounds are a backchannel or noise (voice.md 1.4)."""
_GIVEN_UP_NS = 2_000_000_000
"""LiveKit's own time after which an interruption without words was a false one (voice.md 1.4)."""
_MOST_WORDS = 10_000
"""More than anybody says before they notice; such a count is a sentinel or a mistake."""


def interruptions_of(conversation: Conversation) -> list[Interruption]:
    """The interruptions that the turns show, in order."""
    drafts = conversation.drafts
    if not any(draft.interrupted or draft.pauses for draft in drafts):
        return []
    voices = _voices(conversation)
    onsets = [onset for onset, _, _ in voices]
    found = []
    for index, draft in enumerate(drafts):
        found.extend(_false_ones(draft, index, onsets))
        if not draft.interrupted or draft.speaker is not Speaker.AGENT or draft.was_cut_by_program:
            continue
        at = bisect_right(onsets, _silence(draft) + _LATE_NS) - 1
        over = voices[at] if at >= 0 and voices[at][0] > draft.start_ns else None
        interruption = _interruption(conversation, index, over)
        if interruption is not None:
            found.append(interruption)
    return found


def _false_ones(draft: Draft, index: int, onsets: list[int]) -> list[Interruption]:
    """Pauses of an agent that began while the caller made a sound."""
    found = []
    for number, (heard_ns, paused_ns, _) in enumerate(draft.pauses):
        at = bisect_right(onsets, paused_ns) - 1
        if at >= 0 and onsets[at] > heard_ns:
            found.append(
                Interruption(
                    id=f"{draft.id}:pause:{number}",
                    agent_turn_index=index,
                    onset_ns=onsets[at],
                    stopped_ns=paused_ns,
                    is_false=True,
                )
            )
    return found


def _voices(conversation: Conversation) -> list[tuple[int, int, Draft]]:
    """Every onset of the caller, with the index of its turn (-1: no turn), ascending."""
    heard = [*enumerate(conversation.drafts), *((-1, draft) for draft in conversation.noise)]
    voices = [
        (onset, index, draft)
        for index, draft in heard
        if draft.speaker is Speaker.USER
        for onset in draft.onsets or [draft.start_ns]
    ]
    return sorted(voices, key=lambda voice: (voice[0], voice[1], voice[2].id))


def _silence(draft: Draft) -> int:
    return max(draft.start_ns, draft.end_ns or draft.start_ns)


def _interruption(
    conversation: Conversation, index: int, over: tuple[int, int, Draft] | None
) -> Interruption | None:
    drafts = conversation.drafts
    draft = drafts[index]
    follower = index + 1 if index + 1 < len(drafts) else None
    if follower is not None and drafts[follower].speaker is not Speaker.USER:
        follower = None
    if over is None and follower is None:
        return None
    onset_ns, user_index, caller = over if over is not None else (None, -1, drafts[follower or 0])
    stopped_ns = draft.end_ns
    if stopped_ns is not None and onset_ns is not None and stopped_ns < onset_ns:
        stopped_ns = None
    delay = draft.detection_delay_ns
    if delay is None:
        delay = caller.detection_delay_ns
    return Interruption(
        id=f"{draft.id}:interruption",
        agent_turn_index=index,
        user_turn_index=user_index if user_index >= 0 else follower,
        onset_ns=onset_ns,
        detected_ns=None if onset_ns is None or delay is None else onset_ns + delay,
        stopped_ns=stopped_ns,
        bleed_words=_bleed_words(draft, onset_ns, stopped_ns),
        is_false=(user_index < 0 and follower is None) or _was_noise(caller, onset_ns),
    )


def _was_noise(caller: Draft, onset_ns: int | None) -> bool:
    """Whether the sound that stopped the agent was short, and words came only much later."""
    pieces = sorted(
        (each.start_ns, each.end_ns)
        for each in caller.spans
        if each.step is Step.USER_SPEAKING and each.end_ns is not None
    )
    for (start_ns, end_ns), (next_ns, _) in pairwise(pieces):
        if start_ns == onset_ns:
            return end_ns - start_ns < _SHORT_NS and next_ns - end_ns >= _GIVEN_UP_NS
    return False


def _bleed_words(draft: Draft, onset_ns: int | None, stopped_ns: int | None) -> int | None:
    """Words whose start lies between the onset and the silence."""
    if not draft.is_text_cut or not draft.text or onset_ns is None or stopped_ns is None:
        return None
    length = stopped_ns - draft.start_ns
    heard = (onset_ns - draft.start_ns) * len(draft.text)
    return sum(1 for word in _WORD.finditer(draft.text) if word.start() * length >= heard)


def with_stated(
    derived: list[Interruption],
    stated: Mapping[str, Body],
    started_ns: int,
    indexes: Mapping[int, int],
    conversation: Conversation,
) -> list[Interruption]:
    """Stated interruptions first; the turns fill in what they leave open and add what they omit."""
    by_turn = {each.agent_turn_index: each for each in derived if not each.is_false}
    false_by_turn = {each.agent_turn_index: each for each in derived if each.is_false}
    found = []
    for item_id, body in stated.items():
        number = int_of(body, "turn_index")
        index = None if number is None else indexes.get(number)
        index = _agent_turn(conversation, index)
        candidates = false_by_turn if body.get("is_false") is True else by_turn
        known = candidates.pop(index, None) if index is not None else None
        found.append(_stated(item_id, body, started_ns, index, known, conversation))
    found.extend([*by_turn.values(), *false_by_turn.values()])
    return sorted(found, key=lambda each: (each.onset_ns or 0, each.agent_turn_index or 0, each.id))


def _agent_turn(conversation: Conversation, index: int | None) -> int | None:
    """The agent turn meant: a sender may name the caller's turn that cut it."""
    if index is None or conversation.drafts[index].speaker is Speaker.AGENT:
        return index
    before = index - 1
    is_agent = before >= 0 and conversation.drafts[before].speaker is Speaker.AGENT
    return before if is_agent else None


def _stated(
    item_id: str,
    body: Body,
    started_ns: int,
    index: int | None,
    known: Interruption | None,
    conversation: Conversation,
) -> Interruption:
    base = known or Interruption(
        id=item_id, agent_turn_index=index, user_turn_index=_answer(conversation, index)
    )
    instants = {
        name: started_ns + offset
        for name, field in (
            ("onset_ns", "onset_ms"),
            ("detected_ns", "detected_ms"),
            ("stopped_ns", "stopped_ms"),
        )
        if (offset := offset_ns(body, field)) is not None
    }
    words = int_of(body, "bleed_words")
    if words is not None and not 0 <= words <= _MOST_WORDS:
        words = None
    is_false = body.get("is_false")
    return replace(
        base,
        id=item_id,
        onset_ns=instants.get("onset_ns", base.onset_ns),
        detected_ns=instants.get("detected_ns", base.detected_ns),
        stopped_ns=instants.get("stopped_ns", base.stopped_ns),
        bleed_words=base.bleed_words if words is None else words,
        is_false=is_false if isinstance(is_false, bool) else base.is_false,
        source="reported",
    )


def _answer(conversation: Conversation, index: int | None) -> int | None:
    if index is None or index + 1 >= len(conversation.drafts):
        return None
    return index + 1 if conversation.drafts[index + 1].speaker is Speaker.USER else None
