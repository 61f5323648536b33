"""Plays one conversation through whatever Langfuse SDK this interpreter has, and reads it back.

    python langfuse_story.py URL PUBLIC SECRET

Prints one JSON object: what was sent, and what the SDK's own reads answered. An answer that the
SDK's models refuse ends it with their exception.
"""

import json
import sys
import urllib.request
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from typing import Any

from langfuse import Langfuse

ASKED = [{"role": "user", "content": "Where is my order?"}]
ANSWERED = "It is on its way."
SESSION = "story session"
SOUND = b"RIFF" + bytes(range(256)) * 40
GROUPS = "core,basic,time,io,metadata,model,usage,prompt,metrics,trace_context"
NAMED = '[{"type": "string", "column": "name", "operator": "=", "value": "call"}]'
NAMED_LLM = '[{"type": "string", "column": "model", "operator": "contains", "value": "mini"}]'
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
        public=True,
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
        "public": [each.public for each in langfuse.fetch_traces().data],
        "traces": [each.id for each in langfuse.fetch_traces(session_id=SESSION).data],
        "sessions": [each.id for each in langfuse.fetch_sessions().data],
        "session": [each.id for each in langfuse.client.sessions.get(SESSION).traces],
        "generations": [each.name for each in langfuse.fetch_observations(type="GENERATION").data],
        "observation": langfuse.fetch_observation(llm.id).data.name,
        "scores": [each.id for each in langfuse.client.score.get().data],
        "daily": [json.loads(each.json()) for each in langfuse.client.metrics.daily().data],
    }


def numbers(ask: Any, view: str, measure: str, aggregation: str) -> Any:
    """The one number of a question about the last hour, as the SDK's model has it."""
    present = datetime.now(UTC)
    question = {
        "view": view,
        "metrics": [{"measure": measure, "aggregation": aggregation}],
        "fromTimestamp": (present - timedelta(hours=1)).isoformat(),
        "toTimestamp": (present + timedelta(hours=1)).isoformat(),
    }
    [row] = ask(query=json.dumps(question)).data
    return row[f"{aggregation}_{measure}"]


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
            public=True,
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
        "public": [each.public for each in api.trace.list().data],
        "traces": [each.id for each in api.trace.list(session_id=SESSION).data],
        "sessions": [each.id for each in api.sessions.list().data],
        "session": [each.id for each in api.sessions.get(SESSION).traces],
        "generations": [each.name for each in api.observations.get_many(type="GENERATION").data],
        "observation": api.observations.get(llm.id).name,
        "scores": [each.id for each in api.score_v_2.get().data],
        "paged": len(page.data),
        "metrics": [
            numbers(api.metrics.metrics, "traces", "count", "count"),
            numbers(api.metrics.metrics, "observations", "totalTokens", "sum"),
            numbers(api.metrics_v_2.metrics, "scores-numeric", "value", "max"),
        ],
        "narrowed": [each.id for each in api.trace.list(filter=NAMED).data],
    }


def tell_4(langfuse: Any) -> dict[str, Any]:
    """SDK 4: written as by SDK 5, read as by SDK 3."""
    turn, llm = spoken(langfuse)
    api = langfuse.api
    found = api.trace.get(turn.trace_id)
    spans = api.observations.get_many(fields=GROUPS, trace_id=turn.trace_id).data
    return {
        "trace": json.loads(found.json(by_alias=True)),
        "public": [each.public for each in api.trace.list().data],
        "traces": [each.id for each in api.trace.list(session_id=SESSION).data],
        "sessions": [each.id for each in api.sessions.list().data],
        "session": [each.id for each in api.sessions.get(SESSION).traces],
        "generations": [
            each.name for each in api.legacy.observations_v1.get_many(type="GENERATION").data
        ],
        "observation": api.legacy.observations_v1.get(llm.id).name,
        "observations": [json.loads(each.json(by_alias=True)) for each in spans],
        "scores": [each.id for each in api.scores.get_many().data],
        "values": {each.name: each.value for each in api.scores_v3.get_many_v3().data},
        "metrics": [
            numbers(api.legacy.metrics_v1.metrics, "traces", "count", "count"),
            numbers(api.metrics.metrics, "observations", "totalTokens", "sum"),
            numbers(api.metrics.metrics, "scores-numeric", "value", "max"),
        ],
        "narrowed": [each.id for each in api.trace.list(filter=NAMED).data],
    }


