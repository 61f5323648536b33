"""How each agent turn came about: the way from the end of the caller's speech to the first sound.

A wait is never a sum of stages: with preemptive generation the model runs while the end of the turn
is still awaited. The way is walked backwards from the first sound: whatever ended last before a
point in time held the answer up to there. What no span covers is the unexplained rest.

Source: voice.md 1.1, 1.2 and 2.3.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from turnwise.analyse.assemble.drafts import Conversation, Draft
from turnwise.analyse.assemble.requests import Connection, generation_of, nodes_of
from turnwise.analyse.assemble.scene import end_of
from turnwise.model.metrics import Part, PathPart, Response, TurnKind
from turnwise.model.observation import Framework, Level, Observation, Step
from turnwise.model.session import Speaker, ToolExecution

_CALLBACK = "on_user_turn_completed"
"""LiveKit's span around the agent's own code at the end of a turn."""
_HEARING = frozenset({Step.STT, Step.USER_TURN, Step.USER_SPEAKING})
_DECIDING = frozenset({Step.EOU_WAIT, Step.EOU_DETECTION})
_VOICE = (Step.TTS, Step.TTS_REQUEST)
_GATES = (Part.STT, Part.ENDPOINTING, Part.CALLBACK)


@dataclass(slots=True)
class _Way:
    """What is known of the time before one answer.

    Attributes:
        spans: of the agent turn; `asked_spans` of the caller's turn that it answers.
        after_ns: when the agent's own words before ended, which a second remark has to wait for.
        pieces: stages with their instants.
    """

    draft: Draft
    asked: Draft | None
    tools: Sequence[ToolExecution]
    after_ns: int | None = None
    from_ns: int | None = None
    heard_ns: int = 0
    pieces: list[PathPart] = field(default_factory=list)

    @property
    def spans(self) -> list[Observation]:
        return self.draft.spans

    @property
    def asked_spans(self) -> list[Observation]:
        return self.asked.spans if self.asked is not None else []

    def add(
        self, part: Part, start_ns: int, end_ns: int, spans: Iterable[Observation], **more: object
    ) -> None:
        if end_ns > start_ns:
            piece = PathPart(
                part=part,
                start_ns=start_ns,
                duration_ns=end_ns - start_ns,
                held_ns=0,
                span_ids=ids_of(spans),
            )
            self.pieces.append(replace(piece, **more) if more else piece)  # type: ignore[arg-type]


def ids_of(spans: Iterable[Observation]) -> tuple[str, ...]:
    """Ids of the spans, each once, in their order."""
    return tuple(dict.fromkeys(each.span_id for each in spans))


def responses_of(
    conversation: Conversation, tools: Iterable[ToolExecution]
) -> list[Response | None]:
    """For each turn how it came about; None for the caller's."""
    by_turn: dict[int, list[ToolExecution]] = {}
    for tool in tools:
        if tool.turn_index is not None:
            by_turn.setdefault(tool.turn_index, []).append(tool)
    found: list[Response | None] = []
    has_spoken = False
    before: Draft | None = None
    for index, draft in enumerate(conversation.drafts):
        if draft.speaker is Speaker.AGENT:
            asked = before if before is not None and before.speaker is Speaker.USER else None
            is_second = before is not None and asked is None
            after_ns = before.end_ns if before is not None and is_second else None
            way = _Way(draft, asked, by_turn.get(index, ()), after_ns)
            found.append(_response(way, index - 1 if asked else None, is_first=not has_spoken))
            has_spoken = True
        else:
            found.append(None)
        before = draft
    return found


