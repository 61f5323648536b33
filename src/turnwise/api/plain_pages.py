"""Plain readable pages: the newest sessions, one session, one trace. No script, no other host.

A browser signs in by its own prompt: user name is the public key, password the secret key.
"""

from html import escape
from typing import Annotated
from urllib.parse import quote

import msgspec
from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, Response

from turnwise.http.auth import require_caller
from turnwise.http.errors import ErrorRenderer, render_default, status_of
from turnwise.model.errors import NotFound, TurnwiseError, Unauthenticated
from turnwise.model.instants import iso_seconds, ms_from_ns
from turnwise.model.observation import Level, Observation
from turnwise.model.ports import SessionReader
from turnwise.model.query import SessionQuery
from turnwise.model.session import Session, Turn
from turnwise.model.tenancy import Caller, Scope

NEWEST = 100

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · Turnwise</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{style}</style></head>
<body><header><a href="/">Turnwise</a> <span>{title}</span></header><main>{body}</main></body></html>
"""

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #4f7cff; --bad: #d1373f; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; }
header { padding: .7rem 1.2rem; border-bottom: 1px solid var(--line); font-weight: 600; }
header span { font-weight: 400; opacity: .8; margin-left: .6rem; overflow-wrap: anywhere; }
main { padding: 1rem 1.2rem; max-width: 72rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.track { position: relative; min-width: 10rem; height: 1.2rem; }
.track i { position: absolute; top: .3rem; height: .6rem; min-width: 2px; background: var(--bar);
  border-radius: 2px; }
.bad { color: var(--bad); } .bad .track i { background: var(--bad); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; max-height: 24rem; overflow: auto;
  background: #8881; padding: .6rem; border-radius: 4px; margin: .3rem 0; }
summary { cursor: pointer; }
"""


def _html(title: str, body: str) -> HTMLResponse:
    page = _PAGE.format(title=escape(title), style=_STYLE, body=body)
    policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    return HTMLResponse(page, headers={"Content-Security-Policy": policy})


def _seconds(duration_ns: int | None) -> str:
    return "–" if duration_ns is None else f"{duration_ns / 1e9:.2f} s"


def _milliseconds(duration_ns: int | None) -> str:
    return "–" if duration_ns is None else f"{ms_from_ns(duration_ns)} ms"


