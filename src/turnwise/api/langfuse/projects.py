"""`GET /api/public/projects`, which is how SDKs check a key, and `/api/public/health`."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import RedirectResponse, Response

from turnwise.api.langfuse.errors import ERRORS
from turnwise.api.langfuse.parameters import answer
from turnwise.http.auth import require_caller
from turnwise.model.errors import Forbidden
from turnwise.model.tenancy import Caller, Scope


async def _any_caller(request: Request) -> Caller:
    """Whoever holds a good key: one that may only write has a project too."""
    try:
        return await require_caller(request, Scope.READ)
    except Forbidden:
        return await require_caller(request, Scope.INGEST)


def router(version: str) -> APIRouter:
    """The reads that are about the server and the key."""
    routes = APIRouter(tags=["Langfuse"], responses=ERRORS)

    @routes.get("/api/public/projects", summary="The project of a key")
    async def projects(caller: Annotated[Caller, Depends(_any_caller)]) -> Response:
        """The one project that the key writes to."""
        names = {project_id: name for name, project_id in caller.projects_by_name.items()}
        project = {
            "id": caller.project_id,
            "name": names.get(caller.project_id, "default"),
            "organization": {"id": caller.tenant_id, "name": caller.tenant_slug},
            "metadata": {},
        }
        return answer({"data": [project]})

    @routes.get("/api/public/health", summary="Whether the server answers", responses={})
    async def health() -> Response:
        """Asks for no key."""
        return answer({"status": "OK", "version": version})

    @routes.get("/project/{projectId}/traces/{traceId:path}", include_in_schema=False)
    async def trace_page(trace_id: Annotated[str, Path(alias="traceId")]) -> Response:
        """Where SDKs say that a trace can be looked at."""
        return RedirectResponse("/traces/view/" + quote(trace_id, safe=""), 302)

    return routes
