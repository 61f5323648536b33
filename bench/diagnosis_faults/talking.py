"""Faults in who speaks when, and in what is understood."""

from dataclasses import replace

from bench.diagnosis_faults.fault import (
    Fault,
    Operator,
    Scene,
    but,
    by_silence,
    parts_of,
    set_answer,
    somewhere,
    somewhere_from,
)
from bench.diagnosis_world.agents import LIVEKITS, Shape
from bench.diagnosis_world.call import Exchange
from bench.diagnosis_world.phrases import ANYBODY_THERE, LONG_ANSWERS, REPAIRS, TOO_EARLY

_SEES_CUTS = LIVEKITS | {Shape.NATIVE}
"""Shapes that tell when an agent fell silent and when its caller began."""


@somewhere
def _stt_empty(scene: Scene, index: int) -> Fault:
    """The caller says something that becomes no words, waits, and says it again."""
    exchange = scene.call.exchanges[index]
    speech, _ = parts_of(exchange)
    lost = Exchange(replace(speech, is_heard=False), None)
    scene.insert(index, lost)
    speech.pause = scene.rng.uniform(2.2, 4.5)
    return Fault(
        operator="dropped transcript",
        type="stt_empty",
        turn=(lost, "user"),
        parts=((lost, "user"), (lost, "speech")),
        symptoms=frozenset({"failed_turn", "dead_air", "agent_misunderstanding"}),
    )


def _long_answer(scene: Scene, index: int) -> Exchange:
    """The exchange, with an answer that takes a while."""
    exchange = scene.call.exchanges[index]
    _, reply = parts_of(exchange)
    set_answer(reply, scene.rng.choice(LONG_ANSWERS))
    reply.backchannel = None
    return exchange


@somewhere
def _slow_barge_in(scene: Scene, index: int) -> Fault:
    rng = scene.rng
    exchange = _long_answer(scene, index)
    _, reply = parts_of(exchange)
    following, _ = parts_of(scene.call.exchanges[index + 1])
    following.into = reply.seconds * rng.uniform(0.2, 0.4)
    reply.cut = rng.uniform(1.7, 3.2)
    following.seconds = max(following.seconds, reply.cut + 0.4)
    return Fault(
        operator="delayed stop",
        type="slow_barge_in",
        turn=(exchange, "agent"),
        near=((scene.call.exchanges[index + 1], "user"),),
        parts=((exchange, "agent"), (exchange, "turn"), (exchange, "cut")),
        symptoms=frozenset({"truncated_agent_speech", "high_latency"}),
    )


@somewhere
def _missed_barge_in(scene: Scene, index: int) -> Fault:
    rng = scene.rng
    exchange = _long_answer(scene, index)
    _, reply = parts_of(exchange)
    over = scene.call.exchanges[index + 1]
    following, _ = parts_of(over)
    following.seconds = rng.uniform(1.0, 1.7)
    following.into = reply.seconds - rng.uniform(2.2, 3.5)
    return Fault(
        operator="missed barge-in",
        type="missed_barge_in",
        turn=(exchange, "agent"),
        near=((over, "user"),),
        parts=((exchange, "agent"), (exchange, "turn"), (over, "user"), (over, "speech")),
        severities=frozenset({"high"}),
        symptoms=frozenset({"slow_barge_in", "high_latency", "dead_air"}),
    )


@somewhere
def _false_interruption(scene: Scene, index: int) -> Fault:
    exchange = _long_answer(scene, index)
    _, reply = parts_of(exchange)
    offset = reply.seconds * scene.rng.uniform(0.3, 0.6)
    reply.hesitates = (offset, scene.rng.uniform(0.9, 2.0))
    after = scene.call.exchanges[index + 1]
    return Fault(
        operator="false interruption",
        type="false_interruption",
        turn=(exchange, "agent"),
        near=((after, "user"),),
        parts=(
            *((exchange, part) for part in ("agent", "turn", "cut")),
            *((after, part) for part in ("speech", "user")),
        ),
        symptoms=frozenset({"stt_empty", "truncated_agent_speech", "dead_air"}),
    )


