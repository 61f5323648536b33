"""What carriers and media servers say of a session: calls, rooms and recordings.

Callbacks come in any order: of one leg the highest sequence number tells its status, and a status
that ends a call outranks all others (Twilio numbers them from 0 and does not promise their order).

Source: clients.md 7 and 8; the vendors' pages named there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from turnwise.analyse.assemble.statements import Body, int_of, text_of
from turnwise.model.call import FAILED_CALLS, Call
from turnwise.model.ids import ProjectId, SessionId, session_id_of
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.recording import Recording, RecordingStatus

_ENDED_CALLS = FAILED_CALLS | {"completed"}
_ANSWERED = frozenset({"in-progress", "answered"})
_FINISHED = "room_finished"


@dataclass(frozen=True, slots=True)
class Room:
    """The room of a media server.

    Attributes:
        call_id: of the telephone call that came in over SIP; the carrier's name for it goes before
            the server's own.
        from_number, to_number: of that call: the person's number and the trunk's.
        started_ns: when the server made it, else its first event.
        ended_ns: when the server closed it, None while it is open.
        joined_ns: when the telephone came in.
    """

    name: str | None = None
    sid: str | None = None
    call_id: str | None = None
    from_number: str | None = None
    to_number: str | None = None
    started_ns: int | None = None
    ended_ns: int | None = None
    joined_ns: int | None = None


def call_of(project_id: ProjectId, events: Mapping[str, Body]) -> Call | None:
    """The call that carries the session: of several legs the one that was not dialled from another."""
    legs: dict[str, list[Body]] = {}
    for event_id in sorted(events):
        sid = text_of(events[event_id], "sid") or event_id.rpartition(":")[0] or event_id
        legs.setdefault(sid, []).append(events[event_id])
    calls = [_call(project_id, sid, leg) for sid, leg in legs.items()]
    return min(
        calls,
        key=lambda call: (call.parent_sid is not None, call.started_ns or 0, call.sid),
        default=None,
    )


def _order(event: Body) -> tuple[bool, int, int]:
    status = (text_of(event, "status") or "").lower()
    return status in _ENDED_CALLS, int_of(event, "sequence") or 0, int_of(event, "at_ns") or 0


def _call(project_id: ProjectId, sid: str, events: Iterable[Body]) -> Call:
    ordered = sorted(events, key=_order)
    known: dict[str, str | None] = {}
    for event in ordered:
        for name in ("carrier", "direction", "from_number", "to_number", "status", "parent_sid"):
            known[name] = text_of(event, name) or known.get(name)
    instants = [at for event in ordered if (at := began(event)) is not None]
    answered = [
        at
        for event in ordered
        if (text_of(event, "status") or "").lower() in _ANSWERED
        and (at := int_of(event, "at_ns")) is not None
    ]
    status = known["status"]
    counted = [seconds for event in ordered if (seconds := int_of(event, "duration_seconds"))]
    return Call(
        project_id=project_id,
        sid=sid,
        carrier=known["carrier"] or "unknown",
        direction=known["direction"],
        from_number=known["from_number"],
        to_number=known["to_number"],
        status=status.lower() if status else None,
        started_ns=min(instants, default=None),
        answered_ns=min(answered, default=None),
        ended_ns=_end(ordered[-1]),
        parent_sid=known["parent_sid"],
        duration_ns=max(counted) * NS_PER_SECOND if counted else None,
    )


def began(event: Body) -> int | None:
    """The earliest instant that an event tells of: an end with a duration tells of the start."""
    at_ns, seconds = int_of(event, "at_ns"), int_of(event, "duration_seconds")
    return at_ns if at_ns is None or not seconds else at_ns - seconds * NS_PER_SECOND


def _end(last: Body) -> int | None:
    return int_of(last, "at_ns") if _order(last)[0] else None


def room_of(events: Mapping[str, Body]) -> Room:
    """What the events say together."""
    ordered = sorted(events.items(), key=lambda item: (int_of(item[1], "at_ns") or 0, item[0]))
    bodies = [body for _, body in ordered]

    def first(name: str) -> str | None:
        return next((text for body in bodies if (text := text_of(body, name))), None)

    def instants(wanted: Iterable[Body], field: str = "at_ns") -> list[int]:
        return [at for body in wanted if (at := int_of(body, field)) is not None]

    calls = [text for body in bodies if (text := text_of(body, "call_id"))]
    own = {text_of(body, "sip_call_id") for body in bodies}
    made = instants(bodies, "started_ns") or instants(bodies)
    ends = instants(body for body in bodies if text_of(body, "event") == _FINISHED)
    return Room(
        name=first("room_name"),
        sid=first("room_sid"),
        call_id=next((each for each in calls if each not in own), calls[0] if calls else None),
        from_number=first("phone_number"),
        to_number=first("trunk_number"),
        started_ns=min(made, default=None),
        ended_ns=max(ends, default=None),
        joined_ns=min(instants(b for b in bodies if text_of(b, "call_id")), default=None),
    )


def phone_of(project_id: ProjectId, room: Room) -> Call | None:
    """The call as the room's telephone tells it, for calls of which no carrier has told."""
    if room.call_id is None:
        return None
    return Call(
        project_id=project_id,
        sid=room.call_id,
        carrier="livekit",
        from_number=room.from_number,
        to_number=room.to_number,
        started_ns=room.joined_ns,
        ended_ns=room.ended_ns,
    )


