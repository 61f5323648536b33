"""Turns where the sender has no notion of them: generations, and whatever lies near them.

In each trace, spans below the root whose name has the word "turn" are exchanges (or one party's
turns, where the name says whose). Without them each generation that is not part of another one
begins an exchange, unless it goes on with the one before: that one only asked for tools, or a tool
ran in between for the same words of the caller.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from turnwise.analyse.assemble.drafts import Conversation
from turnwise.analyse.assemble.exchanges import HEARD, Exchange, drafts_of
from turnwise.analyse.assemble.scene import Key, Scene, key_of
from turnwise.model.observation import Observation, Step

_TURN = re.compile(r"(?<![a-z])turn(?![a-z])", re.IGNORECASE)
_TURN_STEPS = frozenset({Step.EXCHANGE, Step.USER_TURN, Step.AGENT_TURN})


def converse(scene: Scene) -> Conversation:
    """The turns of a session whose spans have no turn structure of their own."""
    inner = _inner_generations(scene)
    named = _named(scene, inner)
    structured = {each.trace_id for each in named}
    rest = [each for each in scene.observations if each.trace_id not in structured]
    exchanges = [*named, *_by_generation(rest, inner)]
    exchanges.sort(key=lambda each: (each.start_ns, each.trace_id, each.id))
    drafts = []
    for exchange in exchanges:
        drafts.extend(drafts_of(exchange, interrupted=_is_interrupted(exchange)))
    return Conversation(drafts)


def _is_interrupted(exchange: Exchange) -> bool:
    head = exchange.head
    spans = [*([head] if head else []), *exchange.llm, *exchange.tts]
    return any(each.voice.interrupted for each in spans)


def _is_named_turn(observation: Observation) -> bool:
    if observation.step in _TURN_STEPS:
        return True
    return observation.step is Step.OTHER and bool(_TURN.search(observation.name or ""))


def _turn_spans(scene: Scene) -> set[Key]:
    """Spans named as turns that are no part of one another and not the root of everything.

    Roots of that name are turns where there are several: a trace per turn.
    """
    named = [each for each in scene.observations if _is_named_turn(each)]
    below = [each for each in named if each.parent_span_id is not None]
    branches = {each.trace_id for each in below}
    roots = [
        each for each in named if each.parent_span_id is None and each.trace_id not in branches
    ]
    return {key_of(each) for each in [*below, *(roots if len(roots) > 1 else [])]}


def _named(scene: Scene, inner: set[Key]) -> list[Exchange]:
    wanted = _turn_spans(scene)
    if not wanted:
        return []
    owners = scene.nearest(lambda each: key_of(each) in wanted)
    found: dict[Key, Exchange] = {}
    for observation in scene.observations:
        key = key_of(observation)
        owner = owners.get(key)
        if owner is None or key in inner:
            continue
        exchange = found.setdefault(key_of(owner), Exchange(owner.span_id, owner.trace_id, owner))
        if observation is not owner or owner.step is Step.USER_TURN:
            exchange.add(observation)
    has_callers = {each.trace_id for each in scene.observations if each.step is Step.USER_TURN}
    for exchange in found.values():
        head = exchange.head
        if head is not None and head.step is Step.AGENT_TURN and head.trace_id in has_callers:
            exchange.is_answer = True
    return list(found.values())


def _inner_generations(scene: Scene) -> set[Key]:
    """Generations inside another generation: the outer one speaks."""
    generations = [each for each in scene.observations if each.step is Step.LLM]
    if not generations:
        return set()
    owners = scene.nearest(lambda each: each.step is Step.LLM)
    inner: set[Key] = set()
    for each in generations:
        parent = scene.parent(each)
        if parent is not None and key_of(parent) in owners:
            inner.add(key_of(each))
    return inner


def _by_generation(observations: Iterable[Observation], inner: set[Key]) -> list[Exchange]:
    exchanges: list[Exchange] = []
    asked: list[Observation] = []
    sounds: list[Observation] = []
    for observation in observations:
        if observation.step is Step.TOOL:
            asked.append(observation)
        elif observation.step in HEARD or observation.step is Step.TTS:
            sounds.append(observation)
        elif observation.step is Step.LLM and key_of(observation) not in inner:
            last = exchanges[-1] if exchanges else None
            if last is None or not _goes_on(last, observation, has_tool=bool(asked)):
                last = Exchange(observation.span_id, observation.trace_id)
                exchanges.append(last)
            last.add(observation)
            last.others.extend(asked)
            asked = []
    return _with_sound(exchanges, sounds)


def _goes_on(exchange: Exchange, generation: Observation, *, has_tool: bool) -> bool:
    before = exchange.llm[-1]
    if before.trace_id != generation.trace_id:
        return False
    same_words = before.voice.user_text == generation.voice.user_text
    asked_tools = has_tool or bool(generation.voice.tool_messages)
    return same_words and (asked_tools or not before.voice.agent_text)


def _with_sound(exchanges: list[Exchange], sounds: Iterable[Observation]) -> list[Exchange]:
    """Give each recogniser step to the generation after it and each voice step to the one before.

    What has no such generation stands alone.
    """
    starts = [each.llm[0].start_ns for each in exchanges]
    spare: list[Exchange] = []
    for observation in sounds:
        if observation.step in HEARD:
            at = bisect_left(starts, observation.start_ns)
        else:
            at = bisect_right(starts, observation.start_ns) - 1
        if 0 <= at < len(exchanges):
            exchanges[at].add(observation)
        else:
            spare.append(Exchange(observation.span_id, observation.trace_id))
            spare[-1].add(observation)
    return [*exchanges, *spare]
