"""The page of a trace in a real browser: ten thousand rows, long contents, files inside them."""

import base64
import json
import struct
import zlib
from uuid import uuid4

import httpx2
import pytest

from tests.audio import recording
from tests.browser import STRANGE, look, needs_chromium, needs_pages
from tests.contract.langsmith_runs import json_part, multipart, project, run
from tests.long_calls import long_trace
from tests.otlp import MS, base_ns, chat, new_trace_id, send, span
from tests.people import new_person
from tests.server import RunningServer

LONG = 5 * 1024 * 1024


@pytest.mark.timeout(600)
@needs_chromium
@needs_pages
def test_the_page_of_a_trace_in_a_browser(server: RunningServer) -> None:
    person = new_person(server)
    with person.client() as client:
        big = long_trace(client)
        told = _with_contents(client)
        _second(client, told["session"])
        told["run"] = _with_file(client)
        look(person, "trace.test.mjs", **big, **told)


def _with_contents(client: httpx2.Client) -> dict[str, str]:
    """A call whose observations hold what is hard to show."""
    trace, session, start = new_trace_id(), str(uuid4()), base_ns()
    root = span("answer", trace, start, start + 9_000 * MS, {"session.id": session})
    long = chat(
        trace, start + 1_000 * MS, session, parent=root["spanId"],
        question="A line of a long question.\n" * (LONG // 27), answer="The end of it.",
    )  # fmt: skip
    strange = span(
        STRANGE, trace, start + 2_000 * MS, start + 2_500 * MS,
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.call.arguments": json.dumps({"city": STRANGE}),
            "gen_ai.tool.call.result": STRANGE,
            STRANGE: STRANGE,
            "langfuse.trace.tags": [f"tagged {STRANGE}"],
        },
        parent=root["spanId"],
        events=[{
            "name": STRANGE, "timeUnixNano": str(start + 2_100 * MS),
            "attributes": [{"key": "said", "value": {"stringValue": STRANGE}}],
        }],
    )  # fmt: skip
    sound = base64.b64encode(recording("wav", 1.0)).decode()
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_picture()}"}},
        {"type": "input_audio", "input_audio": {"data": sound, "format": "wav"}},
    ]
    media = chat(
        trace, start + 3_000 * MS, session, parent=root["spanId"],
        attributes={"gen_ai.input.messages": json.dumps([{"role": "user", "content": parts}])},
    )  # fmt: skip
    send(client, [root, long, strange, media])
    turns = [{
        "id": "a", "index": 0, "speaker": "agent", "text": "One moment.", "startMs": 900,
        "endMs": 2_900,
    }]  # fmt: skip
    added = client.post(f"/v1/observability/sessions/{session}/turns", json={"turns": turns})
    assert added.status_code < 300, added.text
    return {
        "trace": trace,
        "session": session,
        "long": long["spanId"],
        "strange": strange["spanId"],
        "media": media["spanId"],
    }


def _second(client: httpx2.Client, session: str) -> None:
    """One more trace of the same session, an hour later."""
    send(client, [chat(new_trace_id(), base_ns() + 20_000 * MS, session)])


def _with_file(client: httpx2.Client) -> str:
    """A run with a sound beside it; where its page is."""
    made = run(session_id=project(client))
    parts = [
        json_part(f"post.{made['id']}", made),
        (f"attachment.{made['id']}.greeting", recording("wav", 1.0), "audio/wav"),
    ]
    body, headers = multipart(parts)
    assert client.post("/runs/multipart", content=body, headers=headers).status_code == 202
    return f"{made['trace_id']}?obs={made['id']}"


def _picture() -> str:
    """A PNG of one red dot in base64."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    dot = chunk(b"IDAT", zlib.compress(b"\x00\xff\x00\x00"))
    return base64.b64encode(b"\x89PNG\r\n\x1a\n" + head + dot + chunk(b"IEND", b"")).decode()
