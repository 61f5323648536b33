"""Agents under /v1/agents, where two published APIs meet.

A write with the key `config` is Lyzr's, and answered in its form; any other is Persona's flat
body. A read has no body: a key sent as `Authorization: Bearer` is answered in Persona's form,
every other credential in Lyzr's. Both tell of the same agents, by slug. Lyzr's list is whole unless
`limit` or `offset` ask for a part of it, Persona's comes in pages with a cursor.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.body import read_body
from turnwise.http.cursors import decode_cursor, encode_cursor
from turnwise.http.documents import json_body
from turnwise.http.json_text import JSON
from turnwise.model.accounts import Character, CharacterChanges, TenantAgents
from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import iso_ms
from turnwise.model.tenancy import Caller, Scope

MAX_BODY_BYTES = 1024 * 1024
_LIKE_AN_ID = re.compile(r"[0-9a-f]{24}|[0-9a-f]{32}")
_LONGEST_SLUG = 100
DEFAULT_LIMIT = 20
MAX_LIMIT = 100
_UUID_LENGTH = 36

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]
Writer = Annotated[Caller, Depends(with_scope(Scope.INGEST))]
AgentName = Annotated[str, Path(alias="id", max_length=256)]


class ConfigBody(msgspec.Struct):
    """Lyzr's body."""

    config: dict[str, Any]


class FlatBody(msgspec.Struct, rename="camel", omit_defaults=True):
    """Persona's body; what is absent has the published default."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    system_prompt: Annotated[str, msgspec.Meta(max_length=10_000)] | None = None
    first_message: str | None = None
    voice_id: str = "default"
    tts_provider: str | None = None
    tts_model: str | None = None
    llm_provider: str = "openai"
    llm_model: str | None = None
    collection_id: str | None = None
    language: str = "en"
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.7
    max_tokens: Annotated[int, msgspec.Meta(ge=1, le=16_384)] | None = None
    metadata: dict[str, Any] | None = None


_FLAT_NAMES = tuple(each.encode_name for each in msgspec.structs.fields(FlatBody))
_FLAT_DEFAULTS = {
    each.encode_name: each.default
    for each in msgspec.structs.fields(FlatBody)
    if each.default is not msgspec.NODEFAULT
}

_BODY = json_body(ConfigBody, FlatBody)

ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "A field is missing, malformed or out of its bounds."},
    401: {"description": "No key, or one that is unknown."},
    403: {"description": "The key lacks the scope, or the agent is another member's."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "Unknown, or of another tenant."}
}


def _lyzr(agent: Character) -> dict[str, Any]:
    created = iso_ms(agent.agent.created_ns)
    return {
        "id": agent.agent.object_id,
        "config": agent.config,
        "createdAt": created,
        "updatedAt": created,
        "shared": False,
    }


def _persona(agent: Character) -> dict[str, Any]:
    said = {name: agent.config[name] for name in _FLAT_NAMES if name in agent.config}
    return {
        **_FLAT_DEFAULTS,
        **said,
        "id": agent.agent.public_id,
        "name": agent.agent.name,
        "slug": agent.agent.slug,
        "createdAt": iso_ms(agent.agent.created_ns),
    }


def _one(agent: Character, status: int = 200, *, is_flat: bool) -> Response:
    body = _persona(agent) if is_flat else {"agent": _lyzr(agent)}
    return Response(JSON.encode(body), status, media_type="application/json")


def _flat_page(found: Sequence[Character], size: int, cursor: str | None) -> dict[str, Any]:
    """Persona's list: a page, and where the next one begins."""
    if cursor is not None:
        _, place = decode_cursor(cursor)
        after = place[_UUID_LENGTH:], place[:_UUID_LENGTH]
        found = [each for each in found if (each.agent.slug, each.agent.id) > after]
    page, more = found[:size], len(found) > size
    last = page[-1].agent if more else None
    return {
        "data": [_persona(each) for each in page],
        "nextCursor": encode_cursor(last.created_ns, last.id + last.slug) if last else None,
        "hasMore": more,
    }


