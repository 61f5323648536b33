"""Traces as the pages read them: light rows first, contents on demand."""

import json
from uuid import uuid4

from tests.otlp import MS, base_ns, chat, new_trace_id, send, span
from tests.server import RunningServer
from turnwise.api.ui.traces import SHOWN_BYTES


def test_rows_come_in_time_and_without_contents(server: RunningServer) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    with server.client(server.new_user()) as client:
        generation = chat(trace, start + 100 * MS, session, parent="00000000000000aa")
        root = span("answer", trace, start, start + 1500 * MS, {}, span_id="00000000000000aa")
        send(client, [generation, root])
        found = client.get(f"/ui/api/traces/{trace}").json()
    assert (found["durationMs"], found["errors"], found["isCut"]) == (1500, 0, False)
    first, second = found["rows"]
    assert (first["id"], first["parent"], first["startMs"]) == ("00000000000000aa", None, 0)
    assert (second["parent"], second["startMs"], second["kind"]) == (
        "00000000000000aa", 100, "GENERATION",
    )  # fmt: skip
    assert second["tokens"] == 120
    assert "input" not in second


def test_a_long_content_is_cut_until_all_of_it_is_asked_for(server: RunningServer) -> None:
    session, trace = str(uuid4()), new_trace_id()
    question = "é" * SHOWN_BYTES
    with server.client(server.new_user()) as client:
        generation = chat(trace, base_ns(), session, question=question)
        send(client, [generation])
        place = f"/ui/api/traces/{trace}/observations/{generation['spanId']}"
        cut, whole = client.get(place).json(), client.get(place, params={"whole": True}).json()
        missing = client.get(f"/ui/api/traces/{trace}/observations/none")
    assert cut["input"]["isCut"] is True
    assert len(cut["input"]["text"].encode()) <= SHOWN_BYTES
    assert cut["input"]["bytes"] == whole["input"]["bytes"] > 2 * SHOWN_BYTES
    assert whole["input"]["isCut"] is False
    assert question in str(json.loads(whole["input"]["text"]))
    assert (missing.status_code, missing.json()["code"]) == (404, "observation_not_found")
