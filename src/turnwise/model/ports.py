"""The seams: what the flow needs from a store, with the whole contract in the docstrings."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from turnwise.model.batch import Batch, Receipt
from turnwise.model.diagnosis import (
    Diagnosis,
    GateLimits,
    InterruptionQuality,
    Lesson,
)
from turnwise.model.facts import SessionFact, SessionFacts
from turnwise.model.feedback import Feedback
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.logs import LogRecord
from turnwise.model.observation import Observation
from turnwise.model.query import (
    Claim,
    DiagnosisQuery,
    Estate,
    FeedbackQuery,
    Health,
    Membership,
    SessionQuery,
    SessionRange,
    StoredFile,
    Written,
)
from turnwise.model.recording import Recording, RecordingOrigin
from turnwise.model.runs import FeedbackSummary, RunFilter, RunPlace, RunQuery, RunStats
from turnwise.model.session import Session, SessionHead
from turnwise.model.tenancy import Agent, Caller
from turnwise.model.trace import TraceFact
from turnwise.model.transcripts import CallStats, Usage, UsageQuery

Accept = Callable[[Batch], Awaitable[Receipt]]
"""Takes a batch and returns when it is durable; raises Busy when it must be sent again."""

Diagnose = Callable[[Session], Awaitable[Diagnosis]]
"""Finds what is wrong with a session; asked again about the same facts it answers the same."""

Complete = Callable[[Observation], Observation]
"""Finishes an observation after partial updates were merged and before it is stored (cost)."""


class TelemetryStore(Protocol):
    """Facts in, facts and derived sessions out. Methods may be called from any task of one loop.

    Reads see every write that has returned. Reads never see another project's rows.
    """

    is_shared: bool
    """Whether other processes may write to the same store."""

    async def write(
        self,
        user_id: int,
        observations: Sequence[Observation],
        facts: Sequence[SessionFact],
        traces: Sequence[TraceFact] = (),
        logs: Sequence[LogRecord] = (),
    ) -> Written:
        """Store records; returns only when they survive a crash of machine and process.

        Log records are kept once each by their id. Idempotent by (project, trace, span), by (project, session, kind, fact id) and by (project,
        trace): a repeated record changes nothing but its version. An observation with `stamps`,
        every session fact and every trace fact is a partial update: newer non-null fields win, null never clears. One record that
        the engine refuses does not cost its neighbours.

        Raises:
            Busy: the queue is full, the store is closing, or the engine failed; send it again.
        """
        ...

    async def complete_again(
        self, spans: Sequence[tuple[ProjectId, str, str]], complete: Complete
    ) -> Written:
        """Finish stored observations (project, trace, span) anew, as when prices have changed.

        What is as it was is not written, and neither is what is unknown. It is no arrival: it
        breaks no silence.

        Raises:
            Busy: as `write`.
        """
        ...

    async def memberships(
        self,
        project_id: ProjectId,
        trace_ids: Collection[str],
        session_ids: Collection[SessionId] = (),
    ) -> Membership:
        """The sessions of these traces, and of the facts written under these session ids.

        Unknown traces and ids add nothing.
        """
        ...

    async def claim(self, project_id: ProjectId, claims: Sequence[Claim]) -> None:
        """Record to whom facts belong, whether or not there are any yet; durable on return."""
        ...

    async def estates(
        self, project_id: ProjectId, session_ids: Collection[SessionId]
    ) -> dict[SessionId, Estate]:
        """What each of these ids stands for."""
        ...

    async def session_facts(
        self, project_id: ProjectId, session_ids: Collection[SessionId]
    ) -> list[SessionFacts]:
        """All facts of some sessions (one query per table, not per session), in the order asked.

        Each holds the observations of every trace that belongs to the session, less those that
        belong to another session of the same trace, and the facts of every id that it holds;
        neither observations nor facts when it has none (any more). `input`, `output`, `metadata` and `model_parameters` are left out.
        """
        ...

    async def facts_version(self, project_id: ProjectId, session_id: SessionId) -> int:
        """The newest version among a session's facts, 0 for none."""
        ...

    async def put_sessions(self, sessions: Sequence[Session]) -> None:
        """Keep derived sessions; durable on return.

        The row's version is the session's `facts_version`: of two derivations the one from newer
        facts wins, in whatever order they are put, and of equals the last.
        """
        ...

    async def retire_sessions(
        self, project_id: ProjectId, versions: Mapping[SessionId, int]
    ) -> None:
        """Make derived sessions disappear that have no facts of their own any more.

        `versions` holds for each its `SessionFacts.named_version`: facts newer than that bring it
        back. Sessions that were never derived are passed over. What was found in them goes too.
        """
        ...

    async def session(
        self, project_ids: Sequence[ProjectId], session_id: SessionId
    ) -> Session | None:
        """A derived session, None when there is none in these projects."""
        ...

    async def session_named(self, project_ids: Sequence[ProjectId], name: str) -> Session | None:
        """The newest session that is known by this text: own name, call id, room or job."""
        ...

    async def successor(self, project_id: ProjectId, session_id: SessionId) -> SessionId | None:
        """The session to which the traces of an outranked session belong now."""
        ...

    async def sessions_named(self, project_ids: Sequence[ProjectId], name: str) -> list[Session]:
        """Every session that is known by this text, the latest start first; at most 50."""
        ...

    async def sessions(self, query: SessionQuery) -> list[SessionHead]:
        """Lines of the session list: start descending, then id descending; at most `limit`."""
        ...

    async def usage(self, query: UsageQuery) -> Usage:
        """A page of whole sessions, start descending, and the sums over all that match."""
        ...

    async def call_stats(self, query: UsageQuery) -> CallStats:
        """How many sessions match, whatever page is asked for."""
        ...

    async def reports(
        self, project_id: ProjectId, session_ids: Collection[SessionId]
    ) -> dict[SessionId, dict[str, Any]]:
        """The reports of some sessions, each as one object; those without any are left out."""
        ...

    async def live_sessions(self, project_id: ProjectId, agent: str) -> int:
        """How many sessions of an agent are open, as far as they have been derived."""
        ...

    async def sessions_in(
        self, wanted: SessionRange, after: tuple[int, SessionId] | None, limit: int
    ) -> list[Session]:
        """Whole sessions by start, then id, from behind a position (start, id); at most `limit`."""
        ...

    async def trace(
        self, project_id: ProjectId, trace_id: str, session_id: SessionId | None = None
    ) -> list[Observation]:
        """A trace, contents included: start ascending, then span id; empty when unknown.

        With a session only the observations that belong to it (all of them, unless the trace is
        shared by several sessions).
        """
        ...

    async def changed_sessions(
        self, since_version: int
    ) -> tuple[int, list[tuple[ProjectId, SessionId]]]:
        """Sessions with a fact newer than the given version, and the newest version seen."""
        ...

    async def silent_sessions(
        self, arrived_before_ns: int, limit: int
    ) -> list[tuple[ProjectId, SessionId]]:
        """Open sessions whose newest fact came in before the given instant."""
        ...

    async def waiting_recordings(self, limit: int) -> list[tuple[ProjectId, SessionId]]:
        """Sessions under which a recording is told of that lies elsewhere and was not tried yet.

        Those that were told of last come first; at most `limit`.
        """
        ...

    async def unheard_sessions(self, limit: int) -> list[tuple[ProjectId, SessionId]]:
        """Derived sessions with a recording that nobody has listened to, longest waiting first."""
        ...

    async def session_ids(self) -> list[tuple[ProjectId, SessionId]]:
        """Every session that any fact belongs to, for `turnwise rebuild`."""
        ...

    async def health(self) -> Health:
        """What is wrong with the store: detached parts, stuck mutations, a missing disk."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go of the engine."""
        ...


