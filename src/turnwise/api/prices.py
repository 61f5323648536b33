"""Users' own prices: made, listed, changed and removed, and applied to what is stored already.

One item is one row of a price table: what one unit of the matching models costs. Its fields are the
columns of the table that `turnwise import prices` reads.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Protocol

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.body import read_body
from turnwise.http.cursors import decode_cursor, encode_cursor
from turnwise.http.error_forms import ERRORS, ErrorBody
from turnwise.http.json_text import JSON, decimal_text, decode_json
from turnwise.model.errors import BadInput, Issue, NotFound
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.instants import NS_PER_SECOND, parse_iso_ns
from turnwise.model.price import PriceRow
from turnwise.model.tenancy import Caller, Scope

MAX_BODY_BYTES = 64 * 1024
SESSIONS_PER_CALL = 50

Admin = Annotated[Caller, Depends(with_scope(Scope.ADMIN))]
PriceId = Annotated[str, Path(alias="id", max_length=256)]
ProjectName = Annotated[str | None, Query(max_length=256, description="A project's name.")]


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """A price and the project whose alone it is, None for others."""

    row: PriceRow
    project_id: ProjectId | None = None


@dataclass(frozen=True, slots=True)
class Repriced:
    """A step of applying prices.

    Attributes:
        sessions: how many were looked at.
        changed: how many of them cost something else now.
        after: where the next step begins; None when all is done.
    """

    sessions: int
    changed: int
    after: tuple[int, SessionId] | None


class PriceBook(Protocol):
    """What this surface needs of the catalog; synchronous, called in a worker thread."""

    def listed(self, caller: Caller) -> Sequence[ListedPrice]:
        """The tenant's prices and its projects', and those for everyone."""
        ...

    def built_in(self) -> Sequence[ListedPrice]:
        """The package's own table."""
        ...

    def add(
        self, caller: Caller, project_id: ProjectId | None, cells: dict[str, str]
    ) -> ListedPrice:
        """A new price from a row's cells; raises BadInput and Conflict."""
        ...

    def change(self, caller: Caller, price_id: str, cells: dict[str, str]) -> ListedPrice:
        """Another row in the place of one; raises BadInput, NotFound and Conflict."""
        ...

    def remove(self, caller: Caller, price_id: str) -> None:
        """Forget a price; raises NotFound."""
        ...


class Repricer(Protocol):
    """Applies the prices of now to stored sessions."""

    async def __call__(
        self,
        project_ids: Sequence[ProjectId],
        since_ns: int | None,
        after: tuple[int, SessionId] | None,
        limit: int,
    ) -> Repriced:
        """The next step."""
        ...


class PriceBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Body of create and change; texts are as in a price table."""

    match: str
    unit: str
    usd: str | int | float
    name: str = ""
    stage: str = ""
    provider: str = ""
    per: int = 1
    tier_condition: str = ""
    start_date: str | None = None
    end_date: str | None = None
    source_url: str = ""
    checked_on: str | None = None
    project: str | None = None

    def cells(self) -> dict[str, str]:
        """The row's cells by column."""
        named = {name: getattr(self, name) for name in self.__struct_fields__ if name != "project"}
        return {name: "" if value is None else str(value) for name, value in named.items()}


