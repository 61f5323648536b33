"""The OpenAPI document at the address where clients of the Lyzr voice API look for it."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from turnwise.http.json_text import JSON


def router(document: Callable[[], dict[str, Any]]) -> APIRouter:
    """One route; the document is that of /openapi.json."""
    routes = APIRouter(tags=["Health"])

    @routes.get("/v1/openapi.json", summary="The OpenAPI document")
    async def get_document() -> Response:
        """What this server answers, in OpenAPI."""
        return Response(JSON.encode(document()), media_type="application/json")

    return routes
