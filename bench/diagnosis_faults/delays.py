"""Faults that make callers wait: one stage takes longer."""

from collections.abc import Callable
from dataclasses import dataclass

from bench.diagnosis_faults.fault import (
    EVERY_SHAPE,
    Fault,
    Operator,
    Scene,
    but,
    by_wait,
    is_felt,
    parts_of,
    with_tool,
)
from bench.diagnosis_world.agents import LIVEKITS, Shape
from bench.diagnosis_world.call import Exchange

SIZES = (1.2, 1.5, 2.0, 3.0, 5.0)
ADDED_SECONDS = (0.8, 1.5, 3.0)

_WITHOUT_A_SPAN = frozenset({Shape.PIPECAT, Shape.GENAI, Shape.LANGFUSE, Shape.NATIVE})
"""Shapes in which a wait for the end of the turn is a stretch of time that nothing explains."""


@dataclass(frozen=True, slots=True)
class _Delay:
    """How one stage is delayed: by a factor of what it took, or by seconds."""

    stage: str
    part: str
    stretch: Callable[[Scene, Exchange, Callable[[float], float]], None]
    kind: str = "high_latency"
    also: frozenset[str] = frozenset()
    on_user: bool = False
    symptoms: frozenset[str] = frozenset({"dead_air"})

    def __call__(self, scene: Scene) -> list[Fault]:
        index = scene.pick()
        if index is None:
            return []
        return [self.at(scene, scene.call.exchanges[index])]

    def at(self, scene: Scene, exchange: Exchange) -> Fault:
        if self.stage == "tool":
            with_tool(scene, exchange)
        before = scene.times(exchange).felt
        rng = scene.rng
        # Stages that usually take no time can only be given some.
        factor = None if self.stage in ("callback", "unexplained") or rng.random() < 0.3 else 1.0
        if factor is not None:
            factor = rng.choice(SIZES)
        more = rng.choice(ADDED_SECONDS) * rng.uniform(0.9, 1.3)
        self.stretch(scene, exchange, lambda usual: usual * factor if factor else usual + more)
        after = scene.times(exchange).felt
        assert before is not None
        assert after is not None
        return Fault(
            operator=f"delay {self.stage}",
            type=self.kind,
            also=self.also,
            turn=(exchange, "agent"),
            near=((exchange, "user"),) if self.on_user else (),
            stages=_named(self.stage, scene.agent.shape),
            parts=((exchange, self.part),) if self.part else (),
            severities=by_wait(after) | ({"medium"} if self.kind == "slow_tool" else set()),
            symptoms=self.symptoms,
            factor=factor,
            stage=self.stage,
            added=after - before,
            is_felt=is_felt(scene.agent, before, after),
        )


def _named(stage: str, shape: Shape) -> frozenset[str]:
    if stage in ("endpointing", "unexplained") and shape in _WITHOUT_A_SPAN:
        return frozenset({"endpointing", "unexplained"})
    if stage == "callback" and shape is Shape.LIVEKIT_OLD:
        return frozenset({"callback", "unexplained"})
    return frozenset({stage})


def _endpointing(scene: Scene, exchange: Exchange, longer: Callable[[float], float]) -> None:
    speech, _ = parts_of(exchange)
    speech.wait = longer(speech.wait)


def _stt(scene: Scene, exchange: Exchange, longer: Callable[[float], float]) -> None:
    speech, _ = parts_of(exchange)
    speech.stt = longer(speech.stt)


def _llm(scene: Scene, exchange: Exchange, longer: Callable[[float], float]) -> None:
    _, reply = parts_of(exchange)
    reply.steps[-1].ttft = longer(reply.steps[-1].ttft)


def _tts(scene: Scene, exchange: Exchange, longer: Callable[[float], float]) -> None:
    _, reply = parts_of(exchange)
    reply.ttfb = longer(reply.ttfb)


def _tool(scene: Scene, exchange: Exchange, longer: Callable[[float], float]) -> None:
    tool = with_tool(scene, exchange)
    tool.seconds = longer(tool.seconds)


def _callback(scene: Scene, exchange: Exchange, longer: Callable[[float], float]) -> None:
    speech, _ = parts_of(exchange)
    speech.callback = longer(speech.callback)


def _unexplained(scene: Scene, exchange: Exchange, longer: Callable[[float], float]) -> None:
    _, reply = parts_of(exchange)
    reply.gap = longer(0.0)


_LLM = _Delay("llm", "llm", _llm, symptoms=frozenset({"dead_air", "slow_prefill"}))
_TOOL = _Delay(
    "tool", "tool", _tool, "slow_tool", frozenset({"high_latency"}),
    symptoms=frozenset({"dead_air", "high_latency", "slow_tool"}),
)  # fmt: skip


def _masked(scene: Scene) -> list[Fault]:
    """A slow tool inside an answer whose model was slow as well."""
    index = scene.pick()
    if index is None:
        return []
    exchange = scene.call.exchanges[index]
    faults = [_TOOL.at(scene, exchange), _LLM.at(scene, exchange)]
    felt = scene.times(exchange).felt or 0.0
    for fault in faults:
        fault.operator = "masked tool and llm"
        fault.severities |= by_wait(felt)
    return faults


DELAYS = (
    Operator("delay endpointing", "high_latency",
             _Delay("endpointing", "wait", _endpointing, on_user=True)),
    Operator("delay stt", "high_latency", _Delay("stt", "user", _stt, on_user=True),
             but(Shape.GENAI, Shape.LANGFUSE)),
    Operator("delay llm", "high_latency", _LLM),
    Operator("delay tts", "high_latency", _Delay("tts", "tts", _tts)),
    Operator("delay tool", "slow_tool", _TOOL),
    Operator("delay callback", "high_latency",
             _Delay("callback", "callback", _callback, on_user=True), LIVEKITS),
    Operator("delay unexplained", "high_latency", _Delay("unexplained", "", _unexplained),
             EVERY_SHAPE),
    Operator("masked tool and llm", "slow_tool", _masked),
)  # fmt: skip
