"""Turns where the sender has no notion of them: generations, and whatever lies near them.

Spans named "turn" right below a root are exchanges. Without them each generation that is not part
of another one begins an exchange, unless it goes on with the one before: that one only asked for
tools, or a tool ran in between for the same words of the caller.
"""

import re
from bisect import bisect_left, bisect_right

from turnwise.analyse.assemble.drafts import Conversation
from turnwise.analyse.assemble.exchanges import Exchange, drafts_of
from turnwise.analyse.assemble.scene import Key, Scene, key_of
from turnwise.model.observation import Observation, Step

_TURN = re.compile(r"(?<![a-z])turn(?![a-z])", re.IGNORECASE)
_HEARD = (Step.STT, Step.USER_TURN)


def converse(scene: Scene) -> Conversation:
    """The turns of a session whose spans have no turn structure of their own."""
    exchanges = _named(scene) or _by_generation(scene)
    exchanges.sort(key=lambda each: (each.start_ns, each.trace_id, each.id))
    drafts = []
    for exchange in exchanges:
        drafts.extend(drafts_of(exchange, interrupted=_is_interrupted(exchange)))
    return Conversation(drafts)


def _is_interrupted(exchange: Exchange) -> bool:
    head = exchange.head
    spans = [*([head] if head else []), *exchange.llm, *exchange.tts]
    return any(each.voice.interrupted for each in spans)


def _is_named_turn(scene: Scene, observation: Observation) -> bool:
    if observation.step is Step.EXCHANGE:
        return True
    if not observation.name or observation.step is not Step.OTHER:
        return False
    if _TURN.search(observation.name) is None or observation.parent_span_id is None:
        return False
    parent = scene.parent(observation)
    return parent is None or scene.parent(parent) is None


def _named(scene: Scene) -> list[Exchange]:
    owners = scene.nearest(lambda each: _is_named_turn(scene, each))
    inner = _inner_generations(scene)
    found: dict[Key, Exchange] = {}
    for observation in scene.observations:
        key = key_of(observation)
        owner = owners.get(key)
        if owner is None or key in inner:
            continue
        exchange = found.setdefault(key_of(owner), Exchange(owner.span_id, owner.trace_id, owner))
        if observation is not owner:
            exchange.add(observation)
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


def _by_generation(scene: Scene) -> list[Exchange]:
    inner = _inner_generations(scene)
    exchanges: list[Exchange] = []
    asked: list[Observation] = []
    for observation in scene.observations:
        if observation.step is Step.TOOL:
            asked.append(observation)
        elif observation.step is Step.LLM and key_of(observation) not in inner:
            last = exchanges[-1] if exchanges else None
            if last is None or not _goes_on(last, observation, has_tool=bool(asked)):
                last = Exchange(observation.span_id, observation.trace_id)
                exchanges.append(last)
            last.add(observation)
            last.others.extend(asked)
            asked = []
    return _with_sound(scene, exchanges)


def _goes_on(exchange: Exchange, generation: Observation, *, has_tool: bool) -> bool:
    before = exchange.llm[-1]
    if before.trace_id != generation.trace_id:
        return False
    same_words = before.voice.user_text == generation.voice.user_text
    asked_tools = has_tool or len(generation.voice.tool_messages) > len(before.voice.tool_messages)
    return same_words and (asked_tools or not before.voice.agent_text)


def _with_sound(scene: Scene, exchanges: list[Exchange]) -> list[Exchange]:
    """Give each recogniser step to the generation after it and each voice step to the one before."""
    starts = [each.llm[0].start_ns for each in exchanges]
    spare: list[Exchange] = []
    for observation in scene.observations:
        if observation.step in _HEARD:
            at = bisect_left(starts, observation.start_ns)
            chosen = exchanges[at] if at < len(exchanges) else None
        elif observation.step is Step.TTS:
            at = bisect_right(starts, observation.start_ns) - 1
            chosen = exchanges[at] if at >= 0 else None
        else:
            continue
        if chosen is None:
            chosen = Exchange(observation.span_id, observation.trace_id)
            spare.append(chosen)
        chosen.add(observation)
    return [*exchanges, *spare]
