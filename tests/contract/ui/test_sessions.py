"""The list of sessions and single sessions, as the pages read them."""

import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.audio import recording
from tests.contract.ui.calls import LIST, SESSIONS, browser, call, ids, unknown
from tests.otlp import base_ns, chat, new_trace_id, send, span
from tests.people import new_person
from tests.server import RunningServer
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.tenancy import Role


@pytest.fixture
def client(server: RunningServer) -> Any:
    with server.client(server.new_user()) as client:
        yield client


def test_a_line_says_what_the_list_shows(client: httpx2.Client) -> None:
    session = call(client, "billing", minute=3, seconds=90, response_ms=1200)
    (line,) = client.get(LIST).json()["data"]
    expected = {
        "id": session, "agent": "billing", "status": "completed", "durationMs": 90_000,
        "turns": 2, "interruptions": 0, "errors": 0, "p50Ms": 1200, "p95Ms": 1200, "userRef": None,
    }  # fmt: skip
    assert {name: line[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"agent": "a"}, {"quick"}),
        ({"agent": ["a", "b"]}, {"quick", "slow"}),
        ({"agent": "c"}, set()),
        ({"status": "failed"}, {"slow"}),
        ({"slower": 2000}, {"slow"}),
        ({"longer": 90_000}, {"slow"}),
        ({"shorter": 90_000}, {"quick"}),
        ({"recorded": True}, set()),
        ({"errors": True}, {"slow"}),
        ({"errors": False}, {"quick"}),
        ({"from": 1774087260000}, {"slow"}),
        ({"to": 1774087260000}, {"quick"}),
        ({"q": "REFUND please"}, {"quick"}),
        ({"q": "refunds"}, set()),
        ({"q": "Überweisung"}, {"slow"}),
        ({"q": "room-of-slow"}, {"slow"}),
        ({"q": "!?"}, set()),
        ({"q": "  "}, {"quick", "slow"}),
        ({"interrupted": True}, set()),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_each_filter_narrows_the_list(
    client: httpx2.Client, parameters: dict[str, Any], found: set[str]
) -> None:
    names = {
        call(client, "a", said="A refund, please!"): "quick",
        call(
            client, "b", minute=5, seconds=120, response_ms=3000, status="failed",
            said="Eine Überweisung.", roomName="room-of-slow",
        ): "slow",
    }  # fmt: skip
    assert {names[each] for each in ids(client, **parameters)} == found


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"user": "jo"}, {"jo"}),
        ({"user": ["jo", "al"]}, {"jo", "al"}),
        ({"user": "JO"}, set()),
        ({"tag": "vip"}, {"jo"}),
        ({"tag": ["vip", "trial"]}, {"jo", "al"}),
        ({"tag": "vi"}, set()),
        ({"tag": "vip", "from": 1}, {"jo"}),
        ({"env": "staging"}, {"al"}),
        ({"env": "default"}, {"jo"}),
        ({"dearer": "0"}, {"jo", "al"}),
        ({"dearer": "0.000000000001"}, {"jo"}),
        ({"dearer": "1e-9"}, {"jo"}),
        ({"dearer": "1000"}, set()),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_what_telemetry_says_narrows_the_list(
    client: httpx2.Client, parameters: dict[str, Any], found: set[str]
) -> None:
    told = {
        "jo": {"langfuse.user.id": "jo", "langfuse.trace.tags": ["vip", "trial"]},
        "al": {
            "langfuse.user.id": "al", "langfuse.trace.tags": ["trial"],
            "langfuse.environment": "staging", "gen_ai.request.model": "nobody-knows-its-price",
        },
    }  # fmt: skip
    names = {}
    for number, (name, attributes) in enumerate(told.items()):
        session = str(uuid4())
        names[f"sess_{session.replace('-', '')}"] = name
        trace, start = new_trace_id(), base_ns() + number * NS_PER_SECOND
        named = chat(trace, start, session, attributes=attributes)
        # What a span does not name itself, its trace does.
        note = span("note", trace, start, start + 1, parent=named["spanId"])
        send(client, [named, note])
    assert {names[each] for each in ids(client, **parameters)} == found


@pytest.mark.parametrize("sort", ["started", "duration", "p50", "p95", "turns", "cost"])
def test_pages_in_any_order_meet_every_session_once(client: httpx2.Client, sort: str) -> None:
    made = [
        call(client, minute=each, seconds=60 + each % 3, response_ms=500 + 100 * (each % 4))
        for each in range(7)
    ]
    for ascending in (False, True):
        seen: list[str] = []
        cursor: str | None = None
        while True:
            parameters = {"sort": sort, "ascending": ascending, "limit": 3}
            parameters |= {"cursor": cursor} if cursor else {}
            page = client.get(LIST, params=parameters).json()
            seen += [line["id"] for line in page["data"]]
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert sorted(seen) == sorted(made)
        assert seen == ids(client, sort=sort, ascending=ascending)


