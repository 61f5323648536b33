"""One call, told by spans, by a report or stated turns, by the carrier and by its recording.

Every surface shows the same duration, turns, tokens and cost (contracts.md 7.8, number 7).
"""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import permutations
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests import audio
from tests.contract.langsmith_runs import stats
from tests.otlp import MS, chat, new_span_id, new_trace_id, send, span
from tests.server import RunningServer, wait_for
from tests.twilio_calls import PUBLIC, TOKEN, new_call, whole_call
from tests.twilio_calls import send as call_back

SESSIONS = "/v1/observability/sessions"
START_NS = 1_774_087_205_000_000_000
"""2026-03-21T10:00:05Z, when the carrier says that somebody answered."""

SECONDS = 50
WORDS = ["Where is my order?", "On its way.", "When does it come?", "On Tuesday."]
TOKENS = {"input": 200, "output": 40}
COST = Decimal("0.000144")
"""200 x 0.40 and 40 x 1.60 USD a million: gpt-4.1-mini."""


@pytest.fixture
def called(tmp_path: Any) -> Iterator[RunningServer]:
    """A server of its own, because the statistics of a project are over all of its runs."""
    settings = {"TURNWISE_TWILIO_AUTH_TOKEN": TOKEN, "TURNWISE_PUBLIC_URL": PUBLIC}
    with RunningServer(tmp_path / "data", **settings) as running:
        yield running


class Call:
    """One call and those who tell of it."""

    def __init__(self, client: httpx2.Client):
        self.client = client
        self.session, self.sid, self.trace = str(uuid4()), new_call(), new_trace_id()
        self.exports = self._exports()

    def spans(self) -> None:
        """What the agent's exporter sends, children first."""
        for each in self.exports:
            send(self.client, each)

    def _exports(self) -> list[list[dict[str, Any]]]:
        """A root as long as the call; in it an agent that repeats its requests' usage."""
        root, agent, step = new_span_id(), new_span_id(), new_span_id()
        end_ns = START_NS + SECONDS * 1000 * MS
        named = {"session.id": self.session, "lk.sip.twilio.callSid": self.sid}
        whole = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": "desk",
            "gen_ai.request.model": "gpt-4.1-mini",
            "gen_ai.usage.input_tokens": TOKENS["input"],
            "gen_ai.usage.output_tokens": TOKENS["output"],
        }
        requests = [
            chat(
                self.trace, START_NS + second * 1000 * MS, self.session,
                question=WORDS[index], answer=WORDS[index + 1], parent=step,
            )
            for index, second in ((0, 2), (2, 20))
        ]  # fmt: skip
        spans = [
            span("call", self.trace, START_NS, end_ns, named, span_id=root),
            span(
                "agent", self.trace, START_NS + MS, end_ns - MS, whole, span_id=agent, parent=root
            ),
            span("step", self.trace, START_NS + MS, end_ns - MS, span_id=step, parent=agent),
        ]
        return [requests, spans]

    def report(self) -> None:
        """What the framework says when it is over, with usage that the spans have told already."""
        items = [
            {"id": f"m{index}", "type": "message", "role": ("user", "assistant")[index % 2],
             "content": [text], "created_at": START_NS / 1e9 + 2 + index * 9}
            for index, text in enumerate(WORDS)
        ]  # fmt: skip
        usage = [
            {"type": "llm_usage", "provider": "openai", "model": "gpt-4.1-mini",
             "input_tokens": TOKENS["input"], "output_tokens": TOKENS["output"]},
        ]  # fmt: skip
        body = {
            "chat_history": {"items": items}, "usage": usage,
            "timestamp": START_NS / 1e9 + SECONDS,
        }  # fmt: skip
        self._taken(self.client.post(f"{SESSIONS}/{self.session}/report", json=body))

    def turns(self) -> None:
        """The same by the native writes."""
        body = {"id": self.session, "agentId": "desk", "callId": self.sid,
                "startedAt": "2026-03-21T10:00:05Z"}  # fmt: skip
        self._taken(self.client.post(SESSIONS, json=body))
        turns = [
            {"id": f"t{index}", "index": index, "speaker": ("user", "agent")[index % 2],
             "text": text, "startMs": 2000 + 9000 * index, "endMs": 8000 + 9000 * index}
            for index, text in enumerate(WORDS)
        ]  # fmt: skip
        self._taken(self.client.post(f"{SESSIONS}/{self.session}/turns", json={"turns": turns}))

    def carrier(self) -> None:
        """The callbacks: answered at second 5, over at second 55."""
        for event in whole_call(self.sid):
            self._taken(call_back(self.client, "/webhooks/twilio/call", event))

    def recording(self) -> None:
        """The audio."""
        self._taken(self.client.put(f"/v1/recordings/{self.sid}", content=audio.recording()))

    @staticmethod
    def _taken(answer: httpx2.Response) -> None:
        assert answer.is_success, answer.text

    def read(self, path: str, **query: Any) -> Any:
        answer = self.client.get(path, params=query)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()


