"""Turns of Pipecat: one `turn` span holds what the caller said and what the bot answered.

Steps arrive before their turn and carry its id as parent, so that a live session reads the same
as a finished one. The final turn counts as interrupted only if its voice was cut, because a
conversation that ends early marks it interrupted without anybody speaking.

Source: pipecat-ai 1.14.0, recorded; tests/clients/emitters/README.md.
"""

from turnwise.analyse.assemble.drafts import Conversation
from turnwise.analyse.assemble.exchanges import Exchange, drafts_of
from turnwise.analyse.assemble.scene import Key, Scene, key_of
from turnwise.model.observation import Observation, Step

_STEPS = frozenset({Step.STT, Step.LLM, Step.TTS})


def converse(scene: Scene) -> Conversation:
    """The turns of a Pipecat session."""
    exchanges = _exchanges(scene)
    exchanges.sort(key=lambda each: (each.start_ns, each.trace_id, each.id))
    drafts = []
    for index, exchange in enumerate(exchanges):
        is_last = index + 1 == len(exchanges)
        drafts.extend(drafts_of(exchange, interrupted=_is_interrupted(exchange, is_last=is_last)))
    return Conversation(drafts)


def _exchanges(scene: Scene) -> list[Exchange]:
    def stands_for_turn(each: Observation) -> bool:
        return each.step is Step.EXCHANGE or (each.step in _STEPS and scene.is_orphan(each))

    owners = scene.nearest(stands_for_turn)
    found: dict[Key, Exchange] = {}
    for observation in scene.observations:
        owner = owners.get(key_of(observation))
        if owner is None:
            continue
        is_head = owner.step is Step.EXCHANGE
        span_id = owner.span_id if is_head else owner.parent_span_id or owner.span_id
        exchange = found.setdefault((owner.trace_id, span_id), Exchange(span_id, owner.trace_id))
        if observation is owner and is_head:
            exchange.head = observation
        else:
            exchange.add(observation)
    return list(found.values())


def _is_interrupted(exchange: Exchange, *, is_last: bool) -> bool:
    head = exchange.head
    if head is None or is_last or head.voice.ended_by_conversation_end:
        return exchange.was_cut
    return bool(head.voice.interrupted)
