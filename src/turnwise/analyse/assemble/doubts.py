"""What in the telemetry must not be believed, and what failed.

Frameworks report lengths of minutes for things that took none, and clocks of several machines
disagree (voice.md 0.2 and 2.2, last row). Such figures stay as they came; they are marked, and
nothing is blamed on them.
"""

from collections.abc import Iterable, Sequence

from turnwise.analyse.assemble.drafts import Conversation, Draft, failure
from turnwise.analyse.assemble.scene import Scene, end_of, key_of
from turnwise.analyse.assemble.traces import is_loss
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.metrics import Doubt, Failure, Mark, Part, Response
from turnwise.model.observation import Level, Observation, Step
from turnwise.model.session import Speaker

LONGEST_NS = 60 * NS_PER_SECOND
"""A stage that took longer is not believed (voice.md 2.2)."""
_SKEW_NS = NS_PER_SECOND
"""How far instants of one machine may contradict each other."""
_ATTEMPTS = frozenset({Step.LLM_ATTEMPT, Step.TTS_ATTEMPT})
_EARLY = frozenset({Step.STT, Step.USER_SPEAKING, Step.EOU_WAIT})
"""Steps that may begin before the turn that they are found to belong to."""
_STAGES = ("stt_ns", "eou_delay_ns", "llm_ns", "tts_ns", "e2e_ns")
_USUAL = (Part.LLM, Part.TTS)
_MOST = 0.5


def marks_of(
    scene: Scene,
    conversation: Conversation,
    responses: Sequence[Response | None],
    *,
    has_ended: bool,
) -> tuple[Mark, ...]:
    """Every doubt, in the order of its kind, then of the turns."""
    drafts = conversation.drafts
    turn_of = _turns(conversation)
    return (
        *_refused(scene, drafts, turn_of),
        *_too_long(drafts),
        *_contradicted(drafts, responses),
        *_skewed(scene, drafts, turn_of),
        *(_missing(scene, drafts, responses) if has_ended else ()),
    )


def _turns(conversation: Conversation) -> dict[tuple[str, str], int]:
    """Index of the turn that each observation belongs to; the agent's before the caller's."""
    found = {
        key_of(span): index
        for index, draft in enumerate(conversation.drafts)
        for span in draft.spans
    }
    return found | conversation.index_by_span()


def _refused(
    scene: Scene, drafts: Sequence[Draft], turn_of: dict[tuple[str, str], int]
) -> list[Mark]:
    found = [
        Mark(
            doubt=Doubt.REFUSED,
            what=name,
            turn=turn_of.get(key_of(each)),
            span_ids=(each.span_id,),
        )
        for each in scene.observations
        for name in each.voice.refused
    ]
    found += [
        Mark(doubt=Doubt.REFUSED, what=name, turn=index, span_ids=(draft.id,))
        for index, draft in enumerate(drafts)
        for name in draft.refused
    ]
    return found


def _too_long(drafts: Sequence[Draft]) -> list[Mark]:
    return [
        Mark(
            doubt=Doubt.TOO_LONG,
            what=name.removesuffix("_ns"),
            turn=index,
            value_ns=value,
            span_ids=_ids(draft),
        )
        for index, draft in enumerate(drafts)
        for name in _STAGES
        if (value := getattr(draft, name)) is not None and value > LONGEST_NS
    ]


def _ids(draft: Draft) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.span_id for each in draft.spans)) or (draft.id,)


def _contradicted(drafts: Sequence[Draft], responses: Sequence[Response | None]) -> list[Mark]:
    """Lengths that do not fit into the wait that the instants show."""
    found = []
    for index, response in enumerate(responses):
        if response is None or not response.is_timed or response.latency_ns is None:
            continue
        wait_ns = response.latency_ns
        asked = drafts[response.asked_turn] if response.asked_turn is not None else None
        told = [
            ("e2e", response.reported_ns, index, abs((response.reported_ns or 0) - wait_ns)),
            ("stt", asked.stt_ns if asked else None, response.asked_turn, None),
            ("eou_delay", asked.eou_delay_ns if asked else None, response.asked_turn, None),
        ]
        for what, value, turn, distance in told:
            if value is None or value > LONGEST_NS:
                continue
            off = value - wait_ns if distance is None else distance
            if off > _SKEW_NS and off > wait_ns // 2:
                found.append(
                    Mark(
                        doubt=Doubt.CONTRADICTED,
                        what=what,
                        turn=turn,
                        value_ns=value,
                        span_ids=_ids(drafts[index]),
                    )
                )
    return found


