"""The cases of the gate: what they are, and what people call them."""

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import NO_CACHE, PREFIX, Viewer, json_answer, ms, visible
from turnwise.api.ui.export import Form, attachment, cell
from turnwise.api.ui.period import Period
from turnwise.api.ui.sessions import SessionName
from turnwise.http.body import read_body
from turnwise.http.json_text import JSON, decode_json
from turnwise.model.boards import BoardReader, BoardStore, Cut
from turnwise.model.diagnosis import GateLimits
from turnwise.model.errors import NotFound
from turnwise.model.ids import public_session_id
from turnwise.model.instants import iso_ms
from turnwise.model.labels import (
    RIGHT,
    CaseLabel,
    Label,
    LabelKeeper,
    LabelsOfSessions,
    Moment,
    precisions,
)
from turnwise.model.overview import SessionFilter
from turnwise.model.ports import SessionReader
from turnwise.model.session import InterruptionKind, Session
from turnwise.model.tenancy import Caller

MOST_CASES = 200
MOST_LABELLED = 10_000
_MAX_BODY = 1_024

CaseId = Annotated[str, Path(max_length=40)]


class Which(StrEnum):
    """Which cases the page lists."""

    FAILING = "failing"
    """Those that break a limit or count against the agent."""
    ALL = "all"
    LABELLED = "labelled"


class LabelBody(msgspec.Struct, rename="camel", frozen=True):
    """What somebody has called a case; `at_ms` is since the epoch."""

    label: Label
    by: str
    at_ms: float


class NewLabel(msgspec.Struct, forbid_unknown_fields=True):
    """Body of calling a case something."""

    label: Label


class CaseBody(msgspec.Struct, rename="camel", frozen=True):
    """An interruption, or another time that both voices were heard.

    Attributes:
        id: of the case within its session.
        at_ms: since the start of the session; null where nobody said when.
        reasons: names of figures that it counts against.
        label: null while nobody has said what it was.
    """

    id: str
    session_id: str
    name: str | None
    version: str | None
    started_ms: float
    has_recording: bool
    kind: InterruptionKind
    turn: int | None
    at_ms: float | None
    detection_ms: float | None
    stop_ms: float | None
    bleed_words: int | None
    reasons: tuple[str, ...]
    label: LabelBody | None


class PrecisionBody(msgspec.Struct, rename="camel", frozen=True):
    """Of the labelled cases that the analysis calls this, how many people call the same.

    Attributes:
        agreeing: the label that says that the analysis was right.
    """

    kind: InterruptionKind
    agreeing: Label
    labelled: int
    right: int


class CasesBody(msgspec.Struct, rename="camel", frozen=True):
    """The latest cases of a candidate.

    Attributes:
        has_more: there are more than are told here.
        precision: of the analysis, on everything that was labelled. Labels change no verdict.
    """

    data: list[CaseBody]
    has_more: bool
    precision: list[PrecisionBody]


def router(boards: BoardReader, labels: LabelKeeper, reader: SessionReader) -> APIRouter:
    """The cases, calling one something, taking that back, and all labels of a time as a file."""
    routes = APIRouter(prefix=PREFIX)
    _add_lists(routes, boards, labels)
    _add_labels(routes, labels, reader)
    return routes


def _add_lists(routes: APIRouter, boards: BoardReader, labels: LabelKeeper) -> None:
    async def labelled(
        wanted: SessionFilter,
    ) -> tuple[BoardStore, LabelsOfSessions, list[tuple[Cut, CaseLabel]]]:
        """Labels, and the cases among those wanted that have one, the latest session first."""
        project_id = wanted.project_ids[0]
        board, known = await asyncio.gather(boards.board(project_id), labels.labels(project_id))
        found = LabelsOfSessions(known)
        if not found.session_ids:
            return board, found, []
        among = replace(wanted, session_ids=found.session_ids)
        cuts = await board.cuts(among, GateLimits(), MOST_LABELLED, every=True)
        told = [(cut, found.of(cut.session_id, _moment(cut))) for cut in cuts]
        return board, found, [(cut, label) for cut, label in told if label is not None]

    @routes.get("/projects/{project}/gate/cases")
    async def list_cases(
        caller: Viewer,
        request: Request,
        project: str,
        period: Annotated[Period, Depends()],
        which: Annotated[Which, Query(alias="cases")] = Which.FAILING,
    ) -> Response:
        wanted = period.wanted(caller, project)
        board, known, told = await labelled(wanted)
        if which is Which.LABELLED:
            cuts = [cut for cut, _ in told]
        else:
            cuts = await board.cuts(wanted, GateLimits(), MOST_CASES + 1, every=which is Which.ALL)
        right = precisions((cut.kind, label.label) for cut, label in told)
        body = CasesBody(
            data=[_case(cut, known.of(cut.session_id, _moment(cut))) for cut in cuts[:MOST_CASES]],
            has_more=len(cuts) > MOST_CASES,
            precision=[
                PrecisionBody(each.kind, RIGHT[each.kind], each.labelled, each.right)
                for each in right
            ],
        )
        return await json_answer(request, body)

    @routes.get("/projects/{project}/gate/labels")
    async def export_labels(
        caller: Viewer,
        project: str,
        period: Annotated[Period, Depends()],
        form: Annotated[Form, Query(alias="format")],
    ) -> Response:
        """The labelled cases of a time with what the analysis called them, as a file."""
        _, _, told = await labelled(period.wanted(caller, project))
        rows = [_row(cut, label) for cut, label in told]
        content = _csv(rows) if form is Form.CSV else JSON.encode({"data": list(_objects(rows))})
        headers = {**NO_CACHE, **attachment("labels", project, form)}
        return Response(content, headers=headers, media_type=form.media_type)


