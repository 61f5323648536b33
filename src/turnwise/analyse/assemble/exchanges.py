"""A user turn and an agent turn out of the recogniser, model and voice steps of one exchange.

What the caller says after the model has failed is a turn of its own, the one before stays without
an answer and keeps the error; two utterances with no failure between them are one turn. Where the voice tells what it was given, that is what was heard; the model's text beyond it is the
full text. The caller stops `stt_ns` before the final transcript; the agent is heard from its first
audio byte on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from turnwise.analyse.assemble.drafts import Draft, failure, first_of, joined, latest_end, longer
from turnwise.model.observation import Framework, Observation, Step
from turnwise.model.session import Speaker

HEARD = (Step.STT, Step.USER_TURN)
"""Steps that hold the caller's words."""


@dataclass(slots=True)
class Exchange:
    """The steps of one exchange, each list ascending by start.

    Attributes:
        head: the span around them, None where there is none or it has not arrived.
        is_answer: the caller's words are in another exchange.
    """

    id: str
    trace_id: str
    head: Observation | None = None
    stt: list[Observation] = field(default_factory=list)
    llm: list[Observation] = field(default_factory=list)
    tts: list[Observation] = field(default_factory=list)
    others: list[Observation] = field(default_factory=list)
    is_answer: bool = False

    def add(self, observation: Observation) -> None:
        if observation.step in HEARD:
            self.stt.append(observation)
        elif observation.step is Step.LLM:
            self.llm.append(observation)
        elif observation.step is Step.TTS:
            self.tts.append(observation)
        else:
            self.others.append(observation)

    @property
    def steps(self) -> list[Observation]:
        return [*self.stt, *self.llm, *self.tts]

    @property
    def start_ns(self) -> int:
        starts = [each.start_ns for each in self.steps]
        if self.head is not None:
            starts.append(self.head.start_ns)
        return min(starts, default=0)

    @property
    def was_cut(self) -> bool:
        """Whether a voice says that it was cut."""
        return any(each.voice.interrupted for each in self.tts)


def drafts_of(exchange: Exchange, *, interrupted: bool) -> list[Draft]:
    """The turns that the exchange holds, the caller's before the agent's."""
    *unanswered, last = _parts(exchange)
    found = [draft for part in unanswered for draft in _pair(part, interrupted=False)]
    return [*found, *_pair(last, interrupted=interrupted)]


def _parts(exchange: Exchange) -> list[Exchange]:
    """The exchange, cut where the caller speaks again after the model has failed."""
    parts = [Exchange(exchange.id, exchange.trace_id)]
    has_failed = False
    for step in sorted(exchange.steps, key=lambda each: (each.start_ns, each.span_id)):
        if step.step in HEARD and has_failed:
            parts.append(Exchange(f"{exchange.id}:{len(parts)}", exchange.trace_id))
            has_failed = False
        elif step.step is Step.LLM:
            has_failed = failure(step) is not None
        parts[-1].add(step)
    parts[-1].head = exchange.head
    parts[-1].is_answer = exchange.is_answer
    parts[-1].others.extend(exchange.others)
    return parts


def _pair(exchange: Exchange, *, interrupted: bool) -> list[Draft]:
    user = _user(exchange)
    agent = _agent(exchange, interrupted=interrupted, asked=user)
    found = [draft for draft in (user, agent) if draft is not None]
    error = _failure(exchange)
    if found and error is not None:
        found[-1].error = error
    if user is not None and agent is None:
        user.spans.extend([*exchange.llm, *exchange.others])
    return found


def _failure(exchange: Exchange) -> str | None:
    """The failure that nothing after it made good."""
    if exchange.llm:
        return failure(exchange.llm[-1])
    last = exchange.tts[-1:] or exchange.stt[-1:]
    return failure(last[0]) if last else None


def _speech_end(step: Observation) -> int | None:
    """When the caller stopped, by a recogniser's span that ends with the final transcript."""
    if step.end_ns is None:
        return None
    late_ns = step.voice.stt_ns or 0
    # A delay that is longer than the whole span cannot be.
    return step.end_ns - late_ns if late_ns <= step.end_ns - step.start_ns else step.end_ns


