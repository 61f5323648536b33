"""One of everything that can be read, told through the ways in by one person."""

import re
from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

import httpx2

from tests import audio
from tests.contract.langsmith_runs import post, project, run
from tests.otlp import base_ns, chat, new_span_id, new_trace_id, send
from tests.people import Person, create_character

DAY = "2026-03-21T10:00:"


@dataclass(frozen=True, kw_only=True)
class Estate:
    """Ids of what one person has made.

    Attributes:
        mark: a word that stands in the name or the slug of every thing that has one.
        character: slug of an AI character; the session is one of its sessions.
        agent: 24-hex id of the same agent.
        session, call: UUID of the session and the carrier's id of its call, which has a recording.
        trace, span: of a model request of that session.
        project: UUID of a tracing project; run, feedback: of a LangSmith run in it.
        score, media: of Langfuse.
        key: one of the person's API keys.
        alert, price: of the tenant; an admin has made them.
        file: name of a file that only a signed link leads to.
    """

    mark: str
    character: str
    agent: str
    session: str
    call: str
    trace: str
    span: str
    project: str
    run: str
    feedback: str
    score: str
    media: str
    key: str
    alert: str
    price: str
    file: str = f"{'0' * 32}.wav"


def unknown() -> Estate:
    """Ids of the same forms that nothing has."""
    mark = f"nobody{uuid4().hex[:8]}"
    return Estate(
        mark=mark,
        character=f"c-{mark}",
        agent=uuid4().hex[:24],
        session=str(uuid4()),
        call=f"CA{uuid4().hex}",
        trace=new_trace_id(),
        span=new_span_id(),
        project=str(uuid4()),
        run=str(uuid4()),
        feedback=str(uuid4()),
        score=str(uuid4()),
        media=str(uuid4()),
        key=str(uuid4()),
        alert=str(uuid4()),
        price=str(uuid4()),
    )


def settle(person: Person, chief: Person) -> Estate:
    """Make one of everything; needs the scopes `ingest` and `read`, and of the chief `admin`."""
    mark = f"mark{uuid4().hex[:8]}"
    with person.client() as client, person.logged_in() as logged_in:
        character = create_character(client, f"c-{mark}", allowed_origins=["https://example.com"])
        session, call = _session(client, character, mark)
        trace, span = _trace(client, session, mark)
        project_id, run_id, feedback = _runs(client, mark)
        return Estate(
            mark=mark,
            character=character,
            agent=_agent(client, character),
            session=session,
            call=call,
            trace=trace,
            span=span,
            project=project_id,
            run=run_id,
            feedback=feedback,
            score=_score(client, trace, mark),
            media=_media(client, trace, mark.encode()),
            key=str(_made(logged_in.post("/api/auth/api-keys/", json={"name": mark}))["id"]),
            alert=_alert(chief, mark),
            price=_price(chief, mark),
        )


def _made(answer: httpx2.Response) -> dict[str, object]:
    assert answer.status_code in (200, 201, 202), answer.text
    return dict(answer.json())


def _session(client: httpx2.Client, character: str, mark: str) -> tuple[str, str]:
    call, base = f"CA{uuid4().hex}", "/v1/observability/sessions"
    about = {"agentId": character, "callId": call, "startedAt": f"{DAY}00Z", "roomName": mark}
    session = str(_made(client.post(base, json=about))["sessionId"])
    turns = [
        {"id": f"t{index}", "index": index, "speaker": speaker, "text": f"{mark} {index}",
         "startMs": 1000 * index, "endMs": 1000 * index + 900, "llmMs": 300, "ttsMs": 200}
        for index, speaker in enumerate(("agent", "user", "agent"))
    ]  # fmt: skip
    interruption = {"id": "i1", "turnIndex": 0, "onsetMs": 800, "detectedMs": 850, "stoppedMs": 900}
    tool = {"id": "f1", "name": mark, "turnIndex": 2, "startMs": 1900, "endMs": 1950}
    _made(client.post(f"{base}/{session}/turns", json={"turns": turns}))
    _made(client.post(f"{base}/{session}/interruptions", json={"interruptions": [interruption]}))
    _made(client.post(f"{base}/{session}/tools", json={"tools": [tool]}))
    _made(client.put(f"/v1/recordings/{call}", content=audio.recording()))
    _made(client.patch(f"{base}/{session}", json={"endedAt": f"{DAY}03Z", "status": "completed"}))
    form = {"form_id": mark, "session_id": session, "values": {"answer": mark}}
    _made(client.post(f"/api/agents/{character}/form-responses/", json=form))
    return session, call


