"""Langfuse's own SDKs, unmodified: what they send, and that their models accept what they read."""

import json
import subprocess
from typing import Any

import httpx2
import pytest

from tests.clients.calls import EMITTERS, ROOT
from tests.server import RunningServer, wait_for
from turnwise.model.tenancy import Role
from turnwise.store.catalog import SqlCatalog

STORY_SECONDS = 150


def key_of_new_tenant(server: RunningServer) -> tuple[str, str]:
    """Both halves of a key of a tenant of its own."""
    secret = server.new_user(role=Role.OWNER)
    catalog = SqlCatalog.open(f"sqlite:///{server.data_dir / 'catalog.db'}")
    try:
        caller = catalog.caller_by_secret(secret)
        assert caller is not None
        [key] = [k for k in catalog.admin.keys.all(caller.tenant_id) if k.id == caller.key_id]
        return key.public_key, secret
    finally:
        catalog.close()


def play(server: RunningServer, sdk: str, *more: str) -> tuple[dict[str, Any], httpx2.Client]:
    """What the story of an SDK answered, and a client with its key."""
    python = ROOT / ".venv-clients" / f"langfuse-{sdk}" / "bin" / "python"
    if not python.exists():
        pytest.skip(f"no environment .venv-clients/langfuse-{sdk}; `./dev test` makes it")
    public, secret = key_of_new_tenant(server)
    command = [str(python), str(EMITTERS / "langfuse_story.py"), server.url, public, secret, *more]
    done = subprocess.run(command, capture_output=True, text=True, timeout=STORY_SECONDS)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout), server.client(secret)


def session_of(client: httpx2.Client) -> tuple[dict[str, Any], dict[str, Any]]:
    """The session's detail, and its one trace, as the other surfaces tell them."""
    detail = wait_for(
        lambda: client.get("/v1/observability/sessions/story session").json(),
        lambda answer: len(answer.get("turns", ())) == 2,
    )
    lines = client.get("/v1/observability/sessions").json()["data"]
    assert len(lines) == 1
    hexes = lines[0]["id"].removeprefix("sess_")
    uuid = "-".join((hexes[:8], hexes[8:12], hexes[12:16], hexes[16:20], hexes[20:]))
    [line] = client.get(f"/v1/traces/session/{uuid}").json()["traces"]
    trace = client.get(f"/v1/traces/session/{uuid}/{line['traceId']}").json()["trace"]
    return detail, {**trace, "observationCount": line["observationCount"]}


@pytest.mark.parametrize("sdk", ["2", "3", "4"])
def test_traces_and_sessions_read_back_through_the_sdk(server: RunningServer, sdk: str) -> None:
    told, client = play(server, sdk)
    trace = told["trace"]
    with client:
        detail, same = session_of(client)
    assert (trace["name"], trace["userId"], trace["sessionId"]) == ("call", "u1", "story session")
    assert (trace["input"], trace["output"]) == ({"q": "hi"}, {"a": "It is on its way."})
    assert (trace["tags"], str(trace["metadata"]["k"])) == (["a", "b", "c"], "1")
    assert (trace["public"], told["public"]) == (True, [True])
    assert (trace["environment"], trace["release"], trace["version"]) == ("staging", "r1", "v1")
    assert told["traces"] == told["session"] == [trace["id"]]
    assert told["sessions"] == ["story session"]
    assert told["generations"] == [told["observation"]] == ["answer"]
    assert {"s-quality", "s-label", "s-ok"} <= set(told["scores"])
    observations = {each["name"]: each for each in trace["observations"]}
    turn, llm, tool = observations["turn 1"], observations["answer"], observations["find order"]
    assert {turn["metadata"]["one"], turn["metadata"]["two"]} == {1, 2}
    assert (tool["level"], tool["statusMessage"]) == ("ERROR", "no such order")
    assert llm["parentObservationId"] == tool["parentObservationId"] == turn["id"]
    assert llm["usageDetails"] == {"input": 100, "output": 20, "total": 120}
    assert llm["timeToFirstToken"] is not None
    if sdk == "2":
        [day] = told["daily"]
        assert (day["countTraces"], day["countObservations"]) == (1, 3)
        assert day["totalCost"] == trace["totalCost"]
    else:
        assert told["metrics"] == [1, 120, 1]
        assert told["narrowed"] == [trace["id"]]
    # the other surfaces tell the same call
    assert same["observationCount"] == 3
    assert same["totalCostUsd"] == trace["totalCost"] == pytest.approx(0.000027)
    other = next(each for each in same["observations"] if each["name"] == "answer")
    assert other["usageDetails"] == llm["usageDetails"]
    assert (other["input"], other["output"]) == (llm["input"], llm["output"])
    assert [(turn["speaker"], turn["text"]) for turn in detail["turns"]] == [
        ("user", "Where is my order?"),
        ("agent", "It is on its way."),
    ]


@pytest.mark.parametrize("sdk", ["3", "4", "5"])
def test_attachments_go_up_and_come_back(server: RunningServer, sdk: str) -> None:
    told, client = play(server, sdk, "media")
    client.close()
    assert told["reference"]["content_type"] == "audio/wav"
    assert told["about"] == ["audio/wav", 4 + 256 * 40]
    assert told["same"]
    assert told["resolved"]


def test_observations_and_scores_read_back_through_sdk_5(server: RunningServer) -> None:
    told, client = play(server, "5")
    with client:
        detail, same = session_of(client)
    observations = {each["name"]: each for each in told["observations"]}
    llm, tool = observations["answer"], observations["find order"]
    assert llm["type"] == "GENERATION"
    assert (llm["output"], llm["totalCost"]) == ("It is on its way.", pytest.approx(0.000027))
    assert {each["public"] for each in told["observations"]} == {True}
    assert {each["traceName"] for each in told["observations"]} == {"call"}
    assert {each["sessionId"] for each in told["observations"]} == {"story session"}
    assert set(llm["tags"]) == {"a", "b", "c"}
    assert (tool["level"], tool["statusMessage"]) == ("ERROR", "no such order")
    assert sorted(told["pages"]) == sorted(each["id"] for each in told["observations"])
    assert told["roots"] == ["turn 1"]
    assert told["values"] == {"quality": 0.9, "label": "fine", "ok": True, "fix": "x"}
    assert told["subjects"] == {
        "quality": "trace", "label": "observation", "ok": "session", "fix": "trace",
    }  # fmt: skip
    assert told["numeric"] == ["s-quality"]
    assert told["metrics"] == [120, 1, 1]
    assert told["narrowed"] == ["answer"]
    assert same["observationCount"] == len(observations) == 3
    assert same["totalCostUsd"] == llm["totalCost"]
    assert [turn["text"] for turn in detail["turns"]] == ["Where is my order?", "It is on its way."]
