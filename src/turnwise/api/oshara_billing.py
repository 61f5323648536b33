"""Session transcripts and usage, as the Oshara API publishes them (under /api/billing).

Staff see every session, others those of agents that they made; all else is the same 404. Counts
that nobody reported are 0 here, because the published shape demands numbers; inside they are None.
"""

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, Any, Protocol

import msgspec
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel

from turnwise.http.auth import with_scope
from turnwise.http.envelope import enveloped, wrong
from turnwise.http.json_text import raw
from turnwise.model.errors import NotFound
from turnwise.model.ids import is_canonical_uuid
from turnwise.model.instants import (
    NS_PER_SECOND,
    iso_seconds,
    now_ns,
    parse_iso_ns,
    seconds_from_ns,
)
from turnwise.model.recording import Recording, RecordingStatus
from turnwise.model.session import Session, Speaker
from turnwise.model.tenancy import Caller, Scope
from turnwise.model.transcripts import Transcript, TranscriptPage, TranscriptReader, UsageFilter
from turnwise.model.usage import ModelUsage, Stage

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
LAST_PAGE = 1_000_000
_MICRO_USD = Decimal("0.000001")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_DAY_SECONDS = 86_400
_LAST_NS = 2**63 - 1

Reader = Annotated[Caller, Depends(with_scope(Scope.READ))]


def _is_uuid(text: str) -> str:
    if not is_canonical_uuid(text):
        raise ValueError("must be a UUID, 36 characters with dashes")
    return text


class Links(Protocol):
    """Makes links to recordings."""

    async def link(self, request: Request, recording: Recording) -> tuple[str, int | None] | None:
        """An absolute URL that anyone may play until it expires, and when; None without audio."""
        ...


class Utterance(msgspec.Struct, frozen=True):
    """One turn as it was heard; `ts` is seconds since the session's start."""

    role: str
    text: str
    turn_index: int
    ts: float


class SessionSummary(msgspec.Struct, frozen=True):
    """One session."""

    id: int
    session_id: str
    tenant_id: str
    character_slug: str
    user: int | None
    room_name: str | None
    origin_url: str | None
    metadata: msgspec.Raw
    session_duration_seconds: float
    turn_count: int
    interruption_count: int
    llm_input_tokens: int
    llm_output_tokens: int
    llm_model: str | None
    llm_provider: str | None
    stt_audio_seconds: float
    stt_provider: str | None
    tts_characters: int
    tts_provider: str | None
    estimated_cost_usd: str
    finalized_at: str | None
    recording_status: str
    recording_url: str | None
    recording_presigned_url: str | None
    transcript: list[Utterance]
    transcript_text: str
    created_at: str


class SummaryPage(msgspec.Struct, frozen=True):
    """A page of sessions."""

    data: list[SessionSummary]
    page: int
    page_size: int
    total: int
    total_pages: int


class UsageBody(msgspec.Struct, frozen=True):
    """Totals over every session that matches, and one page of them."""

    total_sessions: int
    total_llm_input_tokens: int
    total_llm_output_tokens: int
    total_stt_audio_seconds: float
    total_tts_characters: int
    total_estimated_cost_usd: str
    sessions: SummaryPage


class ErrorBody(BaseModel):
    """Every error of this surface."""

    success: bool
    message: str
    data: None
    errors: dict[str, list[str]] | None


ERRORS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "A parameter is malformed or out of its bounds."},
    401: {"model": ErrorBody, "description": "No token or key, or one that does not hold."},
    403: {"model": ErrorBody, "description": "The key lacks the scope `read`."},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"model": ErrorBody, "description": "Unknown, or of a character of somebody else."},
}


def usd(cost: Decimal) -> str:
    """Six decimals, rounded half up once."""
    return format(cost.quantize(_MICRO_USD, ROUND_HALF_UP), "f")


def summary_of(transcript: Transcript, link: str | None, at_ns: int) -> SessionSummary:
    """The published form of a session; `at_ns` stands for the end of a live one."""
    session = transcript.session
    llm, stt, tts = (_rows(session, stage) for stage in (Stage.LLM, Stage.STT, Stage.TTS))
    utterances = _utterances(session)
    return SessionSummary(
        id=transcript.number,
        session_id=session.id,
        tenant_id=transcript.tenant,
        character_slug=session.agent,
        user=session.created_by or None,
        room_name=session.room_name,
        origin_url=session.origin_url,
        metadata=raw(session.metadata),
        session_duration_seconds=seconds_from_ns(session.duration_ns(at_ns)),
        turn_count=len(utterances),
        interruption_count=sum(not each.is_false for each in session.interruptions),
        llm_input_tokens=sum(row.input_tokens for row in llm),
        llm_output_tokens=sum(row.output_tokens for row in llm),
        llm_model=next((row.model for row in llm if row.model), None),
        llm_provider=_provider(llm),
        stt_audio_seconds=seconds_from_ns(sum(row.audio_ns for row in stt)),
        stt_provider=_provider(stt),
        tts_characters=sum(row.characters for row in tts),
        tts_provider=_provider(tts),
        estimated_cost_usd=usd(session.cost_usd),
        finalized_at=None if session.finalized_ns is None else iso_seconds(session.finalized_ns),
        recording_status=(
            transcript.recording.status if transcript.recording else RecordingStatus.NONE
        ).upper(),
        recording_url=_storage_uri(transcript.recording),
        recording_presigned_url=link,
        transcript=utterances,
        transcript_text="\n".join(f"{each.role.capitalize()}: {each.text}" for each in utterances),
        created_at=iso_seconds(session.started_ns),
    )


