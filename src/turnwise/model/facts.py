"""Facts about a session that are no spans: native writes, ends, finalisation."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.observation import Observation


class FactKind(StrEnum):
    """What a session fact is about; the assembler knows a body shape for each."""

    SESSION = "session"
    """One per session, id "": ref, agent, call_id, room_name, started_ns, ended_ns, status,
    metadata (object), user_identity, origin_url, close_reason."""
    TURN = "turn"
    """index, speaker, text, full_text, start_ms, end_ms, stt_ms, llm_ms, tts_ms, e2e_ms,
    interrupted, confidence; times are offsets from the session's start."""
    TOOL = "tool"
    """name, turn_index, start_ms, end_ms, status, error, arguments, output, call_id."""
    INTERRUPTION = "interruption"
    """turn_index, onset_ms, detected_ms, stopped_ms, bleed_words, is_false."""
    CALL_EVENT = "call_event"
    """One status callback of a carrier, id "SID:SEQUENCE": sid, carrier, sequence, status,
    direction, from_number, to_number, parent_sid, at_ns, duration_seconds."""
    ROOM_EVENT = "room_event"
    """One webhook of a media server by its event id: event, room_sid, room_name, at_ns, call_id,
    and what the event carries."""
    RECORDING = "recording"
    """One audio file by its id: status, storage_uri, content_type, size_bytes, duration_ns,
    channels, offset_ns, external_id, call_id, started_ns (of the audio), created_ns,
    error; what a carrier says of it: source_url, source_channels, source_duration_ns,
    source_size_bytes, source_content_type, linked_uri (a file that stays there until it is copied),
    room_sid; and why it cannot be copied: copy_error."""
    AUDIO = "audio"
    """What was heard in a recording, by the recording's id: report (an AudioReport as JSON text,
    so that it is replaced as a whole), created_ns (of the recording that was heard, 0 to have it
    heard again)."""
    REPORT = "report"
    """A framework's own report of the session, whole, as it came; id is its job or room."""
    FINALIZED = "finalized"
    """at_ns, reason; written once, by an explicit end or by the worker after silence."""


FIRM_KINDS = frozenset({FactKind.SESSION, FactKind.TURN, FactKind.TOOL, FactKind.INTERRUPTION})
"""What a sender says of a session that it names itself. Facts of the other kinds may know no more
of it than a call or a room, and then belong to whichever session turns out to be that call's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFact:
    """One item that a sender upserts by its own id; newer non-null fields win over older ones.

    Attributes:
        session_id: as the sender names it; the facts of a session may name others that joined it.
        body: JSON-able fields as FactKind documents them; None never clears.
    """

    project_id: ProjectId
    session_id: SessionId
    kind: FactKind
    fact_id: str
    body: dict[str, Any] = field(default_factory=dict)
    version: int = 0

    @classmethod
    def single(
        cls, project_id: ProjectId, session_id: SessionId, kind: FactKind, body: dict[str, Any]
    ) -> Self:
        """A fact of a kind of which a session has one; fields of None are left out."""
        said = {key: value for key, value in body.items() if value is not None}
        return cls(project_id=project_id, session_id=session_id, kind=kind, fact_id="", body=said)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """Everything known of one session: the assembler's whole input.

    Attributes:
        observations: at most one per (trace, span), any order; `input` and `output` may be left
            out (None), the assembler does not read them.
        last_arrival_ns: when the newest fact came in.
        created_by: user number of whoever sent the first fact.
        facts_version: the newest version among the facts, 0 when there are none.
        named_version: the newest version of any trace that ever named or formed this session,
            whether or not the trace still belongs to it.
    """

    project_id: ProjectId
    session_id: SessionId
    observations: tuple[Observation, ...] = ()
    facts: tuple[SessionFact, ...] = ()
    last_arrival_ns: int = 0
    created_by: int = 0
    facts_version: int = 0
    named_version: int = 0
