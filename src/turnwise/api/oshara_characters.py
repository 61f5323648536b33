"""AI characters, as the Oshara API publishes them (under /api/ai-characters).

A character is an agent that somebody has made; its creator and staff may touch it, for everybody
else it does not exist. Fields without a meaning of their own here are kept and given back.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.envelope import bare, read_form
from turnwise.http.origins import is_allowed_origin_form
from turnwise.model.accounts import Character, CharacterChanges, Characters
from turnwise.model.errors import BadInput, Issue
from turnwise.model.ids import MAX_ID_LENGTH, is_canonical_uuid
from turnwise.model.instants import iso_seconds
from turnwise.model.tenancy import Caller, Scope

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]
Writer = Annotated[Caller, Depends(with_scope(Scope.INGEST))]

_TEXTS = (
    "system_prompt",
    "greeting",
    "language",
    "voice",
    "voice_model",
    "llm_model",
    "stt_model",
    "tts_model",
)
_LISTS = ("handoff_targets",)
_OWN = frozenset({"slug", "name", "allowed_origins", "is_active"})
_READ_ONLY = frozenset({"id", "tenant_id", "created_by", "created_at"})
_MOST_ORIGINS = 100
_UNFIT = re.compile(r"[/?#%\\\x00-\x1f\x7f]")
_LIKE_AN_ID = re.compile(r"(agent_)?[0-9a-fA-F]{32}|[0-9a-fA-F]{24}")

_PROPERTIES: dict[str, Any] = {
    "slug": {"type": "string", "minLength": 1, "maxLength": MAX_ID_LENGTH},
    "name": {"type": "string"},
    **{name: {"type": ["string", "null"]} for name in _TEXTS},
    **{name: {"type": "array", "items": {"type": "string"}} for name in _LISTS},
    "allowed_origins": {"type": "array", "items": {"type": "string"}, "maxItems": _MOST_ORIGINS},
    "is_active": {"type": "boolean"},
    "max_concurrent_sessions": {"type": ["integer", "null"], "minimum": 0},
}
_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {
    "type": "object", "properties": _PROPERTIES,
}}}}}  # fmt: skip

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "A field is missing or malformed; the envelope names it."},
    401: {"description": "No token or key, or one that does not hold."},
    403: {"description": "The key lacks the scope."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "Unknown, or made by somebody else."}
}
TAKEN: dict[int | str, dict[str, Any]] = {409: {"description": "The slug is taken."}}


def _body_of(character: Character) -> dict[str, Any]:
    agent = character.agent
    return {
        **dict.fromkeys(_TEXTS),
        **{name: [] for name in _LISTS},
        "max_concurrent_sessions": None,
        **character.config,
        "id": agent.public_id,
        "slug": agent.slug,
        "name": agent.name,
        "tenant_id": character.tenant,
        "allowed_origins": list(character.allowed_origins),
        "is_active": agent.is_active,
        "created_by": agent.created_by,
        "created_at": iso_seconds(agent.created_ns),
    }


def _problems(sent: Mapping[str, Any]) -> list[Issue]:
    """Everything that is wrong with the types of a body."""
    found: list[Issue] = []

    def expect(name: str, holds: bool, what: str) -> None:
        if not holds:
            found.append(Issue((name,), f"{name} must be {what}."))

    for name in ("slug", "name"):
        if name in sent:
            expect(name, isinstance(sent[name], str), "a text")
    for name in _TEXTS:
        expect(name, isinstance(sent.get(name), str | None), "a text or null")
    for name in (*_LISTS, "allowed_origins"):
        expect(name, _are_texts(sent.get(name, [])), "a list of texts")
    expect("is_active", isinstance(sent.get("is_active", True), bool), "true or false")
    most = sent.get("max_concurrent_sessions")
    is_count = most is None or (isinstance(most, int) and not isinstance(most, bool) and most >= 0)
    expect("max_concurrent_sessions", is_count, "a whole number of at least 0, or null")
    return found or _origin_problems(sent.get("allowed_origins", []))


def _origin_problems(origins: list[str]) -> list[Issue]:
    if len(origins) > _MOST_ORIGINS:
        return [Issue(("allowed_origins",), f"At most {_MOST_ORIGINS} origins.")]
    return [
        Issue(("allowed_origins",), "Each must be a URL such as https://www.example.com.")
        for origin in origins
        if not is_allowed_origin_form(origin)
    ]


def _are_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _slug_problems(slug: Any) -> list[Issue]:
    if slug is None:
        return [Issue(("slug",), "slug is required.")]
    if not isinstance(slug, str):
        return []
    if not 0 < len(slug.strip()) <= MAX_ID_LENGTH or _UNFIT.search(slug) or slug in (".", ".."):
        fit = f"1 to {MAX_ID_LENGTH} characters that fit into an address"
        return [Issue(("slug",), f"slug must have {fit}.")]
    if is_canonical_uuid(slug) or _LIKE_AN_ID.fullmatch(slug):
        return [Issue(("slug",), "slug must not look like an id.")]
    return []


def _refuse(problems: list[Issue]) -> None:
    if problems:
        raise BadInput(" ".join(issue.message for issue in problems), issues=problems)


def _changes(sent: Mapping[str, Any], config: Mapping[str, Any], name: str) -> CharacterChanges:
    """What to write: `config` is what stays of the old one, `name` stands for a missing one."""
    known = _OWN | _READ_ONLY
    said = {key: value for key, value in sent.items() if key not in known}
    origins = sent.get("allowed_origins")
    return CharacterChanges(
        name=sent.get("name") or name,
        config={**config, **said},
        allowed_origins=None if origins is None else tuple(origins),
        is_active=sent.get("is_active"),
    )


def router(characters: Characters) -> APIRouter:
    """Every route answers with and without its last slash."""
    routes = APIRouter(prefix="/api/ai-characters", tags=["AI characters"], responses=ERRORS)

    @routes.get("", include_in_schema=False)
    @routes.get("/", summary="List characters")
    async def list_characters(caller: Reader) -> Response:
        """The caller's own characters (staff: everybody's), by slug."""
        return bare([_body_of(each) for each in await characters.all(caller)])

    @routes.post("", include_in_schema=False)
    @routes.post(
        "/", summary="Create a character", status_code=201, responses=TAKEN, openapi_extra=_BODY
    )
    async def create_character(caller: Writer, request: Request) -> Response:
        """A new character of the caller.

        Owners and admins may take over an agent that came in with its sessions and that nobody
        has made; they then see those sessions.
        """
        sent = await read_form(request, dict[str, Any])
        _refuse(_slug_problems(sent.get("slug")) + _problems(sent))
        slug = sent["slug"].strip()
        made = await characters.create(caller, slug, _changes(sent, {}, slug))
        return bare(_body_of(made), 201)

    @routes.get("/{slug}", include_in_schema=False)
    @routes.get("/{slug}/", summary="Get a character", responses=NOT_FOUND)
    async def get_character(caller: Reader, slug: str) -> Response:
        """One character."""
        return bare(_body_of(await characters.get(caller, slug)))

    @routes.put("/{slug}", include_in_schema=False)
    @routes.patch("/{slug}", include_in_schema=False)
    @routes.put("/{slug}/", summary="Replace a character", responses=NOT_FOUND, openapi_extra=_BODY)
    @routes.patch(
        "/{slug}/", summary="Update a character", responses=NOT_FOUND, openapi_extra=_BODY
    )
    async def change_character(caller: Writer, slug: str, request: Request) -> Response:
        """PUT replaces everything but the slug, PATCH what is sent; sessions hang on the slug."""
        known = await characters.get(caller, slug)
        sent = await read_form(request, dict[str, Any])
        problems = _problems(sent)
        if sent.get("slug", known.agent.slug) != known.agent.slug:
            problems.append(Issue(("slug",), "slug cannot be changed."))
        _refuse(problems)
        if request.method == "PUT":
            whole = {"allowed_origins": [], "is_active": True, **sent}
            said = _changes(whole, {}, known.agent.slug)
        else:
            said = _changes(sent, known.config, known.agent.name)
        return bare(_body_of(await characters.change(caller, known.agent.public_id, said)))

    @routes.delete("/{slug}", include_in_schema=False)
    @routes.delete("/{slug}/", summary="Delete a character", status_code=204, responses=NOT_FOUND)
    async def delete_character(caller: Writer, slug: str) -> Response:
        """Forget a character; its sessions stay, and only staff see them here."""
        await characters.release(caller, slug)
        return Response(status_code=204)

    return routes
