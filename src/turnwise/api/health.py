"""Whether the server lives and can work."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from turnwise.model.query import Health


class Alive(BaseModel):
    """The process answers."""

    status: str
    version: str


class Ready(BaseModel):
    """Whether requests can be served, and what is wrong when they cannot."""

    status: str
    problems: list[str]
    facts: dict[str, str | int]


def router(version: str, check: Callable[[], Awaitable[Health]]) -> APIRouter:
    """`/healthz`, `/readyz` and the trace surface's own `/v1/health`."""
    routes = APIRouter(tags=["Health"])

    @routes.get("/healthz", summary="Is the process alive?")
    @routes.get("/v1/health", summary="Is the process alive? (session-trace clients)")
    async def healthz() -> Alive:
        """Answers as long as the process can answer at all."""
        return Alive(status="ok", version=version)

    @routes.get(
        "/readyz",
        summary="Can it work?",
        response_model=Ready,
        responses={503: {"model": Ready, "description": "A store does not work."}},
    )
    async def readyz() -> JSONResponse:
        """200 when both stores answer; 503 with the reasons when not."""
        health = await check()
        body = Ready(
            status="ok" if not health.problems else "degraded",
            problems=list(health.problems),
            facts=health.facts,
        )
        return JSONResponse(body.model_dump(), status_code=503 if health.problems else 200)

    return routes