def _table(head: list[tuple[str, str]], rows: list[str]) -> str:
    cells = "".join(f'<th class="{kind}" scope="col">{name}</th>' for name, kind in head)
    return (
        f'<div class="wide"><table><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _turn_row(session: Session, turn: Turn) -> str:
    marks = [*(["interrupted"] if turn.interrupted else []), *([turn.error] if turn.error else [])]
    note = f'<div class="bad">{escape(", ".join(marks))}</div>' if marks else ""
    return (
        f'<tr><td class="n">{turn.index}</td><td>{turn.speaker}</td>'
        f"<td>{escape(turn.text or '(no text)')}{note}</td>"
        f'<td class="n">{_seconds(turn.start_ns - session.started_ns)}</td>'
        f'<td class="n">{_milliseconds(turn.stt_ns)}</td>'
        f'<td class="n">{_milliseconds(turn.llm_ns)}</td>'
        f'<td class="n">{_milliseconds(turn.tts_ns)}</td></tr>'
    )


def session_page(session: Session) -> HTMLResponse:
    """Turns and traces of a session."""
    head = [("#", "n"), ("Speaker", ""), ("Text", ""), ("At", "n")]
    stages = [("STT", "n"), ("LLM first token", "n"), ("TTS first byte", "n")]
    turns = _table(head + stages, [_turn_row(session, turn) for turn in session.turns])
    traces = "".join(
        f'<li><a href="/traces/view/{quote(each.trace_id, safe="")}">'
        f"{escape(each.name or each.trace_id)}</a>: {each.observation_count} observations, "
        f"{_seconds(each.latency_ns)}, ${each.cost_usd:f}</li>"
        for each in session.traces
    )
    facts = (
        f"<p>{escape(session.agent)} · {session.status} · started "
        f"{iso_seconds(session.started_ns)} · {len(session.tools)} tool executions · "
        f"{len(session.interruptions)} interruptions · ${session.cost_usd:f}</p>"
    )
    body = f"{facts}{turns}<h2>Traces</h2><ul>{traces}</ul>"
    return _html(f"Session {session.ref or session.id}", body)


def _depths(observations: list[Observation]) -> dict[str, int]:
    """How deep each observation hangs; a cycle or a missing parent counts as the top."""
    parents = {each.span_id: each.parent_span_id for each in observations}
    depths: dict[str, int] = {}
    for span_id in parents:
        path: list[str] = []
        at: str | None = span_id
        while at is not None and at in parents and at not in depths and at not in path:
            path.append(at)
            at = parents[at]
        base = depths.get(at, -1) if at is not None and at not in path else -1
        depths.update((each, base + 1 + i) for i, each in enumerate(reversed(path)))
    return depths


def _content(label: str, text: str | None) -> str:
    if text is None:
        return ""
    value = msgspec.json.decode(text)
    shown = value if isinstance(value, str) else msgspec.json.format(text, indent=2)
    return f"<details><summary>{label}</summary><pre>{escape(shown)}</pre></details>"


def _observation_row(each: Observation, depth: int, first_ns: int, span_ns: int) -> str:
    left = 100 * (each.start_ns - first_ns) / span_ns
    width = 100 * (each.duration_ns or 0) / span_ns
    bad = ' class="bad"' if each.level is Level.ERROR else ""
    message = f"<div>{escape(each.status_message)}</div>" if each.status_message else ""
    return (
        f'<tr{bad}><td style="padding-left:{min(depth, 20)}rem">{escape(each.name or "–")}'
        f"{message}{_content('Input', each.input)}{_content('Output', each.output)}</td>"
        f"<td>{each.kind}</td><td>{escape(each.model or '')}</td>"
        f'<td class="n">{_milliseconds(each.duration_ns)}</td>'
        f'<td><div class="track"><i style="left:{left:.2f}%;width:{width:.2f}%"></i></div></td></tr>'
    )


def trace_page(trace_id: str, observations: list[Observation]) -> HTMLResponse:
    """Every observation of a trace in time, with its contents folded in."""
    first_ns = min(each.start_ns for each in observations)
    last_ns = max(each.end_ns or each.start_ns for each in observations)
    depths = _depths(observations)
    rows = [
        _observation_row(each, depths[each.span_id], first_ns, max(1, last_ns - first_ns))
        for each in observations
    ]
    head = [("Observation", ""), ("Type", ""), ("Model", ""), ("Duration", "n"), ("When", "")]
    return _html(f"Trace {trace_id}", _table(head, rows))


def _render_error(error: TurnwiseError, request: Request) -> bytes | Response:
    """A page for a browser, which is asked to sign in; JSON for everybody else."""
    if "text/html" not in request.headers.get("accept", ""):
        return render_default(error, request)
    page = _html("Not shown", f"<p>{escape(error.message)}</p>")
    page.status_code = status_of(error)
    if isinstance(error, Unauthenticated):
        page.headers["WWW-Authenticate"] = 'Basic realm="Turnwise", charset="UTF-8"'
    return page


ERROR_RENDERER = ErrorRenderer(("/",), _render_error)


def router(reader: SessionReader) -> APIRouter:
    """The pages; left out of the OpenAPI document."""
    routes = APIRouter(include_in_schema=False)

    async def shown(caller: Caller, session: Session) -> bool:
        return caller.sees_whole_tenant or session.created_by == caller.user_id

    @routes.get("/")
    async def newest_sessions(request: Request) -> HTMLResponse:
        caller = await require_caller(request, Scope.READ)
        created_by = None if caller.sees_whole_tenant else caller.user_id
        query = SessionQuery(project_ids=caller.project_ids, created_by=created_by, limit=NEWEST)
        rows = [
            f'<tr><td><a href="/sessions/view/{each.id}">{iso_seconds(each.started_ns)}</a></td>'
            f"<td>{escape(each.agent)}</td><td>{each.status}</td>"
            f'<td class="n">{each.turn_count}</td></tr>'
            for each in await reader.sessions(caller, query)
        ]
        table = _table([("Started", ""), ("Agent", ""), ("Status", ""), ("Turns", "n")], rows)
        nothing = (
            "<p>No sessions yet. Point an OpenTelemetry exporter at <code>/v1/traces</code>.</p>"
        )
        links = '<p><a href="/docs">API reference</a></p>'
        return _html("Newest sessions", (table if rows else nothing) + links)

    @routes.get("/sessions/view/{session_id}")
    async def view_session(
        request: Request, session_id: Annotated[str, Path(max_length=256)]
    ) -> HTMLResponse:
        caller = await require_caller(request, Scope.READ)
        session = await reader.session(caller, session_id)
        if session is None or not await shown(caller, session):
            raise NotFound("Session not found.")
        return session_page(session)

    @routes.get("/traces/view/{trace_id}")
    async def view_trace(
        request: Request, trace_id: Annotated[str, Path(max_length=256)]
    ) -> HTMLResponse:
        caller = await require_caller(request, Scope.READ)
        for session in await reader.sessions_of_trace(caller, trace_id):
            if await shown(caller, session):
                return trace_page(trace_id, await reader.trace(session, trace_id))
        raise NotFound("Trace not found.")

    return routes