def _response(way: _Way, asked_turn: int | None, *, is_first: bool) -> Response:
    draft, asked = way.draft, way.asked
    is_timed = _has_instants(draft)
    way.heard_ns = _heard(draft, is_timed=is_timed)
    way.from_ns = _silence_of(asked)
    if way.from_ns is not None and way.from_ns > way.heard_ns:
        way.from_ns = None  # the agent began while the caller was speaking: nobody waited
    if is_timed:
        if way.from_ns is None and asked is not None and draft.e2e_ns is not None:
            way.from_ns = way.heard_ns - draft.e2e_ns
        _timed_pieces(way)
        begun = min((each.start_ns or 0 for each in way.pieces), default=None)
        start_ns = way.from_ns
        if start_ns is None and begun is not None:
            start_ns = max(begun, min(way.after_ns or begun, way.heard_ns))
        parts = walk(way.pieces, start_ns, way.heard_ns, ids_of([*way.spans, *way.asked_spans]))
    else:
        start_ns = way.from_ns
        parts = _stated_parts(way)
    tool_ns = sum(each.held_ns for each in parts if each.part is Part.TOOL)
    has_tools = any(each.part is Part.TOOL for each in way.pieces) or bool(way.tools)
    connection = Connection.of(each for each in way.spans if each.start_ns <= way.heard_ns)
    latency_ns = None
    if asked is not None:
        is_known = way.from_ns is not None and (is_timed or draft.start_ns > way.from_ns)
        latency_ns = way.heard_ns - way.from_ns if is_known and way.from_ns is not None else None
        latency_ns = draft.e2e_ns if latency_ns is None else latency_ns
    return Response(
        kind=TurnKind.FIRST if is_first else TurnKind.WITH_TOOL if has_tools else TurnKind.PLAIN,
        asked_turn=asked_turn,
        from_ns=start_ns,
        heard_ns=way.heard_ns,
        latency_ns=latency_ns,
        reported_ns=draft.e2e_ns,
        parts=tuple(parts),
        is_timed=is_timed,
        tool_ns=tool_ns or None,
        generation=generation_of(draft, way.heard_ns),
        acquire_ns=connection.acquire_ns,
        is_connection_new=connection.is_new,
        connection_span_ids=connection.span_ids,
    )


def _has_instants(draft: Draft) -> bool:
    """Whether spans tell when the steps were; a stated turn has its own times."""
    if draft.number is not None:
        return False
    return any(each.step in (Step.LLM, Step.LLM_NODE, *_VOICE) for each in draft.spans)


def _heard(draft: Draft, *, is_timed: bool) -> int:
    """The first sound; without any trace of a voice the first token stands for it."""
    steps = {each.step for each in draft.spans}
    if not is_timed or draft.e2e_ns is not None or steps & {Step.AGENT_SPEAKING, *_VOICE}:
        return draft.start_ns
    tokens = [
        each.first_token_ns
        for each in nodes_of(draft.spans)
        if each.first_token_ns is not None and (each.voice.agent_text or len(draft.spans) == 1)
    ]
    return max(draft.start_ns, tokens[0]) if tokens else draft.start_ns


def _silence_of(asked: Draft | None) -> int | None:
    """When the caller fell silent."""
    return asked.end_ns if asked is not None else None


def _timed_pieces(way: _Way) -> None:
    _caller_pieces(way)
    first_token_ns = _model_pieces(way)
    for tool in way.tools:
        if tool.start_ns is not None and tool.end_ns is not None and tool.start_ns < way.heard_ns:
            way.pieces.append(
                PathPart(
                    part=Part.TOOL,
                    start_ns=tool.start_ns,
                    duration_ns=max(0, tool.end_ns - tool.start_ns),
                    held_ns=0,
                    model=tool.name,
                    span_ids=(tool.span_id or tool.id,),
                )
            )
    _voice_pieces(way, first_token_ns)


def _caller_pieces(way: _Way) -> None:
    asked, from_ns = way.asked, way.from_ns
    if asked is None or from_ns is None:
        return
    hearing = [each for each in way.asked_spans if each.step in _HEARING]
    deciding = [each for each in way.asked_spans if each.step in _DECIDING]
    heard_ns = from_ns + (asked.stt_ns or 0)
    way.add(Part.STT, from_ns, heard_ns, hearing, model=asked.model)
    decided_ns = heard_ns
    if asked.eou_delay_ns is not None:
        decided_ns = max(heard_ns, from_ns + asked.eou_delay_ns)
    elif _is_handed_on(way):
        # A transcript goes to the model when the turn is held to be over; nothing else tells of it.
        decided_ns = max(heard_ns, _first_request(way) or heard_ns)
        deciding = hearing
    way.add(Part.ENDPOINTING, heard_ns, decided_ns, deciding or hearing)
    heads = [each for each in way.spans if each.voice.user_turn_completed_ns is not None]
    hooks = [each for each in way.asked_spans if each.name == _CALLBACK]
    if heads:
        took = heads[0].voice.user_turn_completed_ns or 0
        way.add(Part.CALLBACK, decided_ns, decided_ns + took, [*hooks, heads[0]])
    elif hooks:
        way.add(Part.CALLBACK, hooks[0].start_ns, end_of(hooks[0]), hooks)


