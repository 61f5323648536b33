"""The list of sessions as a file: CSV for spreadsheets, JSON for programs; sent as it is read."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from enum import StrEnum

from fastapi.responses import StreamingResponse

from turnwise.api.ui.answers import NO_CACHE
from turnwise.http.json_text import JSON, decimal_text, money
from turnwise.model.ids import public_session_id
from turnwise.model.instants import NS_PER_MS, iso_ms
from turnwise.model.overview import LineQuery, OverviewReader, SessionLine
from turnwise.model.tenancy import Caller

PAGE = 500

_COLUMNS = (
    "id", "ref", "agent", "appVersion", "environment", "userRef", "status", "isOpen", "startedAt",
    "durationMs", "turns", "tools", "interruptions", "errors", "recordings", "unpriced", "costUsd",
    "responseP50Ms", "responseP95Ms",
)  # fmt: skip
# A spreadsheet takes a cell that begins so for a formula, and senders choose their texts.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Form(StrEnum):
    """What kind of file."""

    CSV = "csv"
    JSON = "json"

    @property
    def media_type(self) -> str:
        return "text/csv" if self is Form.CSV else "application/json"


def exported(
    overview: OverviewReader, caller: Caller, asked: LineQuery, form: Form, project: str
) -> StreamingResponse:
    """Every line that is asked for, as a download."""
    lines = _pages(overview, caller, asked)
    content = _csv(lines) if form is Form.CSV else _json(lines)
    headers = {**NO_CACHE, **attachment("sessions", project, form)}
    return StreamingResponse(content, headers=headers, media_type=form.media_type)


def attachment(what: str, project: str, form: Form) -> dict[str, str]:
    """The header that makes an answer a download."""
    # The name is the caller's own project's, and may hold anything; its plain letters will do.
    plain = "".join(each for each in project if each.isascii() and (each.isalnum() or each in "-_"))
    name = f"{what}-{plain or 'project'}.{form}"
    return {"Content-Disposition": f'attachment; filename="{name}"'}


async def _pages(
    overview: OverviewReader, caller: Caller, asked: LineQuery
) -> AsyncIterator[Sequence[SessionLine]]:
    query = replace(asked, limit=PAGE)
    while page := await overview.lines(caller, query):
        yield page
        if len(page) < PAGE:
            break
        query = replace(query, after=(page[-1].sort_value, page[-1].id))


async def _csv(pages: AsyncIterator[Sequence[SessionLine]]) -> AsyncIterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    async for page in pages:
        writer.writerows([cell(value) for value in _values(line)] for line in page)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


async def _json(pages: AsyncIterator[Sequence[SessionLine]]) -> AsyncIterator[bytes]:
    before = b'{"data":['
    async for page in pages:
        for line in page:
            body = dict(zip(_COLUMNS, _values(line), strict=True))
            body["costUsd"] = money(line.cost_usd)
            yield before + JSON.encode(body)
            before = b",\n"
    yield (before if before.startswith(b"{") else b"") + b"]}\n"


def _values(line: SessionLine) -> tuple[object, ...]:
    """By column; None where nobody reported anything."""
    return (
        public_session_id(line.id), line.ref, line.agent, line.app_version, line.environment,
        line.user_ref, line.status.value, line.is_open, iso_ms(line.started_ns),
        _ms(line.duration_ns), line.turn_count, line.tool_count, line.interruption_count,
        line.error_count, line.recording_count, line.unpriced, decimal_text(line.cost_usd),
        _ms(line.response_p50_ns), _ms(line.response_p95_ns),
    )  # fmt: skip


def _ms(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else round(duration_ns / NS_PER_MS, 3)


def cell(value: object) -> object:
    """A value as a cell of a spreadsheet, where no text is a formula."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