def recordings_of(
    project_id: ProjectId,
    session_id: SessionId,
    bodies: Mapping[str, Body],
    call_id: str | None,
    started_ns: int | None = None,
) -> tuple[Recording, ...]:
    """The audio files of the session, by id; `started_ns` is the session's start."""
    return tuple(
        _recording(recording_id, project_id, session_id, body, call_id, started_ns)
        for recording_id, body in sorted(bodies.items())
    )


def _recording(
    recording_id: str,
    project_id: ProjectId,
    session_id: SessionId,
    body: Body,
    call_id: str | None,
    started_ns: int | None,
) -> Recording:
    kept, linked = text_of(body, "storage_uri"), text_of(body, "linked_uri")
    home = text_of(body, "room_sid") or text_of(body, "call_id")
    is_tried = kept is not None or text_of(body, "copy_error") is not None
    return Recording(
        id=recording_id,
        project_id=project_id,
        session_id=session_id,
        call_id=text_of(body, "call_id") or call_id,
        status=_status(text_of(body, "status"), is_linked=linked is not None),
        storage_uri=kept or linked,
        content_type=text_of(body, "content_type") or text_of(body, "source_content_type"),
        size_bytes=first_of(int_of(body, "size_bytes"), int_of(body, "source_size_bytes")),
        duration_ns=first_of(int_of(body, "duration_ns"), int_of(body, "source_duration_ns")),
        channels=first_of(int_of(body, "channels"), int_of(body, "source_channels")),
        offset_ns=_offset(body, started_ns),
        external_id=text_of(body, "external_id"),
        home=session_id_of(project_id, home) if home else None,
        source_url=text_of(body, "source_url") or (None if is_tried else linked),
        created_ns=int_of(body, "created_ns") or int_of(body, "at_ns") or 0,
    )


def first_of(measured: int | None, announced: int | None) -> int | None:
    """What the audio itself shows, else what its carrier said of it."""
    return announced if measured is None else measured


def _offset(body: Body, started_ns: int | None) -> int | None:
    """Stated, else by the clock of whoever has recorded it."""
    stated, began_ns = int_of(body, "offset_ns"), int_of(body, "started_ns")
    if stated is not None or began_ns is None or started_ns is None:
        return stated
    return began_ns - started_ns


def _status(word: str | None, *, is_linked: bool) -> RecordingStatus:
    try:
        return RecordingStatus((word or "").lower())
    except ValueError:
        return RecordingStatus.READY if is_linked else RecordingStatus.PENDING