def _listing(found: Sequence[Character], limit: int | None, offset: int | None) -> dict[str, Any]:
    """Lyzr's list: whole, or the part that is asked for with what there is besides."""
    if limit is None and offset is None:
        return {"agents": [_lyzr(each) for each in found]}
    size, start = min(limit or MAX_LIMIT, MAX_LIMIT), offset or 0
    page = found[start : start + size]
    after = start + len(page)
    return {
        "agents": [_lyzr(each) for each in page],
        "total": len(found),
        "limit": size,
        "offset": start,
        "nextOffset": after if page and after < len(found) else None,
    }


def _asks_flat(request: Request) -> bool:
    """Whether the credential is presented as Persona's clients do."""
    if "x-api-key" in request.headers:
        return False
    return request.headers.get("authorization", "").lower().startswith("bearer ")


async def _read(request: Request) -> tuple[CharacterChanges, bool]:
    """What a body says, and whether it is flat."""
    raw = await read_body(request, MAX_BODY_BYTES)
    try:
        sent = msgspec.json.decode(raw or b"{}")
        if not isinstance(sent, dict):
            raise _wrong("The body must be an object.")
        if "config" in sent:
            config = msgspec.convert(sent, ConfigBody).config
            return CharacterChanges(name=_name_in(config), config=config), False
        flat = msgspec.convert(sent, FlatBody)
    except msgspec.ValidationError as error:
        raise _wrong(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong(f"The body is not JSON: {error}") from error
    return CharacterChanges(name=flat.name, config=msgspec.to_builtins(flat)), True


def _name_in(config: dict[str, Any]) -> str | None:
    found = next(
        (config[key] for key in ("name", "agent_name", "agentName") if key in config), None
    )
    return found[:_LONGEST_SLUG] if isinstance(found, str) and found.strip() else None


def _slug_of(name: str | None) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", (name or "").lower()).strip("-")[:_LONGEST_SLUG]
    if not slug or _LIKE_AN_ID.fullmatch(slug):
        return f"agent-{uuid4().hex[:8]}"
    return slug


def _wrong(message: str) -> BadInput:
    return BadInput(message, issues=[Issue(("body",), message)])


def router(agents: TenantAgents) -> APIRouter:
    """Five operations in two forms."""
    routes = APIRouter(prefix="/v1/agents", tags=["Agents"], responses=ERRORS)

    @routes.get("", summary="List agents")
    async def list_agents(
        caller: Reader,
        request: Request,
        limit: Annotated[
            int | None, Query(ge=1, description=f"Page size; above {MAX_LIMIT} it is {MAX_LIMIT}.")
        ] = None,
        offset: Annotated[
            int | None, Query(ge=0, description="How many to pass over (Lyzr's form).")
        ] = None,
        cursor: Annotated[
            str | None, Query(description="`nextCursor` of the page before (Persona's form).")
        ] = None,
    ) -> Response:
        """The agents of the tenant, by slug."""
        found = await agents.visible(caller)
        if _asks_flat(request):
            body = _flat_page(found, min(limit or DEFAULT_LIMIT, MAX_LIMIT), cursor)
        else:
            body = _listing(found, limit, offset)
        return Response(JSON.encode(body), media_type="application/json")

    @routes.post("", summary="Create an agent", status_code=201, openapi_extra=_BODY)
    async def create_agent(caller: Writer, request: Request) -> Response:
        """A new agent of the caller; its slug is made from its name."""
        said, is_flat = await _read(request)
        made = await agents.add(caller, _slug_of(said.name), said)
        return _one(made, 201, is_flat=is_flat)

    @routes.get("/{id}", summary="Get an agent", responses=NOT_FOUND)
    async def get_agent(caller: Reader, request: Request, name: AgentName) -> Response:
        """One agent by any of its ids."""
        return _one(await agents.find(caller, name), is_flat=_asks_flat(request))

    @routes.put("/{id}", summary="Replace an agent", responses=NOT_FOUND, openapi_extra=_BODY)
    async def change_agent(caller: Writer, request: Request, name: AgentName) -> Response:
        """New settings in place of the old ones; the slug stays."""
        said, is_flat = await _read(request)
        return _one(await agents.amend(caller, name, said), is_flat=is_flat)

    @routes.delete("/{id}", summary="Delete an agent", status_code=204, responses=NOT_FOUND)
    async def delete_agent(caller: Writer, name: AgentName) -> Response:
        """Forget an agent; its sessions stay."""
        await agents.remove(caller, name)
        return Response(status_code=204)

    return routes
