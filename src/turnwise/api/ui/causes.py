"""Why calls were bad, over a whole project: causes by what they cost, and the turns that prove it."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, Viewer, json_answer
from turnwise.api.ui.period import Period, counts
from turnwise.api.ui.session_bodies import IssueBody, issue_body, ms
from turnwise.model.boards import BoardReader, Cause
from turnwise.model.diagnosis import Issue, Severity
from turnwise.model.ids import public_session_id
from turnwise.model.overview import LineQuery, OverviewReader, SessionFilter, SessionLine
from turnwise.model.ports import DiagnosisStore
from turnwise.model.query import DiagnosisQuery
from turnwise.model.tenancy import Caller

SHOWN = 12
"""Causes that are told with their evidence; the others are rare or cheap."""
_EVIDENCE = 3
"""Sessions that prove one cause."""
_GRAVITY = dict(zip(Severity, (0.0, 0.25, 0.5, 0.75, 1.0), strict=True))
"""How much a session with such an issue counts beside one with the gravest."""


class EvidenceBody(msgspec.Struct, rename="camel", frozen=True):
    """One issue that the cause stands for; its times count from the start of the session."""

    session_id: str
    agent: str
    version: str | None
    started_ms: float
    has_recording: bool
    issue: IssueBody


class CauseBody(msgspec.Struct, rename="camel", frozen=True):
    """Issues of one type and stage.

    Attributes:
        share_of_slow_time: part of the time that callers waited longer than usual, 0 to 1; null
            where none of it lies here.
        share_of_sessions: part of all sessions of the time, 0 to 1.
        course: [start, sessions] of each stretch that has any.
        evidence: of the sessions that it cost most, those first.
    """

    type: str
    stage: str | None
    severity: Severity
    sessions: int
    sessions_before: int
    issues: int
    excess_ms: float
    share_of_slow_time: float | None
    share_of_sessions: float
    course: list[tuple[float, int]]
    evidence: list[EvidenceBody]


class CausesBody(msgspec.Struct, rename="camel", frozen=True):
    """Ranked causes.

    Attributes:
        sessions_before: of the time before, as long as this one.
        excess_ms: all the time that callers waited longer than usual.
    """

    from_ms: float
    to_ms: float
    step_ms: float
    sessions: int
    sessions_before: int
    excess_ms: float
    data: list[CauseBody]


def router(overview: OverviewReader, boards: BoardReader, diagnoses: DiagnosisStore) -> APIRouter:
    """The list."""
    routes = APIRouter(prefix=PREFIX)

    @routes.get("/projects/{project}/causes")
    async def get_causes(
        caller: Viewer, request: Request, project: str, period: Annotated[Period, Depends()]
    ) -> Response:
        wanted = period.wanted(caller, project)
        board = await boards.board(wanted.project_ids[0])
        sessions, sessions_before, found, earlier = await asyncio.gather(
            overview.count(caller, wanted),
            overview.count(caller, period.before(wanted)),
            board.causes(wanted, period.step_ns),
            board.causes(period.before(wanted), period.step_ns),
        )
        excess_ns = sum(each.excess_ns for each in found)
        before = {(each.type, each.stage): each.sessions for each in earlier}
        ranked = sorted(found, key=_weight(sessions, excess_ns), reverse=True)
        evidence = await _evidence(overview, diagnoses, caller, wanted, ranked[:SHOWN])
        body = CausesBody(
            from_ms=ms(period.from_ns),
            to_ms=ms(period.to_ns),
            step_ms=ms(period.step_ns),
            sessions=sessions,
            sessions_before=sessions_before,
            excess_ms=ms(excess_ns),
            data=[
                CauseBody(
                    type=each.type,
                    stage=each.stage,
                    severity=each.severity,
                    sessions=each.sessions,
                    sessions_before=before.get((each.type, each.stage), 0),
                    issues=each.count,
                    excess_ms=ms(each.excess_ns),
                    share_of_slow_time=each.excess_ns / excess_ns if each.excess_ns else None,
                    share_of_sessions=each.sessions / sessions if sessions else 0.0,
                    course=counts(each.course),
                    evidence=evidence.get((each.type, each.stage), []),
                )
                for each in ranked
            ],
        )
        return await json_answer(request, body)

    return routes


def _weight(sessions: int, excess_ns: int) -> Callable[[Cause], float]:
    """The larger of its shares of the slow time and, as far as it is grave, of the sessions."""

    def weight(each: Cause) -> float:
        of_time = each.excess_ns / excess_ns if excess_ns else 0.0
        of_sessions = each.sessions / sessions if sessions else 0.0
        return max(of_time, of_sessions * _GRAVITY[each.severity])

    return weight


async def _evidence(
    overview: OverviewReader,
    diagnoses: DiagnosisStore,
    caller: Caller,
    wanted: SessionFilter,
    causes: Sequence[Cause],
) -> dict[tuple[str, str | None], list[EvidenceBody]]:
    """For each cause the gravest issue of each of the sessions that it cost most."""
    ids = tuple({session for cause in causes for session in cause.worst[:_EVIDENCE]})
    if not ids:
        return {}
    sessions, found = await asyncio.gather(
        overview.lines(caller, LineQuery(filter=replace(wanted, session_ids=ids), limit=len(ids))),
        diagnoses.diagnoses(
            DiagnosisQuery(project_ids=wanted.project_ids, session_ids=ids, limit=len(ids))
        ),
    )
    lines = {each.id: each for each in sessions}
    issues = {each.session_id: each.issues for each in found}
    return {
        (cause.type, cause.stage): [
            _proof(lines[session], issue)
            for session in cause.worst[:_EVIDENCE]
            if session in lines and (issue := _gravest(issues.get(session, ()), cause)) is not None
        ]
        for cause in causes
    }


def _gravest(issues: Iterable[Issue], cause: Cause) -> Issue | None:
    order = tuple(Severity)
    fitting = [each for each in issues if (each.type, each.stage) == (cause.type, cause.stage)]
    return max(
        fitting,
        key=lambda each: (order.index(each.severity), each.confidence),
        default=None,
    )


def _proof(line: SessionLine, issue: Issue) -> EvidenceBody:
    return EvidenceBody(
        session_id=public_session_id(line.id),
        agent=line.agent,
        version=line.app_version,
        started_ms=ms(line.started_ns),
        has_recording=line.recording_count > 0,
        issue=issue_body(issue, line.started_ns),
    )
