"""Turns, tools and interruptions that a sender stated outright.

Times are milliseconds from the session's start. A stage duration below zero is a sentinel for
"none". Where the same conversation is known from spans too, these turns are the transcript and the
spans fill in what they leave open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields

from turnwise.analyse.assemble.drafts import Conversation, Draft
from turnwise.analyse.assemble.statements import Body, int_of, number_of, offset_ns, text_of
from turnwise.model.session import Speaker, Word

_AGENT_WORDS = frozenset({"agent", "assistant", "bot"})
_STAGES = ("stt_ms", "eou_ms", "llm_ms", "tts_ms", "e2e_ms")
_KEPT = frozenset({"id", "speaker", "start_ns", "floor_ns", "number", "text", "interrupted"})
_FILLED = tuple(each.name for each in fields(Draft) if each.name not in _KEPT)


def converse(turns: Mapping[str, Body], started_ns: int) -> Conversation:
    """The stated turns, by index and then by time."""
    return Conversation([_draft(turn_id, body, started_ns) for turn_id, body in turns.items()])


def _draft(turn_id: str, body: Body, started_ns: int) -> Draft:
    speaker = text_of(body, "speaker") or ""
    is_agent = speaker.lower() in _AGENT_WORDS
    start_ms, end_ms = offset_ns(body, "start_ms"), offset_ns(body, "end_ms")
    confidence = number_of(body, "confidence")
    text = text_of(body, "text")
    full_text = text_of(body, "full_text")
    return Draft(
        id=turn_id,
        speaker=Speaker.AGENT if is_agent else Speaker.USER,
        number=int_of(body, "index"),
        start_ns=started_ns + (start_ms or 0),
        end_ns=None if end_ms is None else started_ns + end_ms,
        text=text,
        full_text=full_text if full_text != text else None,
        interim_text=interim if (interim := text_of(body, "interim_text")) != text else None,
        words=_words(body, started_ns),
        stt_ns=_duration(body, "stt_ms"),
        eou_delay_ns=_duration(body, "eou_ms"),
        llm_ns=_duration(body, "llm_ms"),
        tts_ns=_duration(body, "tts_ms"),
        e2e_ns=_duration(body, "e2e_ms"),
        interrupted=body.get("interrupted") is True,
        confidence=None if confidence is None else float(confidence),
        error=text_of(body, "error"),
        model=text_of(body, "model"),
        is_text_cut=True,
        refused=tuple(
            name.removesuffix("_ms")
            for name in _STAGES
            if (value := number_of(body, name)) is not None and value < 0 and value != -1
        ),
    )


def _words(body: Body, started_ns: int) -> tuple[Word, ...]:
    """The words that have a text and a time, by that."""
    found: list[Word] = []
    given = body.get("words")
    for each in given if isinstance(given, list) else []:
        if not isinstance(each, dict):
            continue
        said, after_ns = text_of(each, "text"), offset_ns(each, "start_ms")
        until_ns = offset_ns(each, "end_ms")
        if said is not None and after_ns is not None:
            end_ns = None if until_ns is None or until_ns < after_ns else started_ns + until_ns
            found.append(Word(said, started_ns + after_ns, end_ns))
    return tuple(sorted(found, key=lambda word: word.start_ns))


def _duration(body: Body, name: str) -> int | None:
    value = offset_ns(body, name)
    return None if value is None or value < 0 else value


def fill_in(stated: Conversation, seen: Conversation) -> None:
    """Complete stated turns from the turns of spans, where the two tell the same conversation.

    They do when the same parties speak in the same order; anything less would be a guess.
    """
    if [each.speaker for each in stated.drafts] != [each.speaker for each in seen.drafts]:
        return
    for draft, source in zip(stated.drafts, seen.drafts, strict=True):
        for name in _FILLED:
            if getattr(draft, name) in (None, [], (), False):
                setattr(draft, name, getattr(source, name))


def numbers(drafts: Sequence[Draft]) -> dict[int, int]:
    """From the sender's index of a turn to ours, which has no gaps."""
    stated = {draft.number: index for index, draft in enumerate(drafts) if draft.number is not None}
    return stated or {index: index for index in range(len(drafts))}