def tell_5(langfuse: Any) -> dict[str, Any]:
    """SDK 5: reads by groups of fields."""
    turn, _ = spoken(langfuse)
    api = langfuse.api
    whole = api.observations.get_many(fields=GROUPS, trace_id=turn.trace_id)
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
        "metrics": [
            numbers(api.metrics.metrics, "observations", "totalTokens", "sum"),
            numbers(api.metrics.metrics, "scores-numeric", "value", "max"),
            numbers(api.metrics.metrics, "scores-boolean", "value", "avg"),
        ],
        "narrowed": [each.name for each in api.observations.get_many(filter=NAMED_LLM).data],
        "subjects": {each.name: each.subject.kind for each in scores},
        "numeric": [
            each.id for each in api.scores.get_many(data_type="numeric", value_min=0.5).data
        ],
    }


def spoken(langfuse: Any) -> tuple[Any, Any]:
    """The conversation as SDK 4 and 5 tell it: its turn and its answer."""
    from langfuse import propagate_attributes  # noqa: PLC0415 - other versions have none

    named = propagate_attributes(
        session_id=SESSION,
        user_id="u1",
        tags=["b", "a", "c"],
        trace_name=TEXTS["trace"],
        metadata={"k": "1"},
        version="v1",
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
            llm.update(
                output=ANSWERED,
                usage_details={"input": 100, "output": 20},
                completion_start_time=datetime.now(UTC),
            )
            llm.score(score_id="s-label", name="label", value="fine", data_type="CATEGORICAL")
        turn.update(output={"y": 2})
        if hasattr(langfuse, "set_current_trace_io"):
            langfuse.set_current_trace_io(input={"q": "hi"}, output={"a": ANSWERED})
        langfuse.set_current_trace_as_public()
        turn.score_trace(score_id="s-quality", name="quality", value=0.9, comment="good")
    langfuse.create_score(
        score_id="s-ok", session_id=SESSION, name="ok", value=1, data_type="BOOLEAN"
    )
    langfuse.create_score(
        score_id="s-fix", trace_id=turn.trace_id, name="fix", value="x", data_type="CORRECTION"
    )
    langfuse.flush()
    return turn, llm


def attach(langfuse: Any) -> dict[str, Any]:
    """SDK 3 to 5: a sound goes up with a span, and comes back by what the span holds."""
    from langfuse.media import LangfuseMedia  # noqa: PLC0415 - other versions have none

    sound = LangfuseMedia(content_bytes=SOUND, content_type="audio/wav")
    with langfuse.start_as_current_observation(
        as_type="span", name="said", input={"sound": sound}
    ) as span:
        pass
    langfuse.flush()
    observations = getattr(langfuse.api, "observations_v_2", langfuse.api.observations)
    [read] = observations.get_many(fields="core,io", trace_id=span.trace_id).data
    # The model of SDK 3 leaves observations as they came.
    held = read["input"] if isinstance(read, dict) else read.input
    text = json.loads(held)["sound"]
    said = LangfuseMedia.parse_reference_string(text)
    found = langfuse.api.media.get(said["media_id"])
    with urllib.request.urlopen(found.url) as answer:
        same = answer.read() == SOUND
    uri = "data:audio/wav;base64," + b64encode(SOUND).decode()
    resolved = langfuse.resolve_media_references(
        obj={"sound": text}, resolve_with="base64_data_uri"
    )
    return {
        "reference": said,
        "about": [found.content_type, found.content_length],
        "same": same,
        "resolved": resolved["sound"] == uri,
    }


STORIES = {"2": tell_2, "3": tell_3, "4": tell_4, "5": tell_5}


def main() -> None:
    """Play the story of the SDK that is installed."""
    url, public, secret = sys.argv[1:4]
    sdk = version("langfuse")
    base = "base_url" if sdk.startswith("5.") else "host"
    langfuse = Langfuse(
        public_key=public, secret_key=secret, environment="staging", release="r1", **{base: url}
    )
    assert langfuse.auth_check()
    told = attach(langfuse) if sys.argv[4:] == ["media"] else STORIES[sdk[0]](langfuse)
    json.dump({"sdk": sdk, **told}, sys.stdout)


if __name__ == "__main__":
    main()
