"""Sends the demo sessions to a server through its public ingest, as exporters do."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from rich.progress import Progress

from turnwise.app.demo.agents import Shape
from turnwise.app.demo.livekit_shape import livekit_trace
from turnwise.app.demo.logs import log_request
from turnwise.app.demo.otlp_bytes import requests
from turnwise.app.demo.pipecat_shape import pipecat_trace
from turnwise.app.demo.plan import stories
from turnwise.app.demo.sound import Spoken, recording_of
from turnwise.app.demo.story import Story, Trouble
from turnwise.model.errors import TurnwiseError, Unauthenticated
from turnwise.model.instants import NS_PER_SECOND, now_ns

DEFAULT_SESSIONS = 120
DEFAULT_SEED = 7
DEFAULT_DAYS = 7

_ROUND = 20
_RECORDED = frozenset({1, 3, 4, 8, 13, 17})
"""Which sessions of every twenty have a recording."""

_HOUR_NS = 3_600 * NS_PER_SECOND
_MINUTE_NS = 60 * NS_PER_SECOND
_WORKERS = 16
_TRIES = 8
_LONGEST_WAIT_S = 30.0
_RETRIED = frozenset({429, 502, 503, 504})
_REFUSED = frozenset({401, 403})
_INTERRUPTED = 130


class DemoNotSent(TurnwiseError):
    """The server cannot be reached or does not take the demo."""

    code = "demo_not_sent"


@dataclass(frozen=True, slots=True)
class DemoSession:
    """A session as it goes over the wire.

    Attributes:
        bodies: gzipped OTLP requests, in the order in which they are to be sent.
        logs: one more, of what the program logged.
    """

    story: Story
    bodies: list[bytes]
    logs: bytes


def demo_sessions(
    sessions: int, seed: int, days: int, anchor_ns: int, live_ns: int | None = None
) -> Iterator[DemoSession]:
    """The demo's sessions: equal arguments give equal bytes.

    `anchor_ns` is the end of the window of `days` days, `live_ns` the present of the one live
    session (by default the anchor).
    """
    for story in stories(sessions, seed, days, anchor_ns, live_ns):
        tell = livekit_trace if story.profile.shape is Shape.LIVEKIT else pipecat_trace
        trace = tell(story)
        yield DemoSession(story, requests(trace), log_request(trace))


def is_recorded(story: Story) -> bool:
    """Whether the demo has the sound of a call: of some that went well and some that did not."""
    return story.number % _ROUND in _RECORDED and story.trouble is not Trouble.LIVE


def send_demo(
    url: str,
    api_key: str,
    sessions: int = DEFAULT_SESSIONS,
    seed: int = DEFAULT_SEED,
    days: int = DEFAULT_DAYS,
    anchor_ns: int | None = None,
    progress: Progress | None = None,
) -> int:
    """Send demo sessions and say how many were sent.

    Args:
        url: where the server is, without a path.
        api_key: a secret key with the scope `ingest`, and `read` for recordings.
        sessions: how many.
        seed: the same seed and anchor give the same sessions.
        days: over how many past days they are spread.
        anchor_ns: the end of the window, and the present of the live session; None for the
            current UTC hour and minute.
        progress: shows how far it is.

    Raises:
        TurnwiseError: the server cannot be reached, refuses the key or refuses the data.
        SystemExit: with 130, after Ctrl+C.
    """
    live_ns = anchor_ns
    if anchor_ns is None:
        present_ns = now_ns()
        anchor_ns = present_ns - present_ns % _HOUR_NS
        live_ns = present_ns - present_ns % _MINUTE_NS
    # Otherwise a server that sends the demo to itself logs each of its requests.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    made = demo_sessions(sessions, seed, days, anchor_ns, live_ns)
    sending = _Sending(url, api_key, made, sessions, progress)
    try:
        asyncio.run(sending.run())
    except KeyboardInterrupt:
        line = f"interrupted: {sending.sent} of {sessions} demo sessions were sent"
        if progress is None:
            print(line, file=sys.stderr)  # noqa: T201 - there is no console to ask
        else:
            progress.console.print(line)
        raise SystemExit(_INTERRUPTED) from None
    return sending.sent


class _Sending:
    """One run: a few workers, each of which sends one session at a time."""

    def __init__(
        self,
        url: str,
        api_key: str,
        made: Iterator[DemoSession],
        total: int,
        progress: Progress | None,
    ):
        self.sent = 0
        self._base = url.rstrip("/")
        self._made = made
        self._progress = progress
        self._task = progress.add_task("demo sessions", total=total) if progress else None
        self._headers = {
            "content-type": "application/x-protobuf",
            "content-encoding": "gzip",
            "x-api-key": api_key,
        }

    async def run(self) -> None:
        try:
            async with (
                httpx2.AsyncClient(headers=self._headers, timeout=30) as client,
                asyncio.TaskGroup() as group,
            ):
                for _ in range(_WORKERS):
                    group.create_task(self._work(client))
        except BaseExceptionGroup as failures:
            # Not `except*`, which before Python 3.11.4 wraps what it raises into another group.
            ours = failures.subgroup(TurnwiseError)
            if ours is None:
                raise
            raise _first(ours) from None

    async def _work(self, client: httpx2.AsyncClient) -> None:
        for session in self._made:
            for body in session.bodies:
                await self._post(client, "/v1/traces", body)
            await self._post(client, "/v1/logs", session.logs)
            if is_recorded(session.story):
                await self._record(client, session.story)
            self.sent += 1
            if self._progress is not None and self._task is not None:
                self._progress.advance(self._task)

    async def _post(self, client: httpx2.AsyncClient, path: str, body: bytes) -> None:
        """Send one request, and again while the server asks for patience."""
        for attempt in range(_TRIES):
            answer = await self._try(client, path, body)
            if answer is not None and answer.status_code not in _RETRIED:
                self._check(path, answer)
                return
            await asyncio.sleep(_wait_s(answer, attempt))
        raise DemoNotSent(f"{self._base} is too busy: it did not take a request in {_TRIES} tries")

    async def _try(
        self, client: httpx2.AsyncClient, path: str, body: bytes
    ) -> httpx2.Response | None:
        """The answer, or None where the connection broke."""
        try:
            return await client.post(self._base + path, content=body)
        except (httpx2.NetworkError, httpx2.RemoteProtocolError) as error:
            if isinstance(error, httpx2.ConnectError):
                raise self._unreachable(error) from None
            return None
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise self._unreachable(error) from None

    async def _record(self, client: httpx2.AsyncClient, story: Story) -> None:
        """Send the sound of a call, where the server says that its turns are.

        A key that may not read leaves the demo without recordings.
        """
        plain = {"content-type": "application/json", "content-encoding": "identity"}
        place = f"{self._base}/v1/observability/sessions/{story.session_id}"
        answer = await client.get(place, headers=plain)
        if answer.status_code != httpx2.codes.OK:
            return
        turns = [
            Spoken(int(turn["speaker"] == "agent"), turn["startMs"], turn["endMs"])
            for turn in answer.json()["turns"]
        ]
        sound = await asyncio.to_thread(recording_of, turns, story.number)
        place = f"{self._base}/v1/recordings/{story.session_id}"
        await client.put(place, content=sound, headers={**plain, "content-type": "audio/ogg"})

    def _unreachable(self, error: Exception) -> DemoNotSent:
        return DemoNotSent(f"cannot reach {self._base}: {str(error) or type(error).__name__}")

    def _check(self, path: str, answer: httpx2.Response) -> None:
        status = answer.status_code
        if status in _REFUSED:
            raise Unauthenticated(f"{self._base} refused the API key ({status})")
        if status != httpx2.codes.OK:
            raise DemoNotSent(f"{self._base}{path} answered {status}")
        if not answer.headers.get("content-type", "").startswith("application/x-protobuf"):
            return
        # The answer to logs has the same fields under the same numbers.
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
        if partial.rejected_spans:
            raise DemoNotSent(
                f"{self._base} rejected {partial.rejected_spans} records: {partial.error_message}"
            )


def _wait_s(answer: httpx2.Response | None, attempt: int) -> float:
    """What Retry-After says in seconds, else longer each time."""
    said = "" if answer is None else answer.headers.get("retry-after", "")
    asked_s = float(said) if said.isdigit() else 0.2 * 2.0**attempt
    return min(asked_s, _LONGEST_WAIT_S)


def _first(errors: BaseExceptionGroup[TurnwiseError]) -> TurnwiseError:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
