"""Callers who leave in the middle, and reports that contradict the call."""

from bench.diagnosis_faults.delays import DELAYS
from bench.diagnosis_faults.fault import (
    Fault,
    Operator,
    Scene,
    parts_of,
    set_answer,
    somewhere,
    somewhere_from,
)
from bench.diagnosis_faults.services import SERVICES
from bench.diagnosis_faults.talking import TALKING
from bench.diagnosis_world.agents import LIVEKITS, Shape
from bench.diagnosis_world.phrases import LONG_ANSWERS

_INFO = frozenset({"info"})
_SAYS_END = LIVEKITS | {Shape.PIPECAT, Shape.NATIVE}

_PARTS_OF_LIVEKIT = (
    frozenset({"tts_node", "tts_request", "tts_request_run"}),
    frozenset({"llm_node", "llm_request", "llm_request_run"}),
)


@somewhere_from(3)
def _hang_up(scene: Scene, index: int) -> Fault:
    """The caller leaves while the agent speaks. Nothing that was put in later would be reached."""
    rng, call = scene.rng, scene.call
    exchange = call.exchanges[index]
    _, reply = parts_of(exchange)
    del call.exchanges[index + 1 :]
    set_answer(reply, rng.choice(LONG_ANSWERS))
    reply.is_last_words = True
    reply.share = rng.uniform(0.25, 0.5)
    return Fault(
        operator="abrupt hang-up",
        type="abrupt_hangup",
        turn=(exchange, "agent"),
        of_session=True,
        parts=((exchange, "agent"), (exchange, "turn")),
        severities=frozenset({"low", "medium", "high"}),
        symptoms=frozenset({"truncated_agent_speech", "slow_barge_in", "false_interruption"}),
    )


def _missing(scene: Scene) -> list[Fault]:
    """The spans of one stage never arrive."""
    if scene.taken:
        return []
    shape = scene.agent.shape
    choices = _PARTS_OF_LIVEKIT if shape in LIVEKITS else (frozenset({"tts"}), frozenset({"stt"}))
    scene.call.reporting.missing = scene.rng.choice(choices)
    return [_told_wrong(scene, "removed spans", "telemetry_gap")]


def _skewed(scene: Scene) -> list[Fault]:
    """The requests to the model are stamped by a host whose clock is off."""
    if scene.taken:
        return []
    is_livekit = scene.agent.shape in LIVEKITS
    names = {"llm_request", "llm_request_run"} if is_livekit else {"llm"}
    scene.call.reporting.skewed = frozenset(names)
    scene.call.reporting.skew = scene.rng.choice((-1, 1)) * scene.rng.uniform(8, 50)
    fault = _told_wrong(scene, "clock skew", "clock_skew")
    fault.symptoms = frozenset({"implausible_metric", "telemetry_gap"})
    return [fault]


def _told_wrong(scene: Scene, operator: str, kind: str) -> Fault:
    scene.taken.extend(scene.call.exchanges)
    return Fault(operator=operator, type=kind, severities=_INFO)


@somewhere
def _implausible(scene: Scene, index: int) -> Fault:
    """One number is reported that cannot be."""
    exchange = scene.call.exchanges[index]
    rng = scene.rng
    stage, seconds = rng.choice(
        (("stt", rng.uniform(90, 260)), ("llm", rng.uniform(80, 400)), ("stt", -0.83))
    )
    exchange.wrong[stage] = seconds
    role = "user" if stage == "stt" else "agent"
    return Fault(
        operator="impossible metric",
        type="implausible_metric",
        also=frozenset({"clock_skew"}),
        turn=(exchange, role),
        near=((exchange, "user"), (exchange, "agent")),
        of_session=True,
        parts=((exchange, "user"), (exchange, "turn"), (exchange, "llm")),
        severities=_INFO,
        symptoms=frozenset({"telemetry_gap"}),
    )


OPERATORS: tuple[Operator, ...] = (
    *DELAYS,
    *TALKING,
    *SERVICES,
    Operator("abrupt hang-up", "abrupt_hangup", _hang_up, _SAYS_END),
    Operator("removed spans", "telemetry_gap", _missing, LIVEKITS | {Shape.PIPECAT}),
    Operator("clock skew", "clock_skew", _skewed, LIVEKITS | {Shape.PIPECAT}),
    Operator("impossible metric", "implausible_metric", _implausible,
             LIVEKITS | {Shape.PIPECAT, Shape.NATIVE}),
)  # fmt: skip
"""Every way in which calls are made to go wrong."""