@somewhere
def _premature_endpointing(scene: Scene, index: int) -> Fault:
    """The agent takes a pause for the end and begins to speak; the caller goes on at once."""
    rng = scene.rng
    whole = scene.call.exchanges[index]
    speech, _ = parts_of(whole)
    words = speech.text.split()
    half = max(1, len(words) // 2)
    early = scene.again(whole, " ".join(words[:half]) + " ...", TOO_EARLY)
    begun, answer = parts_of(early)
    begun.wait = begun.stt + rng.uniform(0.02, 0.08)
    answer.cut = rng.uniform(0.35, 0.6)
    speech.text = " ".join(words[half:])
    speech.seconds = max(1.0, speech.seconds * 0.6)
    speech.into = rng.uniform(0.1, 0.4)
    scene.insert(index, early)
    return Fault(
        operator="premature endpointing",
        type="premature_endpointing",
        turn=(early, "agent"),
        near=((early, "user"), (whole, "user")),
        parts=(
            *((early, part) for part in ("agent", "turn", "user", "wait", "stt", "tts")),
            *((whole, part) for part in ("speech", "user")),
        ),
        symptoms=frozenset(
            {"slow_barge_in", "false_interruption", "truncated_agent_speech", "high_latency"}
        ),
    )


@somewhere
def _misunderstanding(scene: Scene, index: int) -> Fault:
    """The caller says the same again, now and then with what is wrong put first."""
    exchange = scene.call.exchanges[index]
    speech, reply = parts_of(exchange)
    repair = scene.rng.choice(("", *REPAIRS))
    again = scene.again(exchange, repair + speech.text, reply.text)
    wrong = "I am afraid that I do not have that here, would you like to hear our offers?"
    set_answer(reply, wrong)
    repeated, _ = parts_of(again)
    repeated.pause = scene.rng.uniform(0.3, 0.8)
    scene.insert(index + 1, again)
    return Fault(
        operator="repeated utterance",
        type="agent_misunderstanding",
        turn=(again, "user"),
        near=((exchange, "user"), (exchange, "agent")),
        parts=tuple((each, part) for each in (again, exchange) for part in ("user", "stt", "turn")),
    )


@somewhere
def _low_confidence(scene: Scene, index: int) -> Fault:
    exchange = scene.call.exchanges[index]
    speech, _ = parts_of(exchange)
    speech.confidence = scene.rng.uniform(0.2, 0.5)
    return Fault(
        operator="low confidence",
        type="stt_low_confidence",
        turn=(exchange, "user"),
        parts=((exchange, "user"),),
    )


@somewhere_from(2)
def _dead_air(scene: Scene, index: int) -> Fault:
    """Nobody speaks after the agent has finished, far beyond any pause for thought."""
    exchange = scene.call.exchanges[index]
    speech, _ = parts_of(exchange)
    speech.pause = scene.rng.uniform(6.0, 12.0)
    before = scene.call.exchanges[index - 1]
    return Fault(
        operator="inserted silence",
        type="dead_air",
        turn=(exchange, "user"),
        near=((before, "agent"),),
        severities=by_silence(speech.pause),
    )


@somewhere
def _no_answer(scene: Scene, index: int) -> Fault:
    """The agent does nothing at all, until the caller asks whether anybody is there."""
    return _unanswered(scene, index, None)


@somewhere
def _failed_answer(scene: Scene, index: int) -> Fault:
    """The model fails for good."""
    return _unanswered(scene, index, "failed to generate a completion after 2 attempts")


def _unanswered(scene: Scene, index: int, error: str | None) -> Fault:
    rng = scene.rng
    exchange = scene.call.exchanges[index]
    _, reply = parts_of(exchange)
    asking = scene.again(exchange, ANYBODY_THERE, reply.text)
    asked, _ = parts_of(asking)
    asked.pause = rng.uniform(8.5, 11.0)
    parts = [(exchange, "user"), (exchange, "stt")]
    if error is None:
        exchange.reply = None
    else:
        reply.failed, reply.filler, reply.backchannel = error, None, None
        reply.tools, reply.steps = [], reply.steps[-1:]
        reply.steps[0].failures = [rng.uniform(0.3, 1.2), rng.uniform(0.3, 1.2)]
        parts = [(exchange, "llm"), (exchange, "turn")]
    scene.insert(index + 1, asking)
    return Fault(
        operator="dropped reply" if error is None else "failed reply",
        type="failed_turn",
        turn=(exchange, "user"),
        near=((asking, "user"), (asking, "agent")),
        parts=tuple(parts),
        severities=frozenset({"high"}),
        symptoms=frozenset(
            {"dead_air", "error_span", "retry", "agent_misunderstanding", "high_latency"}
        ),
    )


@somewhere
def _truncated(scene: Scene, index: int) -> Fault:
    exchange = _long_answer(scene, index)
    _, reply = parts_of(exchange)
    reply.share = scene.rng.uniform(0.25, 0.55)
    return Fault(
        operator="truncated speech",
        type="truncated_agent_speech",
        turn=(exchange, "agent"),
        parts=((exchange, "agent"), (exchange, "turn")),
    )


TALKING = (
    Operator("dropped transcript", "stt_empty", _stt_empty, _SEES_CUTS),
    Operator("dropped reply", "failed_turn", _no_answer, but(Shape.PIPECAT)),
    Operator("failed reply", "failed_turn", _failed_answer, but(Shape.NATIVE)),
    Operator("inserted silence", "dead_air", _dead_air),
    Operator("delayed stop", "slow_barge_in", _slow_barge_in, _SEES_CUTS),
    Operator("missed barge-in", "missed_barge_in", _missed_barge_in, _SEES_CUTS),
    Operator("false interruption", "false_interruption", _false_interruption, _SEES_CUTS),
    Operator("premature endpointing", "premature_endpointing", _premature_endpointing,
             _SEES_CUTS | {Shape.PIPECAT}),
    Operator("repeated utterance", "agent_misunderstanding", _misunderstanding),
    Operator("low confidence", "stt_low_confidence", _low_confidence, _SEES_CUTS),
    Operator("truncated speech", "truncated_agent_speech", _truncated, _SEES_CUTS),
)  # fmt: skip
