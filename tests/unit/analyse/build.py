"""Observations and facts written by hand, in milliseconds after an arbitrary start."""

from dataclasses import replace
from typing import Any

from turnwise.analyse.assemble import assemble
from turnwise.model.facts import FactKind, SessionFact, SessionFacts
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.observation import Framework, Kind, Observation, Step, Voice
from turnwise.model.session import Session, Turn

PROJECT = ProjectId("5f0c2b6e-9d1a-4c57-8f52-2f6f6d1a0b11")
SESSION = SessionId("0b7f3a52-5a0e-4a55-9a5b-6b6f0a4d7c21")
START_NS = 1_795_000_000_000_000_000
MS = 1_000_000
_VOICE = set(Voice.__dataclass_fields__)


def at(ms: float) -> int:
    """The instant so many milliseconds after the start."""
    return START_NS + round(ms * MS)


def span(
    step: Step,
    start_ms: float,
    end_ms: float | None,
    span_id: str,
    parent: str | None = None,
    *,
    framework: Framework = Framework.GENERIC,
    trace_id: str = "t1",
    **fields: Any,
) -> Observation:
    """An observation; names of Voice fields go to its voice, `_ms` durations to their `_ns`."""
    voice: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in fields.items():
        if name.endswith("_ms"):
            voice[f"{name[:-3]}_ns"] = round(value * MS)
        else:
            (voice if name in _VOICE else own)[name] = value
    if step is Step.LLM:
        own.setdefault("kind", Kind.GENERATION)
    return Observation(
        project_id=PROJECT,
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent,
        start_ns=at(start_ms),
        end_ns=None if end_ms is None else at(end_ms),
        step=step,
        framework=framework,
        voice=Voice(**voice),
        **own,
    )


def livekit(
    step: Step, start_ms: float, end_ms: float | None, *ids: str, **fields: Any
) -> Observation:
    """The same, of LiveKit."""
    return span(step, start_ms, end_ms, *ids, framework=Framework.LIVEKIT, **fields)


def pipecat(
    step: Step, start_ms: float, end_ms: float | None, *ids: str, **fields: Any
) -> Observation:
    """The same, of Pipecat."""
    return span(step, start_ms, end_ms, *ids, framework=Framework.PIPECAT, **fields)


def fact(kind: FactKind, fact_id: str = "", *, version: int = 0, **body: Any) -> SessionFact:
    return SessionFact(
        project_id=PROJECT,
        session_id=SESSION,
        kind=kind,
        fact_id=fact_id,
        body=body,
        version=version,
    )


def facts_of(*items: Observation | SessionFact) -> SessionFacts:
    return SessionFacts(
        project_id=PROJECT,
        session_id=SESSION,
        observations=tuple(each for each in items if isinstance(each, Observation)),
        facts=tuple(each for each in items if isinstance(each, SessionFact)),
        last_arrival_ns=at(1_000_000),
        created_by=7,
        facts_version=3,
    )


def session_of(*items: Observation | SessionFact) -> Session:
    session = assemble(facts_of(*items))
    assert session is not None
    assert [turn.index for turn in session.turns] == list(range(len(session.turns)))
    return session


def said(session: Session) -> list[tuple[str, str | None]]:
    """Who said what."""
    return [(turn.speaker.value, turn.text) for turn in session.turns]


def ms(instant_ns: int | None) -> float | None:
    """Milliseconds after the start."""
    return None if instant_ns is None else (instant_ns - START_NS) / MS


def interval(turn: Turn) -> tuple[float | None, float | None]:
    return ms(turn.start_ns), ms(turn.end_ns)


def moved(observation: Observation, **fields: Any) -> Observation:
    return replace(observation, **fields)
