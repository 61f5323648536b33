"""From settings to a running ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from turnwise import __version__
from turnwise.analyse.interruption_quality import interruption_quality
from turnwise.analyse.pricing import Pricer
from turnwise.analyse.rules.limits import find_issues
from turnwise.api import (
    agents,
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
    plain_pages,
)
from turnwise.app.accounts import (
    CatalogAccounts,
    CatalogCharacters,
    CatalogForms,
    CatalogTenantAgents,
)
from turnwise.app.authenticator import CatalogAuthenticator
from turnwise.app.config import Settings
from turnwise.app.counters import Counters
from turnwise.app.fetching import AllowedHosts, AudioSource, RecordingFetcher
from turnwise.app.flow import Flow
from turnwise.app.key_manager import CatalogKeys
from turnwise.app.livekit_issuers import livekit_issuers
from turnwise.app.pending import Pending
from turnwise.app.projects import OwnProjects
from turnwise.app.reading import Reading
from turnwise.app.recordings import Recordings
from turnwise.app.secret_key import key_for, secret_key
from turnwise.app.tokens import OwnTokens, outside_tokens
from turnwise.app.transcripts import Conversations, Transcripts
from turnwise.app.worker import Worker
from turnwise.app.worker_key import WorkerKey
from turnwise.http.documents import describe
from turnwise.http.envelope import ENVELOPE_RENDERER
from turnwise.http.errors import install_error_handlers
from turnwise.http.livekit_access import LiveKitAccess
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
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.query import Health
from turnwise.normalise import complete_pieces, complete_run
from turnwise.store.catalog import SqlCatalog, catalog_url
from turnwise.store.media.files import open_media
from turnwise.store.telemetry.store import open_telemetry

DESCRIPTION = """Observability for voice agents: sessions, turns, traces, cost and causes.

Every route takes a key as `x-api-key`, as `Authorization: Bearer` or as Basic `public:secret`, and a
log-in token as `Authorization: Bearer`."""


def open_catalog(settings: Settings) -> SqlCatalog:
    """The catalog of these settings, its schema up to date and the bootstrap key in place."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    catalog = SqlCatalog.open(catalog_url(settings.data_dir, settings.catalog_url))
    key = settings.api_key.get_secret_value() if settings.api_key else None
    catalog.ensure_defaults(key, settings.public_key)
    return catalog


