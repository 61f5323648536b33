"""Diagnoses as rows: keeping them, finding them, and what they teach about an agent."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from turnwise.model.diagnosis import Diagnosis, Issue, IssueGroup, Lesson, Sample
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.query import DiagnosisQuery
from turnwise.store.telemetry.failures import as_busy
from turnwise.store.telemetry.group import Job
from turnwise.store.telemetry.sql import lines


@dataclass(frozen=True, slots=True)
class Change:
    """One call of `put_diagnoses`, or the sessions that are gone with the version up to which."""

    put: Sequence[Diagnosis] = ()
    retired: Sequence[tuple[ProjectId, SessionId, int]] = ()


class _Row(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A row of `diagnoses`; defaults are the columns' defaults."""

    project_id: ProjectId
    session_id: SessionId
    version: int
    is_deleted: int = 0
    agent: str = ""
    agent_version: str = ""
    started_ns: int = 0
    facts_version: int = 0
    analyser: int = 0
    history_turns: int = 0
    types: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    group_types: tuple[str, ...] = ()
    group_stages: tuple[str, ...] = ()
    group_severities: tuple[str, ...] = ()
    group_counts: tuple[int, ...] = ()
    group_excess_ns: tuple[int, ...] = ()
    detail: str = ""
    sample_turns: tuple[int, ...] = ()
    sample_parts: tuple[str, ...] = ()
    sample_kinds: tuple[str, ...] = ()
    sample_models: tuple[str, ...] = ()
    sample_values: tuple[float, ...] = ()


class _Detail(msgspec.Struct):
    issues: tuple[Issue, ...] = ()
    groups: tuple[IssueGroup, ...] = ()


class _Lesson(msgspec.Struct):
    session_id: SessionId
    agent_version: str
    started_ns: int
    sample_turns: list[int]
    sample_parts: list[str]
    sample_kinds: list[str]
    sample_models: list[str]
    sample_values: list[float]


_encoder = msgspec.json.Encoder()
_row_decoder = msgspec.json.Decoder(_Row)
_detail_decoder = msgspec.json.Decoder(_Detail)
_lesson_decoder = msgspec.json.Decoder(_Lesson)

_FOUND = """
SELECT project_id, session_id, version, agent, agent_version, started_ns, facts_version, analyser,
    history_turns, detail
FROM diagnoses FINAL WHERE project_id IN {projects:Array(String)}"""

_LESSONS = """
SELECT session_id, agent_version, started_ns, sample_turns, sample_parts, sample_kinds,
    sample_models, sample_values
FROM diagnoses FINAL WHERE project_id = {project:String} AND notEmpty(sample_values)"""


class DiagnosisWriter:
    """Commits groups of diagnoses; belongs to its one thread."""

    def __init__(self, client: Client):
        self._client = client

    def commit(self, jobs: Sequence[Job[Change, None]]) -> None:
        """Store a group and settle each job's future."""
        newest: dict[tuple[str, str], _Row] = {}
        for job in jobs:
            for row in _rows(job.work):
                key = row.project_id, row.session_id
                # The engine does the same between inserts: of equal versions the last stays.
                if key not in newest or row.version >= newest[key].version:
                    newest[key] = row
        try:
            if newest:
                block = b"\n".join(_encoder.encode(row) for row in newest.values())
                self._client.raw_insert("diagnoses", insert_block=block, fmt="JSONEachRow")
        except (ClickHouseError, OSError) as error:
            for job in jobs:
                job.done.set_exception(as_busy(error))
            return
        for job in jobs:
            job.done.set_result(None)


def of_session(client: Client, project_id: ProjectId, session_id: SessionId) -> Diagnosis | None:
    """What was found in a session; without its samples."""
    statement = _FOUND + " AND session_id = {session:String}"
    parameters = {"projects": [project_id], "session": session_id}
    rows = _row_decoder.decode_lines(lines(client, statement, parameters))
    return _diagnosis(rows[0]) if rows else None