class EventLedger(Protocol):
    """Which events of an ingestion were taken before; the telemetry store implements it."""

    async def seen_events(self, project_id: ProjectId, event_ids: Collection[str]) -> set[str]:
        """Those of the events that were marked within the last 30 days."""
        ...

    async def mark_seen(self, project_id: ProjectId, event_ids: Collection[str]) -> None:
        """Remember events; durable on return.

        Raises:
            Busy: they may not be remembered; what they brought stays.
        """
        ...


class DiagnosisStore(Protocol):
    """What was found in sessions; the telemetry store implements it."""

    async def put_diagnoses(self, diagnoses: Sequence[Diagnosis]) -> None:
        """Keep diagnoses, each replacing the one of its session by older facts; then durable."""
        ...

    async def diagnosis(self, project_id: ProjectId, session_id: SessionId) -> Diagnosis | None:
        """What was found in a session last, without its samples; None when it was never looked at."""
        ...

    async def diagnoses(self, query: DiagnosisQuery) -> list[Diagnosis]:
        """The same of many sessions, the latest start first; at most `limit`."""
        ...

    async def lessons(self, project_id: ProjectId, agent: str | None, limit: int) -> list[Lesson]:
        """Samples of the newest sessions that have any, of one agent or of all; the newest first."""
        ...