def _is_handed_on(way: _Way) -> bool:
    """Whether a recogniser's transcript is all that is known of when the caller was done."""
    if way.asked is not None and way.asked.stt_ns is None:
        return False
    return any(
        each.step is Step.STT and each.framework in (Framework.PIPECAT, Framework.GENERIC)
        for each in way.asked_spans
    )


def _first_request(way: _Way) -> int | None:
    return min((each.start_ns for each in nodes_of(way.spans)), default=None)


def _model_pieces(way: _Way) -> int | None:
    """The model's pieces; returns when the generation that spoke had its first token."""
    nodes = [each for each in nodes_of(way.spans) if each.start_ns < way.heard_ns]
    speaking = next(
        (each for each in nodes if each.voice.agent_text and each.level is not Level.ERROR),
        nodes[-1] if nodes else None,
    )
    for node in nodes:
        below = _below(way.spans, node)
        model = _model_of(below)
        if node is not speaking:
            is_failed = node.level is Level.ERROR
            end_ns = end_of(node)
            way.add(
                Part.ASKING,
                node.start_ns,
                end_ns,
                below,
                model=model,
                provider=node.provider,
                is_cancelled=is_failed,
            )
            continue
        token_ns = node.first_token_ns
        is_cancelled = any(each.voice.is_cancelled for each in below) and token_ns is None
        if token_ns is None:
            token_ns = end_of(node) if node.level is Level.ERROR else None
        if token_ns is None:
            return None
        way.add(
            Part.LLM,
            node.start_ns,
            token_ns,
            below,
            model=model,
            provider=node.provider,
            is_cancelled=is_cancelled or node.level is Level.ERROR,
        )
        voices = [
            each.start_ns
            for each in way.spans
            if each.step in _VOICE and each.voice.tts_ttfb_ns is not None
        ]
        if voices and node.end_ns is not None:
            # Words that were there before the turn was over waited for that, not for the model.
            free_ns = max((_end(each) for each in way.pieces if each.part in _GATES), default=0)
            written_ns = min(end_of(node), min(voices))
            way.add(Part.WORDING, max(token_ns, free_ns), written_ns, below, model=model)
        return token_ns
    return None


def _below(spans: Iterable[Observation], top: Observation) -> list[Observation]:
    """A span with those below it, and those below them."""
    found, ids = [top], {top.span_id}
    for _ in range(2):
        added = [each for each in spans if each.parent_span_id in ids and each.span_id not in ids]
        found += added
        ids |= {each.span_id for each in added}
    return found


def _model_of(spans: Iterable[Observation]) -> str | None:
    return next((each.model for each in spans if each.model), None)


def _voice_pieces(way: _Way, first_token_ns: int | None) -> None:
    voices = [each for each in way.spans if each.voice.tts_ttfb_ns is not None]
    voices = [each for each in voices if each.step in _VOICE]
    if not voices:
        return
    first = min(voices, key=lambda each: (each.start_ns, each.step is not Step.TTS))
    below = _below(way.spans, first)
    # Up to LiveKit 1.6 the span of the voice begins with the model's: it waits for text first.
    start_ns = max(first.start_ns, min(first_token_ns or 0, way.heard_ns))
    end_ns = start_ns + (first.voice.tts_ttfb_ns or 0)
    is_waiting = first_token_ns is None or first.start_ns < first_token_ns
    if is_waiting and end_ns < way.heard_ns:
        # Nobody knows when there was text for it: what the voice took came right before the sound.
        start_ns, end_ns = way.heard_ns - (end_ns - start_ns), way.heard_ns
    way.add(
        Part.TTS,
        start_ns,
        end_ns,
        below,
        model=_model_of(below),
        provider=first.provider,
        is_cancelled=any(each.voice.is_cancelled for each in below) and end_ns > way.heard_ns,
    )


