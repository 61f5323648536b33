"""Every surface and every way in, given what it needs: which routes there are, and their errors."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.routing import Route

import turnwise
from turnwise import __version__
from turnwise.analyse.release.gates import ENOUGH
from turnwise.api import (
    agents,
    alerts,
    health,
    langfuse,
    langsmith,
    lyzr_traces,
    lyzr_transcripts,
    metrics,
    openapi_alias,
    oshara_auth,
    oshara_billing,
    oshara_characters,
    oshara_forms,
    persona_interruptions,
    persona_keys,
    persona_recordings,
    persona_sessions,
    prices,
    ui,
)
from turnwise.api.ui import pages
from turnwise.api.ui.project import Keeping
from turnwise.app.accounts import (
    CatalogAccounts,
    CatalogCharacters,
    CatalogForms,
    CatalogTenantAgents,
)
from turnwise.app.administration import CatalogAdministration
from turnwise.app.alerts.addresses import AlertAddresses
from turnwise.app.alerts.manager import CatalogAlerts
from turnwise.app.config import Settings
from turnwise.app.erasure import ProjectErasure
from turnwise.app.flow import Flow
from turnwise.app.integrations import OpenIntegrations
from turnwise.app.key_manager import CatalogKeys
from turnwise.app.labels import CatalogLabels
from turnwise.app.livekit_access import livekit_access
from turnwise.app.livekit_issuers import livekit_issuers
from turnwise.app.peaks import KeptPeaks
from turnwise.app.price_book import CatalogPrices, Repricing
from turnwise.app.projects import OwnProjects
from turnwise.app.reading import Reading
from turnwise.app.recordings import Recordings
from turnwise.app.release_judge import SessionJudge
from turnwise.app.tokens import OwnTokens
from turnwise.app.transcripts import Conversations, Transcripts
from turnwise.app.twilio_accounts import TwilioAccounts
from turnwise.app.worker_key import WorkerKey
from turnwise.http.envelope import ENVELOPE_RENDERER
from turnwise.http.errors import ErrorRenderer
from turnwise.http.recordings import RecordingLinks
from turnwise.ingest import livekit, lyzr_reports, lyzr_sessions, oshara_sessions, otlp, twilio
from turnwise.ingest import recordings as recording_upload
from turnwise.ingest.langfuse import LangfuseMedia, LangfuseWrites
from turnwise.ingest.langfuse import document as langfuse_document
from turnwise.ingest.langsmith import document as langsmith_document
from turnwise.ingest.langsmith.routes import RunWrites
from turnwise.ingest.native_json import document as native_document
from turnwise.ingest.native_json.reports import ReportWrites
from turnwise.ingest.native_json.writes import NativeWrites
from turnwise.ingest.otlp import document as otlp_document
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.ports import MediaStore
from turnwise.model.query import Health
from turnwise.model.recording import RecordingOrigin, recording_id_of
from turnwise.model.tenancy import Caller
from turnwise.store.catalog import SqlCatalog

WEB = Path(turnwise.__file__).parent / "web"
"""Where the build of the pages puts them."""

OPERATIONS = [
    *otlp_document.OPERATIONS,
    *native_document.OPERATIONS,
    *lyzr_sessions.OPERATIONS,
    *lyzr_reports.OPERATIONS,
    *oshara_sessions.OPERATIONS,
    *livekit.OPERATIONS,
    *langfuse_document.OPERATIONS,
    *langsmith_document.OPERATIONS,
    *recording_upload.OPERATIONS,
    *twilio.OPERATIONS,
]
"""What the OpenAPI document says of the plain routes."""

RENDERERS: list[ErrorRenderer] = [
    lyzr_traces.ERROR_RENDERER,
    otlp.ERROR_RENDERER,
    *langsmith.ERROR_RENDERERS,
    ENVELOPE_RENDERER,
    otlp.error_renderer(livekit.OTLP_PATHS),
    livekit.ERROR_RENDERER,
    *langfuse.ERROR_RENDERERS,
    pages.error_renderer(WEB),
]
"""How each surface says that something went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the surfaces are made of.

    Attributes:
        check: the health of the stores.
        document: the OpenAPI document, made when it is asked for.
    """

    settings: Settings
    catalog: SqlCatalog
    flow: Flow
    reading: Reading
    media: MediaStore
    links: RecordingLinks
    recordings: Recordings
    integrations: OpenIntegrations
    twilio: TwilioAccounts
    tokens: OwnTokens
    default_project: ProjectId
    addresses: AlertAddresses
    erasure: ProjectErasure
    peaks: KeptPeaks
    check: Callable[[], Awaitable[Health]]
    document: Callable[[], dict[str, Any]]


def read_routers(parts: Parts) -> list[APIRouter]:
    """What can be asked; an earlier route wins over a later one that its path fits too."""
    catalog, reading, flow = parts.catalog, parts.reading, parts.flow
    characters = CatalogCharacters(catalog)
    accounts = CatalogAccounts(catalog, parts.tokens, may_sign_up=parts.settings.signup)
    limit = parts.settings.max_body_bytes
    return [
        lyzr_traces.router(reading),
        agents.router(CatalogTenantAgents(catalog)),
        lyzr_transcripts.router(reading, Conversations(flow, catalog), parts.media),
        oshara_billing.router(Transcripts(flow, reading, catalog), parts.links),
        oshara_auth.router(accounts),
        oshara_characters.router(characters),
        oshara_forms.router(characters, CatalogForms(catalog)),
        persona_interruptions.router(reading, SessionJudge(reading)),
        persona_sessions.router(reading, reading.diagnosis),
        persona_sessions.calls_router(reading, reading.diagnosis),
        persona_recordings.router(reading, parts.links),
        persona_keys.router(CatalogKeys(catalog)),
        prices.router(CatalogPrices(catalog, flow.prices.look_again), Repricing(flow, flow.prices)),
        alerts.router(CatalogAlerts(catalog, parts.addresses)),
        health.router(__version__, parts.check),
        openapi_alias.router(parts.document),
        metrics.router(flow.counters.registry),
        langsmith.router(
            OwnProjects(catalog), flow.store, parts.links.links, limit, parts.erasure.begin
        ),
        ui.router(_ui_parts(parts, accounts)),
        langfuse.router(flow.store, __version__),
    ]


def _ui_parts(parts: Parts, accounts: CatalogAccounts) -> ui.UiParts:
    return ui.UiParts(
        accounts=accounts,
        reader=parts.reading,
        overview=parts.reading,
        boards=parts.reading,
        diagnoses=parts.flow.store,
        labels=CatalogLabels(parts.catalog),
        judge=SessionJudge(parts.reading),
        enough=ENOUGH,
        traces=parts.flow.store,
        logs=parts.flow.store.logs,
        diagnose=parts.reading.diagnosis,
        media=parts.media,
        peaks=parts.peaks,
        administration=CatalogAdministration(parts.catalog, parts.integrations),
        keeping=Keeping(
            arrivals=parts.flow.store.ages.arrivals,
            received=parts.flow.intake,
            pending=parts.flow.pending.count,
            check=parts.check,
            default_retention_days=parts.settings.retention_days,
        ),
        version=__version__,
        public_url=parts.settings.public_url,
        web=WEB,
    )


def write_routes(parts: Parts) -> list[Route]:
    """What can be sent."""
    accept, reading, store = parts.flow.accept, parts.reading, parts.flow.store
    limit = parts.settings.max_body_bytes
    return [
        *_voice_routes(parts),
        *RunWrites(accept, store, parts.catalog.project_named, parts.media, limit).routes(),
        *NativeWrites(accept, reading, limit).routes(),
        *ReportWrites(accept, reading, limit).routes(),
        *LangfuseWrites(accept, store, store, store, limit).routes(),
        *LangfuseMedia(parts.media, parts.links.links.signer, limit).routes(),
        *recording_upload.RecordingUpload(
            parts.recordings, reading, parts.links, parts.settings.max_recording_bytes
        ).routes(),
    ]


def _voice_routes(parts: Parts) -> list[Route]:
    """OpenTelemetry, LiveKit, Twilio, and those who start and end sessions."""
    settings, accept, reading = parts.settings, parts.flow.accept, parts.reading
    limit = settings.max_body_bytes
    access = livekit_access(settings, parts.integrations, parts.default_project)
    issuers = livekit_issuers(settings, parts.catalog, parts.integrations)
    receiver = otlp.OtlpReceiver(accept, parts.catalog.project_named, limit)
    for signal in receiver.counted:
        parts.flow.counters.gauge(
            f"otlp_{signal}_dropped",
            f"OTLP {signal} that were counted and dropped.",
            partial(receiver.counted.__getitem__, signal),
        )
    upload = livekit.CloudUpload(
        receiver, accept, issuers, parts.recordings, limit, settings.max_recording_bytes
    )
    characters = CatalogCharacters(parts.catalog)
    return [
        *receiver.routes(),
        *upload.routes(),
        *livekit.Webhooks(accept, issuers).routes(),
        *twilio.TwilioCallbacks(accept, parts.twilio.signers, settings.public_url).routes(),
        *lyzr_sessions.SessionCalls(accept, reading, access, limit).routes(),
        *lyzr_reports.WorkerReports(
            accept,
            reading,
            WorkerKey(settings, parts.catalog).caller,
            limit,
            partial(_keep_audio, parts.recordings),
        ).routes(),
        *oshara_sessions.AgentSessions(
            parts.flow.accept_settled,
            characters,
            parts.flow.store.live_sessions,
            access,
            settings.max_live_sessions,
        ).routes(),
    ]


async def _keep_audio(
    recordings: Recordings,
    caller: Caller,
    project_id: ProjectId,
    session_id: SessionId,
    content: AsyncIterator[bytes],
) -> None:
    origin = RecordingOrigin(
        recording_id=recording_id_of(project_id, session_id),
        project_id=project_id,
        session_id=session_id,
        user_id=caller.user_id,
    )
    await recordings.keep(origin, content)