def _user(exchange: Exchange) -> Draft | None:
    head, stt = exchange.head, exchange.stt
    asked = [exchange.llm[0]] if exchange.llm else []
    text = (
        joined(each.voice.user_text for each in stt)
        or (head.voice.user_text if head else None)
        or joined(each.voice.user_text for each in asked)
    )
    if exchange.is_answer or (not stt and text is None):
        return None
    ends = [end for each in stt if (end := _speech_end(each)) is not None]
    start_ns = stt[0].start_ns if stt else exchange.start_ns
    heard = [each.voice for each in stt]
    return Draft(
        id=f"{exchange.id}:user",
        speaker=Speaker.USER,
        start_ns=start_ns,
        end_ns=max(ends, default=None) if stt or _is_spoken(exchange) else start_ns,
        trace_id=exchange.trace_id,
        text=text,
        stt_ns=first_of(voice.stt_ns for voice in reversed(heard)),
        eou_delay_ns=first_of(voice.eou_delay_ns for voice in reversed(heard)),
        confidence=min((v.confidence for v in heard if v.confidence is not None), default=None),
        model=next((each.model for each in stt if each.model), None),
        spans=[*([head] if head else []), *stt],
        onsets=[each.start_ns for each in stt],
    )


def _is_spoken(exchange: Exchange) -> bool:
    """Whether the caller spoke from the start of the exchange on; elsewhere the words are typed."""
    head = exchange.head
    return bool(exchange.tts) and head is not None and head.framework is Framework.PIPECAT


def _agent(exchange: Exchange, *, interrupted: bool, asked: Draft | None) -> Draft | None:
    head, llm, tts = exchange.head, exchange.llm, exchange.tts
    spoken = joined(each.voice.agent_text for each in tts)
    written = joined(each.voice.agent_text for each in llm)
    text = _heard(spoken, written) or (head.voice.agent_text if head else None)
    if text is None and not _is_voiced(tts):
        return None
    speaker = _speaking(llm)
    end_ns = _agent_end(exchange)
    start_ns = _agent_start(exchange, asked)
    return Draft(
        id=f"{exchange.id}:agent",
        speaker=Speaker.AGENT,
        start_ns=start_ns,
        end_ns=end_ns,
        floor_ns=max(start_ns, asked.start_ns) if asked else None,
        trace_id=exchange.trace_id,
        text=text,
        full_text=longer(written, text),
        llm_ns=speaker.voice.llm_ttft_ns if speaker else None,
        tts_ns=first_of(each.voice.tts_ttfb_ns for each in tts),
        e2e_ns=first_of([_e2e(each) for each in (head, *llm, *tts)]),
        interrupted=interrupted,
        model=speaker.model if speaker else None,
        spans=[*([head] if head else []), *llm, *tts, *exchange.others],
        detection_delay_ns=first_of(
            each.voice.detection_delay_ns for each in (head, *tts) if each is not None
        ),
    )


def _e2e(observation: Observation | None) -> int | None:
    return observation.voice.e2e_ns if observation is not None else None


def _is_voiced(tts: Iterable[Observation]) -> bool:
    """Whether sound was made, also where the words are kept back."""
    return any(each.voice.tts_ttfb_ns is not None or each.voice.characters for each in tts)


def _heard(spoken: str | None, written: str | None) -> str | None:
    """What was voiced, in the model's own spelling where the two are the same words."""
    if spoken is None or written is None:
        return spoken or written
    return written if "".join(spoken.split()) == "".join(written.split()) else spoken


def _speaking(llm: list[Observation]) -> Observation | None:
    """The first model step with words for the caller; the last one where words are kept back."""
    spoke = next((each for each in llm if each.voice.agent_text), None)
    return spoke or (llm[-1] if llm else None)


def _agent_start(exchange: Exchange, asked: Draft | None) -> int:
    head = exchange.head
    reported = head.voice.e2e_ns if head else None
    if reported is not None and asked is not None and asked.end_ns is not None and exchange.stt:
        return asked.end_ns + reported
    for step in exchange.tts:
        if step.first_token_ns is not None:
            return max(step.start_ns, step.first_token_ns)
        return step.start_ns + (step.voice.tts_ttfb_ns or 0)
    spoke = _speaking(exchange.llm)
    if spoke is not None:
        return spoke.start_ns
    return head.start_ns if head else exchange.start_ns


def _agent_end(exchange: Exchange) -> int | None:
    """When the agent fell silent: the exchange's own length, else the end of its last step."""
    head = exchange.head
    if head is not None and head.voice.turn_duration_ns is not None:
        return head.start_ns + head.voice.turn_duration_ns
    if head is not None and (exchange.tts or not exchange.llm):
        return head.end_ns
    return latest_end([*exchange.llm, *exchange.tts])