def walk(
    pieces: Iterable[PathPart], from_ns: int | None, heard_ns: int, around: tuple[str, ...]
) -> list[PathPart]:
    """The pieces with what each alone held of the time between two instants.

    Backwards from `heard_ns`: the piece that ended last before the point reached held the answer
    from its own start. What lies between is transport after the voice's first byte, else
    unexplained. Every piece stays, also those that held nothing.

    Args:
        pieces: with instants.
        from_ns: where the way begins; None gives no time to hold.
        heard_ns: where it ends.
        around: ids of the observations that the unexplained rest lies between.
    """
    ordered = sorted(pieces, key=_rank)
    if from_ns is None:
        return ordered
    held: dict[int, int] = {}
    gaps: list[tuple[int, int]] = []
    transport_ns, cursor = 0, heard_ns
    while cursor > from_ns:
        # What reaches beyond the point reached held the answer too, up to there.
        at = max(
            (
                index
                for index, each in enumerate(ordered)
                if index not in held and (each.start_ns or 0) < cursor and _end(each) > from_ns
            ),
            key=lambda index: (min(_end(ordered[index]), cursor), ordered[index].start_ns or 0),
            default=None,
        )
        if at is None:
            gaps.append((from_ns, cursor))
            break
        piece = ordered[at]
        end_ns, start_ns = min(_end(piece), cursor), max(piece.start_ns or 0, from_ns)
        held[at] = end_ns - start_ns
        if cursor > end_ns:
            if cursor == heard_ns and piece.part is Part.TTS:
                transport_ns = cursor - max(end_ns, from_ns)
            else:
                gaps.append((end_ns, cursor))
        cursor = start_ns
    found = [replace(each, held_ns=held.get(index, 0)) for index, each in enumerate(ordered)]
    if transport_ns:
        found.append(_rest(Part.TRANSPORT, [(heard_ns - transport_ns, heard_ns)], around))
    if gaps:
        found.append(_rest(Part.UNEXPLAINED, gaps, around))
    return sorted(found, key=_rank)


def _rank(piece: PathPart) -> tuple[int, Part, int, tuple[str, ...], str]:
    return piece.start_ns or 0, piece.part, piece.duration_ns, piece.span_ids, piece.model or ""


def _end(piece: PathPart) -> int:
    return (piece.start_ns or 0) + piece.duration_ns


def _rest(part: Part, gaps: Sequence[tuple[int, int]], around: tuple[str, ...]) -> PathPart:
    """One piece for all gaps, placed where the longest of them is."""
    length = sum(end - start for start, end in gaps)
    start_ns, _ = max(gaps, key=lambda gap: (gap[1] - gap[0], -gap[0]))
    return PathPart(
        part=part, start_ns=start_ns, duration_ns=length, held_ns=length, span_ids=around
    )


def _within(way: _Way, start_ns: int, end_ns: int) -> int:
    """How much of a stretch lies in the wait."""
    first = start_ns if way.from_ns is None else max(start_ns, way.from_ns)
    return max(0, min(end_ns, way.heard_ns) - first)


def _stated_parts(way: _Way) -> list[PathPart]:
    """Pieces of which only the lengths are known: each held the answer for its whole length."""
    draft, asked = way.draft, way.asked
    own = (draft.id, *ids_of(draft.spans))
    theirs = (asked.id, *ids_of(asked.spans)) if asked is not None else ()
    stt_ns = asked.stt_ns if asked is not None else None
    eou_ns = asked.eou_delay_ns if asked is not None else None
    told = [
        (Part.STT, stt_ns, asked.model if asked else None, theirs),
        (Part.ENDPOINTING, None if eou_ns is None else eou_ns - (stt_ns or 0), None, theirs),
        (Part.LLM, draft.llm_ns, draft.model, own),
        (Part.WORDING, draft.wording_ns, draft.model, own),
        (Part.TTS, draft.tts_ns, None, own),
    ]
    parts = [
        PathPart(part=part, duration_ns=length, held_ns=length, model=model, span_ids=ids)
        for part, length, model, ids in told
        if length is not None and length > 0
    ]
    parts += [
        PathPart(
            part=Part.TOOL,
            duration_ns=tool.end_ns - tool.start_ns,
            held_ns=_within(way, tool.start_ns, tool.end_ns),
            start_ns=tool.start_ns,
            model=tool.name,
            span_ids=(tool.span_id or tool.id,),
        )
        for tool in way.tools
        if tool.start_ns is not None and tool.end_ns is not None and tool.end_ns >= tool.start_ns
    ]
    if way.from_ns is not None:
        rest = way.heard_ns - way.from_ns - sum(each.held_ns for each in parts)
        if rest > 0:
            gap = [(way.from_ns, way.from_ns + rest)]
            parts.append(_rest(Part.UNEXPLAINED, gap, (*own, *theirs)))
    return parts