def _trace(client: httpx2.Client, session: str, mark: str) -> tuple[str, str]:
    trace, span = new_trace_id(), new_span_id()
    send(client, [chat(trace, base_ns(), session, answer=mark, span_id=span)])
    return trace, span


def _runs(client: httpx2.Client, mark: str) -> tuple[str, str, str]:
    project_id = project(client, f"p-{mark}")
    one = run(name=mark)
    post(client, one | {"session_id": project_id})
    judged = client.post("/feedback", json={"run_id": one["id"], "key": mark, "score": 1})
    return project_id, one["id"], str(_made(judged)["id"])


def _score(client: httpx2.Client, trace: str, mark: str) -> str:
    body = {"id": str(uuid4()), "traceId": trace, "name": mark, "value": 1.0}
    return str(_made(client.post("/api/public/scores", json=body))["id"])


def _media(client: httpx2.Client, trace: str, content: bytes) -> str:
    digest = b64encode(sha256(content).digest()).decode()
    body = {"traceId": trace, "contentType": "text/plain", "contentLength": len(content), "field": "input",
            "sha256Hash": digest}  # fmt: skip
    announced = _made(client.post("/api/public/media", json=body))
    if announced["uploadUrl"] is not None:
        put = client.put(str(announced["uploadUrl"]), content=content, headers={
            "content-type": "text/plain",
            "x-amz-checksum-sha256": digest,
        })  # fmt: skip
        assert put.status_code in (200, 201, 204), put.text
    return str(announced["mediaId"])


def _alert(chief: Person, mark: str) -> str:
    body = {"name": mark, "metric": "turns", "operator": "gt", "threshold": 1000, "channel": "slack",
            "url": "https://hooks.example.com/x"}  # fmt: skip
    with chief.client() as client:
        return str(_made(client.post("/v1/alerts", json=body))["id"])


def _price(chief: Person, mark: str) -> str:
    body = {"match": mark, "unit": "input_token", "usd": 1, "stage": "llm"}
    with chief.client() as client:
        return str(_made(client.post("/v1/prices", json=body))["id"])


def _agent(client: httpx2.Client, character: str) -> str:
    return str(client.get(f"/v1/agents/{character}").json()["agent"]["id"])


_NAMED = {
    "sessionId": "session",
    "traceId": "trace",
    "observationId": "span",
    "callId": "call",
    "agentId": "character",
    "slug": "character",
    "scoreId": "score",
    "mediaId": "media",
    "runId": "run",
    "run_id": "run",
    "feedback_id": "feedback",
    "key_id": "key",
    "file": "file",
}
_NAMED_BELOW = {
    "/v1/agents": {"id": "agent"},
    "/v1/keys": {"id": "key"},
    "/v1/alerts": {"id": "alert"},
    "/v1/prices": {"id": "price"},
    "/api/v1/sessions": {"session_id": "project"},
    "/api/billing": {"session_id": "session"},
}


def path_parameters(template: str, estate: Estate) -> dict[str, str]:
    """What stands for each parameter of a documented path.

    Raises:
        KeyError: a parameter of which nobody has said what it is.
    """
    own = next((names for top, names in _NAMED_BELOW.items() if template.startswith(top)), {})
    return {
        name: getattr(estate, {**_NAMED, **own}[name]) for name in re.findall(r"{(\w+)}", template)
    }