def shown(call: Call) -> dict[str, dict[str, Any]]:
    """What each surface says; seconds, counts and USD."""
    detail = call.read(f"{SESSIONS}/{call.session}")
    by_call = call.read(f"/v1/observability/calls/{call.sid}")
    line = next(each for each in call.read(SESSIONS)["data"] if each["id"] == detail["id"])
    bill = call.read(f"/api/billing/sessions/{call.session}/")["data"]
    used = call.read("/api/billing/usage/", character_slug="desk")["data"]
    transcript = call.read(f"/v1/transcripts/{call.session}")["transcript"]
    traces = call.read(f"/v1/traces/session/{call.session}")["traces"]
    trace = call.read(f"/v1/traces/session/{call.session}/{call.trace}")["trace"]
    project = call.read("/api/v1/sessions", name="default")[0]["id"]
    runs = stats(call.client, project)
    some = call.client.post("/api/v1/runs/stats", json={"session": [project]}).json()
    named = call.read(f"/api/public/sessions/{call.session}")["traces"]
    langfuse = call.read(f"/api/public/traces/{call.trace}")
    return {
        "persona": {"seconds": detail["metrics"]["totalDurationMs"] / 1000,
                    "turns": len(detail["turns"])},
        "persona call": {"seconds": by_call["metrics"]["totalDurationMs"] / 1000,
                         "turns": len(by_call["turns"])},
        "persona list": {"turns": line["turns"]},
        "oshara": {"seconds": bill["session_duration_seconds"], "turns": bill["turn_count"],
                   "input": bill["llm_input_tokens"], "output": bill["llm_output_tokens"],
                   "cost": Decimal(bill["estimated_cost_usd"])},
        "oshara usage": {"input": used["total_llm_input_tokens"],
                         "output": used["total_llm_output_tokens"],
                         "cost": Decimal(used["total_estimated_cost_usd"])},
        "lyzr transcript": {"seconds": transcript["durationMs"] / 1000,
                            "turns": transcript["messageCount"]},
        "lyzr traces": {"seconds": traces[0]["latencySeconds"],
                        "cost": sum(Decimal(str(each["totalCostUsd"])) for each in traces)},
        "lyzr trace": {"seconds": trace["latencySeconds"],
                       "cost": Decimal(str(trace["totalCostUsd"]))},
        "langsmith": {"seconds": runs["latency_p50"], "input": runs["prompt_tokens"],
                      "output": runs["completion_tokens"], "cost": Decimal(runs["total_cost"])},
        "langsmith runs": {"input": some["prompt_tokens"],
                           "output": some["completion_tokens"],
                           "cost": Decimal(str(some["total_cost"]))},
        "langfuse session": {"traces": len(named)},
        "langfuse": {"seconds": langfuse["latency"], "cost": Decimal(str(langfuse["totalCost"]))},
    }  # fmt: skip


TRUTH: dict[str, Any] = {"seconds": SECONDS, "turns": 4, "cost": COST, "traces": 1, **TOKENS}
SOURCES: dict[str, Callable[[Call], None]] = {
    "spans": Call.spans,
    "report": Call.report,
    "turns": Call.turns,
    "carrier": Call.carrier,
    "recording": Call.recording,
}
ORDERS = [
    order
    for told in ("report", "turns")
    for order in list(permutations(["spans", told, "carrier", "recording"]))[::7]
]


@pytest.mark.parametrize("order", ORDERS, ids="-".join)
def test_every_surface_tells_the_same(called: RunningServer, order: tuple[str, ...]) -> None:
    with called.client() as client:
        made = client.post("/api/ai-characters/", json={"slug": "desk"})
        assert made.status_code == 201
        call = Call(client)
        for source in (*order, order[0]):
            SOURCES[source](call)
        wait_for(lambda: client.get(SESSIONS).json()["data"], lambda lines: len(lines) == 1)
        for surface, found in shown(call).items():
            assert found == {name: TRUTH[name] for name in found}, surface
        recording = call.read(f"/v1/recordings/{call.sid}")
        assert recording["status"] == "ready"
