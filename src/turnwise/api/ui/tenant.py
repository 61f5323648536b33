"""The tenant's keys and people, and what was done by whom."""

import asyncio
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, Viewer, json_answer, ms, project_of
from turnwise.http.auth import with_scope
from turnwise.http.body import read_body
from turnwise.http.json_text import decode_json
from turnwise.model.administration import Administration, AuditEntry
from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import NS_PER_SECOND, now_ns
from turnwise.model.tenancy import ApiKey, Caller, Role, Scope, User

MAX_BODY_BYTES = 16 * 1024
MAX_DAYS = 36_500
_DAY_NS = 86_400 * NS_PER_SECOND
AUDIT_PAGE = 50

Admin = Annotated[Caller, Depends(with_scope(Scope.ADMIN))]
Id = Annotated[str, Path(max_length=64)]
# What the catalog counts users and entries with.
Number = Annotated[int, Path(ge=0, le=2**31 - 1)]


class KeyBody(msgspec.Struct, rename="camel", frozen=True):
    """A key without its secret; instants in milliseconds since the epoch.

    Attributes:
        project: where it writes by default.
        owner: the address of whoever it belongs to.
        is_active: it may be at rest.
    """

    id: str
    name: str
    preview: str
    public_key: str
    project: str
    owner: str
    scopes: list[Scope]
    is_active: bool
    created_ms: float
    expires_ms: float | None
    last_used_ms: float | None


class Keys(msgspec.Struct, frozen=True):
    """Keys that hold."""

    data: list[KeyBody]


class MadeKey(msgspec.Struct, frozen=True):
    """A new key, and its secret, which is told this once."""

    key: KeyBody
    secret: str


class NewKey(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Body of create."""

    name: str
    scopes: list[Scope]
    expires_in_days: int | None = None


class MemberBody(msgspec.Struct, rename="camel", frozen=True):
    """A person of the tenant."""

    id: int
    email: str
    role: Role
    is_active: bool
    is_me: bool
    created_ms: float


class Members(msgspec.Struct, frozen=True):
    """Everybody of the tenant."""

    data: list[MemberBody]


class NewMember(msgspec.Struct, forbid_unknown_fields=True):
    """Body of adding somebody."""

    email: str
    password: str
    role: Role


class MemberChange(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Body of a change; what is absent stays."""

    role: Role | None = None
    is_active: bool | None = None


class AuditBody(msgspec.Struct, rename="camel", frozen=True):
    """One deed; `actor` is an address, or what acted without one."""

    id: int
    at_ms: float
    actor: str
    action: str
    target: str
    details: dict[str, Any]


class AuditPage(msgspec.Struct, rename="camel", frozen=True):
    """Deeds, the newest first; `next_before` is None on the last page."""

    data: list[AuditBody]
    next_before: int | None


def router(administration: Administration) -> APIRouter:
    """Keys for everybody; people and the log for owners and admins."""
    routes = APIRouter(prefix=PREFIX)
    _add_keys(routes, administration)
    _add_members(routes, administration)
    _add_audit(routes, administration)
    return routes


def _add_keys(routes: APIRouter, administration: Administration) -> None:
    @routes.get("/keys")
    async def list_keys(caller: Viewer, request: Request) -> Response:
        found = await asyncio.to_thread(administration.keys, caller)
        body = Keys([_key(caller, key, owner) for key, owner in found])
        return await json_answer(request, body)

    @routes.post("/projects/{project}/keys")
    async def create_key(caller: Viewer, request: Request, project: str) -> Response:
        sent = decode_json(await read_body(request, MAX_BODY_BYTES), NewKey)
        made = await asyncio.to_thread(
            administration.create_key,
            caller,
            project_of(caller, project),
            sent.name,
            frozenset(sent.scopes),
            _expiry(sent.expires_in_days),
        )
        listed = await asyncio.to_thread(administration.keys, caller)
        owner = next(owner for key, owner in listed if key.id == made.key.id)
        return await json_answer(request, MadeKey(_key(caller, made.key, owner), made.secret), 201)

    @routes.delete("/keys/{key_id}")
    async def revoke_key(caller: Viewer, key_id: Id) -> Response:
        await asyncio.to_thread(administration.revoke_key, caller, key_id)
        return Response(status_code=204)


def _add_members(routes: APIRouter, administration: Administration) -> None:
    @routes.get("/members")
    async def list_members(caller: Admin, request: Request) -> Response:
        found = await asyncio.to_thread(administration.members, caller)
        return await json_answer(request, Members([_member(caller, each) for each in found]))

    @routes.post("/members")
    async def add_member(caller: Admin, request: Request) -> Response:
        sent = decode_json(await read_body(request, MAX_BODY_BYTES), NewMember)
        made = await asyncio.to_thread(
            administration.add_member, caller, sent.email, sent.password, sent.role
        )
        return await json_answer(request, _member(caller, made), 201)

    @routes.patch("/members/{user_id}")
    async def change_member(caller: Admin, request: Request, user_id: Number) -> Response:
        sent = decode_json(await read_body(request, MAX_BODY_BYTES), MemberChange)
        changed = await asyncio.to_thread(
            administration.change_member, caller, user_id, sent.role, sent.is_active
        )
        return await json_answer(request, _member(caller, changed))


def _add_audit(routes: APIRouter, administration: Administration) -> None:
    @routes.get("/audit")
    async def list_audit(
        caller: Admin,
        request: Request,
        before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
    ) -> Response:
        found = await asyncio.to_thread(administration.audit, caller, before, AUDIT_PAGE + 1)
        people = await asyncio.to_thread(administration.members, caller)
        names = {each.id: each.email for each in people}
        shown = found[:AUDIT_PAGE]
        body = AuditPage(
            data=[_entry(each, names) for each in shown],
            next_before=shown[-1].id if len(found) > AUDIT_PAGE else None,
        )
        return await json_answer(request, body)


def _expiry(days: int | None) -> int | None:
    if days is None:
        return None
    if not 1 <= days <= MAX_DAYS:
        message = f"A key expires after 1 to {MAX_DAYS} days."
        raise BadInput(message, issues=[Issue(("expiresInDays",), message)])
    return now_ns() + days * _DAY_NS


def _key(caller: Caller, key: ApiKey, owner: str) -> KeyBody:
    return KeyBody(
        id=key.id,
        name=key.name,
        preview=key.preview,
        public_key=key.public_key,
        project=caller.project_name(key.project_id) or "",
        owner=owner,
        scopes=sorted(key.scopes),
        is_active=key.is_active,
        created_ms=ms(key.created_ns),
        expires_ms=None if key.expires_ns is None else ms(key.expires_ns),
        last_used_ms=None if key.last_used_ns is None else ms(key.last_used_ns),
    )


def _member(caller: Caller, user: User) -> MemberBody:
    return MemberBody(
        id=user.id,
        email=user.email,
        role=user.role,
        is_active=user.is_active,
        is_me=user.id == caller.user_id,
        created_ms=ms(user.created_ns),
    )


def _entry(entry: AuditEntry, names: dict[int, str]) -> AuditBody:
    return AuditBody(
        id=entry.id,
        at_ms=ms(entry.at_ns),
        actor=names.get(entry.actor_user_id or 0, entry.actor),
        action=entry.action,
        target=entry.target,
        details=entry.details,
    )
