"""Form responses of a character, as the Oshara API publishes them (under /api/agents).

Unlike everywhere else another person's character is 403 here and not 404, as published; starting
a session tells the same two apart without any credential.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.documents import json_body
from turnwise.http.envelope import bare, read_form, wrong
from turnwise.model.accounts import Character, Characters, FormResponse, FormResponses
from turnwise.model.errors import Forbidden, NotFound
from turnwise.model.ids import is_canonical_uuid
from turnwise.model.instants import iso_seconds
from turnwise.model.tenancy import Caller, Scope

DEFAULT_PAGE_SIZE = 200
MAX_PAGE_SIZE = 1_000

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]
Writer = Annotated[Caller, Depends(with_scope(Scope.INGEST))]


class NewResponse(msgspec.Struct):
    """Body of a new response."""

    form_id: str
    session_id: str
    values: dict[str, Any]


class ResponseBody(msgspec.Struct, frozen=True):
    """One response."""

    id: int
    character_slug: str
    form_id: str
    session_id: str
    values: dict[str, Any]
    created_at: str


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "A field is missing or malformed; the envelope names it."},
    401: {"description": "No token or key, or one that does not hold."},
    403: {"description": "Somebody else's character, or a key without the scope."},
    404: {"description": "No character of this slug."},
}


def _body(character: Character, response: FormResponse) -> ResponseBody:
    return ResponseBody(
        id=response.id,
        character_slug=character.agent.slug,
        form_id=response.form_id,
        session_id=response.session_id,
        values=dict(response.values),
        created_at=iso_seconds(response.created_ns),
    )


def router(characters: Characters, forms: FormResponses) -> APIRouter:
    """Both routes answer with and without their last slash."""
    routes = APIRouter(prefix="/api/agents", tags=["Form responses"], responses=ERRORS)

    async def owned(caller: Caller, slug: str) -> Character:
        try:
            return await characters.get(caller, slug)
        except NotFound:
            if await characters.known(slug):
                raise Forbidden("This character is somebody else's.") from None
            raise

    @routes.post("/{slug}/form-responses", include_in_schema=False)
    @routes.post(
        "/{slug}/form-responses/",
        summary="Add a form response",
        status_code=201,
        openapi_extra=json_body(NewResponse),
    )
    async def add_response(caller: Writer, slug: str, request: Request) -> Response:
        """Keep what a person has filled in during a session."""
        character = await owned(caller, slug)
        sent = await read_form(request, NewResponse)
        session_id = _uuid(sent.session_id)
        made = await forms.add(caller, character, sent.form_id, session_id, sent.values)
        return bare(_body(character, made), 201)

    @routes.get("/{slug}/form-responses", include_in_schema=False)
    @routes.get("/{slug}/form-responses/", summary="List form responses")
    async def list_responses(
        caller: Reader,
        slug: str,
        session_id: Annotated[str | None, Query(description="Only of this session.")] = None,
        form_id: Annotated[str | None, Query(description="Only of this form.")] = None,
        page: Annotated[int, Query(ge=1, le=1_000_000, description="1-based page.")] = 1,
        page_size: Annotated[
            int, Query(ge=1, le=MAX_PAGE_SIZE, description="Page size.")
        ] = DEFAULT_PAGE_SIZE,
    ) -> Response:
        """Responses of the character, the newest first."""
        character = await owned(caller, slug)
        session = None if session_id is None else _uuid(session_id)
        offset = (page - 1) * page_size
        found = await forms.all(character, session, form_id, page_size, offset)
        return bare([_body(character, each) for each in found])

    return routes


def _uuid(session_id: str) -> str:
    if not is_canonical_uuid(session_id):
        raise wrong("session_id", "session_id must be a UUID.")
    return session_id.lower()