class ApplyBody(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Body of apply: which sessions, and where to go on."""

    since: str | None = None
    project: str | None = None
    cursor: str | None = None


_TEXT = {"type": "string"}
_PRICE_BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": {
    "type": "object", "required": ["match", "unit", "usd"], "additionalProperties": False,
    "properties": {
        "match": {"type": "string", "description": "Regular expression of the whole model name."},
        "unit": {"type": "string", "examples": ["input_token"]},
        "usd": {"type": ["string", "number"], "description": "For `per` units."},
        "per": {"type": "integer", "minimum": 1, "default": 1},
        "name": _TEXT, "stage": _TEXT, "provider": _TEXT,
        "tierCondition": {"type": "string", "examples": ["input_tokens > 200000"]},
        "startDate": _TEXT, "endDate": _TEXT, "sourceUrl": _TEXT, "checkedOn": _TEXT,
        "project": {"type": "string", "description": "Only for this project, by its name."},
    },
}}}}}  # fmt: skip
_APPLY_BODY = {"requestBody": {"content": {"application/json": {"schema": {
    "type": "object", "additionalProperties": False,
    "properties": {"since": _TEXT, "project": _TEXT, "cursor": _TEXT},
}}}}}  # fmt: skip
_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": ErrorBody, "description": "There is a price for this model, unit and start."}
}
_FORBIDDEN: dict[int | str, dict[str, Any]] = {
    403: {"model": ErrorBody, "description": "The key lacks the scope `admin`."}
}


def router(prices: PriceBook, reprice: Repricer) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/prices", tags=["Prices"], responses=ERRORS | _FORBIDDEN)

    @routes.get("", summary="List prices")
    async def list_prices(
        caller: Admin,
        project: ProjectName = None,
        built_in: Annotated[bool, Query(alias="builtIn")] = False,
    ) -> Response:
        """The tenant's own prices and those for everyone; with `builtIn` also the table's."""
        only = None if project is None else caller.project_named(project)
        found = list(await asyncio.to_thread(prices.listed, caller))
        if only is not None:
            found = [each for each in found if each.project_id in (None, only)]
        if built_in:
            found += prices.built_in()
        return _answer({"data": [_shown(caller, each) for each in found]})

    @routes.post(
        "", summary="Add a price", status_code=201, openapi_extra=_PRICE_BODY, responses=_CONFLICT
    )
    async def add_price(caller: Admin, request: Request) -> Response:
        """A price for what begins from its start on; see apply for what is stored already."""
        sent = decode_json(await read_body(request, MAX_BODY_BYTES), PriceBody)
        project_id = None if sent.project is None else caller.project_named(sent.project)
        made = await asyncio.to_thread(prices.add, caller, project_id, sent.cells())
        return _answer(_shown(caller, made), 201)

    _add_single(routes, prices)
    _add_apply(routes, reprice)
    return routes


def _add_single(routes: APIRouter, prices: PriceBook) -> None:
    @routes.get("/{id}", summary="Get a price")
    async def get_price(caller: Admin, price_id: PriceId) -> Response:
        """One of those that the list shows."""
        for each in await asyncio.to_thread(prices.listed, caller):
            if each.row.id == price_id:
                return _answer(_shown(caller, each))
        raise NotFound("Price not found.", code="price_not_found")

    @routes.put("/{id}", summary="Change a price", openapi_extra=_PRICE_BODY, responses=_CONFLICT)
    async def change_price(caller: Admin, price_id: PriceId, request: Request) -> Response:
        """Another row in its place; it stays where it holds."""
        sent = decode_json(await read_body(request, MAX_BODY_BYTES), PriceBody)
        if sent.project is not None:
            message = "A price stays with its project; add another one instead."
            raise BadInput(message, issues=[Issue(("body", "project"), message)])
        changed = await asyncio.to_thread(prices.change, caller, price_id, sent.cells())
        return _answer(_shown(caller, changed))

    @routes.delete("/{id}", summary="Remove a price", status_code=204)
    async def remove_price(caller: Admin, price_id: PriceId) -> Response:
        """What begins from now on has the price that was behind it."""
        await asyncio.to_thread(prices.remove, caller, price_id)
        return Response(status_code=204)


def _add_apply(routes: APIRouter, reprice: Repricer) -> None:
    @routes.post("/apply", summary="Apply prices to stored sessions", openapi_extra=_APPLY_BODY)
    async def apply(caller: Admin, request: Request) -> Response:
        """Price the next sessions by the prices of now; reported costs stay.

        Repeat with the cursor of the answer until it is null. A repetition changes nothing.
        """
        sent = decode_json(await read_body(request, MAX_BODY_BYTES), ApplyBody)
        project_ids = caller.project_ids
        if sent.project is not None:
            project_ids = (caller.project_named(sent.project),)
        after = None if sent.cursor is None else _position(sent.cursor)
        since_ns = None if sent.since is None else _since(sent.since)
        step = await reprice(project_ids, since_ns, after, SESSIONS_PER_CALL)
        return _answer(
            {
                "sessions": step.sessions,
                "changed": step.changed,
                "cursor": None if step.after is None else encode_cursor(*step.after),
            }
        )


def _position(cursor: str) -> tuple[int, SessionId]:
    instant_ns, session_id = decode_cursor(cursor)
    return instant_ns, SessionId(session_id)


def _since(text: str) -> int:
    try:
        return parse_iso_ns(text)
    except (ValueError, OverflowError) as error:
        message = "since must be an ISO date or instant."
        raise BadInput(message, issues=[Issue(("body", "since"), message)]) from error


def _shown(caller: Caller, price: ListedPrice) -> dict[str, Any]:
    row = price.row
    tier = row.above_input_tokens
    return {
        "id": row.id or None,
        "scope": row.reach.name.lower(),
        "project": None if price.project_id is None else caller.project_name(price.project_id),
        "name": row.name,
        "stage": row.stage.value,
        "provider": row.provider,
        "match": row.match,
        "unit": row.unit.value,
        "usd": decimal_text(row.usd),
        "per": row.per,
        "tierCondition": f"input_tokens > {tier}" if tier else None,
        "startDate": _date(row.valid_from_ns) if row.valid_from_ns else None,
        "endDate": None if row.valid_until_ns is None else _date(row.valid_until_ns),
        "sourceUrl": row.source_url or None,
        "checkedOn": row.checked_on or None,
    }


def _date(instant_ns: int) -> str:
    """A day where it begins one, else the second."""
    found = datetime.fromtimestamp(instant_ns // NS_PER_SECOND, UTC)
    is_day = not instant_ns % (86_400 * NS_PER_SECOND)
    return found.date().isoformat() if is_day else found.strftime("%Y-%m-%dT%H:%M:%SZ")


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(JSON.encode(body), status, media_type="application/json")