def find(client: Client, query: DiagnosisQuery) -> list[Diagnosis]:
    """Diagnoses of many sessions, the latest start first; without their samples."""
    statement = _FOUND
    parameters: dict[str, Any] = {"projects": list(query.project_ids), "limit": query.limit}
    if query.session_ids is not None:
        statement += " AND session_id IN {sessions:Array(String)}"
        parameters["sessions"] = list(query.session_ids)
    if query.agent is not None:
        statement += " AND agent = {agent:String}"
        parameters["agent"] = query.agent
    if query.types is not None:
        statement += " AND hasAny(types, {types:Array(String)})"
        parameters["types"] = list(query.types)
    if query.from_ns is not None:
        statement += " AND started_ns >= {first:Int64}"
        parameters["first"] = query.from_ns
    if query.to_ns is not None:
        statement += " AND started_ns < {last:Int64}"
        parameters["last"] = query.to_ns
    statement += " ORDER BY started_ns DESC, session_id DESC LIMIT {limit:UInt32}"
    answer = lines(client, statement, parameters)
    return [_diagnosis(row) for row in _row_decoder.decode_lines(answer)]


def lessons(client: Client, project_id: ProjectId, agent: str | None, limit: int) -> list[Lesson]:
    """The clean turns of an agent's newest sessions, or of all agents'."""
    statement = _LESSONS
    parameters: dict[str, Any] = {"project": project_id, "limit": limit}
    if agent is not None:
        statement += " AND agent = {agent:String}"
        parameters["agent"] = agent
    statement += " ORDER BY started_ns DESC, session_id DESC LIMIT {limit:UInt32}"
    rows = _lesson_decoder.decode_lines(lines(client, statement, parameters))
    return [_lesson(row) for row in rows]


def _lesson(row: _Lesson) -> Lesson:
    columns = zip(
        row.sample_turns,
        row.sample_parts,
        row.sample_kinds,
        row.sample_models,
        row.sample_values,
        strict=True,
    )
    return Lesson(
        session_id=row.session_id,
        version=row.agent_version,
        at_ns=row.started_ns,
        samples=tuple(
            Sample(turn=turn, part=part, kind=kind, model=model, value=value)
            for turn, part, kind, model, value in columns
        ),
    )


def _diagnosis(row: _Row) -> Diagnosis:
    found = _detail_decoder.decode(row.detail)
    return Diagnosis(
        project_id=row.project_id,
        session_id=row.session_id,
        agent=row.agent,
        version=row.agent_version,
        started_ns=row.started_ns,
        facts_version=row.facts_version,
        analyser=row.analyser,
        history_turns=row.history_turns,
        issues=found.issues,
        groups=found.groups,
    )


def weight_of(diagnoses: Sequence[Diagnosis]) -> int:
    """About how many bytes the rows will take."""
    return sum(400 + 600 * len(each.issues) + 60 * len(each.samples) for each in diagnoses)


def _rows(change: Change) -> list[_Row]:
    rows = [_row(each) for each in change.put]
    rows += [
        _Row(project_id=project_id, session_id=session_id, version=version, is_deleted=1)
        for project_id, session_id, version in change.retired
    ]
    return rows


def _row(found: Diagnosis) -> _Row:
    samples = found.samples
    return _Row(
        project_id=found.project_id,
        session_id=found.session_id,
        version=found.facts_version,
        agent=found.agent,
        agent_version=found.version,
        started_ns=found.started_ns,
        facts_version=found.facts_version,
        analyser=found.analyser,
        history_turns=found.history_turns,
        types=tuple(each.type for each in found.issues),
        severities=tuple(each.severity for each in found.issues),
        group_types=tuple(each.type for each in found.groups),
        group_stages=tuple(each.stage or "" for each in found.groups),
        group_severities=tuple(each.severity for each in found.groups),
        group_counts=tuple(each.count for each in found.groups),
        group_excess_ns=tuple(each.excess_ns for each in found.groups),
        detail=_encoder.encode(_Detail(found.issues, found.groups)).decode(),
        sample_turns=tuple(each.turn for each in samples),
        sample_parts=tuple(each.part for each in samples),
        sample_kinds=tuple(each.kind for each in samples),
        sample_models=tuple(each.model for each in samples),
        sample_values=tuple(each.value for each in samples),
    )
