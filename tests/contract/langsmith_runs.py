"""Runs made by hand, and multipart bodies as the LangSmith SDK makes them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import msgspec

BASE = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


def at(seconds: float) -> str:
    """An instant, so many seconds after the base, naive as SDKs may send it."""
    return (BASE + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat()


def run(start: float = 0.0, end: float | None = 1.0, **more: Any) -> dict[str, Any]:
    """A root run; a child when `parent` (another run) is given."""
    run_id = str(uuid4())
    parent = more.pop("parent", None)
    stamp = at(start).replace("-", "").replace(":", "").replace(".", "")
    stamp += "Z" if "." in at(start) else "000000Z"
    found: dict[str, Any] = {
        "id": run_id,
        "name": "run",
        "run_type": "chain",
        "start_time": at(start),
        "end_time": None if end is None else at(end),
        "trace_id": parent["trace_id"] if parent else run_id,
        "parent_run_id": parent["id"] if parent else None,
        "dotted_order": (parent["dotted_order"] + "." if parent else "") + stamp + run_id,
        "inputs": {},
        "outputs": {},
        "extra": {},
    }
    return found | more


def usage(tokens_in: int, tokens_out: int, **more: Any) -> dict[str, Any]:
    """Extra data that reports consumption."""
    counts = {"input_tokens": tokens_in, "output_tokens": tokens_out}
    counts["total_tokens"] = tokens_in + tokens_out
    return {"metadata": {"usage_metadata": counts | more}}


def multipart(parts: list[tuple[str, bytes, str]]) -> tuple[bytes, dict[str, str]]:
    """A body of (name, content, content type), and its headers."""
    body = b""
    for name, content, content_type in parts:
        head = f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n'
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(content)}\r\n\r\n"
        body += head.encode() + content + b"\r\n"
    return body + b"--edge--\r\n", {"content-type": "multipart/form-data; boundary=edge"}


def json_part(name: str, value: Any) -> tuple[str, bytes, str]:
    return name, msgspec.json.encode(value), "application/json"


def post(client: httpx2.Client, *runs: dict[str, Any], patch: Any = ()) -> httpx2.Response:
    """Send runs in a batch and see that they are taken."""
    answer = client.post("/runs/batch", json={"post": list(runs), "patch": list(patch)})
    assert answer.status_code == 202, answer.text
    assert "rejected" not in answer.json(), answer.text
    return answer


def project(client: httpx2.Client, name: str | None = None, **more: Any) -> str:
    """The id of a new project."""
    made = client.post("/sessions", json={"name": name or f"p-{uuid4().hex[:8]}", **more})
    assert made.status_code == 200, made.text
    return str(made.json()["id"])


def stats(client: httpx2.Client, project_id: str, **more: Any) -> dict[str, Any]:
    answer = client.get(
        f"/api/v1/sessions/{project_id}", params={"include_stats": "True", "limit": 1, **more}
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body
