"""`/metrics`: what the server counts about itself, in Prometheus' text form."""

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


def router(registry: CollectorRegistry) -> APIRouter:
    """The one route; it needs no key, and shows nothing of any tenant."""
    routes = APIRouter(tags=["Health"])

    @routes.get("/metrics", summary="Counters for Prometheus", response_class=Response)
    async def metrics() -> Response:
        """Counters since the start, and gauges of now."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return routes
