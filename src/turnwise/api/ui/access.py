"""Who looks at the pages: log-in with a cookie, the first owner, and what they may choose from."""

from typing import TypeVar
from urllib.parse import urlsplit

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response

from turnwise.api.ui.answers import PREFIX, Viewer, json_answer
from turnwise.http.auth import INVALID, SESSION_COOKIE, Authenticator, require_caller
from turnwise.http.body import read_body
from turnwise.http.json_text import decode_json
from turnwise.model.accounts import BrowserAccounts, Member
from turnwise.model.errors import BadInput, Forbidden, Issue, Unauthenticated, Unsupported
from turnwise.model.tenancy import Caller, Scope

_MAX_BODY = 16 * 1024

Form = TypeVar("Form", bound="LogIn | FirstOwner")


class LogIn(msgspec.Struct, forbid_unknown_fields=True):
    """Body of log-in; `tenant` is needed only where one password opens several."""

    email: str
    password: str
    tenant: str | None = None


class FirstOwner(msgspec.Struct, forbid_unknown_fields=True):
    """Body of the first run."""

    email: str
    password: str


class PasswordChange(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Body of a change of one's own password."""

    old_password: str
    new_password: str


class ServerState(msgspec.Struct, rename="camel", frozen=True):
    """What the pages ask first.

    Attributes:
        is_new: nobody can log in yet; whoever comes first becomes the owner.
    """

    version: str
    is_new: bool
    is_logged_in: bool


class Entered(msgspec.Struct, frozen=True):
    """Answer of log-in and first run; the cookie comes with it."""

    csrf: str


class ProjectBody(msgspec.Struct, rename="camel", frozen=True):
    """A project; its name is also its place in addresses."""

    id: str
    name: str


class Me(msgspec.Struct, rename="camel", frozen=True):
    """Who is logged in, and in how many browsers; `csrf` goes into `x-csrf-token` of every write."""

    email: str
    role: str
    tenant: str
    csrf: str
    browsers: int
    projects: list[ProjectBody]


def router(accounts: BrowserAccounts, version: str, public_url: str) -> APIRouter:
    """State of the server, log-in, log-out, the first owner, and who is logged in."""
    routes = APIRouter(prefix=PREFIX)
    _add_visitors(routes, accounts, version)
    _add_entrances(routes, accounts, public_url)
    return routes


def _add_visitors(routes: APIRouter, accounts: BrowserAccounts, version: str) -> None:
    @routes.get("/state")
    async def get_state(request: Request) -> Response:
        try:
            await require_caller(request, Scope.READ)
        except (Unauthenticated, Forbidden):
            is_logged_in = False
        else:
            is_logged_in = True
        is_new = await accounts.is_new()
        return await json_answer(
            request, ServerState(version=version, is_new=is_new, is_logged_in=is_logged_in)
        )

    @routes.get("/me")
    async def get_me(caller: Viewer, request: Request) -> Response:
        member = await accounts.member(caller)
        browsers = await accounts.browsers(caller)
        return await json_answer(request, _me(caller, member, _csrf(request), browsers))


def _add_entrances(routes: APIRouter, accounts: BrowserAccounts, public_url: str) -> None:
    async def entered(request: Request, member: Member) -> Response:
        session = await accounts.begin_session(member)
        answer = await json_answer(request, Entered(csrf=session.csrf))
        base = public_url or str(request.base_url)
        answer.set_cookie(
            SESSION_COOKIE,
            session.token,
            max_age=session.lasts_seconds,
            path="/",
            httponly=True,
            samesite="lax",
            secure=base.startswith("https:"),
        )
        return answer

    @routes.post("/login")
    async def log_in(request: Request) -> Response:
        sent = await _form(request, LogIn)
        found = await accounts.log_in(sent.email, sent.password, sent.tenant, _address(request))
        if found is None:
            raise Unauthenticated("No active user has this e-mail and password.", code=INVALID)
        return await entered(request, found)

    @routes.post("/setup")
    async def set_up(request: Request) -> Response:
        sent = await _form(request, FirstOwner)
        made = await accounts.become_owner(sent.email, sent.password, _address(request))
        return await entered(request, made)

    @routes.post("/logout")
    async def log_out(caller: Viewer) -> Response:
        await accounts.end_session(caller)
        return _without_cookie()

    @routes.post("/logout-everywhere")
    async def log_out_everywhere(caller: Viewer) -> Response:
        await accounts.end_sessions(caller)
        return _without_cookie()

    @routes.post("/password")
    async def change_password(caller: Viewer, request: Request) -> Response:
        sent = decode_json(await read_body(request, _MAX_BODY), PasswordChange)
        await accounts.change_password(
            caller, sent.old_password, sent.new_password, _address(request)
        )
        return Response(status_code=204)


def _without_cookie() -> Response:
    answer = Response(status_code=204)
    answer.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="lax")
    return answer


def _me(caller: Caller, member: Member, csrf: str, browsers: int) -> Me:
    by_id = {each: name for name, each in caller.projects_by_name.items()}
    return Me(
        email=member.user.email,
        role=caller.role,
        tenant=caller.tenant_slug,
        csrf=csrf,
        browsers=browsers,
        projects=[ProjectBody(id=each, name=by_id.get(each, each)) for each in caller.project_ids],
    )


def _csrf(request: Request) -> str:
    authenticator: Authenticator = request.app.state.authenticator
    session = request.cookies.get(SESSION_COOKIE)
    return authenticator.csrf_token(session) if session else ""


async def _form(request: Request, form: type[Form]) -> Form:
    """A body that no page of another site can have sent.

    Raises:
        Unsupported: another type than JSON, which a plain form of any site could send.
        Forbidden: the page is of another site.
        BadInput: a field is missing or malformed; it is named.
    """
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise Unsupported("Send application/json.")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("Pages of another site cannot log in here.", code="other_site")
    sent = decode_json(await read_body(request, _MAX_BODY), form)
    for name in ("email", "password"):
        if not getattr(sent, name).strip():
            message = f"Enter your {'e-mail address' if name == 'email' else 'password'}."
            raise BadInput(message, issues=[Issue((name,), message)])
    return sent


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