def _add_labels(routes: APIRouter, labels: LabelKeeper, reader: SessionReader) -> None:
    async def case(caller: Caller, session_name: str, case_id: str) -> tuple[Session, Moment]:
        session = visible(await reader.session(caller, session_name), caller)
        asked = Moment.read(case_id)
        known = (
            Moment(each.agent_turn_index, each.onset_ns)
            for each in (*session.interruptions, *session.overlaps)
        )
        found = None if asked is None else asked.nearest(known)
        if found is None:
            raise NotFound("The session has no such case.", code="case_not_found")
        return session, found

    @routes.put("/sessions/{session_id}/cases/{case_id}/label")
    async def put_label(
        caller: Viewer, request: Request, session_id: SessionName, case_id: CaseId
    ) -> Response:
        sent = decode_json(await read_body(request, _MAX_BODY), NewLabel)
        session, moment = await case(caller, session_id, case_id)
        put = await labels.put(caller, session.project_id, session.id, moment, sent.label)
        return await json_answer(request, _label(put))

    @routes.delete("/sessions/{session_id}/cases/{case_id}/label")
    async def remove_label(caller: Viewer, session_id: SessionName, case_id: CaseId) -> Response:
        session, moment = await case(caller, session_id, case_id)
        await labels.remove(session.project_id, session.id, moment)
        return Response(status_code=204)


def _moment(cut: Cut) -> Moment:
    return Moment(cut.turn, cut.onset_ns)


def _label(label: CaseLabel) -> LabelBody:
    return LabelBody(label=label.label, by=label.by, at_ms=ms(label.at_ns))


def _case(cut: Cut, label: CaseLabel | None) -> CaseBody:
    return CaseBody(
        id=str(_moment(cut)),
        session_id=public_session_id(cut.session_id),
        name=cut.name,
        version=cut.version,
        started_ms=ms(cut.started_ns),
        has_recording=cut.has_recording,
        kind=cut.kind,
        turn=cut.turn,
        at_ms=_between(cut.started_ns, cut.onset_ns),
        detection_ms=_between(cut.onset_ns, cut.detected_ns),
        stop_ms=_between(cut.onset_ns, cut.stopped_ns),
        bleed_words=cut.bleed_words,
        reasons=cut.beyond(GateLimits()),
        label=None if label is None else _label(label),
    )


def _between(earlier_ns: int | None, later_ns: int | None) -> float | None:
    return None if earlier_ns is None or later_ns is None else ms(later_ns - earlier_ns)


_COLUMNS = (
    "sessionId", "name", "agent", "version", "startedAt", "turn", "atMs", "kind", "label",
    "labelledBy", "labelledAt",
)  # fmt: skip


def _row(cut: Cut, label: CaseLabel) -> tuple[object, ...]:
    return (
        public_session_id(cut.session_id), cut.name, cut.agent, cut.version,
        iso_ms(cut.started_ns), cut.turn, _between(cut.started_ns, cut.onset_ns),
        cut.kind.value, label.label.value, label.by, iso_ms(label.at_ns),
    )  # fmt: skip


def _objects(rows: Sequence[tuple[object, ...]]) -> Iterator[dict[str, object]]:
    return (dict(zip(_COLUMNS, row, strict=True)) for row in rows)


def _csv(rows: Sequence[tuple[object, ...]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue().encode()
