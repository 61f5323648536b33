"""Alert rules: made, changed, tried and taken away, and the log of what they have sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, Protocol

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response

from turnwise.http.auth import with_scope
from turnwise.http.body import read_body
from turnwise.http.error_forms import ERRORS
from turnwise.http.json_text import JSON, decode_json
from turnwise.model.alerts import AlertRule, Channel, Comparison, Delivery
from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import iso_seconds
from turnwise.model.tenancy import Caller, Scope

MAX_BODY_BYTES = 64 * 1024
MAX_WINDOW_MINUTES = 7 * 24 * 60
MAX_NAME = 200
MAX_URL = 2_048

Admin = Annotated[Caller, Depends(with_scope(Scope.ADMIN))]
ProjectName = Annotated[
    str | None,
    Query(max_length=256, description="A project's name; without one, that of the key."),
]
AlertId = Annotated[str, Path(alias="id", max_length=64)]


class Wanted(msgspec.Struct, rename="camel", omit_defaults=True):
    """Body of create and, with every field optional, of change."""

    name: str | None = None
    metric: str | None = None
    operator: Comparison | None = None
    threshold: float | None = None
    agent_id: str | msgspec.UnsetType | None = msgspec.UNSET
    window_minutes: int | msgspec.UnsetType | None = msgspec.UNSET
    min_sessions: int | None = None
    channel: Channel | None = None
    url: str | None = None
    is_active: bool | None = None


class AlertManager(Protocol):
    """What this surface needs; synchronous, called in a worker thread.

    Every method raises NotFound for an id that the caller's tenant does not have.
    """

    def metrics(self) -> tuple[Sequence[str], Sequence[str]]:
        """The figures of sessions and those of windows."""
        ...

    def all(self, caller: Caller) -> Sequence[AlertRule]:
        """Every rule of the caller's projects."""
        ...

    def get(self, caller: Caller, rule_id: str) -> AlertRule:
        """A rule."""
        ...

    def create(self, caller: Caller, wanted: Wanted) -> tuple[AlertRule, str]:
        """A new rule of the caller's project, and what its messages are signed with.

        Raises:
            BadInput: a field is missing or makes no sense.
        """
        ...

    def change(self, caller: Caller, rule_id: str, wanted: Wanted) -> AlertRule:
        """Set what is given, leave the rest.

        Raises:
            BadInput: a field makes no sense.
        """
        ...

    def remove(self, caller: Caller, rule_id: str) -> None:
        """Take a rule and its log away."""
        ...

    def secret(self, caller: Caller, rule_id: str) -> str:
        """What its messages are signed with."""
        ...

    def trial(self, caller: Caller, rule_id: str) -> Delivery:
        """Send a message of its own, to see whether it arrives."""
        ...

    def deliveries(self, caller: Caller, rule_id: str, limit: int) -> Sequence[Delivery]:
        """The newest messages first."""
        ...


_FIELDS: dict[str, Any] = {
    "name": {"type": "string", "maxLength": MAX_NAME},
    "metric": {"type": "string", "description": "One of `GET /v1/alerts/metrics`."},
    "operator": {"type": "string", "enum": [each.value for each in Comparison]},
    "threshold": {"type": "number"},
    "agentId": {"type": ["string", "null"], "description": "Slug or public id; null for all."},
    "windowMinutes": {
        "type": ["integer", "null"], "minimum": 1, "maximum": MAX_WINDOW_MINUTES,
        "description": "Sessions of the last so many minutes together; null: each by itself.",
    },
    "minSessions": {"type": "integer", "minimum": 1},
    "channel": {"type": "string", "enum": [each.value for each in Channel]},
    "url": {"type": "string", "maxLength": MAX_URL},
    "isActive": {"type": "boolean"},
}  # fmt: skip


