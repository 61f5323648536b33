"""API keys of one's own, as the Persona Labs API publishes them; of others with the scope `admin`."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, Protocol

import msgspec
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.body import read_body
from turnwise.http.documents import error_texts
from turnwise.http.error_forms import ERRORS
from turnwise.http.json_text import JSON, decode_json
from turnwise.model.errors import BadInput, Forbidden, Issue, NotFound
from turnwise.model.instants import NS_PER_SECOND, iso_seconds, now_ns
from turnwise.model.tenancy import ApiKey, Caller, Scope

MAX_BODY_BYTES = 64 * 1024
MAX_DAYS = 36_500
_DAY_NS = round(timedelta(days=1).total_seconds()) * NS_PER_SECOND

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]
KeyId = Annotated[str, Path(alias="id", max_length=256)]


class KeyManager(Protocol):
    """What this surface needs of the catalog; synchronous, called in a worker thread."""

    def keys_of(self, caller: Caller) -> Sequence[ApiKey]:
        """Every key of the caller's tenant."""
        ...

    def make_key(
        self, caller: Caller, name: str, scopes: frozenset[Scope], expires_ns: int | None
    ) -> tuple[ApiKey, str]:
        """A new key of the caller's own, and its secret."""
        ...

    def replace_key(self, caller: Caller, key_id: str) -> tuple[ApiKey, str]:
        """The key with a new secret; the old one stops at once.

        Raises:
            Forbidden: its user may do more than the caller.
        """
        ...

    def revoke_key(self, caller: Caller, key_id: str) -> None:
        """Take a key back for good."""
        ...


class NewKey(msgspec.Struct, rename="camel"):
    """Body of create; without scopes the key gets those of the one that asks."""

    name: str
    expires_in_days: int | None = None
    scopes: list[Scope] | None = None


_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {
    "type": "object", "required": ["name"],
    "properties": {
        "name": {"type": "string"},
        "expiresInDays": {"type": "integer", "minimum": 1, "maximum": MAX_DAYS},
        "scopes": {"type": "array", "items": {"type": "string", "enum": list(Scope)}},
    },
}}}}}  # fmt: skip


def router(keys: KeyManager) -> APIRouter:
    """List, create, rotate and revoke."""
    routes = APIRouter(prefix="/v1/keys", tags=["Keys"], responses=ERRORS)

    async def own(caller: Caller, key_id: str) -> ApiKey:
        """The key, if it is the caller's or the caller manages all of the tenant."""
        found = await asyncio.to_thread(keys.keys_of, caller)
        for each in found:
            if each.id == key_id and _may_manage(caller, each):
                return each
        raise NotFound("Key not found.", code="key_not_found")

    @routes.get("", summary="List keys")
    async def list_keys(caller: Reader) -> Response:
        """The caller's keys, with the scope `admin` all of the tenant; never a secret."""
        found = await asyncio.to_thread(keys.keys_of, caller)
        return _answer({"data": [_shown(each) for each in found if _may_manage(caller, each)]})

    @routes.post("", summary="Create a key", status_code=201, openapi_extra=_BODY)
    async def create_key(caller: Reader, request: Request) -> Response:
        """A key of the caller's own; its secret is shown in this answer and never again."""
        sent = decode_json(await read_body(request, MAX_BODY_BYTES), NewKey)
        scopes = caller.scopes if sent.scopes is None else frozenset(sent.scopes)
        if not scopes <= caller.scopes:
            raise Forbidden("A key cannot give scopes that it does not have.", code="missing_scope")
        made, secret = await asyncio.to_thread(
            keys.make_key, caller, sent.name, scopes, _expiry(sent.expires_in_days)
        )
        return _answer({**_shown(made), "key": secret}, 201)

    @routes.post("/{id}/rotate", summary="Rotate a key", responses=error_texts(409))
    async def rotate_key(caller: Reader, key_id: KeyId) -> Response:
        """A new secret for the key; the old one stops at once."""
        key = await own(caller, key_id)
        if not key.scopes <= caller.scopes:
            raise Forbidden("This key has scopes that yours lacks.", code="missing_scope")
        made, secret = await asyncio.to_thread(keys.replace_key, caller, key.id)
        return _answer({**_shown(made), "key": secret})

    @routes.delete("/{id}", summary="Revoke a key", status_code=204)
    async def revoke_key(caller: Reader, key_id: KeyId) -> Response:
        """The key stops at once and for good; a second time changes nothing."""
        key = await own(caller, key_id)
        await asyncio.to_thread(keys.revoke_key, caller, key.id)
        return Response(status_code=204)

    return routes


def _may_manage(caller: Caller, key: ApiKey) -> bool:
    return key.user_id == caller.user_id or Scope.ADMIN in caller.scopes


def _expiry(days: int | None) -> int | None:
    if days is None:
        return None
    if not 1 <= days <= MAX_DAYS:
        message = f"expiresInDays must be 1 to {MAX_DAYS}."
        raise BadInput(message, issues=[Issue(("body", "expiresInDays"), message)])
    return now_ns() + days * _DAY_NS


def _shown(key: ApiKey) -> dict[str, Any]:
    def told(instant_ns: int | None) -> str | None:
        return None if instant_ns is None else iso_seconds(instant_ns)

    return {
        "id": key.id,
        "name": key.name,
        "preview": key.preview,
        "publicKey": key.public_key,
        "scopes": sorted(key.scopes),
        "isActive": key.is_active,
        "createdAt": iso_seconds(key.created_ns),
        "expiresAt": told(key.expires_ns),
        "lastUsedAt": told(key.last_used_ns),
    }


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(JSON.encode(body), status, headers, media_type="application/json")
