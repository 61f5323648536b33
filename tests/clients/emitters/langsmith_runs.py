"""A real LangSmith SDK: traces two answers in one of its modes, then reads them back.

    PYTHON langsmith_runs.py --endpoint http://HOST[/api[/v1]] --key K --mode zstd

It prints one JSON document: what it did, and what the SDK's own models made of the answers.
Modes: zstd, multipart, batch, single, otel, hybrid.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
import warnings
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

USAGE = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
QUESTION, ANSWER = "What time is it?", "It is five."
SOUND = b"RIFF\r\n--" + bytes(range(256)) * 40
PATIENCE_SECONDS = 20


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--mode", required=True)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    project = f"langsmith-{asked.mode}-{uuid4().hex[:6]}"
    os.environ.update(
        LANGSMITH_ENDPOINT=asked.endpoint,
        LANGSMITH_API_KEY=asked.key,
        LANGSMITH_PROJECT=project,
        LANGSMITH_TRACING="true",
    )
    options = settings(asked.mode)

    from langsmith import Client  # noqa: PLC0415 - reads the environment

    thread = f"thread-{uuid4().hex[:6]}"
    writer = Client(**options)
    trace(writer, thread)
    reader = Client()
    found = read_back(reader, project, asked.mode)
    found |= {"project": project, "thread": thread, "version": reader.info.version}
    if asked.mode in ("zstd", "single"):
        found |= by_hand(writer, reader, project)
    json.dump(found, sys.stdout, default=str)


def settings(mode: str) -> dict[str, Any]:
    """Arguments of the client, after the environment is set."""
    if mode in ("multipart", "batch"):
        os.environ["LANGSMITH_DISABLE_RUN_COMPRESSION"] = "true"
    if mode == "batch":
        config = {"use_multipart_endpoint": False, "size_limit": 100}
        config |= {"size_limit_bytes": 20_971_520, "scale_up_qsize_trigger": 1000}
        config |= {"scale_up_nthreads_limit": 16, "scale_down_nempty_trigger": 4}
        return {"info": {"version": "0.16.0", "batch_ingest_config": config}}
    if mode == "single":
        return {"auto_batch_tracing": False}
    if mode in ("otel", "hybrid"):
        os.environ["LANGSMITH_OTEL_ENABLED"] = "true"
        if mode == "otel":
            os.environ["LANGSMITH_OTEL_ONLY"] = "true"
        return {"tracing_mode": mode}
    return {}


def trace(client: Any, thread: str) -> None:
    """Two answers of a model with a tool each, and one failure."""
    from langsmith import traceable  # noqa: PLC0415

    about = {"ls_provider": "openai", "ls_model_name": "gpt-4.1-mini"}

    @traceable(run_type="tool")
    def clock(zone: str) -> str:
        return f"five in {zone}"

    @traceable(run_type="llm", metadata=about)
    def ask(messages: list[dict[str, str]]) -> dict[str, Any]:
        message = {"role": "assistant", "content": ANSWER}
        return {"choices": [{"message": message}], "usage_metadata": USAGE}

    @traceable
    def answer(question: str) -> dict[str, Any]:
        clock("utc")
        found: dict[str, Any] = ask([{"role": "user", "content": question}])
        return found

    @traceable
    def fail(question: str) -> None:
        raise ValueError(question)

    extra = {"client": client, "metadata": {"thread_id": thread}, "tags": ["demo"]}
    for _ in range(2):
        answer(QUESTION, langsmith_extra=extra)
    with suppress(ValueError):
        fail("why?", langsmith_extra=extra)
    client.flush()
    if "LANGSMITH_OTEL_ENABLED" in os.environ:
        from opentelemetry import trace as otel  # noqa: PLC0415

        provider: Any = otel.get_tracer_provider()
        provider.force_flush()


def settled(client: Any, project: str) -> Any:
    """The project's statistics once everything has come in."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        runs = []
        if client.has_project(project):
            runs = [run.status for run in client.list_runs(project_name=project)]
        if len(runs) >= 7 and "pending" not in runs:
            return client.read_project(project_name=project, include_stats=True)
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {runs} came in")
        time.sleep(0.1)