def test_a_session_that_comes_in_between_pages_moves_none_of_them(client: httpx2.Client) -> None:
    made = [call(client, minute=each) for each in range(4)]
    first = client.get(LIST, params={"limit": 2}).json()
    call(client, minute=30)
    second = client.get(LIST, params={"limit": 2, "cursor": first["nextCursor"]}).json()
    shown = [line["id"] for page in (first, second) for line in page["data"]]
    assert shown == made[::-1]


@pytest.mark.parametrize(
    "parameters",
    [
        {"cursor": "nonsense"},
        {"sort": "name"},
        {"limit": 0},
        {"limit": 201},
        {"from": -1},
        {"slower": 10**30},
        {"dearer": -1},
        {"dearer": "NaN"},
        {"dearer": "1e40"},
        {"status": "live"},
        {"q": "x" * 201},
        {"errors": "perhaps"},
    ],
    ids=str,
)
def test_bad_parameters_are_named(client: httpx2.Client, parameters: dict[str, Any]) -> None:
    answer = client.get(LIST, params=parameters)
    assert answer.status_code == 400, answer.text
    assert answer.json()["issues"][0]["location"][:2] == ["query", next(iter(parameters))]


def test_a_cursor_of_another_order_is_refused(client: httpx2.Client) -> None:
    for minute in range(2):
        call(client, minute=minute)
    cursor = client.get(LIST, params={"limit": 1}).json()["nextCursor"]
    answer = client.get(LIST, params={"cursor": cursor, "sort": "cost"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_cursor")


def test_what_can_be_filtered_by_is_listed(client: httpx2.Client) -> None:
    call(client, "a")
    assert client.get("/ui/api/projects/default/facets").json() == {
        "agents": ["a"],
        "environments": ["default"],
        "versions": [],
    }
    assert client.get("/ui/api/projects/other/facets").status_code == 404


def test_a_session_has_its_turns_in_time_and_none_where_nobody_reported(
    client: httpx2.Client,
) -> None:
    session = call(client, response_ms=900)
    found = client.get(f"/ui/api/sessions/{session}").json()
    heard, spoken = found["turns"]
    assert (heard["startMs"], heard["endMs"], heard["sttMs"]) == (1000, 3000, None)
    assert (spoken["responseMs"], spoken["llmMs"], spoken["ttsMs"]) == (900, 300, None)
    assert (found["project"], found["agent"], found["durationMs"]) == ("default", "support", 60_000)


def test_a_turn_has_its_words_in_time_and_what_they_were_taken_for(client: httpx2.Client) -> None:
    session = call(client)
    words = [
        {"text": "refund,", "startMs": 2000.5, "endMs": 2600},
        {"text": "A", "startMs": 1000, "endMs": 900},
    ]
    turn = {"id": "u", "index": 0, "speaker": "user", "startMs": 1000, "confidence": 0.5}
    told = {**turn, "interimText": "A re fund", "words": words}
    sent = client.post(f"{SESSIONS}/{session}/turns", json={"turns": [told]})
    assert sent.status_code < 300, sent.text
    heard, spoken = client.get(f"/ui/api/sessions/{session}").json()["turns"]
    assert (heard["interimText"], heard["confidence"]) == ("A re fund", 0.5)
    # By their time; an end before the start is no end.
    assert heard["words"] == [
        {"text": "A", "startMs": 1000, "endMs": None},
        {"text": "refund,", "startMs": 2000.5, "endMs": 2600},
    ]
    assert (spoken["words"], spoken["interimText"]) == ([], None)
    wrong = {**turn, "words": [{"text": "A"}]}
    refused = client.post(f"{SESSIONS}/{session}/turns", json={"turns": [wrong]})
    assert (refused.status_code, "startMs" in refused.text) == (400, True), refused.text


def test_a_turn_has_the_way_of_its_answer_and_a_session_what_was_measured_of_it(
    client: httpx2.Client,
) -> None:
    session = call(client, response_ms=900)
    cut = {"id": "x", "turnIndex": 1, "onsetMs": 5000, "stoppedMs": 5400}
    mistaken = {"id": "y", "turnIndex": 1, "onsetMs": 5500, "isFalse": True}
    sent = client.post(
        f"{SESSIONS}/{session}/interruptions", json={"interruptions": [cut, mistaken]}
    )
    assert sent.status_code < 300, sent.text
    found = client.get(f"/ui/api/sessions/{session}").json()
    heard, spoken = found["turns"]
    assert heard["response"] is None
    way = spoken["response"]
    assert (way["askedTurn"], way["latencyMs"], way["isTimed"]) == (0, 900, False)
    held = {part["part"]: part["heldMs"] for part in way["parts"]}
    assert held == {"llm": 300, "unexplained": 600}
    assert [each["kind"] for each in found["interruptions"]] == ["barge_in", "false_alarm"]
    assert (found["conduct"]["firstWordMs"], found["conduct"]["agentSpeechMs"]) == (3900, 3000)
    # Nobody has listened: there is no recording.
    assert (found["overlaps"], found["audio"]) == ([], None)


def test_what_belongs_to_others_looks_like_what_does_not_exist(server: RunningServer) -> None:
    with server.client(server.new_user()) as owner, server.client(server.new_user()) as other:
        session, trace = call(owner), new_trace_id()
        send(owner, [chat(trace, base_ns(), session)])
        assert owner.get(f"/ui/api/traces/{trace}").status_code == 200
        for there, nowhere in (
            (f"/ui/api/sessions/{session}", f"/ui/api/sessions/{unknown()}"),
            (f"/ui/api/sessions/{session}/events", f"/ui/api/sessions/{unknown()}/events"),
            (f"/ui/api/traces/{trace}", f"/ui/api/traces/{new_trace_id()}"),
            (f"/ui/api/traces/{trace}/observations/x", f"/ui/api/traces/{new_trace_id()}/observations/x"),
            (f"/traces/view/{trace}", f"/traces/view/{new_trace_id()}"),
            (f"/sessions/view/{session}", f"/sessions/view/{unknown()}"),
        ):  # fmt: skip
            refused, missing = other.get(there), other.get(nowhere)
            assert (refused.status_code, refused.content) == (404, missing.content)
        assert ids(other) == []


def test_members_see_their_own_sessions_and_owners_all(server: RunningServer) -> None:
    owner = new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    with owner.client() as client:
        of_owner = call(client, minute=1)
    with member.client() as client:
        of_member = call(client, minute=2)
    with browser(owner) as client:
        assert ids(client) == [of_member, of_owner]
    with browser(member) as client:
        assert ids(client) == [of_member]
        assert client.get(f"/ui/api/sessions/{of_owner}").status_code == 404
        assert client.get("/ui/api/projects/default/dashboard", params=_HOUR).json()["total"][
            "sessions"
        ] == 1  # fmt: skip


def test_a_live_session_is_sent_again_when_it_grows_until_it_ends(client: httpx2.Client) -> None:
    body = {"agentId": "support", "startedAt": "2026-03-21T10:00:00Z"}
    session = client.post(SESSIONS, json=body).json()["id"]
    turn = {"id": "t", "index": 0, "speaker": "agent", "text": "Hello", "startMs": 0, "endMs": 900}
    seen: list[int] = []
    with client.stream("GET", f"/ui/api/sessions/{session}/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        event = ""
        for line in answer.iter_lines():
            if line.startswith("event: "):
                event = line.removeprefix("event: ")
            if not line.startswith("data: ") or event == "end":
                continue
            seen.append(len(json.loads(line.removeprefix("data: "))["turns"]))
            if len(seen) == 1:
                client.post(f"{SESSIONS}/{session}/turns", json={"turns": [turn]})
            if seen[-1] == 1:
                ended = {"endedAt": "2026-03-21T10:01:00Z", "status": "completed"}
                client.patch(f"{SESSIONS}/{session}", json=ended)
        assert event == "end"
    assert (seen[0], seen[-1]) == (0, 1)


def test_the_sound_comes_in_ranges_and_its_shape_at_once(client: httpx2.Client) -> None:
    session = call(client, callId="CA-of-the-shape")
    sent = client.put("/v1/recordings/CA-of-the-shape", content=recording("wav", 2.0))
    assert sent.status_code == 201, sent.text
    (found,) = client.get(f"/ui/api/sessions/{session}").json()["recordings"]
    assert (found["isPlayable"], found["durationMs"], found["channels"]) == (True, 2000, 2)
    place = f"/ui/api/sessions/{session}/recordings/{found['id']}"
    part = client.get(f"{place}/audio", headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"RIFF")
    first, again = client.get(f"{place}/peaks"), client.get(f"{place}/peaks")
    numbers = [int.from_bytes(first.content[at : at + 4], "little") for at in (0, 4, 8)]
    assert numbers == [2, 50, 100]
    assert len(first.content) == 12 + 2 * 100
    assert max(first.content[12:]) <= 127
    assert again.content == first.content
    assert client.get(f"{place[:-1]}x/audio").status_code == 404


_HOUR = {"from": 1774087200000 - 3_600_000, "to": 1774087200000 + 3_600_000}


def test_the_course_counts_each_session_in_its_stretch_and_in_the_total(
    client: httpx2.Client,
) -> None:
    call(client, minute=1, response_ms=1000)
    call(client, minute=20, response_ms=3000, status="failed")
    call(client, startedAt="2026-03-21T08:10:00Z", endedAt="2026-03-21T08:11:00Z")
    found = client.get("/ui/api/projects/default/dashboard", params=_HOUR).json()
    assert [each["sessions"] for each in found["stretches"]] == [1, 1]
    total = found["total"]
    assert (total["sessions"], total["failed"], total["turns"]) == (2, 1, 4)
    assert total["responseMs"]["p50"] == 2000
    assert total["stageP95Ms"]["tts"] is None
    assert found["before"]["sessions"] == 1
    wrong = client.get("/ui/api/projects/default/dashboard", params={"from": 5, "to": 5})
    assert wrong.status_code == 400
