"""What failed in a session, in a form that can be counted over many of them."""

import re
from dataclasses import dataclass

from turnwise.model.session import Session

LONGEST_KIND = 160
"""Characters of a message that tell failures apart; what follows is mostly a dump."""

_STAGES = frozenset({"stt", "llm", "tts"})
_LINKS = re.compile(r"[a-z][a-z0-9+.-]*://\S+")
_IDS = re.compile(r"(?=[\w-]*\d)[\w-]{12,}")
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One failure.

    Attributes:
        stage: "stt", "llm", "tts", "tool" or "other".
        name: of the tool or the observation, "" when nobody said.
        provider: of the stage's models, "" when nobody said or there are several.
        kind: its message, less what differs from one failure to the next.
        turn: index of the turn, None for the session.
    """

    stage: str
    name: str
    provider: str
    kind: str
    turn: int | None
    at_ns: int


def faults_of(session: Session) -> list[Fault]:
    """The failed observations and tool runs of a session, in time order."""
    found = [
        Fault(
            stage=(stage := _stage(each.step)),
            name=each.name or "",
            provider=_provider(session, stage),
            kind=kind_of(each.message),
            turn=each.turn,
            at_ns=each.start_ns,
        )
        for each in session.failures
    ]
    found += [
        Fault(
            stage="tool",
            name=each.name,
            provider="",
            kind=kind_of(each.error or ""),
            turn=each.turn_index,
            at_ns=session.started_ns if each.start_ns is None else each.start_ns,
        )
        for each in session.tools
        if each.is_error
    ]
    return sorted(found, key=lambda each: each.at_ns)


def kind_of(message: str) -> str:
    """A message without links, ids and numbers, so that equal failures have equal kinds."""
    text = next((line for line in message.splitlines() if line.strip()), "")
    for pattern in (_LINKS, _IDS, _NUMBERS):
        text = pattern.sub("…", text)
    return _BLANKS.sub(" ", text).strip()[:LONGEST_KIND] or "no message"


def _stage(step: str) -> str:
    stage = step.partition("_")[0]
    return stage if stage in _STAGES else "other"


def _provider(session: Session, stage: str) -> str:
    known = {each.provider for each in session.usage if each.stage == stage and each.provider}
    return known.pop() if len(known) == 1 else ""
