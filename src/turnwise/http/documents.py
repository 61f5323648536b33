"""Describing plain routes in the OpenAPI document that FastAPI makes of the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from fastapi import FastAPI

from turnwise.http.errors import Renderers

_REF = "#/components/schemas/{name}"

ERROR_TEXTS = {
    400: "The body or a parameter is malformed; the answer names what.",
    401: "No key, or one that is unknown, expired or revoked.",
    403: "The key lacks the scope.",
    404: "Unknown, or outside what the caller may see.",
    409: "It exists already, or its state does not allow this.",
    413: "Larger than the limit, before or after decompression.",
    415: "Unknown content type or content encoding.",
    422: "A field of the body or a parameter has the wrong form; the answer names it.",
    503: "No room now; send the same again after Retry-After seconds.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one plain route.

    Attributes:
        body: form of a JSON body, None for none.
        media_types: what the body may be sent as.
        answers: text of each status that is no error.
        errors: statuses of ERROR_TEXTS that it sends.
    """

    path: str
    method: str
    summary: str
    tag: str
    description: str = ""
    body: type[msgspec.Struct] | None = None
    media_types: tuple[str, ...] = ("application/json",)
    answers: Mapping[int, str] = field(default_factory=lambda: {200: "Done."})
    errors: tuple[int, ...] = (400, 401, 403, 413)


def error_texts(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route's `responses` say of these errors, in the general words."""
    return {status: {"description": ERROR_TEXTS[status]} for status in statuses}


def json_body(form: type[msgspec.Struct], *others: type[msgspec.Struct]) -> dict[str, Any]:
    """The `openapi_extra` of a route that reads its JSON body itself, as any of these forms."""
    schemas = []
    for each in (form, *others):
        whole = msgspec.json.schema(each)
        schemas.append(whole["$defs"][each.__name__])
    schema = {"anyOf": schemas} if others else schemas[0]
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def describe(app: FastAPI, operations: Sequence[Operation], renderers: Renderers) -> None:
    """Have `app.openapi()` describe these operations too, and each status that any of them sends."""
    from_routes: Callable[[], dict[str, Any]] = app.openapi

    def whole() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = from_routes()
            _add(document, operations)
            for path, item in document["paths"].items():
                for operation in item.values():
                    _complete(operation, renderers.of(path).validation_status)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = whole  # type: ignore[method-assign] # FastAPI's documented way to extend it


def _add(document: dict[str, Any], operations: Sequence[Operation]) -> None:
    forms = [each.body for each in operations if each.body is not None]
    schemas, components = msgspec.json.schema_components(forms, ref_template=_REF)
    document.setdefault("components", {}).setdefault("schemas", {}).update(components)
    schema_of = dict(zip(forms, schemas, strict=True))
    for each in operations:
        item = document["paths"].setdefault(each.path, {})
        item[each.method.lower()] = _operation(each, schema_of)


def _operation(each: Operation, schema_of: Mapping[Any, Any]) -> dict[str, Any]:
    names = [part[1:-1] for part in each.path.split("/") if part.startswith("{")]
    made: dict[str, Any] = {
        "summary": each.summary,
        "description": each.description,
        "tags": [each.tag],
        "operationId": f"{each.method.lower()}{each.path.replace('/', '_')}",
        "responses": {
            str(status): {"description": text}
            for status, text in (
                *each.answers.items(),
                *((status, ERROR_TEXTS[status]) for status in each.errors),
            )
        },
    }
    if names:
        made["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
    if each.method != "GET" and (each.body is not None or each.media_types):
        schema = schema_of[each.body] if each.body is not None else {}
        made["requestBody"] = {
            "required": True,
            "content": {media: {"schema": schema} for media in each.media_types},
        }
    return made


def _complete(operation: dict[str, Any], validation_status: int) -> None:
    """Add the statuses that follow from what an operation takes.

    FastAPI says 422 of every route with parameters, whatever its surface answers.
    """
    responses = operation["responses"]
    expected = set()
    if operation.get("parameters") or "requestBody" in operation:
        responses.pop("422", None)
        expected.add(validation_status)
    if "requestBody" in operation:
        expected |= {400, 413, 415}
    if "401" in responses:
        expected.add(503)
    for status in sorted(expected):
        responses.setdefault(str(status), {"description": ERROR_TEXTS[status]})
