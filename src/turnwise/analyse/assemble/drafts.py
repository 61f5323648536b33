"""Turns in the making: what each way of finding turns hands to the rest of the assembler."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from turnwise.analyse.assemble.scene import Key, end_of, key_of
from turnwise.model.metrics import Response
from turnwise.model.observation import Level, Observation
from turnwise.model.session import Speaker, Turn, Word


@dataclass(slots=True, kw_only=True, eq=False)
class Draft:
    """A turn without its place yet; the fields of Turn mean the same here.

    Attributes:
        floor_ns: the place in the conversation; never before the turn that this one answers.
        number: the sender's own index, which outranks all times where it is known.
        onsets: instants at which the party began to speak, ascending.
        was_cut_by_program: the turn was cut by code or by the end of the session, not by a voice.
        detection_delay_ns: caller's onset to the recognised interruption, as reported.
        wording_ns: from the first token to the first sentence that the voice was given.
        pauses: where an agent fell silent and went on: start and end of what was heard, and
            the instant at which it went on.
        is_text_cut: `text` is known to end where the agent fell silent.
        resumed: how often the caller went on after a wait for the end of the turn.
        refused: stage lengths that were stated and cannot be.
    """

    id: str
    speaker: Speaker
    start_ns: int
    end_ns: int | None = None
    floor_ns: int | None = None
    number: int | None = None
    text: str | None = None
    full_text: str | None = None
    interim_text: str | None = None
    words: tuple[Word, ...] = ()
    stt_ns: int | None = None
    eou_delay_ns: int | None = None
    llm_ns: int | None = None
    wording_ns: int | None = None
    tts_ns: int | None = None
    e2e_ns: int | None = None
    interrupted: bool = False
    confidence: float | None = None
    error: str | None = None
    model: str | None = None
    trace_id: str | None = None
    spans: list[Observation] = field(default_factory=list)
    onsets: list[int] = field(default_factory=list)
    was_cut_by_program: bool = False
    detection_delay_ns: int | None = None
    pauses: list[tuple[int, int, int]] = field(default_factory=list)
    is_text_cut: bool = False
    resumed: int | None = None
    refused: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str | None, str]:
        """Ids of spans are unique in their trace only."""
        return self.trace_id, self.id

    @property
    def place(self) -> tuple[int, int, int, int, str]:
        floor = self.start_ns if self.floor_ns is None else self.floor_ns
        number = -1 if self.number is None else self.number
        return number, floor, int(self.speaker is Speaker.AGENT), self.start_ns, self.id

    def turn(self, index: int, response: Response | None = None) -> Turn:
        """The finished turn; an end before the start is no end."""
        end_ns = self.end_ns
        if end_ns is not None and end_ns < self.start_ns:
            end_ns = None
        return Turn(
            id=self.id,
            index=index,
            speaker=self.speaker,
            text=self.text or None,
            full_text=self.full_text or None,
            interim_text=self.interim_text or None,
            words=self.words,
            start_ns=self.start_ns,
            end_ns=end_ns,
            stt_ns=self.stt_ns,
            eou_delay_ns=self.eou_delay_ns,
            llm_ns=self.llm_ns,
            tts_ns=self.tts_ns,
            e2e_ns=self.e2e_ns,
            interrupted=self.interrupted,
            confidence=self.confidence,
            error=self.error,
            model=self.model,
            trace_id=self.trace_id,
            response=response,
            resumed=self.resumed,
            span_ids=_span_ids(self.spans),
        )


def _span_ids(spans: Iterable[Observation]) -> tuple[str, ...]:
    ordered = sorted(spans, key=lambda each: (each.start_ns, each.trace_id, each.span_id))
    return tuple(dict.fromkeys(each.span_id for each in ordered))


@dataclass(slots=True)
class Conversation:
    """Who said what, in order.

    Attributes:
        drafts: the turns in their final order.
        noise: sounds of the caller that became no turn, ascending by start.
    """

    drafts: list[Draft] = field(default_factory=list)
    noise: list[Draft] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.drafts.sort(key=lambda draft: draft.place)
        self.noise.sort(key=lambda draft: draft.place)

    def index_by_span(self) -> dict[Key, int]:
        """Index of the agent turn that each observation belongs to."""
        return {
            key_of(span): index
            for index, draft in enumerate(self.drafts)
            if draft.speaker is Speaker.AGENT
            for span in draft.spans
        }


def joined(texts: Iterable[str | None]) -> str | None:
    """Texts in order with a space between them, None when there are none."""
    return " ".join(text.strip() for text in texts if text and text.strip()) or None


def longer(written: str | None, spoken: str | None) -> str | None:
    """What was written, where it says more than what was spoken."""
    if written is None:
        return None
    if spoken is None:
        return written
    return written if len("".join(written.split())) > len("".join(spoken.split())) else None


def first_of(values: Iterable[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)


def failure(observation: Observation) -> str | None:
    """Text of the failure of an observation, None when it did not fail."""
    if observation.level is not Level.ERROR:
        return None
    return observation.status_message or observation.voice.error_type or "error"


def latest_end(observations: Sequence[Observation]) -> int | None:
    """The latest end among them, None while none has ended."""
    return max((end_of(each) for each in observations if each.end_ns is not None), default=None)
