"""A report's word beside what the spans show of the same conversation.

Where both speak, the words, the stage times and the mark of an interruption are the report's: it is
the framework's own history. The places in time stay those of the spans: a history begins a turn at
the first noise and ends a cut one late (tests/clients/emitters/README.md). What only one of the two
knows stays.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace

from turnwise.analyse.assemble.drafts import Conversation, Draft, longer
from turnwise.model.session import Interruption, Speaker, ToolExecution

_NUMBERS = ("stt_ns", "eou_delay_ns", "llm_ns", "tts_ns", "e2e_ns", "confidence")
_SLACK_NS = 1_000_000_000
"""How far apart the same turn may lie in both."""
_REACH_NS = 30_000_000_000
"""How far apart turns of the same words are looked for."""


def tell(seen: Conversation, told: Conversation) -> Conversation:
    """The turns of the spans, with what the report says of them and what only it knows."""
    if not told.drafts:
        return seen
    pairs = _pairs(seen.drafts, told.drafts)
    matched = {id(message) for _, message in pairs}
    for draft, message in pairs:
        _correct(draft, message)
    alone = [each for each in told.drafts if id(each) not in matched]
    if not alone:
        return seen
    for message in alone:
        message.number = None  # its place is its time, as it is that of the others
    return Conversation([*seen.drafts, *alone], seen.noise)


def _pairs(seen: Sequence[Draft], told: Sequence[Draft]) -> list[tuple[Draft, Draft]]:
    """Turns that are the same one: all of them, when the same parties speak in the same order."""
    if [each.speaker for each in seen] == [each.speaker for each in told]:
        return list(zip(seen, told, strict=True))
    found: list[tuple[Draft, Draft]] = []
    for speaker in Speaker:
        own = sorted((e for e in seen if e.speaker is speaker), key=lambda each: each.start_ns)
        starts = [each.start_ns for each in own]
        free = 0
        for message in (each for each in told if each.speaker is speaker):
            first = max(free, bisect_left(starts, message.start_ns - _REACH_NS))
            last = bisect_right(starts, _end(message) + _REACH_NS)
            at = _same(message, own, range(first, last))
            if at is not None:
                found.append((own[at], message))
                free = at + 1
    return found


def _same(message: Draft, own: Sequence[Draft], places: range) -> int | None:
    """The turn of the same words, else the one at the same time whose words are not known."""
    words = _words(message)
    if words:
        equal = next((at for at in places if _words(own[at]) == words), None)
        if equal is not None:
            return equal
    for at in places:
        draft = own[at]
        is_near = (
            draft.start_ns <= _end(message) + _SLACK_NS
            and message.start_ns <= _end(draft) + _SLACK_NS
        )
        if is_near and (not words or not _words(draft) or _overlap(draft, message)):
            return at
    return None


def _overlap(draft: Draft, message: Draft) -> bool:
    return draft.start_ns < _end(message) and message.start_ns < _end(draft)


def _words(draft: Draft) -> str:
    return "".join((draft.text or "").split())


def _end(draft: Draft) -> int:
    return max(draft.start_ns, draft.end_ns or draft.start_ns)


def _correct(draft: Draft, message: Draft) -> None:
    for name in _NUMBERS:
        value = getattr(message, name)
        if value is not None:
            setattr(draft, name, value)
    if message.text is not None:
        draft.full_text = longer(draft.full_text or draft.text, message.text)
        draft.text = message.text
    if message.interrupted:
        draft.is_text_cut = draft.is_text_cut or not draft.interrupted
        draft.interrupted = True
    if draft.end_ns is None:
        draft.end_ns = message.end_ns


def with_told_tools(
    seen: Iterable[ToolExecution], told: Sequence[ToolExecution], conversation: Conversation
) -> list[ToolExecution]:
    """The executions of the spans completed from the report, then those that only it knows."""
    by_call = {tool.call_id: tool for tool in told if tool.call_id is not None}
    found = [_completed(tool, by_call.get(tool.call_id or "")) for tool in seen]
    known = {tool.call_id for tool in found}
    nameless = {tool.name for tool in found if tool.call_id is None}
    found.extend(
        replace(tool, turn_index=_turn_at(tool, conversation))
        for tool in told
        if tool.call_id not in known and tool.name not in nameless
    )
    return sorted(found, key=lambda tool: (tool.start_ns or 0, tool.id))


def _completed(tool: ToolExecution, told: ToolExecution | None) -> ToolExecution:
    if told is None:
        return tool
    return replace(
        tool,
        arguments=tool.arguments if tool.arguments is not None else told.arguments,
        output=tool.output if tool.output is not None else told.output,
        is_error=tool.is_error or told.is_error,
        error=tool.error or told.error,
        start_ns=tool.start_ns if tool.start_ns is not None else told.start_ns,
        end_ns=tool.end_ns if tool.end_ns is not None else told.end_ns,
    )


def _turn_at(tool: ToolExecution, conversation: Conversation) -> int | None:
    """The first agent turn that goes on after the tool began."""
    if tool.start_ns is None or tool.turn_index is None:
        return None
    for index, draft in enumerate(conversation.drafts):
        if draft.speaker is Speaker.AGENT and _end(draft) >= tool.start_ns:
            return index
    return None


def with_told_pauses(
    derived: list[Interruption], resumed: Iterable[int], conversation: Conversation
) -> list[Interruption]:
    """False interruptions that only the report tells of: the agent's turn is all that is known."""
    found = list(derived)
    for number, at_ns in enumerate(resumed):
        agents = [
            index
            for index, draft in enumerate(conversation.drafts)
            if draft.speaker is Speaker.AGENT and draft.start_ns <= at_ns
        ]
        found.append(
            Interruption(
                id=f"report:pause:{number}",
                agent_turn_index=agents[-1] if agents else None,
                is_false=True,
                source="reported",
            )
        )
    return found