def _body(*required: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": _FIELDS}
    if required:
        schema["required"] = list(required)
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def router(alerts: AlertManager) -> APIRouter:
    """All of it needs the scope `admin`: an alert sends what is known to wherever it says."""
    routes = APIRouter(prefix="/v1/alerts", tags=["Alerts"], responses=ERRORS)

    @routes.get("", summary="List alerts")
    async def list_alerts(caller: Admin) -> Response:
        """Every rule of the tenant, the oldest first."""
        found = await asyncio.to_thread(alerts.all, caller)
        return _answer({"data": [_shown(caller, each) for each in found]})

    @routes.get("/metrics", summary="Figures that an alert may name")
    async def list_metrics(_: Admin) -> Response:
        """Those of a session, and those of a window of sessions."""
        of_session, of_window = alerts.metrics()
        return _answer({"session": list(of_session), "window": list(of_window)})

    @routes.post(
        "",
        summary="Create an alert",
        status_code=201,
        openapi_extra=_body("name", "metric", "operator", "threshold", "channel", "url"),
    )
    async def create_alert(
        caller: Admin, request: Request, project: ProjectName = None
    ) -> Response:
        """A rule, and the secret that its messages are signed with."""
        wanted = await _wanted(request)
        if project is not None:
            caller = replace(caller, project_id=caller.project_named(project))
        rule, secret = await asyncio.to_thread(alerts.create, caller, wanted)
        return _answer({**_shown(caller, rule), "signingSecret": secret}, 201)

    @routes.get("/{id}", summary="Get an alert")
    async def get_alert(caller: Admin, rule_id: AlertId) -> Response:
        """One rule, with the secret that its messages are signed with."""
        rule = await asyncio.to_thread(alerts.get, caller, rule_id)
        secret = await asyncio.to_thread(alerts.secret, caller, rule_id)
        return _answer({**_shown(caller, rule), "signingSecret": secret})

    @routes.patch("/{id}", summary="Change an alert", openapi_extra=_body())
    async def change_alert(caller: Admin, rule_id: AlertId, request: Request) -> Response:
        """Sets what is given; a null agentId or windowMinutes clears it."""
        wanted = await _wanted(request)
        return _answer(
            _shown(caller, await asyncio.to_thread(alerts.change, caller, rule_id, wanted))
        )

    @routes.delete("/{id}", summary="Delete an alert", status_code=204)
    async def delete_alert(caller: Admin, rule_id: AlertId) -> Response:
        """The rule and its log are gone."""
        await asyncio.to_thread(alerts.remove, caller, rule_id)
        return Response(status_code=204)

    @routes.post("/{id}/test", summary="Try an alert", status_code=202)
    async def try_alert(caller: Admin, rule_id: AlertId) -> Response:
        """Sends a message of event `test`; the log of deliveries tells what became of it."""
        return _answer(_log_line(await asyncio.to_thread(alerts.trial, caller, rule_id)), 202)

    @routes.get("/{id}/deliveries", summary="What an alert has sent")
    async def list_deliveries(
        caller: Admin,
        rule_id: AlertId,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> Response:
        """The newest messages first, with what became of each."""
        found = await asyncio.to_thread(alerts.deliveries, caller, rule_id, limit)
        return _answer({"data": [_log_line(each) for each in found]})

    return routes


async def _wanted(request: Request) -> Wanted:
    wanted = decode_json(await read_body(request, MAX_BODY_BYTES), Wanted)
    for field, text, most in (("name", wanted.name, MAX_NAME), ("url", wanted.url, MAX_URL)):
        if text is not None and (not 1 <= len(text.strip()) <= most or "\0" in text):
            raise _wrong(field, f"{field} must have 1 to {most} characters.")
    if isinstance(wanted.window_minutes, int) and not (
        1 <= wanted.window_minutes <= MAX_WINDOW_MINUTES
    ):
        raise _wrong("windowMinutes", f"windowMinutes must be 1 to {MAX_WINDOW_MINUTES}.")
    if wanted.min_sessions is not None and not 1 <= wanted.min_sessions <= 1_000_000:
        raise _wrong("minSessions", "minSessions must be 1 to 1000000.")
    return wanted


def _wrong(field: str, message: str) -> BadInput:
    return BadInput(message, issues=[Issue(("body", field), message)])


def _shown(caller: Caller, rule: AlertRule) -> dict[str, Any]:
    since = rule.firing_since_ns
    return {
        "id": rule.id,
        "name": rule.name,
        "metric": rule.metric,
        "operator": rule.comparison.value,
        "threshold": rule.threshold,
        "agentId": rule.agent,
        "project": caller.project_name(rule.project_id),
        "windowMinutes": rule.window_minutes,
        "minSessions": rule.min_sessions,
        "channel": rule.channel.value,
        "url": rule.url_hint,
        "isActive": rule.is_active,
        "createdAt": iso_seconds(rule.created_ns),
        "firingSince": None if since is None else iso_seconds(since),
    }


def _log_line(delivery: Delivery) -> dict[str, Any]:
    done = delivery.done_ns
    return {
        "id": delivery.id,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "createdAt": iso_seconds(delivery.created_ns),
        "doneAt": None if done is None else iso_seconds(done),
        "responseStatus": delivery.status,
        "error": delivery.error,
        "body": delivery.body,
    }


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(JSON.encode(body), status, headers, media_type="application/json")