def _utterances(session: Session) -> list[Utterance]:
    """The spoken words: of an interrupted turn only what was heard."""
    return [
        Utterance(
            role="assistant" if turn.speaker is Speaker.AGENT else "user",
            text=turn.text or "",
            turn_index=index,
            ts=seconds_from_ns(max(0, turn.start_ns - session.started_ns)),
        )
        for index, turn in enumerate(session.turns)
    ]


def _rows(session: Session, stage: Stage) -> list[ModelUsage]:
    """The stage's consumption, the largest first."""
    return [row for row in session.usage if row.stage is stage]


def _provider(rows: list[ModelUsage]) -> str | None:
    return next((row.provider for row in rows if row.provider), None)


def _storage_uri(recording: Recording | None) -> str | None:
    """A bucket's address may be shown, a folder of this machine may not."""
    uri = recording.storage_uri if recording else None
    return uri if uri and uri.startswith("s3://") else None


def _bound(field: str, text: str | None, *, is_end: bool) -> int | None:
    """An inclusive bound on `created_at`, which is shown in whole seconds, rounded half up.

    Of a whole day the end means its last second.
    """
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            days = (date.fromisoformat(text) - date(1970, 1, 1)).days
            instant_ns = (days * _DAY_SECONDS + (_DAY_SECONDS - 1) * is_end) * NS_PER_SECOND
        else:
            # A plus sign that nobody encoded arrives as a blank.
            instant_ns = parse_iso_ns(text.replace(" ", "+") if "T" in text else text)
    except (ValueError, OverflowError) as error:
        raise wrong(field, f"{field} must be an ISO 8601 date or date-time.") from error
    half = NS_PER_SECOND // 2
    if is_end:
        bound = instant_ns // NS_PER_SECOND * NS_PER_SECOND + half - 1
    else:
        bound = -(-instant_ns // NS_PER_SECOND) * NS_PER_SECOND - half
    return max(-_LAST_NS, min(bound, _LAST_NS))


def _usage_of(
    found: TranscriptPage, summaries: list[SessionSummary], page: int, page_size: int
) -> UsageBody:
    totals = found.totals
    return UsageBody(
        total_sessions=totals.sessions,
        total_llm_input_tokens=totals.llm_input_tokens,
        total_llm_output_tokens=totals.llm_output_tokens,
        total_stt_audio_seconds=seconds_from_ns(totals.stt_audio_ns),
        total_tts_characters=totals.tts_characters,
        total_estimated_cost_usd=usd(totals.cost_usd),
        sessions=SummaryPage(
            data=summaries,
            page=page,
            page_size=page_size,
            total=totals.sessions,
            total_pages=-(-totals.sessions // page_size),
        ),
    )


def router(reader: TranscriptReader, links: Links | None = None) -> APIRouter:
    """The two endpoints; each answers with and without its last slash."""
    routes = APIRouter(prefix="/api/billing", tags=["Transcripts"], responses=ERRORS)

    async def told(request: Request, transcript: Transcript) -> SessionSummary:
        recording, link = transcript.recording, None
        if links is not None and recording and recording.status is RecordingStatus.READY:
            link = await links.link(request, recording)
        return summary_of(transcript, link[0] if link else None, now_ns())

    @routes.get("/sessions/{session_id}", include_in_schema=False)
    @routes.get("/sessions/{session_id}/", summary="Get a session transcript", responses=NOT_FOUND)
    async def get_session(
        request: Request,
        caller: Reader,
        session_id: Annotated[
            str,
            Path(description="The session's UUID.", json_schema_extra={"format": "uuid"}),
            AfterValidator(_is_uuid),
        ],
    ) -> Response:
        """One session with its words, usage, cost and recording; also while it is live."""
        transcript = await reader.transcript(caller, session_id)
        if transcript is None:
            raise NotFound("Session not found.")
        return enveloped(await told(request, transcript), "Session retrieved.")

    @routes.get("/usage", include_in_schema=False)
    @routes.get("/usage/", summary="List usage")
    async def get_usage(
        request: Request,
        caller: Reader,
        character_slug: Annotated[str | None, Query(description="Only of this character.")] = None,
        tenant_id: Annotated[str | None, Query(description="Only of this tenant (slug).")] = None,
        start: Annotated[
            str | None, Query(description="Earliest `created_at`: ISO 8601, inclusive.")
        ] = None,
        end: Annotated[
            str | None, Query(description="Latest `created_at`: ISO 8601, inclusive.")
        ] = None,
        page: Annotated[int, Query(ge=1, le=LAST_PAGE, description="1-based page.")] = 1,
        page_size: Annotated[
            int, Query(ge=1, le=MAX_PAGE_SIZE, description="Page size.")
        ] = DEFAULT_PAGE_SIZE,
    ) -> Response:
        """What the sessions consumed: totals over all that match, and one page, newest first."""
        wanted = UsageFilter(
            character=character_slug,
            tenant=tenant_id,
            from_ns=_bound("start", start, is_end=False),
            to_ns=_bound("end", end, is_end=True),
            limit=page_size,
            offset=(page - 1) * page_size,
        )
        found = await reader.page(caller, wanted)
        summaries = [await told(request, each) for each in found.transcripts]
        return enveloped(_usage_of(found, summaries, page, page_size), "Usage retrieved.")

    return routes
