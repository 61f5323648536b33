"""Sends calls to a running server and reads what it makes of them, over its public interface."""

import random
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx2

from bench.diagnosis_shapes.telling import Told
from turnwise.app.demo.otlp_bytes import message

Progress = Callable[[int, int], None]

_SENDERS = 4
_SMALLEST_REQUEST, _LARGEST_REQUEST = 15, 120
_TRACES = "/v1/traces"
_PROTOBUF = {"content-type": "application/x-protobuf"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server says of a session.

    Attributes:
        issues: as in the answer's body.
        ms: from the request to the end of its answer.
    """

    issues: list[dict[str, Any]]
    ms: float


def send(client: httpx2.Client, calls: Sequence[Told], seed: str, progress: Progress) -> None:
    """Send calls with all their spans in any order.

    Raises:
        RuntimeError: the server refuses something.
    """
    rng = random.Random(f"delivery {seed}")
    work: list[Callable[[], None]] = []
    for told in calls:
        work += _spans(client, told, rng)
        if told.posts:
            # The others of its requests name the session, so this one comes before them.
            _post(client, told.posts[0].method, told.posts[0].path, told.posts[0].body)
            work += [
                lambda post=post: _post(client, post.method, post.path, post.body)  # type: ignore[misc]
                for post in told.posts[1:]
            ]
    rng.shuffle(work)
    with ThreadPoolExecutor(_SENDERS) as pool:
        for done, _ in enumerate(pool.map(lambda job: job(), work), 1):
            progress(done, len(work))


def _spans(client: httpx2.Client, told: Told, rng: random.Random) -> Iterable[Callable[[], None]]:
    if told.trace is None:
        return
    spans = list(told.trace.spans)
    rng.shuffle(spans)
    while spans:
        count = rng.randint(_SMALLEST_REQUEST, _LARGEST_REQUEST)
        body = message(told.trace, spans[:count]).SerializeToString()
        spans = spans[count:]
        yield lambda body=body: _send_spans(client, body)  # type: ignore[misc]


def _send_spans(client: httpx2.Client, body: bytes) -> None:
    _require(client.post(_TRACES, content=body, headers=_PROTOBUF))


def _post(client: httpx2.Client, method: str, path: str, body: dict[str, Any]) -> None:
    answer = _require(client.request(method, path, json=body))
    if answer.json().get("rejected"):
        raise RuntimeError(f"{method} {path}: {answer.text[:500]}")


def _require(answer: httpx2.Response) -> httpx2.Response:
    if not answer.is_success:
        raise RuntimeError(f"{answer.request.url}: {answer.status_code} {answer.text[:500]}")
    return answer


def read(client: httpx2.Client, told: Told) -> Answer:
    """What the server finds wrong with a call."""
    path = f"/v1/observability/sessions/{told.call.id}/root-cause"
    began = time.perf_counter()
    answer = _require(client.get(path))
    took = (time.perf_counter() - began) * 1_000
    return Answer(answer.json()["issues"], took)
