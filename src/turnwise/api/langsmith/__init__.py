"""Tracing projects, runs and feedback as the LangSmith API publishes them.

This API calls a tracing project a session. A caller sees its whole tenant and nothing else; what
is another tenant's is the same 404 as what does not exist.
"""

from fastapi import APIRouter

from turnwise.api.langsmith.about import About
from turnwise.api.langsmith.attachments import Attachments
from turnwise.api.langsmith.common import ERROR_RENDERERS, ROOTS, RunsStore
from turnwise.api.langsmith.feedback import Judgements
from turnwise.api.langsmith.projects import EraseProject, Projects
from turnwise.api.langsmith.runs import Runs
from turnwise.http.media_links import MediaLinks
from turnwise.model.catalog import ProjectBook

__all__ = ["ERROR_RENDERERS", "router"]


def router(
    book: ProjectBook,
    store: RunsStore,
    links: MediaLinks,
    max_body_bytes: int,
    erase: EraseProject,
) -> APIRouter:
    """Every route, below each of the roots; the documents describe the last of them."""
    attachments = Attachments(links)
    whole = attachments.router()
    parts = (
        About(book, max_body_bytes).router(),
        Projects(book, store, erase).router(),
        Runs(store, attachments).router(),
        Judgements(store, max_body_bytes).router(),
    )
    for root in ROOTS:
        for part in parts:
            whole.include_router(part, prefix=root, include_in_schema=root == ROOTS[-1])
    return whole
