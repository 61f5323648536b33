"""Log-in and a user's own keys, as the Oshara API publishes them (under /api/auth).

Good answers are bare, errors come in the envelope. Keys are managed with a log-in token, or with
a key in scope `admin`; a new key gets the scopes of whoever makes it, and never more.
"""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from turnwise.http.auth import INVALID, with_scope
from turnwise.http.documents import json_body
from turnwise.http.envelope import bare, read_form, wrong
from turnwise.model.accounts import Accounts, Member
from turnwise.model.errors import Unauthenticated
from turnwise.model.instants import iso_seconds
from turnwise.model.tenancy import ApiKey, Caller, Scope

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]


async def _manager(caller: Reader) -> Caller:
    """A person who has logged in, or a key that may do everything."""
    if caller.key_id is not None:
        caller.require(Scope.ADMIN)
    return caller


Manager = Annotated[Caller, Depends(_manager)]


class SignUp(msgspec.Struct):
    """Body of sign-up; `name` is that of the new tenant."""

    email: str
    password: str
    name: str = ""


class LogIn(msgspec.Struct):
    """Body of log-in; `tenant` is needed only where one password opens several."""

    email: str
    password: str
    tenant: str | None = None


class Refresh(msgspec.Struct):
    """Body of refresh."""

    refresh: str


class NewKey(msgspec.Struct):
    """Body of a new key."""

    name: str
    is_active: bool = True


class KeyChanges(msgspec.Struct):
    """Body of an update; what is absent or null stays."""

    name: str | None = None
    is_active: bool | None = None


class KeyBody(msgspec.Struct, frozen=True):
    """A key as it may be shown at any time."""

    id: str
    name: str
    key_preview: str
    is_active: bool
    created_at: str
    last_used_at: str | None


class MadeKey(msgspec.Struct, frozen=True):
    """A key at its making: the only time that `key` is shown."""

    id: str
    name: str
    key: str
    key_preview: str
    is_active: bool
    created_at: str
    last_used_at: str | None


class UserBody(msgspec.Struct, frozen=True):
    """A user; `tenant_id` is a slug."""

    id: int
    uid: str
    email: str
    tenant_id: str
    role: str
    is_staff: bool
    created_at: str


def _user(member: Member) -> UserBody:
    user = member.user
    return UserBody(
        id=user.id,
        uid=user.uid,
        email=user.email,
        tenant_id=member.tenant,
        role=user.role,
        is_staff=user.is_staff,
        created_at=iso_seconds(user.created_ns),
    )


def _key(key: ApiKey) -> KeyBody:
    return KeyBody(
        id=key.id,
        name=key.name,
        key_preview=key.preview,
        is_active=key.is_active,
        created_at=iso_seconds(key.created_ns),
        last_used_at=None if key.last_used_ns is None else iso_seconds(key.last_used_ns),
    )


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"description": "A field is missing or malformed; the envelope names it."},
    401: {"description": "No token or key, a wrong password, or one that does not hold."},
    403: {"description": "Not allowed with this credential, or switched off."},
    404: {"description": "The caller has no such key."},
    429: {"description": "Too many attempts; Retry-After says how long to wait."},
}


def router(accounts: Accounts) -> APIRouter:
    """Every route answers with and without its last slash."""
    routes = APIRouter(prefix="/api/auth", tags=["Log-in and keys"], responses=ERRORS)
    _add_log_in(routes, accounts)
    _add_keys(routes, accounts)
    return routes