class FeedbackStore(Protocol):
    """Judgements; the telemetry store implements it."""

    async def put_feedback(self, feedback: Sequence[Feedback]) -> None:
        """Keep judgements, each replacing the one of its id; durable on return."""
        ...

    async def delete_feedback(self, project_ids: Sequence[ProjectId], feedback_id: str) -> bool:
        """Forget a judgement; False when there is none of this id."""
        ...

    async def feedback(self, query: FeedbackQuery) -> list[Feedback]:
        """Judgements, newest first, then id."""
        ...


class RunStore(Protocol):
    """Observations as runs of tracing projects; the telemetry store implements it."""

    async def runs(self, query: RunQuery) -> list[Observation]:
        """Runs by start, then span id, in the direction asked; contents included."""
        ...

    async def run_places(
        self, project_ids: Sequence[ProjectId], run_ids: Collection[str]
    ) -> dict[str, RunPlace]:
        """Where runs of these span ids are kept; unknown ones are left out.

        A place that a sender has named goes before one that was guessed.
        """
        ...

    async def guessed_runs(
        self, project_ids: Sequence[ProjectId], run_ids: Collection[str]
    ) -> list[Observation]:
        """Runs of these span ids whose place was guessed, contents included."""
        ...

    async def forget(self, observations: Sequence[Observation]) -> None:
        """Forget these observations, but for those of which there is a newer version by now."""
        ...

    async def run_stats(
        self,
        project_ids: Sequence[ProjectId],
        since_ns: int | None,
        where: RunFilter | None = None,
    ) -> dict[ProjectId, RunStats]:
        """Statistics of each project over the runs that start at or after an instant.

        With `where` only runs count for which it holds.
        """
        ...

    async def matching_stats(self, query: RunQuery) -> RunStats:
        """Statistics over the matching runs of all projects together; `limit` is ignored."""
        ...

    async def last_run_starts(self, project_ids: Sequence[ProjectId]) -> dict[ProjectId, int]:
        """When the newest root run of each project began; projects without runs are left out."""
        ...

    async def feedback_of_runs(
        self, project_ids: Sequence[ProjectId], run_ids: Collection[str]
    ) -> dict[str, dict[str, FeedbackSummary]]:
        """Judgements of each run by key; runs without any are left out."""
        ...

    async def drop_twins(self, project_id: ProjectId, starts_us: Collection[int]) -> set[str]:
        """Forget spans that repeat a run; returns the traces that lost some.

        The LangSmith SDK in hybrid mode sends every run and also a span of scope "langsmith",
        with ids of its own. Such a span is dropped once the project holds a run of the same name
        that began in the same microsecond.

        Args:
            project_id: where both are.
            starts_us: microseconds since the epoch in which the runs or spans in question began.
        """
        ...

    async def erase_project(self, project_id: ProjectId) -> None:
        """Forget every fact, session and judgement of a project; durable on return."""
        ...


