"""When a session began, whether it has ended, and how."""

from collections.abc import Iterable
from dataclasses import dataclass

from turnwise.analyse.assemble import reports
from turnwise.analyse.assemble.carriers import Room, began
from turnwise.analyse.assemble.drafts import Draft, first_of
from turnwise.analyse.assemble.scene import Scene, end_of
from turnwise.analyse.assemble.statements import Body, Statements, int_of, offset_ns, text_of
from turnwise.model.call import FAILED_CALLS, Call
from turnwise.model.observation import Framework, Observation, Step
from turnwise.model.session import SessionStatus

_AROUND = frozenset({Step.JOB, Step.OTHER})
_FAILED = FAILED_CALLS | {"error", "cancelled", "crashed"}
_ENDED = frozenset({"completed", "ended", "finished", "done", "closed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The part of Session that its times and its status are."""

    status: SessionStatus
    ended_ns: int | None
    last_seen_ns: int
    finalized_ns: int | None
    close_reason: str | None


def start_of(scene: Scene, statements: Statements, *, otherwise_ns: int) -> int:
    """When the conversation began.

    The stated start; else the start of the session's own span, or of a turn's part before it; else
    the earliest span that is not only a worker's job around the conversation (a job starts long
    before anybody speaks); else the given instant.
    """
    stated = int_of(statements.session, "started_ns")
    if stated is not None:
        return stated
    observations = scene.observations
    if not observations:
        return reports.start_of(statements.report) or _told_start(statements) or otherwise_ns
    if any(each.step is Step.SESSION for each in observations):
        observations = [each for each in observations if each.step not in _AROUND]
    elif any(each.framework is not Framework.GENERIC for each in observations):
        own = [each for each in observations if each.framework is not Framework.GENERIC]
        observations = [each for each in own if each.step is not Step.JOB] or own
    return observations[0].start_ns


def _told_start(statements: Statements) -> int | None:
    """The first instant that a carrier or a media server tells of."""
    told = [*statements.calls.values(), *statements.rooms.values()]
    instants = (began(each) for each in told)
    return min((at for at in instants if at is not None), default=None)


def life_of(
    scene: Scene,
    statements: Statements,
    started_ns: int,
    drafts: Iterable[Draft],
    call: Call | None,
    room: Room,
) -> Life:
    """How far the session has come."""
    session = statements.session
    last_seen_ns = _last_seen(scene, statements, started_ns, drafts)
    finalized_ns = int_of(statements.finalized, "at_ns")
    stated_end = int_of(session, "ended_ns")
    terminal = call.ended_ns if call and call.ended_ns is not None else room.ended_ns
    if finalized_ns is None:
        finalized_ns = first_of([stated_end, terminal])
    ended_ns = first_of(
        [stated_end, _observed_end(scene), terminal, reports.end_of(statements.report)]
    )
    if ended_ns is None and finalized_ns is not None:
        ended_ns = last_seen_ns
    if ended_ns is None:
        ended_ns = _recorded_end(scene, statements, started_ns)
    if ended_ns is not None:
        ended_ns = max(ended_ns, started_ns)
    reason = _reason(scene, statements)
    words = (text_of(session, "status"), call.status if call else None)
    return Life(
        status=_status(words, reason, has_ended=ended_ns is not None),
        ended_ns=ended_ns,
        last_seen_ns=last_seen_ns,
        finalized_ns=finalized_ns,
        close_reason=reason,
    )


def _recorded_end(scene: Scene, statements: Statements, started_ns: int) -> int | None:
    """The end of the audio, for a call of which nothing else is known."""
    told = (statements.session, statements.turns, statements.tools, statements.calls)
    if scene.observations or any(told) or statements.rooms or statements.report:
        return None
    lengths = [int_of(each, "duration_ns") for each in statements.recordings.values()]
    return max((started_ns + each for each in lengths if each is not None), default=None)


def _reason(scene: Scene, statements: Statements) -> str | None:
    """Stated, else by the last span that has one, else by the report."""
    closing = (each.voice.close_reason for each in reversed(scene.observations))
    return (
        text_of(statements.session, "close_reason")
        or next((reason for reason in closing if reason), None)
        or reports.close_reason_of(statements.report)
    )


def _status(words: Iterable[str | None], reason: str | None, *, has_ended: bool) -> SessionStatus:
    """By the first of the words that means an end, else by what is known of the end."""
    for word in words:
        if (word or "").lower() in _FAILED:
            return SessionStatus.FAILED
        if (word or "").lower() in _ENDED:
            return SessionStatus.COMPLETED
    if not has_ended:
        return SessionStatus.ACTIVE
    return SessionStatus.FAILED if _is_failure(reason) else SessionStatus.COMPLETED


def _is_failure(reason: str | None) -> bool:
    """LiveKit says "error", a carrier "busy" or "failed"."""
    return (reason or "").lower() in _FAILED


def _observed_end(scene: Scene) -> int | None:
    """The end that the spans themselves show, None while the conversation may go on."""
    last = _last_trace(scene.observations)
    spans = [each for each in scene.observations if each.trace_id == last]
    sessions = [each for each in spans if each.step is Step.SESSION]
    if sessions:
        ends = [end_of(each) for each in sessions if each.end_ns is not None]
        return max(ends) if len(ends) == len(sessions) else None
    closes = [end_of(each) for each in spans if each.step is Step.CLOSE and each.end_ns is not None]
    if closes:
        return max(closes)
    return _end_of_lone_trace(scene)


def _last_trace(observations: list[Observation]) -> str | None:
    """The trace in which the conversation was last heard of."""
    for each in reversed(observations):
        if each.step not in _AROUND:
            return each.trace_id
    return observations[-1].trace_id if observations else None


def _end_of_lone_trace(scene: Scene) -> int | None:
    """A trace that names no session is one, and lives as long as its root."""
    observations = scene.observations
    if not observations or len({each.trace_id for each in observations}) > 1:
        return None
    if any(each.session_ref is not None for each in observations):
        return None
    roots = [each for each in observations if each.parent_span_id is None]
    ends = [end_of(each) for each in roots if each.end_ns is not None]
    return max(ends) if roots and len(ends) == len(roots) else None


def _last_seen(
    scene: Scene, statements: Statements, started_ns: int, drafts: Iterable[Draft]
) -> int:
    """The latest instant inside any fact."""
    instants = [started_ns]
    instants.extend(end_of(each) for each in scene.observations)
    instants.extend(max(each.start_ns, each.end_ns or 0) for each in drafts)
    items: list[Body] = [*statements.tools.values(), *statements.interruptions.values()]
    for body in items:
        for name in ("start_ms", "end_ms", "onset_ms", "stopped_ms"):
            offset = offset_ns(body, name)
            if offset is not None:
                instants.append(started_ns + offset)
    ended_ns = int_of(statements.session, "ended_ns")
    return max(*instants, ended_ns or 0)
