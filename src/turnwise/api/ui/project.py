"""What a project keeps, whom it takes webhooks from, and how what it is sent comes in."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, Viewer, json_answer, ms, project_of
from turnwise.api.ui.tenant import MAX_BODY_BYTES, Admin, Id
from turnwise.http.body import read_body
from turnwise.http.json_text import decode_json
from turnwise.model.administration import Administration, Arrivals, Received
from turnwise.model.ids import ProjectId
from turnwise.model.instants import NS_PER_SECOND, now_ns
from turnwise.model.integration import Integration, IntegrationKind
from turnwise.model.query import Health
from turnwise.model.tenancy import ProjectPolicy

_PROJECT = f"{PREFIX}/projects/{{project}}"
INTAKE_NS = 86_400 * NS_PER_SECOND
"""How far back the intake looks."""


class PolicyBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """What a project keeps; also the body of a change, which says all of it.

    Attributes:
        retention_days: None: as the server's setting says.
    """

    retention_days: int | None
    keeps_recordings: bool


class PolicyAnswer(msgspec.Struct, rename="camel", frozen=True):
    """The same beside what holds for projects that say nothing; None there: forever."""

    retention_days: int | None
    keeps_recordings: bool
    default_retention_days: int | None


class IntegrationBody(msgspec.Struct, rename="camel", frozen=True):
    """A pair without its secret, which nobody is shown again."""

    id: str
    kind: IntegrationKind
    key: str
    created_ms: float


class Integrations(msgspec.Struct, frozen=True):
    """The pairs of a project."""

    data: list[IntegrationBody]


class NewIntegration(msgspec.Struct, forbid_unknown_fields=True):
    """Body of adding a pair."""

    kind: IntegrationKind
    key: str
    secret: str


class SourceBody(msgspec.Struct, rename="camel", frozen=True):
    """What one kind of sender has sent; None where nothing is known.

    Attributes:
        sessions: of the last day, as are `unpriced` and `last_arrival_ms`.
        batches: since the process started, as are the fields behind it.
        lag_ms: how late the last batch came after its newest instant.
    """

    source: str
    sessions: int | None
    unpriced: int | None
    last_arrival_ms: float | None
    batches: int
    records: int
    refused: int
    last_batch_ms: float | None
    lag_ms: float | None
    last_refusal: str | None


class IntakeBody(msgspec.Struct, rename="camel", frozen=True):
    """How things come in.

    Attributes:
        problems: what is wrong with the stores, as /readyz says it.
        pending: traces and sessions of the whole server that are not derived yet.
        since_ms: when this process started.
    """

    problems: list[str]
    pending: int
    since_ms: float
    sources: list[SourceBody]


class IntakeReader(Protocol):
    """What this process has counted of what came in."""

    since_ns: int

    def of_project(self, project_id: ProjectId) -> Sequence[Received]:
        """By source, the one that came last first."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What is known of what comes in and stays.

    Attributes:
        arrivals: sessions that something came in for since an instant, by source.
        pending: traces and sessions of the whole server that are not derived yet.
        default_retention_days: for projects that say nothing themselves; None keeps forever.
    """

    arrivals: Callable[[ProjectId, int], Awaitable[Sequence[Arrivals]]]
    received: IntakeReader
    pending: Callable[[], int]
    check: Callable[[], Awaitable[Health]]
    default_retention_days: int | None


def router(administration: Administration, keeping: Keeping) -> APIRouter:
    """All of it is for owners and admins, but for the intake, which helps whoever connects."""
    routes = APIRouter()
    _add_policy(routes, administration, keeping.default_retention_days)
    _add_integrations(routes, administration)

    @routes.get(f"{_PROJECT}/intake")
    async def get_intake(caller: Viewer, request: Request, project: str) -> Response:
        project_id = project_of(caller, project)
        arrivals = await keeping.arrivals(project_id, now_ns() - INTAKE_NS)
        health = await keeping.check()
        body = IntakeBody(
            problems=list(health.problems),
            pending=keeping.pending(),
            since_ms=ms(keeping.received.since_ns),
            sources=_sources(arrivals, keeping.received.of_project(project_id)),
        )
        return await json_answer(request, body)

    return routes


def _add_policy(
    routes: APIRouter, administration: Administration, default_retention_days: int | None
) -> None:
    async def answer(request: Request, project_id: ProjectId) -> Response:
        policy = await asyncio.to_thread(administration.policy, project_id)
        body = PolicyAnswer(policy.retention_days, policy.keeps_recordings, default_retention_days)
        return await json_answer(request, body)

    @routes.get(f"{_PROJECT}/policy")
    async def get_policy(caller: Admin, request: Request, project: str) -> Response:
        return await answer(request, project_of(caller, project))

    @routes.put(f"{_PROJECT}/policy")
    async def set_policy(caller: Admin, request: Request, project: str) -> Response:
        project_id = project_of(caller, project)
        sent = decode_json(await read_body(request, MAX_BODY_BYTES), PolicyBody)
        policy = ProjectPolicy(sent.retention_days, sent.keeps_recordings)
        await asyncio.to_thread(administration.set_policy, caller, project_id, policy)
        return await answer(request, project_id)


def _add_integrations(routes: APIRouter, administration: Administration) -> None:
    @routes.get(f"{_PROJECT}/integrations")
    async def list_integrations(caller: Admin, request: Request, project: str) -> Response:
        project_id = project_of(caller, project)
        found = await asyncio.to_thread(administration.integrations, caller, project_id)
        return await json_answer(request, Integrations([_integration(each) for each in found]))

    @routes.post(f"{_PROJECT}/integrations")
    async def add_integration(caller: Admin, request: Request, project: str) -> Response:
        project_id = project_of(caller, project)
        sent = decode_json(await read_body(request, MAX_BODY_BYTES), NewIntegration)
        made = await asyncio.to_thread(
            administration.add_integration, caller, project_id, sent.kind, sent.key, sent.secret
        )
        return await json_answer(request, _integration(made), 201)

    @routes.delete(f"{PREFIX}/integrations/{{integration_id}}")
    async def remove_integration(caller: Admin, integration_id: Id) -> Response:
        await asyncio.to_thread(administration.remove_integration, caller, integration_id)
        return Response(status_code=204)


def _integration(one: Integration) -> IntegrationBody:
    return IntegrationBody(one.id, one.kind, one.key, ms(one.created_ns))


def _sources(arrivals: Sequence[Arrivals], received: Sequence[Received]) -> list[SourceBody]:
    """One line for each source that either knows."""
    stored = {each.source: each for each in arrivals}
    counted = {each.source: each for each in received}
    return [
        _source(name, stored.get(name), counted.get(name))
        for name in dict.fromkeys([*stored, *counted])
    ]


def _source(name: str, stored: Arrivals | None, counted: Received | None) -> SourceBody:
    lag_ns = counted.lag_ns if counted else None
    return SourceBody(
        source=name,
        sessions=stored.sessions if stored else None,
        unpriced=stored.unpriced if stored else None,
        last_arrival_ms=ms(stored.last_arrival_ns) if stored else None,
        batches=counted.batches if counted else 0,
        records=counted.records if counted else 0,
        refused=counted.refused if counted else 0,
        last_batch_ms=ms(counted.last_ns) if counted else None,
        lag_ms=None if lag_ns is None else ms(lag_ns),
        last_refusal=counted.last_refusal if counted else None,
    )
