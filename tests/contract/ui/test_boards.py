"""The boards of the pages: counts over many sessions, by a running server."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.contract.ui.boards import DAY_MS, agent_call, board, tool_run
from tests.contract.ui.calls import call, ids
from tests.people import new_person
from tests.server import RunningServer
from turnwise.model.tenancy import Role

BOARDS = ("dashboard", "faults", "causes", "agents", "gate")


@pytest.fixture
def client(server: RunningServer) -> Iterator[httpx2.Client]:
    """Of a tenant without sessions."""
    with server.client(server.new_user()) as client:
        yield client


def test_a_new_project_is_told_from_a_quiet_time(client: httpx2.Client) -> None:
    new = board(client, "dashboard")
    assert (new["isNew"], new["total"], new["before"], new["stretches"]) == (True, None, None, [])
    call(client, "support")
    quiet = board(client, "dashboard", **{"from": 1000, "to": 2000})
    assert (quiet["isNew"], quiet["total"]) == (False, None)


def test_the_dashboard_counts_what_was_sent(client: httpx2.Client) -> None:
    for minute, response_ms in enumerate((500, 1000, 1500)):
        call(client, "support", minute=minute, response_ms=response_ms)
    call(client, "billing", minute=40, response_ms=3000, status="failed")
    found = board(client, "dashboard")
    total = found["total"]
    assert (total["sessions"], total["failed"], total["turns"]) == (4, 1, 8)
    assert (total["agentTurns"], total["responses"]) == (4, 4)
    assert total["responseMs"]["p50"] == 1250
    assert total["stageP95Ms"]["llm"] == 300
    assert total["stageP95Ms"]["tts"] is None
    assert sum(each["sessions"] for each in found["stretches"]) == 4
    assert found["before"] is None
    listed = board(client, "dashboard", agent="support")["total"]
    assert (listed["sessions"], listed["responseMs"]["p50"]) == (3, 1000)


def test_what_came_before_is_the_same_length_of_time_before(client: httpx2.Client) -> None:
    call(client, "support", minute=10)
    call(client, "support", minute=25, response_ms=1600)
    begin = DAY_MS["from"] + 10 * 3_600_000
    found = board(client, "dashboard", **{"from": begin + 20 * 60_000, "to": begin + 40 * 60_000})
    assert found["total"]["responseMs"]["p50"] == 1600
    assert found["before"]["responseMs"]["p50"] == 800


def test_tools_are_timed_and_their_failures_are_one_kind(client: httpx2.Client) -> None:
    session = call(client, "support")
    for number, (took_ms, error) in enumerate(
        ((100, None), (300, "no answer within 5 s"), (500, "no answer within 30 s"))
    ):
        tool_run(client, session, number, took_ms, error)
    (tool,) = board(client, "dashboard")["tools"]
    assert (tool["name"], tool["runs"], tool["failed"]) == ("lookup_order", 3, 2)
    assert (tool["p50Ms"], tool["p95Ms"]) == (300, 480)
    (fault,) = board(client, "faults")["data"]
    assert (fault["kind"], fault["stage"], fault["count"]) == ("no answer within … s", "tool", 2)
    assert (fault["sessions"], fault["provider"]) == (1, None)
    assert [place["turn"] for place in fault["places"]] == [1, 1]
    assert {place["sessionId"] for place in fault["places"]} == {session}
    assert sum(count for _, count in fault["course"]) == 2


def test_causes_are_ranked_with_the_turns_that_prove_them(client: httpx2.Client) -> None:
    slow = call(client, "support", minute=1, response_ms=9000)
    call(client, "support", minute=5)
    found = board(client, "causes")
    assert found["sessions"] == 2
    worst = found["data"][0]
    assert worst["shareOfSessions"] == 0.5
    assert worst["shareOfSlowTime"] is not None
    assert [each["sessionId"] for each in worst["evidence"]] == [slow]
    assert worst["evidence"][0]["issue"]["turn"] == 1
    shares = [each["shareOfSlowTime"] or 0 for each in found["data"]]
    assert sum(shares) == pytest.approx(1)
    attention = board(client, "dashboard")["attention"]
    assert [each["session"]["id"] for each in attention] == [slow]
    assert worst["type"] in attention[0]["reasons"]


def test_agents_have_their_versions_and_a_new_one_is_marked(client: httpx2.Client) -> None:
    for number in range(4):
        agent_call(client, "support", number, version="1" if number < 2 else "2")
    agent_call(client, "billing", 30)
    (billing, support) = board(client, "agents")["data"]
    assert (billing["agent"], support["agent"]) == ("billing", "support")
    assert [each["version"] for each in billing["versions"]] == [None]
    assert [each["version"] for each in support["versions"]] == ["2", "1"]
    assert [each["figures"]["sessions"] for each in support["versions"]] == [2, 2]
    assert support["figures"]["cuts"] == {"barge_in": 20}
    assert support["figures"]["cutOffRate"] == 1
    (marked,) = board(client, "dashboard")["deployments"]
    assert (marked["agent"], marked["version"]) == ("support", "2")
    assert board(client, "dashboard", version="2")["total"]["sessions"] == 2
    assert len(ids(client, version="2")) == 2


@pytest.fixture(scope="module")
def judged(server: RunningServer) -> Iterator[httpx2.Client]:
    """Of a tenant whose agent has a good, a slow, an alarmed and a hardly used version."""
    with server.client(server.new_user()) as client:
        for number in range(8):
            agent_call(client, "support", number, version="good")
            agent_call(client, "support", number + 10, version="slow", stop_ms=1500)
            agent_call(client, "support", number + 20, version="jumpy", false=1)
        agent_call(client, "support", 40, version="tiny")
        yield client


@pytest.mark.parametrize(
    ("version", "passed", "broken"),
    [
        ("good", True, []),
        ("slow", False, ["stopLatencyMs.p95"]),
        ("jumpy", False, ["falseInterruptionRate"]),
        ("tiny", None, []),
    ],
)
def test_the_gate_decides_and_names_the_rule(
    judged: httpx2.Client, version: str, passed: bool | None, broken: list[str]
) -> None:
    found = board(judged, "gate", agent="support", candidate=version)
    assert found["passed"] is passed
    assert [each["metric"] for each in found["gates"] if each["passed"] is False] == broken
    assert found["enough"] == 30
    assert found["baseline"] is None


def test_the_gate_compares_two_versions(judged: httpx2.Client) -> None:
    found = board(judged, "gate", agent="support", candidate="slow", baseline="good")
    (stop,) = [each for each in found["changes"] if each["metric"] == "stopLatencyMs.p95"]
    assert stop["isWorse"] is True
    assert stop["difference95"][0] > 900
    assert found["baseline"]["interruptions"] == 40


def test_failing_cases_say_when_and_why(judged: httpx2.Client) -> None:
    slow = board(judged, "gate/cases", agent="support", version="slow")["data"]
    assert len(slow) == 40
    assert {tuple(each["reasons"]) for each in slow} == {("stopLatencyMs.p95",)}
    first = min(slow, key=lambda each: (each["startedMs"], each["atMs"]))
    assert (first["turn"], first["atMs"], first["kind"]) == (0, 1000, "barge_in")
    assert first["stopMs"] == 1500
    jumpy = board(judged, "gate/cases", agent="support", version="jumpy")["data"]
    assert [each["kind"] for each in jumpy] == ["false_alarm"] * 8
    assert board(judged, "gate/cases", agent="support", version="good")["data"] == []


@pytest.mark.parametrize("name", [*BOARDS, "gate/cases"])
@pytest.mark.parametrize(
    "wrong",
    [{"from": "20", "to": "10"}, {"from": "-1"}, {"to": "soon"}, {"from": str(2**70)}],
    ids=["backwards", "negative", "no number", "too large"],
)
def test_bad_bounds_are_named(client: httpx2.Client, name: str, wrong: dict[str, Any]) -> None:
    answer = client.get(f"/ui/api/projects/default/{name}", params=wrong)
    assert answer.status_code == 400, answer.text
    assert answer.json()["issues"][0]["location"][0] == "query"


def test_a_gate_is_about_one_agent(client: httpx2.Client) -> None:
    answer = client.get("/ui/api/projects/default/gate", params={"agent": ["a", "b"]})
    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize("name", BOARDS)
def test_the_project_of_another_tenant_is_no_project(server: RunningServer, name: str) -> None:
    mine, other = server.new_user(), new_person(server)
    with server.client(mine) as client:
        call(client, "support")
    with other.client() as client:
        there = client.get(f"/ui/api/projects/{other.tenant}-x/{name}")
        missing = client.get(f"/ui/api/projects/nothing/{name}")
        assert (there.status_code, there.content) == (404, missing.content)
        empty = client.get(f"/ui/api/projects/default/{name}", params=DAY_MS)
        assert "support" not in empty.text


@pytest.mark.parametrize("name", BOARDS)
def test_a_member_counts_only_their_own_sessions(server: RunningServer, name: str) -> None:
    owner = new_person(server)
    member = new_person(server, owner.tenant, Role.MEMBER)
    with owner.client() as client:
        session = call(client, "private-line", response_ms=9000)
        tool_run(client, session, 1, 200, "refused")
        whole = client.get(f"/ui/api/projects/default/{name}", params=DAY_MS)
    with member.client() as client:
        own = client.get(f"/ui/api/projects/default/{name}", params=DAY_MS)
    assert own.status_code == whole.status_code == 200
    assert session not in own.text
    assert "private-line" not in own.text
    assert "refused" not in own.text
    assert own.text != whole.text