def _add_log_in(routes: APIRouter, accounts: Accounts) -> None:
    @routes.post("/signup", include_in_schema=False)
    @routes.post("/signup/", summary="Sign up", status_code=201, openapi_extra=json_body(SignUp))
    async def sign_up(request: Request) -> Response:
        """A new user who owns a new tenant, with their first tokens."""
        sent = await read_form(request, SignUp)
        made = await accounts.sign_up(sent.email, sent.password, sent.name, _address(request))
        tokens = accounts.tokens(made)
        body = msgspec.structs.asdict(_user(made))
        return bare({**body, "access": tokens.access, "refresh": tokens.refresh}, 201)

    @routes.post("/login", include_in_schema=False)
    @routes.post("/login/", summary="Log in", openapi_extra=json_body(LogIn))
    async def log_in(request: Request) -> Response:
        """`{access, refresh}`: good for 10 and for 30 days."""
        sent = await read_form(request, LogIn)
        found = await accounts.log_in(sent.email, sent.password, sent.tenant, _address(request))
        if found is None:
            raise Unauthenticated("No active user has this e-mail and password.", code=INVALID)
        tokens = accounts.tokens(found)
        return bare({"access": tokens.access, "refresh": tokens.refresh})

    @routes.post("/refresh", include_in_schema=False)
    @routes.post("/refresh/", summary="Refresh the access token", openapi_extra=json_body(Refresh))
    async def refresh(request: Request) -> Response:
        """`{access}` for a refresh token that holds."""
        sent = await read_form(request, Refresh)
        access = await accounts.refreshed(sent.refresh)
        if access is None:
            raise Unauthenticated("The refresh token is invalid or has expired.", code=INVALID)
        return bare({"access": access})

    @routes.get("/me", include_in_schema=False)
    @routes.get("/me/", summary="Who am I")
    async def me(caller: Reader) -> Response:
        """The user behind the credential."""
        return bare(_user(await accounts.member(caller)))


def _add_keys(routes: APIRouter, accounts: Accounts) -> None:
    @routes.post("/api-keys", include_in_schema=False)
    @routes.post(
        "/api-keys/", summary="Create an API key", status_code=201, openapi_extra=json_body(NewKey)
    )
    async def create_key(caller: Manager, request: Request) -> Response:
        """A new key of the caller; the whole key is in this answer only."""
        sent = await read_form(request, NewKey)
        made = await accounts.create_key(caller, sent.name, is_active=sent.is_active)
        return bare(MadeKey(key=made.secret, **msgspec.structs.asdict(_key(made.key))), 201)

    @routes.get("/api-keys", include_in_schema=False)
    @routes.get("/api-keys/", summary="List API keys")
    async def list_keys(caller: Manager) -> Response:
        """The caller's own keys, the oldest first."""
        return bare([_key(each) for each in await accounts.keys(caller)])

    @routes.get("/api-keys/{key_id}", include_in_schema=False)
    @routes.get("/api-keys/{key_id}/", summary="Get an API key")
    async def get_key(caller: Manager, key_id: str) -> Response:
        """One of the caller's own keys."""
        return bare(_key(await accounts.key(caller, key_id)))

    @routes.put("/api-keys/{key_id}", include_in_schema=False)
    @routes.patch("/api-keys/{key_id}", include_in_schema=False)
    @routes.put(
        "/api-keys/{key_id}/", summary="Replace an API key", openapi_extra=json_body(NewKey)
    )
    @routes.patch(
        "/api-keys/{key_id}/", summary="Update an API key", openapi_extra=json_body(KeyChanges)
    )
    async def change_key(caller: Manager, key_id: str, request: Request) -> Response:
        """Rename a key, or switch it off and on again."""
        sent = await read_form(request, KeyChanges)
        if request.method == "PUT" and sent.name is None:
            raise wrong("name", "name is required.")
        return bare(_key(await accounts.change_key(caller, key_id, sent.name, sent.is_active)))

    @routes.delete("/api-keys/{key_id}", include_in_schema=False)
    @routes.delete("/api-keys/{key_id}/", summary="Delete an API key", status_code=204)
    async def delete_key(caller: Manager, key_id: str) -> Response:
        """Take a key back, at once and for good."""
        await accounts.revoke_key(caller, key_id)
        return Response(status_code=204)
