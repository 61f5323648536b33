"""Traces as the pages read them: light rows first, contents on demand."""

import base64
import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.contract.langsmith_runs import json_part, multipart, project, run
from tests.otlp import MS, base_ns, chat, new_trace_id, send, span
from tests.server import RunningServer
from turnwise.api.ui.contents import SHOWN_BYTES


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


def test_rows_tell_what_their_spans_said_over_midnight_too(server: RunningServer) -> None:
    trace, day_ns = new_trace_id(), 86_400 * 1000 * MS
    midnight = base_ns() // day_ns * day_ns
    root = span("call", trace, midnight - 2000 * MS, midnight + 2000 * MS)
    second, first = sorted(
        (span("b", trace, midnight, midnight), span("a", trace, midnight, midnight)),
        key=lambda each: each["spanId"],
        reverse=True,
    )
    running = chat(trace, midnight + 500 * MS, None, parent=root["spanId"])
    running["endTimeUnixNano"] = "0"
    with server.client(server.new_user()) as client:
        for each in (running, second, root, first):
            send(client, [each])
        rows = client.get(f"/ui/api/traces/{trace}").json()["rows"]
        told = client.get(f"/ui/api/traces/{trace}/observations/{running['spanId']}").json()
    assert [row["id"] for row in rows] == [
        root["spanId"], first["spanId"], second["spanId"], running["spanId"],
    ]  # fmt: skip
    assert [row["startMs"] for row in rows] == [0, 2000, 2000, 2500]
    for name in ("kind", "step", "level", "model", "firstTokenMs", "name", "parent"):
        assert rows[-1][name] == told[name], name
    assert rows[-1]["endMs"] is None
    assert rows[-1]["costUsd"] == told["costs"]["total"]
    assert rows[0]["tokens"] is rows[0]["costUsd"] is rows[0]["model"] is None


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


SOUND = b"RIFF" + bytes(range(256))


def test_files_that_were_sent_along_are_shown_and_what_may_run_is_taken_away(
    server: RunningServer,
) -> None:
    with server.client(server.new_user()) as client, server.client(server.new_user()) as other:
        made = run(session_id=project(client))
        parts = [json_part(f"post.{made['id']}", made)]
        for name, content, kind in (
            ("what was said", SOUND, "audio/x-wav"), ("page", b"<script>", "text/html"),
        ):  # fmt: skip
            parts.append((f"attachment.{made['id']}.{name}", content, kind))
        body, headers = multipart(parts)
        assert client.post("/runs/multipart", content=body, headers=headers).status_code == 202
        trace = client.get(f"/api/public/observations/{made['id']}").json()["traceId"]
        place = f"/ui/api/traces/{trace}/observations/{made['id']}"
        files = client.get(place).json()["files"]
        sound = client.get(f"{place}/files/0", headers={"range": "bytes=4-9"})
        page = client.get(f"{place}/files/1")
        missing, hidden = client.get(f"{place}/files/2"), other.get(f"{place}/files/0")
    assert files == [
        {"name": "what was said", "mediaType": "audio/wav", "sizeBytes": len(SOUND)},
        {"name": "page", "mediaType": "application/octet-stream", "sizeBytes": 8},
    ]
    assert (sound.status_code, sound.content) == (206, SOUND[4:10])
    assert sound.headers["content-type"] == "audio/wav"
    assert page.headers["content-type"] == "application/octet-stream"
    assert page.headers["content-disposition"].startswith("attachment")
    assert (missing.status_code, missing.json()["code"]) == (404, "file_not_found")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "trace_not_found")


def test_turns_and_neighbours_come_with_a_trace(server: RunningServer) -> None:
    session, first, second, start = str(uuid4()), new_trace_id(), new_trace_id(), base_ns()
    with server.client(server.new_user()) as client:
        send(client, [chat(first, start, session), chat(second, start + 5000 * MS, session)])
        found = client.get(f"/ui/api/traces/{second}").json()
        before = client.get(f"/ui/api/traces/{first}").json()
    assert (found["previous"]["id"], found["next"]) == (first, None)
    assert (before["previous"], before["next"]["id"]) == (None, second)
    assert (before["offsetMs"], found["offsetMs"]) == (0, 5000)
    assert {turn["startMs"] for turn in found["turns"]} >= {-5000.0, 0.0}
    assert found["rows"][0]["id"] in {each for turn in found["turns"] for each in turn["spanIds"]}