def open_flow(settings: Settings, catalog: SqlCatalog) -> Flow:
    """The flow over the telemetry store of these settings."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    counters, pending = Counters(), Pending()
    price = counters.pricing(Pricer(catalog.prices()))
    store = open_telemetry(
        settings.telemetry_url or settings.telemetry_dir,
        complete=lambda each: price(complete_run(complete_pieces(each))),
    )
    counters.gauge("sessions_pending", "Traces and sessions not settled yet.", pending.count)
    return Flow(store, catalog, pending, counters)


def create_app(settings: Settings, catalog: SqlCatalog, flow: Flow) -> FastAPI:
    """The whole server as one ASGI application; it takes over the stores and closes them."""
    reading = Reading(flow)
    media = open_media(settings.media_url, settings.media_dir)
    links = RecordingLinks(
        media,
        key_for(secret_key(settings), "recording links"),
        settings.public_url,
        settings.link_ttl_seconds,
    )
    recordings = Recordings(flow.accept, media, settings.incoming_dir, settings.max_recording_bytes)

    twilio_token = (
        settings.twilio_auth_token.get_secret_value() if settings.twilio_auth_token else ""
    )
    fetcher = RecordingFetcher(
        AudioSource(AllowedHosts.of(settings.fetch_hosts), twilio_token), recordings, flow.accept
    )
    worker = Worker(flow, round(settings.silence_minutes * 60 * NS_PER_SECOND), fetcher)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        working = asyncio.create_task(worker.run())
        try:
            yield
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            await flow.store.close()
            catalog.close()

    async def check() -> Health:
        telemetry = await flow.store.health()
        return Health(telemetry.problems, {"version": __version__, **telemetry.facts})

    app = FastAPIOffline(
        title="Turnwise",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
    )
    limit = settings.max_body_bytes
    tokens = OwnTokens(secret_key(settings))
    app.state.authenticator = CatalogAuthenticator(
        catalog, tokens, outside_tokens(settings), settings.jwt_tenant
    )
    transcripts = Transcripts(flow, reading, catalog)
    characters = CatalogCharacters(catalog)
    for router in (
        lyzr_traces.router(reading),
        agents.router(CatalogTenantAgents(catalog)),
        lyzr_transcripts.router(reading, Conversations(flow, catalog)),
        oshara_billing.router(transcripts),
        oshara_auth.router(CatalogAccounts(catalog, tokens, may_sign_up=settings.signup)),
        oshara_characters.router(characters),
        oshara_forms.router(characters, CatalogForms(catalog)),
        # Before the sessions, one of which its path could name.
        persona_interruptions.router(reading, interruption_quality),
        persona_sessions.router(reading, find_issues),
        persona_sessions.calls_router(reading, find_issues),
        persona_recordings.router(reading, links),
        persona_keys.router(CatalogKeys(catalog)),
        health.router(__version__, check),
        openapi_alias.router(lambda: app.openapi()),
        metrics.router(flow.counters.registry),
        langsmith.router(OwnProjects(catalog), flow.store, media, limit),
        plain_pages.router(reading),
        langfuse.router(flow.store, __version__),
    ):
        app.include_router(router)
    access = LiveKitAccess(
        settings.livekit_url,
        settings.livekit_api_key,
        settings.livekit_api_secret.get_secret_value() if settings.livekit_api_secret else "",
    )
    issuers = livekit_issuers(settings, catalog)
    receiver = otlp.OtlpReceiver(flow.accept, catalog.project_named, limit)
    for signal in receiver.counted:
        flow.counters.gauge(
            f"otlp_{signal}_dropped",
            f"OTLP {signal} records that were counted and dropped.",
            partial(receiver.counted.__getitem__, signal),
        )
    upload = livekit.CloudUpload(
        receiver, flow.accept, issuers, recordings, limit, settings.max_recording_bytes
    )
    app.router.routes.extend(
        [
            *receiver.routes(),
            *RunWrites(flow.accept, flow.store, catalog.project_named, media, limit).routes(),
            *oshara_sessions.AgentSessions(
                flow.accept_settled,
                characters,
                flow.store.live_sessions,
                access,
                settings.max_live_sessions,
            ).routes(),
            *lyzr_reports.WorkerReports(
                flow.accept, reading, WorkerKey(settings, catalog).caller, limit
            ).routes(),
            *upload.routes(),
            *livekit.Webhooks(flow.accept, issuers).routes(),
            *NativeWrites(flow.accept, reading, limit).routes(),
            *ReportWrites(flow.accept, reading, limit).routes(),
            *LangfuseWrites(flow.accept, flow.store, flow.store, limit).routes(),
            *LangfuseMedia(
                media,
                key_for(secret_key(settings), "media links"),
                settings.public_url,
                settings.link_ttl_seconds,
                limit,
            ).routes(),
            *recording_upload.RecordingUpload(
                recordings, reading, links, settings.max_recording_bytes
            ).routes(),
            *twilio.TwilioCallbacks(
                flow.accept,
                twilio.TwilioAccount(
                    catalog.ensure_defaults(public_key=settings.public_key).project_id,
                    twilio_token,
                    settings.public_url,
                ),
            ).routes(),
            *lyzr_sessions.SessionCalls(flow.accept, reading, access, limit).routes(),
        ]
    )
    describe(
        app,
        [
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
        ],
    )
    install_error_handlers(
        app,
        [
            lyzr_traces.ERROR_RENDERER,
            otlp.ERROR_RENDERER,
            plain_pages.ERROR_RENDERER,
            *langsmith.ERROR_RENDERERS,
            ENVELOPE_RENDERER,
            otlp.error_renderer(livekit.OTLP_PATHS),
            livekit.ERROR_RENDERER,
            *langfuse.ERROR_RENDERERS,
        ],
    )
    return app
