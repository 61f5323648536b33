"""What failed, grouped by kind, stage and provider."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, Viewer, json_answer, ms
from turnwise.api.ui.period import Period, counts
from turnwise.model.boards import BoardReader, FaultGroup
from turnwise.model.ids import public_session_id


class PlaceBody(msgspec.Struct, rename="camel", frozen=True):
    """A moment in a session; `at_ms` is since the epoch."""

    session_id: str
    turn: int | None
    at_ms: float


class FaultBody(msgspec.Struct, rename="camel", frozen=True):
    """Failures of one kind; instants in milliseconds since the epoch.

    Attributes:
        stage: "stt", "llm", "tts", "tool" or "other".
        name, provider: null where nobody said.
        kind: the message less what differs from one failure to the next.
        course: [start, count] of each stretch that has any.
        places: the latest, newest first.
    """

    stage: str
    name: str | None
    provider: str | None
    kind: str
    count: int
    sessions: int
    first_ms: float
    last_ms: float
    course: list[tuple[float, int]]
    places: list[PlaceBody]


class FaultsBody(msgspec.Struct, rename="camel", frozen=True):
    """The kinds of failures between two instants, the most frequent first."""

    from_ms: float
    to_ms: float
    step_ms: float
    data: list[FaultBody]


def router(boards: BoardReader) -> APIRouter:
    """The list."""
    routes = APIRouter(prefix=PREFIX)

    @routes.get("/projects/{project}/faults")
    async def get_faults(
        caller: Viewer, request: Request, project: str, period: Annotated[Period, Depends()]
    ) -> Response:
        wanted = period.wanted(caller, project)
        board = await boards.board(wanted.project_ids[0])
        found = await board.faults(wanted, period.step_ns)
        body = FaultsBody(
            from_ms=ms(period.from_ns),
            to_ms=ms(period.to_ns),
            step_ms=ms(period.step_ns),
            data=[fault_body(each) for each in found],
        )
        return await json_answer(request, body)

    return routes


def fault_body(each: FaultGroup) -> FaultBody:
    """A group as the pages read it."""
    return FaultBody(
        stage=each.stage,
        name=each.name or None,
        provider=each.provider or None,
        kind=each.kind,
        count=each.count,
        sessions=each.sessions,
        first_ms=ms(each.first_ns),
        last_ms=ms(each.last_ns),
        course=counts(each.course),
        places=[
            PlaceBody(
                session_id=public_session_id(place.session_id),
                turn=place.turn,
                at_ms=ms(place.at_ns),
            )
            for place in each.places
        ],
    )