class MediaStore(Protocol):
    """Recordings and attachments: a folder or S3."""

    async def put(self, key: str, content: AsyncIterator[bytes], content_type: str) -> int:
        """Keep a file, replacing one of the same key; returns its size. Never half a file."""
        ...

    async def get(self, key: str, start: int = 0, end: int | None = None) -> StoredFile | None:
        """A file or a part of it; None when there is none."""
        ...

    async def size(self, key: str) -> int | None:
        """How many bytes a file has; None when there is none."""
        ...

    async def delete(self, key: str) -> None:
        """Forget a file; nothing happens when there is none."""
        ...

    async def delete_all(self, folder: str) -> None:
        """Forget every file whose key begins with this; it ends with a slash."""
        ...

    def uri(self, key: str) -> str:
        """Where the file is, for people: `s3://bucket/key` or `file:///...`."""
        ...

    async def presigned_url(self, key: str, ttl_seconds: int) -> str | None:
        """A URL of the storage itself that anyone may read; None when it cannot make one."""
        ...


class RecordingKeeper(Protocol):
    """Takes audio in: reads what it is, stores it, and tells the session of it."""

    async def keep(self, origin: RecordingOrigin, content: AsyncIterator[bytes]) -> Recording:
        """Keep a recording, in place of the one that has its id; returns when it is durable.

        Raises:
            TooLarge: there are more bytes than a recording may have.
            Unsupported: the bytes are no audio of a known type.
            Forbidden: the project keeps no recordings (code "recordings_off").
            Busy: the media store or the telemetry store does not answer.
        """
        ...


class PeaksKeeper(Protocol):
    """Shapes of recordings, to be drawn."""

    async def peaks(self, file: str) -> bytes | None:
        """The shape of a file in the folder of recordings; None when there is none.

        Three little-endian 32-bit numbers (channels, steps per second, steps), then for each step
        the loudest sample from 0 to 127, one channel after the other.

        Raises:
            Unsupported: the audio cannot be read.
            Busy: the media store does not answer.
        """
        ...


class SessionReader(Protocol):
    """What the surfaces read; always as fresh as the last acknowledged write.

    Everything is confined to the caller's tenant. Narrower rules (contracts of single surfaces)
    are applied by the surface itself.
    """

    async def session(self, caller: Caller, name: str) -> Session | None:
        """A session by UUID, public id or any text by which its sender knows it."""
        ...

    async def sessions_named(self, caller: Caller, name: str) -> list[Session]:
        """Every session that this text leads to (a call may have several), by start."""
        ...

    async def sessions(self, caller: Caller, query: SessionQuery) -> list[SessionHead]:
        """Lines of the session list."""
        ...

    def sessions_in(self, caller: Caller, wanted: SessionRange) -> AsyncIterator[Session]:
        """Whole sessions, one after the other, by start."""
        ...

    async def trace(self, session: Session, trace_id: str) -> list[Observation]:
        """The session's part of a trace, contents included, in time order; empty when it has none."""
        ...

    async def session_with_trace(
        self, caller: Caller, name: str, trace_id: str
    ) -> tuple[Session | None, list[Observation]]:
        """`session` and `trace` at the same time: both wait for the engine, not for each other."""
        ...

    async def sessions_of_trace(self, caller: Caller, trace_id: str) -> list[Session]:
        """The sessions of the caller's tenant that a trace belongs to."""
        ...

    async def agent(self, caller: Caller, name: str) -> Agent | None:
        """An agent of the caller's tenant by public id, UUID, object id or slug."""
        ...


class ReleaseJudge(Protocol):
    """Says whether a release may go out."""

    async def quality(
        self,
        caller: Caller,
        wanted: SessionRange,
        baseline: SessionRange | None,
        limits: GateLimits,
    ) -> tuple[InterruptionQuality, InterruptionQuality | None]:
        """The figures of the wanted sessions, and those of the baseline when one is given."""
        ...