def read_back(client: Any, name: str, mode: str) -> dict[str, Any]:
    """What the SDK reads of the project."""
    project = settled(client, name)
    if mode == "hybrid":
        # The second telling of every run may come later than the first.
        time.sleep(2)
        project = client.read_project(project_id=project.id, include_stats=True)
    runs = list(client.list_runs(project_id=project.id))
    roots = list(client.list_runs(project_id=project.id, is_root=True, error=False))
    words = 'and(eq(run_type, "llm"), has(tags, "demo"), gt(total_tokens, 100))'
    return {
        "stats": {
            "run_count": project.run_count,
            "total_tokens": project.total_tokens,
            "prompt_tokens": project.prompt_tokens,
            "completion_tokens": project.completion_tokens,
            "total_cost": project.total_cost,
            "error_rate": project.error_rate,
            "has_latency": project.latency_p50 > timedelta(0),
        },
        "listed": name in {each.name for each in client.list_projects()},
        "runs": sorted([run.name, run.run_type, run.status] for run in runs),
        "children": sorted(
            run.name for run in runs if run.parent_run_id in {root.id for root in roots}
        ),
        "filtered": sorted(
            run.name for run in client.list_runs(project_id=project.id, filter=words)
        ),
        "inputs": next(run.inputs for run in runs if run.name == "answer"),
        "answered": next(run.outputs for run in runs if run.name == "ask")["choices"],
    }


async def newer(client: Any, project_id: Any) -> str:
    """What the SDK's newer interface, which users may choose, raises."""
    try:
        async for _ in client.runs.query(project_ids=[str(project_id)]):
            return "nothing"
    except Exception as error:  # noqa: BLE001 - its name is the answer
        return type(error).__name__
    return "nothing"


def by_hand(writer: Any, reader: Any, name: str) -> dict[str, Any]:
    """Runs, feedback and projects made by their own calls."""
    made = reader.create_project(f"{name}-made", description="d", metadata={"a": 1})
    same = reader.create_project(f"{name}-made", upsert=True)
    start = datetime.now(UTC)
    run_id = uuid4()
    writer.create_run(
        "manual",
        {"x": 1},
        "chain",
        id=run_id,
        project_name=made.name,
        start_time=start,
        attachments={"sound": ("audio/wav", SOUND), "a note": ("text/plain", b"hello")},
    )
    writer.update_run(run_id, outputs={"y": 2}, end_time=start + timedelta(seconds=2))
    writer.flush()
    time.sleep(2)
    run = reader.read_run(run_id)
    [listed] = reader.list_runs(project_id=made.id)
    judged = reader.create_feedback(run_id, "star", score=1, comment="c", session_id=made.id)
    time.sleep(0.5)
    reader.update_feedback(judged.id, score=0.5)
    stars = [each.score for each in reader.list_feedback(run_ids=[run_id])]
    reader.create_feedback(None, "whole", score=1, project_id=made.id)
    project = reader.read_project(project_id=made.id, include_stats=True)
    stats = reader.get_run_stats(project_ids=[made.id])
    reader.delete_feedback(judged.id)
    left = list(reader.list_feedback(run_ids=[run_id]))
    updated = reader.update_project(made.id, description="changed")
    reader.delete_project(project_id=made.id)
    return {
        "by_hand": {
            "newer": asyncio.run(newer(reader, made.id)),
            "same": same.id == made.id,
            "outputs": run.outputs,
            "latency": run.latency,
            "attachments": {
                name: [file["mime_type"], file["reader"].read() == content]
                for found in (run, listed)
                for (name, file), content in zip(
                    sorted(found.attachments.items()), (b"hello", SOUND), strict=True
                )
            },
            "in_project": run.session_id == made.id,
            "stars": stars,
            "left": len(left),
            "feedback": project.feedback_stats["star"]["avg"],
            "own_feedback": project.session_feedback_stats["whole"]["n"],
            "run_count": stats["run_count"],
            "described": updated.description,
            "kept": updated.metadata,
            "gone": not reader.has_project(made.name),
        }
    }


if __name__ == "__main__":
    main()
