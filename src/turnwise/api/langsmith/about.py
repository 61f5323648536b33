"""What the server says of itself, the tenant's settings, and its keys."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from turnwise.api.langsmith.common import ERRORS, NOT_FOUND, Admin, Reader, answer
from turnwise.http.body import read_body
from turnwise.http.documents import json_body
from turnwise.http.json_text import decode_json
from turnwise.model.catalog import ProjectBook
from turnwise.model.errors import BadInput, Issue, NotFound
from turnwise.model.instants import iso_us, parse_fact_ns
from turnwise.model.tenancy import ApiKey, Scope

LANGSMITH_VERSION = "0.16.0"
"""The version of the API that is spoken: clients send feedback as parts, and use newer helpers."""

INFO: dict[str, Any] = {
    "version": LANGSMITH_VERSION,
    "license_expiration_time": None,
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "size_limit": 100,
        "size_limit_bytes": 20_971_520,
        "scale_up_qsize_trigger": 1_000,
        "scale_up_nthreads_limit": 16,
        "scale_down_nempty_trigger": 4,
    },
    "instance_flags": {
        "zstd_compression_enabled": True,
        "ch_query_enabled": True,
        "sdb_query_enabled": False,
    },
}
"""The SDK reads every number without a default of its own."""


class KeyWrite(msgspec.Struct):
    """Body of a new key."""

    description: str | None = None
    read_only: bool | None = None
    expires_at: str | None = None


@dataclass(frozen=True, slots=True)
class About:
    """Handlers of /info, /settings and /api-key."""

    book: ProjectBook
    max_body_bytes: int

    def router(self) -> APIRouter:
        """The routes."""
        routes = APIRouter(tags=["LangSmith workspace"])
        routes.add_api_route("/info", self.info, methods=["GET"])
        routes.add_api_route("/settings", self.settings, methods=["GET"], responses=ERRORS)
        routes.add_api_route("/api-key", self.keys, methods=["GET"], responses=ERRORS)
        routes.add_api_route(
            "/api-key",
            self.create_key,
            methods=["POST"],
            responses=ERRORS,
            openapi_extra=json_body(KeyWrite),
        )
        routes.add_api_route(
            "/api-key/{key_id}", self.delete_key, methods=["DELETE"], responses=ERRORS | NOT_FOUND
        )
        return routes

    async def info(self) -> Response:
        """What clients ask first, without a key."""
        config = INFO["batch_ingest_config"]
        size = min(config["size_limit_bytes"], self.max_body_bytes)
        return answer(INFO | {"batch_ingest_config": config | {"size_limit_bytes": size}})

    async def settings(self, caller: Reader) -> Response:
        """The tenant."""
        tenant = await asyncio.to_thread(self.book.tenant, caller)
        return answer(
            {
                "id": tenant.id,
                "display_name": tenant.display_name,
                "created_at": iso_us(tenant.created_ns),
                "tenant_handle": tenant.slug,
            }
        )

    async def keys(self, caller: Reader) -> Response:
        """Keys that still hold: the tenant's, or the caller's own."""
        return answer([_key(each) for each in await asyncio.to_thread(self.book.keys, caller)])

    async def create_key(self, caller: Admin, request: Request) -> Response:
        """A new key of the caller; its secret is shown this once."""
        sent = decode_json(await read_body(request, 100_000), KeyWrite)
        expires_ns = None
        if sent.expires_at is not None:
            try:
                expires_ns = parse_fact_ns(sent.expires_at)
            except (ValueError, OverflowError) as error:
                issue = Issue(("body", "expires_at"), "no ISO 8601 instant", "value_error")
                raise BadInput("expires_at is no instant.", issues=[issue]) from error
        key, secret = await asyncio.to_thread(
            self.book.create_key,
            caller,
            sent.description or "Default API key",
            read_only=bool(sent.read_only),
            expires_ns=expires_ns,
        )
        return answer(_key(key) | {"key": secret})

    async def delete_key(self, caller: Admin, key_id: UUID) -> Response:
        """Take a key back."""
        try:
            key = await asyncio.to_thread(self.book.revoke_key, caller, str(key_id))
        except NotFound as error:
            raise NotFound("API key not found") from error
        return answer(_key(key))


def _key(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "short_key": key.preview,
        "description": key.name,
        "read_only": key.scopes == {Scope.READ},
        "created_at": iso_us(key.created_ns),
        "expires_at": None if key.expires_ns is None else iso_us(key.expires_ns),
        "last_used_at": None if key.last_used_ns is None else iso_us(key.last_used_ns),
    }
