"""Root causes, calls and interruption quality: shapes, arithmetic, scope and errors."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.server import RunningServer

SESSIONS = "/v1/observability/sessions"
CALLS = "/v1/observability/calls"
QUALITY = f"{SESSIONS}/interruption-quality"
KEYS = [
    "type", "turn", "description", "recommendation", "severity", "stage", "startMs", "endMs",
    "spanIds", "evidence", "confidence", "causedBy",
]  # fmt: skip


def new_session(client: httpx2.Client, minute: int = 0, **fields: Any) -> str:
    start = f"2026-03-21T10:{minute:02}:00Z"
    ended = {"endedAt": f"2026-03-21T10:{minute:02}:30Z", "status": "completed"}
    body = {"agentId": "support", "startedAt": start, **ended, **fields}
    return str(client.post(SESSIONS, json=body).json()["id"])


def turn(index: int, speaker: str, start_ms: int, end_ms: int, **more: Any) -> dict[str, Any]:
    said = {"text": f"turn {index}", "startMs": start_ms, "endMs": end_ms}
    return {"id": f"t{index}", "index": index, "speaker": speaker, **said, **more}


def write(client: httpx2.Client, session: str, **items: list[dict[str, Any]]) -> None:
    for kind, sent in items.items():
        assert client.post(f"{SESSIONS}/{session}/{kind}", json={kind: sent}).is_success


def issues(client: httpx2.Client, session: str) -> list[dict[str, Any]]:
    answer = client.get(f"{SESSIONS}/{session}/root-cause")
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["sessionId", "issues", "groups"]
    return list(answer.json()["issues"])


def test_a_spike_is_named_as_published(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        session = new_session(client)
        write(client, session, turns=[
            turn(0, "user", 0, 900, sttMs=100),
            turn(1, "agent", 3500, 5000, llmMs=300, ttsMs=2300),
        ])  # fmt: skip
        [issue] = issues(client, session)
    assert list(issue) == KEYS
    assert (issue["type"], issue["turn"], issue["stage"]) == ("high_latency", 1, "tts")
    assert issue["description"] == "TTS latency spike to 2.3s (target: <900ms)"
    assert (issue["startMs"], issue["evidence"]["observedMs"]) == (3500, 2300)


def test_every_simple_cause_is_found_in_order(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        session = new_session(client)
        turns = [
            turn(0, "agent", 0, 1000),
            turn(1, "user", 1500, 2500, confidence=0.4),
            turn(2, "user", 8000, 9000),
            turn(3, "agent", 9500, 12_000, llmMs=900, ttsMs=700, interrupted=True),
            turn(4, "user", 11_000, 13_000),
        ]
        tools = [
            {"id": "a", "name": "find", "turnIndex": 3, "startMs": 9000, "endMs": 9400,
             "status": "error", "error": "not found"},
            {"id": "b", "name": "slow", "turnIndex": 3, "startMs": 0, "endMs": 6000, "status": "ok"},
        ]  # fmt: skip
        cuts = [
            {"id": "c", "turnIndex": 3, "onsetMs": 10_500, "detectedMs": 10_700,
             "stoppedMs": 12_000, "bleedThroughWords": 5},
        ]  # fmt: skip
        write(client, session, turns=turns, tools=tools, interruptions=cuts)
        found = issues(client, session)
    assert [(each["type"], each["turn"], each["causedBy"]) for each in found] == [
        ("failed_turn", 1, None),
        ("stt_low_confidence", 1, None),
        ("dead_air", 2, "failed_turn"),
        ("tool_failure", 3, None),
        ("slow_barge_in", 3, None),
        ("slow_tool", 3, None),
        ("dead_air", 4, "failed_turn"),
        ("failed_turn", 4, None),
        ("abrupt_hangup", None, "failed_turn"),
    ]
    assert found[3]["description"] == "Tool find failed: not found"
    assert found[3]["spanIds"] == ["a"]


def test_a_good_session_has_no_issues(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        session = new_session(client)
        write(client, session, turns=[turn(0, "agent", 0, 900, llmMs=400, ttsMs=300)])
        assert issues(client, session) == []


def test_a_call_is_its_session_and_several_sessions_are_one_sequence(
    server: RunningServer,
) -> None:
    call = f"CA{uuid4().hex}"
    with server.client(server.new_user()) as client:
        first = new_session(client, 0, callId=call)
        write(client, first, turns=[turn(0, "agent", 0, 900), turn(1, "user", 1000, 2000)])
        one = client.get(f"{CALLS}/{call}").json()
        detail = client.get(f"{SESSIONS}/{first}").json()
        assert {**detail, "callId": call, "sessionIds": [first]} == one
        second = new_session(client, 1, callId=call)
        write(client, second, turns=[turn(0, "agent", 0, 900, ttsMs=2000)])
        write(client, second, tools=[{"id": "x", "name": "n", "turnIndex": 0, "startMs": 0, "endMs": 9,
                                      "status": "ok"}])  # fmt: skip
        both = client.get(f"{CALLS}/{call}").json()
        assert (both["id"], both["sessionIds"]) == (first, [first, second])
        assert [each["index"] for each in both["turns"]] == [0, 1, 2]
        assert both["turns"][2]["startMs"] == 60_000
        assert both["toolExecutions"][0]["turnIndex"] == 2
        assert both["metrics"]["totalDurationMs"] == 90_000
        causes = client.get(f"{CALLS}/{call}/root-cause").json()
        assert (causes["callId"], causes["sessionId"]) == (call, first)
        assert [(each["type"], each["turn"]) for each in causes["issues"]] == [
            ("dead_air", 1),
            ("failed_turn", 1),
            ("high_latency", 2),
            ("abrupt_hangup", None),
        ]


def test_what_is_not_there_or_not_theirs_is_404(server: RunningServer) -> None:
    call = f"CA{uuid4().hex}"
    with server.client(server.new_user()) as owner, server.client(server.new_user()) as stranger:
        session = new_session(owner, callId=call)
        for path, nowhere in (
            (f"{CALLS}/{call}", f"{CALLS}/CA{uuid4().hex}"),
            (f"{CALLS}/{call}/root-cause", f"{CALLS}/nothing/root-cause"),
            (f"{SESSIONS}/{session}/root-cause", f"{SESSIONS}/sess_{uuid4().hex}/root-cause"),
        ):
            assert owner.get(path).status_code == 200
            theirs, nobodys = stranger.get(path), stranger.get(nowhere)
            assert theirs.status_code == nobodys.status_code == 404
            assert theirs.content == nobodys.content
        assert owner.get(f"{CALLS}/{session}").status_code == 404


def cut(index: int, onset: int, detection: int, stop: int, **more: Any) -> dict[str, Any]:
    return {"id": f"i{index}", "turnIndex": 0, "onsetMs": onset, "detectedMs": onset + detection,
            "stoppedMs": onset + stop, **more}  # fmt: skip


def test_quality_is_measured_over_sessions_and_against_a_baseline(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        for minute, stop in ((0, 500), (20, 2000)):
            session = new_session(client, minute)
            cuts = [cut(n, 1000 * n, 100 + 10 * n, stop, bleedThroughWords=1) for n in range(31)]
            cuts.append(cut(99, 0, 50, 60, isFalse=True))
            write(client, session, turns=[turn(0, "agent", 0, 30_000)], interruptions=cuts)
        new_session(client, 5, agentId="other")
        everything = client.get(QUALITY).json()
        assert (everything["sessions"], everything["interruptions"]) == (3, 62)
        assert everything["falseInterruptions"] == 2
        asked = {
            "agentId": "support",
            "from": "2026-03-21T10:00:00Z",
            "to": "2026-03-21T10:20:00Z",
            "baselineFrom": "2026-03-21T10:20:00Z",
            "baselineTo": "2026-03-21T10:40:00Z",
        }
        quality = client.get(QUALITY, params=asked).json()
    assert list(quality) == [
        "filters", "sessions", "interruptions", "falseInterruptions", "detectionLatencyMs",
        "stopLatencyMs", "flushLatencyMs", "bleedThroughWords", "gates", "passed", "agentTurns",
        "missedInterruptions", "backchannels", "prematureEndpointing", "falseInterruptionRate",
        "perHundredTurns", "sources", "sourcesByKind", "turnLatencyMs", "baseline", "changes",
    ]  # fmt: skip
    assert quality["filters"] == {"agentId": "support", "from": asked["from"], "to": asked["to"]}
    assert quality["detectionLatencyMs"] == {
        "count": 31, "avg": 250, "p50": 250, "p95": 385, "max": 400,
    }  # fmt: skip
    assert quality["stopLatencyMs"]["p95"] == 500
    assert quality["flushLatencyMs"]["max"] == 400
    assert quality["bleedThroughWords"]["total"] == 31
    assert (quality["passed"], quality["sessions"]) == (True, 1)
    assert quality["baseline"]["stopLatencyMs"]["p50"] == 2000
    assert quality["baseline"]["passed"] is False


def test_too_little_data_passes_no_judgement(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        empty = client.get(QUALITY).json()
        unknown = client.get(QUALITY, params={"agentId": "agent_nobody"}).json()
    for quality in (empty, unknown):
        assert (quality["sessions"], quality["passed"]) == (0, None)
        assert quality["detectionLatencyMs"] == {
            "count": 0, "avg": None, "p50": None, "p95": None, "max": None,
        }  # fmt: skip
        assert all(gate["passed"] is None for gate in quality["gates"])


@pytest.mark.parametrize("name", ["from", "to", "baselineFrom", "baselineTo"])
@pytest.mark.parametrize("value", ["yesterday", "", "9999999"])
def test_a_bad_date_is_400(server: RunningServer, name: str, value: str) -> None:
    with server.client() as client:
        answer = client.get(QUALITY, params={name: value})
    assert answer.status_code == 400
    assert answer.json()["issues"][0]["location"] == ["query", name]


def exchange(at: int, index: int, *, llm: int = 500, tts: int = 250) -> list[dict[str, Any]]:
    """A question and its answer, in milliseconds after the start."""
    first = at + 1400 + 150 + 400 + llm + tts
    return [
        turn(index, "user", at, at + 1400, sttMs=150, text=f"question {index} about lamp {index}"),
        turn(index + 1, "agent", first, first + 1500, llmMs=llm, ttsMs=tts),
    ]


def told(client: httpx2.Client, minute: int, *, slow: int | None = None) -> str:
    """A call of six exchanges of which one may have a slow voice; every call is a little other."""
    session = new_session(client, minute)
    turns: list[dict[str, Any]] = []
    for number in range(6):
        more = 10 * ((minute + number) % 5)
        tts = 880 if number == slow else 250 + more
        turns += exchange(4500 * number, 2 * number, llm=500 + 2 * more, tts=tts)
    write(client, session, turns=turns)
    return session


def test_what_is_usual_for_an_agent_is_learned_kept_and_survives_a_restart(
    own_server: RunningServer,
) -> None:
    key = own_server.new_user()
    with own_server.client(key) as client:
        first = told(client, 0, slow=3)
        assert issues(client, first) == []
        for minute in range(1, 9):
            assert issues(client, told(client, minute)) == []
        late = told(client, 20, slow=3)
        [issue] = issues(client, late)
    assert (issue["type"], issue["turn"], issue["stage"]) == ("high_latency", 7, "tts")
    assert issue["description"] == "TTS latency spike to 880ms (usually 270ms)"
    assert issue["evidence"]["baseline"] == "agent"
    assert issue["evidence"]["n"] >= 40
    own_server.stop()
    own_server.start()
    with own_server.client(key) as client:
        assert issues(client, late) == [issue]
        [again] = issues(client, told(client, 30, slow=4))
        assert (again["turn"], again["stage"]) == (9, "tts")
        assert again["evidence"]["n"] > issue["evidence"]["n"]


def test_the_same_question_has_the_same_answer_and_a_replay_teaches_nothing_twice(
    own_server: RunningServer,
) -> None:
    with own_server.client(own_server.new_user()) as client:
        sessions = [told(client, minute) for minute in range(6)]
        late = told(client, 20, slow=2)
        [issue] = issues(client, late)
        before = issue["evidence"]["n"]
        turns = [each for at in range(6) for each in exchange(4500 * at, 2 * at)]
        write(client, sessions[0], turns=turns)
        write(client, sessions[0], turns=turns)
        assert issues(client, late) == issues(client, late)
        [other] = issues(client, told(client, 21, slow=2))
        assert other["evidence"]["n"] <= before + 6


def test_limits_can_be_set_for_all_agents_and_for_one(tmp_path: Path) -> None:
    limits = {"diagnosis_preset": "strict", "diagnosis_agents": {"support": {"tts_ms": 2000}}}
    environment = {f"TURNWISE_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
                   for name, value in limits.items()}  # fmt: skip
    with RunningServer(tmp_path, **environment) as server, server.client() as client:
        lenient = new_session(client)
        strict = new_session(client, agentId="sales")
        for session in (lenient, strict):
            write(client, session, turns=[turn(0, "agent", 2000, 3000, ttsMs=1900)])
        assert issues(client, lenient) == []
        [issue] = issues(client, strict)
        assert (issue["stage"], issue["evidence"]["targetMs"]) == ("tts", 500)


def test_the_roll_up_says_what_the_session_suffered_from_most(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        session = new_session(client, callId=(call := f"CA{uuid4().hex}"))
        write(client, session, turns=[
            turn(0, "user", 0, 900, sttMs=100),
            turn(1, "agent", 3500, 5000, llmMs=300, ttsMs=2300),
            turn(2, "user", 6000, 7000, sttMs=100, confidence=0.4),
            turn(3, "agent", 9500, 11_000, llmMs=300, ttsMs=2400),
        ])  # fmt: skip
        answer = client.get(f"{SESSIONS}/{session}/root-cause").json()
        of_call = client.get(f"{CALLS}/{call}/root-cause").json()
        body = client.get(f"/ui/api/sessions/{session}").json()
    first, second = answer["groups"]
    assert list(first) == ["type", "stage", "severity", "count", "turns", "excessMs"]
    assert {key: first[key] for key in ("type", "stage", "severity", "count", "turns")} == {
        "type": "high_latency", "stage": "tts", "severity": "high", "count": 2, "turns": [1, 3],
    }  # fmt: skip
    assert first["excessMs"] == sum(
        each["evidence"]["excessMs"] for each in answer["issues"] if each["stage"] == "tts"
    )
    assert (second["type"], second["turns"]) == ("stt_low_confidence", [2])
    assert of_call["groups"] == answer["groups"]
    assert [each["type"] for each in body["issueGroups"]] == [first["type"], second["type"]]


def test_a_stated_end_of_turn_delay_is_what_is_blamed(server: RunningServer) -> None:
    with server.client(server.new_user()) as client:
        session = new_session(client)
        write(client, session, turns=[
            turn(0, "user", 0, 900, sttMs=100, eouMs=3600),
            turn(1, "agent", 5000, 6000, llmMs=250, ttsMs=200),
        ])  # fmt: skip
        late = [each for each in issues(client, session) if each["type"] == "high_latency"]
    assert [(each["turn"], each["stage"]) for each in late] == [(1, "endpointing")]