def _skewed(
    scene: Scene, drafts: Sequence[Draft], turn_of: dict[tuple[str, str], int]
) -> list[Mark]:
    ended_ns = max(
        (end_of(each) for each in scene.observations if each.step is Step.SESSION and each.end_ns),
        default=None,
    )
    found: dict[tuple[str, int | None], list[Observation]] = {}
    for each in scene.observations:
        what = _skew(scene, each, ended_ns)
        if what is not None:
            found.setdefault((what, turn_of.get(key_of(each))), []).append(each)
    marks = [
        Mark(
            doubt=Doubt.SKEWED,
            what=what,
            turn=turn,
            count=len(spans),
            span_ids=tuple(dict.fromkeys(each.span_id for each in spans)),
        )
        for (what, turn), spans in found.items()
    ]
    marks += [
        Mark(
            doubt=Doubt.SKEWED, what="turn ends before it begins", turn=index, span_ids=(draft.id,)
        )
        for index, draft in enumerate(drafts)
        if draft.number is not None and draft.end_ns is not None and draft.end_ns < draft.start_ns
    ]
    return marks + _out_of_order(drafts)


def _skew(scene: Scene, each: Observation, ended_ns: int | None) -> str | None:
    if each.end_ns is not None and each.end_ns < each.start_ns:
        return "span ends before it begins"
    parent = scene.parent(each)
    if parent is not None and each.step not in _EARLY:
        if each.start_ns < parent.start_ns - _SKEW_NS:
            return "span begins before its parent"
        if parent.end_ns is not None and each.start_ns > end_of(parent) + _SKEW_NS:
            return "span begins after its parent has ended"
    if ended_ns is not None and each.start_ns > ended_ns + _SKEW_NS and each.step is not Step.JOB:
        return "span begins after the session has ended" if each.step in _SPOKEN else None
    return None


_SPOKEN = frozenset(
    {
        Step.USER_TURN, Step.AGENT_TURN, Step.EXCHANGE, Step.USER_SPEAKING, Step.AGENT_SPEAKING,
        Step.STT, Step.LLM, Step.LLM_NODE, Step.TTS, Step.TOOL,
    }
)  # fmt: skip


def _out_of_order(drafts: Sequence[Draft]) -> list[Mark]:
    """Stated turns whose times contradict the sender's own numbering."""
    found = []
    for index in range(1, len(drafts)):
        before, draft = drafts[index - 1], drafts[index]
        if before.number is None or draft.number is None:
            continue
        if draft.start_ns < before.start_ns - _SKEW_NS:
            found.append(
                Mark(
                    doubt=Doubt.SKEWED,
                    what="turn begins before the one that it follows",
                    turn=index,
                    value_ns=before.start_ns - draft.start_ns,
                    span_ids=(draft.id,),
                )
            )
    return found


def _missing(
    scene: Scene, drafts: Sequence[Draft], responses: Sequence[Response | None]
) -> list[Mark]:
    found = []
    orphans = [each for each in scene.observations if scene.is_orphan(each)]
    if orphans:
        found.append(
            Mark(
                doubt=Doubt.MISSING,
                what="parents of spans",
                count=len(orphans),
                span_ids=tuple(dict.fromkeys(each.span_id for each in orphans)),
            )
        )
    answers = [
        (index, response)
        for index, response in enumerate(responses)
        if response is not None and not drafts[index].error
    ]
    for part in _USUAL:
        without = [
            index
            for index, response in answers
            if all(each.part is not part for each in response.parts)
        ]
        if without and len(without) < _MOST * len(answers):
            found.extend(
                Mark(
                    doubt=Doubt.MISSING,
                    what=part.value,
                    turn=index,
                    span_ids=_ids(drafts[index]),
                )
                for index in without
                if drafts[index].text
            )
    return found


def failures_of(scene: Scene, conversation: Conversation) -> tuple[Failure, ...]:
    """What failed, by start; a failure that runs up through its wrappers is one."""
    turn_of = _turns(conversation)
    below: dict[tuple[str, str], list[Observation]] = {}
    for each in scene.observations:
        parent = scene.parent(each)
        if parent is not None and each.level is Level.ERROR and parent.level is Level.ERROR:
            below.setdefault(key_of(parent), []).append(each)
    found = []
    for each in scene.observations:
        is_attempt = each.step in _ATTEMPTS
        if each.step is Step.TOOL or each.level is not Level.ERROR:
            continue
        if not is_loss(scene, each) and not _is_recovered_attempt(scene, each):
            continue
        turn = turn_of.get(key_of(each))
        draft = conversation.drafts[turn] if turn is not None else None
        found.append(
            Failure(
                span_ids=tuple(dict.fromkeys(each.span_id for each in _chain(each, below))),
                name=each.name,
                step=each.step.value,
                message=failure(each) or "error",
                start_ns=each.start_ns,
                end_ns=each.end_ns,
                turn=turn,
                is_attempt=is_attempt,
                is_recovered=is_attempt or (draft is not None and _was_spoken(draft)),
            )
        )
    return tuple(found)


def _is_recovered_attempt(scene: Scene, each: Observation) -> bool:
    parent = scene.parent(each)
    return each.step in _ATTEMPTS and parent is not None and parent.level is not Level.ERROR


def _chain(
    top: Observation, below: dict[tuple[str, str], list[Observation]]
) -> Iterable[Observation]:
    waiting = [top]
    while waiting:
        each = waiting.pop(0)
        yield each
        waiting.extend(below.get(key_of(each), ()))


def _was_spoken(draft: Draft) -> bool:
    return draft.speaker is Speaker.AGENT and bool(draft.text) and draft.error is None
