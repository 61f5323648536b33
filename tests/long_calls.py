"""Calls that are longer than most: a trace of ten thousand spans, a conversation of an hour."""

from typing import Any
from uuid import uuid4

import httpx2
import numpy

from tests.otlp import MS, base_ns, chat, new_span_id, new_trace_id, send, span
from tests.speech import Samples, call, file_of

ROWS = 10_000
PER_TURN = 5
EVERY_ERROR = 97
"""One turn of so many has a tool that failed."""
TURN_MS = 4_000

HOUR_S = 3_600
EXCHANGES = 200
"""Of the hour: twice as many turns."""
EVERY_CUT = 9
"""One exchange of so many ends with an interruption."""

SESSIONS = "/v1/observability/sessions"


def long_trace(client: httpx2.Client) -> dict[str, str]:
    """Send a call of many turns as one trace of 10,000 spans; what must be found of it."""
    trace, session, root, start = new_trace_id(), str(uuid4()), new_span_id(), base_ns()
    turns = (ROWS - 1) // PER_TURN
    spans = [
        span(
            "voice session", trace, start, start + turns * TURN_MS * MS,
            {"session.id": session}, span_id=root,
        )
    ]  # fmt: skip
    middle = model = ""
    for place in range(turns):
        made = _turn(trace, root, place, start + place * TURN_MS * MS)
        spans += made
        if place == turns // 2:
            middle, model = made[0]["spanId"], made[2]["spanId"]
    while len(spans) < ROWS:
        spans.append(span("after the call", trace, start, start + MS, parent=root))
    for first in range(0, len(spans), 2_500):
        send(client, spans[first : first + 2_500])
    errors = len(range(0, turns, EVERY_ERROR))
    last_turn = spans[-1 - (ROWS - 1) % PER_TURN]
    return {
        "big_trace": trace,
        "big_rows": str(ROWS),
        "big_errors": str(errors),
        "big_turn": middle,
        "big_model": model,
        "big_turn_rows": str(PER_TURN),
        "big_last": last_turn["spanId"],
    }


def _turn(trace: str, root: str, place: int, start: int) -> list[dict[str, Any]]:
    turn, model = new_span_id(), new_span_id()
    has_failed = place % EVERY_ERROR == 0
    failure = {"status": {"code": 2, "message": "no answer"}} if has_failed else {}
    return [
        span(f"turn {place}", trace, start, start + 3_000 * MS, parent=root, span_id=turn),
        span("stt.transcribe", trace, start + 10 * MS, start + 200 * MS, parent=turn),
        chat(trace, start + 300 * MS, None, parent=turn, span_id=model),
        span(
            "lookup_invoice", trace, start + 400 * MS, start + 700 * MS,
            {"gen_ai.operation.name": "execute_tool"}, parent=model, **failure,
        ),
        span("tts.synthesize", trace, start + 1_200 * MS, start + 1_500 * MS, parent=turn),
    ]  # fmt: skip


def hour_call(client: httpx2.Client) -> str:
    """Send a conversation of an hour with its recording; the id of its session."""
    name = f"CA-{uuid4().hex}"
    body = {
        "agentId": "support", "status": "completed", "callId": name,
        "startedAt": "2026-03-21T10:00:00Z", "endedAt": "2026-03-21T11:00:00Z",
    }  # fmt: skip
    made = client.post(SESSIONS, json=body)
    assert made.status_code == 201, made.text
    session = str(made.json()["id"])
    length_ms = HOUR_S * 1_000 // EXCHANGES
    turns: list[dict[str, Any]] = []
    cuts: list[dict[str, Any]] = []
    for number in range(EXCHANGES):
        at = number * length_ms
        is_cut = number % EVERY_CUT == 0
        turns += [
            _said(2 * number, "user", at + 500, at + 5_000, sttMs=180),
            _said(
                2 * number + 1, "agent", at + 6_200, at + 16_000,
                llmMs=420, ttsMs=210, e2eMs=1_200, interrupted=is_cut,
            ),
        ]  # fmt: skip
        if is_cut:
            onset = at + 15_500
            cuts.append({
                "id": f"c{number}", "turnIndex": 2 * number + 1, "onsetMs": onset,
                "detectedMs": onset + 200, "stoppedMs": onset + 450,
            })  # fmt: skip
    for kind, items in (("turns", turns), ("interruptions", cuts)):
        for first in range(0, len(items), 100):
            part = {kind: items[first : first + 100]}
            answer = client.post(f"{SESSIONS}/{session}/{kind}", json=part)
            assert answer.status_code < 300, answer.text
    sent = client.put(f"/v1/recordings/{name}", content=file_of(_hour(length_ms / 1_000)))
    assert sent.status_code == 201, sent.text
    return session


def _said(number: int, speaker: str, start_ms: int, end_ms: int, **more: Any) -> dict[str, Any]:
    words = "These are a few of the words that somebody says in an hour."
    named = {"id": f"t{number}", "index": number, "speaker": speaker, "text": f"{number}. {words}"}
    return {**named, "startMs": start_ms, "endMs": end_ms, **more}


def _hour(exchange_s: float) -> Samples:
    """One exchange again and again: what differs from one to the next takes no less time to draw."""
    exchange = call(exchange_s, [(0.5, 5.0)], [(6.2, 16.0)])
    return numpy.tile(exchange, (EXCHANGES, 1))
