"""Plays one conversation through whatever Langfuse SDK this interpreter has, and reads it back.

    python langfuse_story.py URL PUBLIC SECRET

Prints one JSON object: what was sent, and what the SDK's own reads answered. An answer that the
SDK's models refuse ends it with their exception.
"""

import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

from langfuse import Langfuse

ASKED = [{"role": "user", "content": "Where is my order?"}]
ANSWERED = "It is on its way."
SESSION = "story session"
TEXTS = {"trace": "call", "turn": "turn 1", "llm": "answer", "tool": "find order"}


def tell_2(langfuse: Any) -> dict[str, Any]:
    """SDK 2: everything over the ingestion batch."""
    trace = langfuse.trace(
        id="story trace",
        name=TEXTS["trace"],
        user_id="u1",
        session_id=SESSION,
        tags=["b", "a"],
        metadata={"k": 1},
        input={"q": "hi"},
        version="v1",
    )
    turn = trace.span(name=TEXTS["turn"], input={"x": 1}, metadata={"one": 1})
    tool = turn.span(name=TEXTS["tool"], input={"id": 4})
    tool.end(level="ERROR", status_message="no such order")
    llm = turn.generation(name=TEXTS["llm"], model="gpt-4o-mini", input=ASKED)
    llm.update(completion_start_time=datetime.now(UTC))
    llm.end(output=ANSWERED, usage={"input": 100, "output": 20, "unit": "TOKENS"})
    turn.update(metadata={"two": 2})
    turn.end(output={"y": 2})
    trace.update(output={"a": ANSWERED}, tags=["c"])
    trace.score(id="s-quality", name="quality", value=0.9, comment="good")
    llm.score(id="s-label", name="label", value="fine", data_type="CATEGORICAL")
    langfuse.score(id="s-ok", trace_id=trace.id, name="ok", value=1, data_type="BOOLEAN")
    langfuse.flush()
    found = langfuse.fetch_trace(trace.id).data
    return {
        "trace": json.loads(found.json()),
        "traces": [each.id for each in langfuse.fetch_traces(session_id=SESSION).data],
        "sessions": [each.id for each in langfuse.fetch_sessions().data],
        "session": [each.id for each in langfuse.client.sessions.get(SESSION).traces],
        "generations": [each.name for each in langfuse.fetch_observations(type="GENERATION").data],
        "observation": langfuse.fetch_observation(llm.id).data.name,
        "scores": [each.id for each in langfuse.client.score.get().data],
    }


def tell_3(langfuse: Any) -> dict[str, Any]:
    """SDK 3: spans over OTLP, scores over the ingestion batch."""
    with langfuse.start_as_current_span(name=TEXTS["turn"], input={"x": 1}) as turn:
        langfuse.update_current_trace(
            name=TEXTS["trace"],
            user_id="u1",
            session_id=SESSION,
            tags=["b", "a", "c"],
            metadata={"k": 1},
            input={"q": "hi"},
            output={"a": ANSWERED},
            version="v1",
        )
        with langfuse.start_as_current_observation(as_type="tool", name=TEXTS["tool"]) as tool:
            tool.update(input={"id": 4}, level="ERROR", status_message="no such order")
        with langfuse.start_as_current_observation(
            as_type="generation", name=TEXTS["llm"], model="gpt-4o-mini", input=ASKED
        ) as llm:
            llm.update(
                output=ANSWERED,
                usage_details={"input": 100, "output": 20},
                completion_start_time=datetime.now(UTC),
            )
            llm.score(score_id="s-label", name="label", value="fine", data_type="CATEGORICAL")
        turn.update(metadata={"one": 1, "two": 2}, output={"y": 2})
        turn.score_trace(score_id="s-quality", name="quality", value=0.9, comment="good")
    langfuse.create_score(
        score_id="s-ok", session_id=SESSION, name="ok", value=1, data_type="BOOLEAN"
    )
    langfuse.flush()
    api = langfuse.api
    found = api.trace.get(turn.trace_id)
    page = api.observations_v_2.get_many(limit=1)
    return {
        "trace": json.loads(found.json()),
        "traces": [each.id for each in api.trace.list(session_id=SESSION).data],
        "sessions": [each.id for each in api.sessions.list().data],
        "session": [each.id for each in api.sessions.get(SESSION).traces],
        "generations": [each.name for each in api.observations.get_many(type="GENERATION").data],
        "observation": api.observations.get(llm.id).name,
        "scores": [each.id for each in api.score_v_2.get().data],
        "paged": len(page.data),
    }


def tell_5(langfuse: Any) -> dict[str, Any]:
    """SDK 5: spans over OTLP, scores over their own path, reads by groups of fields."""
    from langfuse import propagate_attributes  # noqa: PLC0415 - other versions have none

    named = propagate_attributes(
        session_id=SESSION, user_id="u1", tags=["b", "a", "c"], trace_name=TEXTS["trace"]
    )
    with (
        named,
        langfuse.start_as_current_observation(
            as_type="span", name=TEXTS["turn"], input={"x": 1}, metadata={"one": 1, "two": 2}
        ) as turn,
    ):
        with langfuse.start_as_current_observation(as_type="tool", name=TEXTS["tool"]) as tool:
            tool.update(input={"id": 4}, level="ERROR", status_message="no such order")
        with langfuse.start_as_current_observation(
            as_type="generation", name=TEXTS["llm"], model="gpt-4o-mini", input=ASKED
        ) as llm:
            llm.update(output=ANSWERED, usage_details={"input": 100, "output": 20})
            llm.score(score_id="s-label", name="label", value="fine", data_type="CATEGORICAL")
        turn.update(output={"y": 2})
        turn.score_trace(score_id="s-quality", name="quality", value=0.9, comment="good")
    langfuse.create_score(
        score_id="s-ok", session_id=SESSION, name="ok", value=1, data_type="BOOLEAN"
    )
    langfuse.create_score(
        score_id="s-fix", trace_id=turn.trace_id, name="fix", value="x", data_type="CORRECTION"
    )
    langfuse.flush()
    api = langfuse.api
    groups = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context"
    whole = api.observations.get_many(fields=groups, trace_id=turn.trace_id)
    pages: list[str] = []
    cursor = None
    while not pages or cursor:
        page = api.observations.get_many(limit=1, cursor=cursor, session_id=SESSION)
        pages += [each.id for each in page.data]
        cursor = page.meta.cursor
    scores = api.scores.get_many(fields="details,subject,annotation").data
    return {
        "observations": [json.loads(each.json(by_alias=True)) for each in whole.data],
        "pages": pages,
        "roots": [each.name for each in api.observations.get_many(is_root_observation=True).data],
        "scores": [each.id for each in scores],
        "values": {each.name: each.value for each in scores},
        "subjects": {each.name: each.subject.kind for each in scores},
        "numeric": [
            each.id for each in api.scores.get_many(data_type="numeric", value_min=0.5).data
        ],
    }


def main() -> None:
    """Play the story of the SDK that is installed."""
    url, public, secret = sys.argv[1:4]
    sdk = version("langfuse")
    base = "base_url" if sdk.startswith("5.") else "host"
    langfuse = Langfuse(
        public_key=public, secret_key=secret, environment="staging", release="r1", **{base: url}
    )
    assert langfuse.auth_check()
    told = {"2": tell_2, "3": tell_3, "5": tell_5}[sdk[0]](langfuse)
    json.dump({"sdk": sdk, **told}, sys.stdout)


if __name__ == "__main__":
    main()