def test_an_observation_is_compared_with_others_of_its_kind(server: RunningServer) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    day = 86_400 * 1000 * MS
    with server.client(server.new_user()) as client:
        alone = _peers(client, trace, _worked(client, trace, session, start, 300))
        for ms in (100, 200, 500):
            _worked(client, new_trace_id(), session, start, ms)
        _worked(client, new_trace_id(), session, start - 9 * day, 50)
        _worked(client, new_trace_id(), session, start, 50, name="other")
        _worked(client, new_trace_id(), session, start, 400)
        among = _peers(client, trace, _worked(client, trace, session, start, 300))
        running = _peers(client, trace, _worked(client, trace, session, start, -5))
    assert (alone["others"], alone["p50Ms"], alone["isComparable"]) == (0, None, True)
    # Those of 100, 200, 300, 400 and 500 ms; the one of nine days before is too old.
    assert (among["others"], among["faster"]) == (5, 2)
    assert (among["lowestMs"], among["p50Ms"], among["highestMs"]) == (100, 300, 500)
    assert (among["p25Ms"], among["p95Ms"]) == (200, 480)
    assert running["isComparable"] is False


def test_peers_are_told_apart_by_their_tool(server: RunningServer) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    with server.client(server.new_user()) as client:
        for name, ms in (("book", 100), ("book", 200), ("look_up", 50)):
            tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
            _worked(client, new_trace_id(), session, start, ms, **tool)
        tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "book"}
        found = _peers(client, trace, _worked(client, trace, session, start, 150, **tool))
        (row, *_) = client.get(f"/ui/api/traces/{trace}").json()["rows"]
    assert (found["others"], found["faster"]) == (2, 1)
    assert (row["name"], row["tool"]) == ("work", "book")


def test_files_and_contents_are_had_as_they_were_sent(server: RunningServer) -> None:
    session, trace = str(uuid4()), new_trace_id()
    picture = b"\x89PNG\r\n\x1a\n" + bytes(2000)
    url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    sent = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    with server.client(server.new_user()) as client:
        generation = chat(
            trace, base_ns(), session, attributes={"gen_ai.input.messages": json.dumps(sent)}
        )
        send(client, [generation])
        place = f"/ui/api/traces/{trace}/observations/{generation['spanId']}"
        shown = client.get(place).json()["input"]["text"]
        file = client.get(f"{place}/media/input/0")
        whole = client.get(f"{place}/raw/input")
        refused = [
            client.get(f"{place}/{rest}").status_code
            for rest in ("media/input/1", "media/nothing/0", "media/input/-1", "raw/nothing")
        ]
    assert "turnwise-media:0:image/png:2008" in shown
    assert "base64" not in shown
    assert (file.headers["content-type"], file.content) == ("image/png", picture)
    assert file.headers["x-content-type-options"] == "nosniff"
    assert whole.json() == sent
    assert whole.headers["content-disposition"] == 'attachment; filename="input.json"'
    assert refused == [404, 400, 400, 400]


@pytest.mark.parametrize("rest", ["", "/peers", "/raw/input", "/media/input/0"])
def test_of_another_tenant_nothing_is_there(server: RunningServer, rest: str) -> None:
    trace = new_trace_id()
    generation = chat(trace, base_ns(), str(uuid4()))
    with server.client(server.new_user()) as owner, server.client(server.new_user()) as other:
        send(owner, [generation])
        place = "/ui/api/traces/{}/observations/{}{}"
        strange = other.get(place.format(trace, generation["spanId"], rest))
        nowhere = other.get(place.format(new_trace_id(), generation["spanId"], rest))
    assert strange.status_code == 404
    assert strange.content == nowhere.content


def _worked(
    client: httpx2.Client,
    trace: str,
    session: str,
    start: int,
    ms: int,
    name: str = "work",
    **attributes: str,
) -> str:
    """The id of a span that took so many milliseconds."""
    made = span(name, trace, start, start + ms * MS, {"session.id": session, **attributes})
    send(client, [made])
    return str(made["spanId"])


def _peers(client: httpx2.Client, trace: str, span_id: str) -> dict[str, Any]:
    answer = client.get(f"/ui/api/traces/{trace}/observations/{span_id}/peers")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
