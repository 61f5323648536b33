"""Reads of Langfuse's public API: what SDK 2, 3, 4 and 5 ask, in the shapes that they accept.

A caller sees every project of its tenant. Source: langfuse 5.0.4, 3.15.0 and 2.60.10 (Python), their
clients and models, 2026-11.
"""

from fastapi import APIRouter

from turnwise.api.langfuse import metrics, observations, projects, scores, sessions, traces
from turnwise.api.langfuse.errors import ERROR_RENDERERS
from turnwise.model.trace import TraceReader

__all__ = ["ERROR_RENDERERS", "router"]


def router(reader: TraceReader, version: str) -> APIRouter:
    """Every read below /api/public."""
    found = APIRouter()
    for part in (
        traces.router(reader),
        sessions.router(reader),
        observations.router(reader),
        scores.router(reader),
        metrics.router(reader),
        projects.router(version),
    ):
        found.include_router(part)
    return found
