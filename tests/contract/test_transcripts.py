"""GET /api/billing/...: the published shape, scope, live sessions, exact cost, paging, errors."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.otlp import MS, base_ns, chat, new_trace_id, send
from tests.people import Person, create_character, new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role, Scope

BASE = "/api/billing/sessions"
NATIVE = "/v1/observability/sessions"
FIELDS = [
    "id", "session_id", "tenant_id", "character_slug", "user", "room_name", "origin_url", "metadata",
    "session_duration_seconds", "turn_count", "interruption_count", "llm_input_tokens",
    "llm_output_tokens", "llm_model", "llm_provider", "stt_audio_seconds", "stt_provider",
    "tts_characters", "tts_provider", "estimated_cost_usd", "finalized_at", "recording_status",
    "recording_url", "recording_presigned_url", "transcript", "transcript_text", "created_at",
]  # fmt: skip


def create(client: httpx2.Client, agent: str, **fields: Any) -> str:
    """A native session; its UUID."""
    body = {"agentId": agent, "startedAt": "2026-03-21T10:00:00Z", **fields}
    answer = client.post(NATIVE, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sessionId"])


def test_a_session_has_every_published_field(server: RunningServer) -> None:
    person = new_person(server)
    with person.client() as client:
        slug = create_character(client)
        session = create(
            client, slug, metadata={"plan": "pro"}, roomName="room-7",
            originUrl="https://www.example.com/shop",
        )  # fmt: skip
        turns = [
            {"id": "a", "index": 0, "speaker": "agent", "text": "Hello!", "startMs": 0, "endMs": 900},
            {"id": "b", "index": 1, "speaker": "user", "text": "Hi.", "startMs": 1250, "endMs": 2000},
            {"id": "c", "index": 2, "speaker": "agent", "text": "What can", "startMs": 2500,
             "endMs": 3000, "fullText": "What can I do for you?", "interrupted": True},
        ]  # fmt: skip
        assert client.post(f"{NATIVE}/{session}/turns", json={"turns": turns}).is_success
        cuts = [
            {"id": "i", "turnIndex": 2, "onsetMs": 2800, "detectedMs": 2900, "stoppedMs": 3000},
            {"id": "j", "turnIndex": 0, "onsetMs": 100, "detectedMs": 200, "isFalse": True},
        ]
        answer = client.post(f"{NATIVE}/{session}/interruptions", json={"interruptions": cuts})
        assert answer.is_success, answer.text
        ended = {"endedAt": "2026-03-21T10:03:04.700Z", "status": "completed"}
        assert client.patch(f"{NATIVE}/{session}", json=ended).is_success
        answer = client.get(f"{BASE}/{session}/")
        again = client.get(f"{BASE}/{session.upper()}")
    assert answer.status_code == 200
    body = answer.json()
    assert list(body) == ["success", "message", "data", "errors"]
    assert (body["success"], body["errors"]) == (True, None)
    data = body["data"]
    assert list(data) == FIELDS
    assert again.json() == body
    assert isinstance(data["id"], int)
    assert data.pop("finalized_at").endswith("Z")
    assert data | {"id": 0} == {
        "id": 0,
        "session_id": session,
        "tenant_id": person.tenant,
        "character_slug": slug,
        "user": person.user_id,
        "room_name": "room-7",
        "origin_url": "https://www.example.com/shop",
        "metadata": {"plan": "pro"},
        "session_duration_seconds": 184.7,
        "turn_count": 3,
        "interruption_count": 1,
        "llm_input_tokens": 0,
        "llm_output_tokens": 0,
        "llm_model": None,
        "llm_provider": None,
        "stt_audio_seconds": 0,
        "stt_provider": None,
        "tts_characters": 0,
        "tts_provider": None,
        "estimated_cost_usd": "0.000000",
        "recording_status": "NONE",
        "recording_url": None,
        "recording_presigned_url": None,
        "transcript": [
            {"role": "assistant", "text": "Hello!", "turn_index": 0, "ts": 0.0},
            {"role": "user", "text": "Hi.", "turn_index": 1, "ts": 1.25},
            {"role": "assistant", "text": "What can", "turn_index": 2, "ts": 2.5},
        ],
        "transcript_text": "Assistant: Hello!\nUser: Hi.\nAssistant: What can",
        "created_at": "2026-03-21T10:00:00Z",
    }


def test_usage_and_cost_come_from_the_spans_and_are_exact(server: RunningServer) -> None:
    person, session, start = new_person(server), str(uuid4()), base_ns()
    with person.client() as client:
        slug = create_character(client)
        trace = new_trace_id()
        small = chat(
            trace, start + 900 * MS, session,
            attributes={"gen_ai.usage.input_tokens": 1, "gen_ai.usage.output_tokens": 0},
        )  # fmt: skip
        spans = [chat(trace, start, session), small]
        send(client, spans, resource={"service.name": slug})
        data = client.get(f"{BASE}/{session}/").json()["data"]
    # 101 input tokens at 0.40 and 20 output tokens at 1.60 USD per million: 0.0000724.
    exact = (101 * Decimal("0.4") + 20 * Decimal("1.6")) / 1_000_000
    assert data["estimated_cost_usd"] == str(exact.quantize(Decimal("1E-6"), ROUND_HALF_UP))
    assert data["estimated_cost_usd"] == "0.000072"
    assert (data["llm_input_tokens"], data["llm_output_tokens"]) == (101, 20)
    assert (data["llm_model"], data["llm_provider"]) == ("gpt-4.1-mini", "openai")


def test_a_live_session_is_told_so_far(server: RunningServer) -> None:
    person, session = new_person(server), str(uuid4())
    with person.client() as client:
        slug = create_character(client)
        assert create(client, slug, id=session, startedAt="2026-11-01T10:00:00Z") == session
        data = client.get(f"{BASE}/{session}/").json()["data"]
        later = client.get(f"{BASE}/{session}/").json()["data"]
    assert data["finalized_at"] is None
    assert data["session_duration_seconds"] > 0
    assert later["session_duration_seconds"] >= data["session_duration_seconds"]
    assert later["id"] == data["id"]


def test_numbers_are_small_stable_and_differ(server: RunningServer) -> None:
    with new_person(server).client() as client:
        slug = create_character(client)
        sessions = [create(client, slug) for _ in range(3)]
        numbers = [client.get(f"{BASE}/{each}/").json()["data"]["id"] for each in sessions]
        page = client.get("/api/billing/usage/", params={"character_slug": slug}).json()
    assert len(set(numbers)) == 3
    told = {each["session_id"]: each["id"] for each in page["data"]["sessions"]["data"]}
    assert told == dict(zip(sessions, numbers, strict=True))
    assert max(numbers) < 1_000_000


@pytest.mark.parametrize("name", ["sess_a1b2c3", "42", "1" * 32, "sess_" + "1" * 32, "%20"])
def test_what_is_no_uuid_is_400_in_the_envelope(server: RunningServer, name: str) -> None:
    with new_person(server).client() as client:
        answer = client.get(f"{BASE}/{name}/")
    assert answer.status_code == 400
    body = answer.json()
    assert list(body) == ["success", "message", "data", "errors"]
    assert (body["success"], body["data"]) == (False, None)
    assert "UUID" in body["errors"]["session_id"][0]


def two_tenants(server: RunningServer) -> tuple[Person, Person, Person, Person]:
    """An owner and a member in each of two tenants."""
    first, second = new_person(server), new_person(server)
    return (
        first,
        new_person(server, first.tenant, Role.MEMBER),
        second,
        new_person(server, second.tenant, Role.MEMBER),
    )


def test_only_the_characters_creator_and_staff_see_a_session(server: RunningServer) -> None:
    owner, member, stranger, other = two_tenants(server)
    staff = new_person(server, is_staff=True)
    with member.client() as client:
        slug = create_character(client)
        session = create(client, slug)
    unknown = str(uuid4())
    for person in (owner, stranger, other):
        for client in (person.client(), person.logged_in()):
            with client:
                hidden = client.get(f"{BASE}/{session}/")
                missing = client.get(f"{BASE}/{unknown}/")
                assert hidden.status_code == missing.status_code == 404
                assert hidden.content == missing.content
                assert hidden.json()["success"] is False
                usage = client.get("/api/billing/usage/").json()["data"]
                assert usage["total_sessions"] == 0
                assert usage["sessions"]["data"] == []
                spied = client.get("/api/billing/usage/", params={"tenant_id": member.tenant})
                assert spied.json()["data"]["total_sessions"] == 0
    for person in (member, staff):
        with person.client() as client:
            seen = client.get(f"{BASE}/{session}/").json()["data"]
            assert (seen["session_id"], seen["tenant_id"]) == (session, member.tenant)
            params = {"character_slug": slug}
            found = client.get("/api/billing/usage", params=params).json()["data"]
            assert [each["session_id"] for each in found["sessions"]["data"]] == [session]
    with staff.client() as client:
        params = {"tenant_id": member.tenant}
        assert (
            client.get("/api/billing/usage/", params=params).json()["data"]["total_sessions"] == 1
        )
        params = {"tenant_id": "no-such-tenant"}
        assert (
            client.get("/api/billing/usage/", params=params).json()["data"]["total_sessions"] == 0
        )


def test_a_session_of_an_agent_that_nobody_made_is_for_staff_until_it_is_adopted(
    server: RunningServer,
) -> None:
    owner = new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    slug = f"met-{uuid4().hex[:8]}"
    with owner.client() as client, member.client() as theirs:
        session = create(client, slug)
        assert client.get(f"{BASE}/{session}/").status_code == 404
        assert theirs.post("/api/ai-characters/", json={"slug": slug}).status_code == 409
        create_character(client, slug)
        assert client.get(f"{BASE}/{session}/").status_code == 200
        assert theirs.get(f"{BASE}/{session}/").status_code == 404
        assert client.delete(f"/api/ai-characters/{slug}/").status_code == 204
        assert client.get(f"{BASE}/{session}/").status_code == 404


def test_the_same_uuid_in_two_tenants_is_two_sessions(server: RunningServer) -> None:
    one, two, session = new_person(server), new_person(server), str(uuid4())
    numbers = []
    for person in (one, two):
        with person.client() as client:
            assert create(client, create_character(client), id=session) == session
            data = client.get(f"{BASE}/{session}/").json()["data"]
            assert data["tenant_id"] == person.tenant
            numbers.append(data["id"])
    assert numbers[0] != numbers[1]


def test_errors_come_in_the_envelope(server: RunningServer) -> None:
    reads = new_person(server, scopes=frozenset({Scope.INGEST}))
    with server.client(None) as nobody, reads.client() as writer, server.client("wrong") as wrong:
        path = f"{BASE}/{uuid4()}/"
        for answer, status in (
            (nobody.get(path), 401),
            (wrong.get(path), 401),
            (nobody.get("/api/billing/usage"), 401),
            (writer.get(path), 403),
            (writer.get("/api/billing/nothing/"), 404),
            (writer.get("/api/agents/"), 404),
            (writer.get("/api/auth/nothing"), 404),
            (writer.post(path), 405),
            (writer.delete("/api/auth/login/"), 405),
            (writer.get("/api/agents/agent-session/"), 405),
        ):
            assert answer.status_code == status, answer.text
            body = answer.json()
            assert list(body) == ["success", "message", "data", "errors"]
            assert body["success"] is False
            assert body["message"]
        assert writer.get("/api/billing").json()["success"] is False


@pytest.mark.parametrize(
    "query",
    [
        {"page": 0}, {"page": "x"}, {"page_size": 0}, {"page_size": 201}, {"start": "yesterday"},
        {"end": "2026-13-01"}, {"page": 10**30}, {"start": "2026-01-01T25:00:00"},
    ],
)  # fmt: skip
def test_bad_parameters_of_usage_are_400(server: RunningServer, query: dict[str, Any]) -> None:
    with server.client() as client:
        answer = client.get("/api/billing/usage/", params=query)
    assert answer.status_code == 400, answer.text
    assert list(answer.json()["errors"]) == list(query)


@pytest.mark.parametrize(
    "query",
    [
        {"start": "0001-01-01", "end": "9999-12-31"}, {"page": 1_000_000, "page_size": 200},
        {"character_slug": "\0"}, {"character_slug": "' OR 1=1 --\\"}, {"tenant_id": "\0"},
    ],
)  # fmt: skip
def test_odd_parameters_of_usage_are_no_fault(server: RunningServer, query: dict[str, Any]) -> None:
    for person in (new_person(server), new_person(server, is_staff=True)):
        with person.client() as client:
            answer = client.get("/api/billing/usage/", params=query)
        assert answer.status_code == 200, answer.text


def test_usage_counts_all_and_shows_a_page(server: RunningServer) -> None:
    with new_person(server).client() as client:
        slug, other = create_character(client), create_character(client)
        start = base_ns()
        sessions = [str(uuid4()) for _ in range(5)]
        for number, session in enumerate(sessions):
            spans = [chat(new_trace_id(), start + number * 10_000 * MS, session)]
            send(client, spans, resource={"service.name": slug})
        create(client, other)
        data = client.get(
            "/api/billing/usage/", params={"character_slug": slug, "page": 2, "page_size": 2}
        ).json()["data"]
        whole = client.get("/api/billing/usage").json()["data"]
        single = client.get(f"{BASE}/{sessions[2]}/").json()["data"]
    assert list(data) == [
        "total_sessions", "total_llm_input_tokens", "total_llm_output_tokens",
        "total_stt_audio_seconds", "total_tts_characters", "total_estimated_cost_usd", "sessions",
    ]  # fmt: skip
    page = data.pop("sessions")
    assert data == {
        "total_sessions": 5,
        "total_llm_input_tokens": 500,
        "total_llm_output_tokens": 100,
        "total_stt_audio_seconds": 0,
        "total_tts_characters": 0,
        "total_estimated_cost_usd": "0.000360",
    }
    lines = page.pop("data")
    assert page == {"page": 2, "page_size": 2, "total": 5, "total_pages": 3}
    assert [each["session_id"] for each in lines] == [sessions[2], sessions[1]]
    assert list(lines[0]) == FIELDS
    moving = {"session_duration_seconds": 0}
    assert lines[0] | moving == single | moving
    assert whole["total_sessions"] == 6


def test_bounds_of_usage_are_inclusive_as_shown(server: RunningServer) -> None:
    with new_person(server).client() as client:
        slug = create_character(client)
        # Shown as 10:00:01, because seconds are rounded half up.
        create(client, slug, startedAt="2026-03-21T10:00:00.600Z")

        def total(**bounds: str) -> int:
            answer = client.get("/api/billing/usage/", params=bounds)
            assert answer.status_code == 200, answer.text
            return int(answer.json()["data"]["total_sessions"])

        assert total(start="2026-03-21T10:00:01Z", end="2026-03-21T10:00:01Z") == 1
        assert total(start="2026-03-21T10:00:02Z") == 0
        assert total(end="2026-03-21T10:00:00Z") == 0
        assert total(start="2026-03-21", end="2026-03-21") == 1
        assert total(start="2026-03-22") == 0
        assert total(start="2026-03-21T12:00:01+02:00") == 1


@pytest.fixture(scope="module")
def many(server: RunningServer) -> tuple[Person, list[str]]:
    """A person with eleven sessions, the newest first."""
    person = new_person(server)
    with person.client() as client:
        slug = create_character(client)
        made = [
            create(client, slug, startedAt=f"2026-03-21T10:{minute:02}:00Z") for minute in range(11)
        ]
    return person, made[::-1]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(page=st.integers(1, 14), page_size=st.integers(1, 14))
def test_any_page_is_its_slice(many: tuple[Person, list[str]], page: int, page_size: int) -> None:
    person, newest_first = many
    with person.client() as client:
        params = {"page": page, "page_size": page_size}
        data = client.get("/api/billing/usage/", params=params).json()["data"]
    shown = [each["session_id"] for each in data["sessions"]["data"]]
    assert shown == newest_first[(page - 1) * page_size : page * page_size]
    assert data["total_sessions"] == data["sessions"]["total"] == 11
    assert data["sessions"]["total_pages"] == -(-11 // page_size)
