"""Log records: kept with the session that they tell of, shown to whoever may see it."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.contract.ui.calls import browser, call, read_logs, record, unknown, write_logs
from tests.otlp import MS, base_ns, chat, new_span_id, new_trace_id, send
from tests.people import new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role
from turnwise.store.telemetry.log_records import SHOWN_CHARACTERS

MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx2.Client]:
    with server.client(server.new_user()) as client:
        yield client


def texts(client: httpx2.Client, session: str, **parameters: Any) -> list[str]:
    return [each["text"] for each in read_logs(client, session, **parameters)["data"]]


def test_records_of_a_trace_are_told_with_its_session(client: httpx2.Client) -> None:
    session, trace, start = str(uuid4()), new_trace_id(), base_ns()
    generation = chat(trace, start, session)
    place = {"trace": trace, "span": generation["spanId"]}
    late = record("the tool was slow", start + 300 * MS, 13, **place)
    # Before the spans, as exporters do that send logs more often.
    assert write_logs(client, late, record(MARKUP, start + 100 * MS, 17, trace=trace)) == {}
    send(client, [generation])
    write_logs(client, late)  # a replay changes nothing
    first, second = read_logs(client, session)["data"]
    assert (first["text"], first["atMs"], first["severity"]) == (MARKUP, 100, 17)
    assert (first["spanId"], first["traceId"], first["logger"]) == (None, trace, "my.agent")
    assert (second["text"], second["spanId"]) == ("the tool was slow", generation["spanId"])
    assert texts(client, session, severity=17) == [MARKUP]
    assert texts(client, session, q="TOOL was") == ["the tool was slow"]
    assert texts(client, session, q="%") == []


@pytest.mark.parametrize("name", ["session.id", "gen_ai.conversation.id"])
def test_records_without_a_trace_belong_to_the_session_that_they_name(
    client: httpx2.Client, name: str
) -> None:
    session = call(client)
    lost = record("of nobody", base_ns())
    assert write_logs(client, record("named", base_ns(), attributes={name: session}), lost) == {}
    assert texts(client, session) == ["named"]


def test_what_only_logs_tell_of_is_no_session(client: httpx2.Client) -> None:
    session = str(uuid4())
    write_logs(client, record("early", base_ns(), attributes={"session.id": session}))
    assert client.get(f"/ui/api/sessions/{session}/logs").status_code == 404
    send(client, [chat(new_trace_id(), base_ns(), session)])
    assert texts(client, session) == ["early"]


def test_a_room_that_is_outranked_still_tells_of_its_session(client: httpx2.Client) -> None:
    session, trace, room = str(uuid4()), new_trace_id(), f"RM_{uuid4().hex[:8]}"
    write_logs(client, record("of the room", base_ns(), attributes={"room_id": room}))
    named = chat(trace, base_ns(), session)
    of_room = chat(trace, base_ns(), None, attributes={"room_id": room, "lk.agent_name": "a"})
    send(client, [named, of_room], scope="livekit-agents")
    assert texts(client, session) == ["of the room"]


def test_sessions_of_one_trace_have_the_records_of_their_own_spans(client: httpx2.Client) -> None:
    first, second, trace = str(uuid4()), str(uuid4()), new_trace_id()
    spans = [chat(trace, base_ns(), each) for each in (first, second)]
    send(client, spans)
    write_logs(
        client,
        *(
            record(name, base_ns(), trace=trace, span=span["spanId"])
            for name, span in zip(("one", "two"), spans, strict=True)
        ),
        record("of both", base_ns(), trace=trace),
    )
    found = {tuple(texts(client, each)) for each in (first, second)}
    # What no span tells of is shown once.
    assert found in ({("of both", "one"), ("two",)}, {("one", "of both"), ("two",)},
                     {("one",), ("of both", "two")}, {("one",), ("two", "of both")})  # fmt: skip


def test_pages_hold_every_record_once_and_in_order(client: httpx2.Client) -> None:
    session, start = call(client), base_ns()
    # Three at each instant: the order among them is theirs, but it is one.
    records = [
        record(f"{place}", start + place // 3 * MS, attributes={"session.id": session})
        for place in range(25)
    ]
    write_logs(client, *records)
    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = read_logs(client, session, limit=4, **({"cursor": cursor} if cursor else {}))
        seen += page["data"]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert sorted(int(each["text"]) for each in seen) == list(range(25))
    assert [each["atMs"] for each in seen] == sorted(each["atMs"] for each in seen)


def test_a_record_is_cut_in_the_list_and_whole_by_itself(client: httpx2.Client) -> None:
    session, long = call(client), "é" * (SHOWN_CHARACTERS + 1)
    stack = {"session.id": session, "exception.stacktrace": "line 1\nline 2"}
    write_logs(client, record(long, base_ns(), attributes=stack))
    (line,) = read_logs(client, session)["data"]
    assert (len(line["text"]), line["isCut"]) == (SHOWN_CHARACTERS, True)
    whole = client.get(f"/ui/api/sessions/{session}/logs/{line['id']}").json()
    assert whole["text"] == {"text": long, "bytes": 2 * len(long), "isCut": False}
    assert "line 1\\nline 2" in whole["attributes"]["text"]
    missing = client.get(f"/ui/api/sessions/{session}/logs/{'0' * 24}")
    assert (missing.status_code, missing.json()["code"]) == (404, "log_not_found")


def test_refused_records_are_told_and_cost_no_other(client: httpx2.Client) -> None:
    session = call(client)
    named = {"session.id": session}
    kept = record("kept", base_ns(), 99, attributes=named)
    answer = write_logs(client, record("old", 5, attributes=named), kept)
    assert answer["partialSuccess"]["rejectedLogRecords"] == "1"
    assert "before the year 2000" in answer["partialSuccess"]["errorMessage"]
    (found,) = read_logs(client, session)["data"]
    assert (found["text"], found["severity"]) == ("kept", 0)


@pytest.mark.parametrize(
    "wrong", [{"severity": 25}, {"cursor": "x"}, {"limit": 0}, {"q": "x" * 201}]
)
def test_what_cannot_be_asked_is_refused(client: httpx2.Client, wrong: dict[str, Any]) -> None:
    answer = client.get(f"/ui/api/sessions/{call(client)}/logs", params=wrong)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"]


def test_records_of_others_look_like_those_of_nobody(server: RunningServer) -> None:
    owner = new_person(server)
    mate, stranger = new_person(server, owner.tenant, Role.MEMBER), new_person(server)
    trace, span = new_trace_id(), new_span_id()
    with owner.client() as client, stranger.client() as theirs:
        session = call(client)
        send(client, [chat(trace, base_ns(), session, span_id=span)])
        for sender in (client, theirs):
            write_logs(sender, record("said", base_ns(), trace=trace))
        (line,) = read_logs(client, session)["data"]
    for other in (mate, stranger):
        with browser(other) as client:
            for rest in ("", f"/{line['id']}"):
                refused = client.get(f"/ui/api/sessions/{session}/logs{rest}")
                missing = client.get(f"/ui/api/sessions/{unknown()}/logs{rest}")
                assert (refused.status_code, refused.content) == (404, missing.content)
