"""One embedded engine for the process, one database for each test, and records to fill it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from clickhouse_connect.driver.client import Client

from turnwise.model.audio import (
    AudioReport,
    HeardKind,
    HeardOverlap,
    HeardResponse,
    HeardTurn,
)
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, SessionId, session_id_of
from turnwise.model.logs import LogRecord
from turnwise.model.observation import (
    Framework,
    Kind,
    Level,
    Observation,
    Step,
    ToolMessage,
    Voice,
)
from turnwise.model.recording import Analysis, Recording, RecordingStatus
from turnwise.model.session import (
    Interruption,
    Session,
    SessionStatus,
    Speaker,
    ToolExecution,
    TraceSummary,
    Turn,
)
from turnwise.model.usage import ModelUsage, Stage
from turnwise.store.telemetry.embedded import Embedded

PROJECT = ProjectId("11111111-1111-4111-8111-111111111111")
OTHER = ProjectId("22222222-2222-4222-8222-222222222222")
START = 1_760_000_000_000_000_000
DAY_NS = 86_400 * 1_000_000_000
NASTY = "a\nb\tc\\d\\n'e\"f`g\0h\r{x:String} %s ü 漢 🎧 --; /* "


class Room:
    """One database of an engine that outlives it."""

    is_shared = False
    cluster: str | None = None

    def __init__(self, engine: Embedded, database: str):
        self.engine = engine
        self.database = database

    def client(self, database: str | None, settings: dict[str, str | int]) -> Client:
        return self.engine.client(database, settings)

    def problems(self) -> list[str]:
        return []

    def close(self) -> None:
        return None


def span(span_id: str, trace_id: str = "t1", start_ns: int = START, **more: Any) -> Observation:
    more.setdefault("project_id", PROJECT)
    return Observation(trace_id=trace_id, span_id=span_id, start_ns=start_ns, **more)


def log_record(text: str = NASTY, **more: Any) -> LogRecord:
    """A record of a trace or a session, whichever is given."""
    given: dict[str, Any] = {
        "project_id": PROJECT, "id": "r", "trace_id": None, "span_id": None, "session_id": None,
        "time_ns": START, "severity": 9, "severity_text": "INFO", "logger": text, "text": text,
        "attributes": None,
    }  # fmt: skip
    return LogRecord(**{**given, **more})


def full_span(text: str = NASTY) -> Observation:
    """An observation in which nothing is left at its default."""
    return span(
        "full",
        parent_span_id=text,
        end_ns=START + 5,
        name=text,
        kind=Kind.GENERATION,
        step=Step.LLM,
        framework=Framework.PIPECAT,
        session_ref=text,
        session_rank=3,
        trace_name=text,
        first_token_ns=START + 1,
        level=Level.ERROR,
        status_message=text,
        model=text,
        provider=text,
        model_parameters='{"temperature":0.1}',
        input=text,
        output=text,
        metadata='{"a":[1,null]}',
        usage_details={"input": 3, "output": 2, "total": 5, text: 1.5},
        cost_details={"total": Decimal("0.000000000123"), text: Decimal("12345678.5")},
        cost_source="reported",
        environment=text,
        release=text,
        app_version=text,
        user_ref=text,
        tags=(text, "", "b"),
        run={"run_type": text, text: "{}"},
        voice=Voice(
            user_text=text,
            confidence=0.25,
            e2e_ns=1,
            interrupted=False,
            tool_messages=(ToolMessage("1", text, arguments="{}", is_error=True),),
        ),
    )


def fact(session_id: SessionId, kind: FactKind, fact_id: str = "", **body: Any) -> SessionFact:
    return SessionFact(
        project_id=PROJECT, session_id=session_id, kind=kind, fact_id=fact_id, body=body
    )


def named(text: str, project_id: ProjectId = PROJECT) -> SessionId:
    return session_id_of(project_id, text)


def session(name: str, started_ns: int = START, **more: Any) -> Session:
    more.setdefault("project_id", PROJECT)
    more.setdefault("id", named(name, more["project_id"]))
    more.setdefault("status", SessionStatus.ACTIVE)
    more.setdefault("last_seen_ns", started_ns)
    more.setdefault("last_arrival_ns", started_ns)
    more.setdefault("ref", name)
    more.setdefault("agent", "front-desk")
    return Session(started_ns=started_ns, **more)


def recording(analysis: Analysis | None) -> Recording:
    return Recording(
        id="r1",
        project_id=PROJECT,
        session_id=None,
        call_id=None,
        status=RecordingStatus.READY,
        content_type="audio/wav",
        analysis=analysis,
    )


def full_session(text: str = NASTY) -> Session:
    return session(
        text,
        ended_ns=START + 9,
        finalized_ns=START + 10,
        call_id=text,
        room_name=text,
        metadata='{"a":1}',
        turns=(
            Turn(id="u", index=0, speaker=Speaker.USER, text=text, start_ns=START, stt_ns=5),
            Turn(id="a", index=1, speaker=Speaker.AGENT, start_ns=START, span_ids=("x", text)),
        ),
        tools=(ToolExecution(id="1", name=text, turn_index=1, is_error=True, error=text),),
        interruptions=(Interruption(id="1", onset_ns=START, bleed_words=2),),
        traces=(
            TraceSummary(
                trace_id=text,
                name=None,
                start_ns=START,
                latency_ns=None,
                cost_usd=Decimal("0.1"),
                observation_count=1,
            ),
        ),
        recordings=(recording(Analysis.DONE),),
        audio=AudioReport(
            recording_id="r1",
            version=1,
            channels=2,
            duration_ns=9,
            notes=(text,),
            turns=(HeardTurn(speaker=Speaker.AGENT, start_ns=1, end_ns=5),),
            overlaps=(HeardOverlap(kind=HeardKind.MISSED, onset_ns=3),),
            responses=(HeardResponse(user_end_ns=1, agent_start_ns=2, turn_index=1),),
        ),
        usage=(ModelUsage(stage=Stage.LLM, model=text, cost_usd=Decimal("0.0000001")),),
        cost_usd=Decimal("0.123456789"),
        created_by=7,
        facts_version=2**62,
    )


def rows(client: Client, statement: str, **parameters: Any) -> Sequence[Sequence[Any]]:
    return client.query(statement, parameters=parameters).result_rows
