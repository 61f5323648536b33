"""From settings to a running ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from turnwise import __version__
from turnwise.analyse.pricing import Pricer
from turnwise.api import (
    agents,
    health,
    lyzr_traces,
    lyzr_transcripts,
    metrics,
    openapi_alias,
    oshara_auth,
    oshara_billing,
    oshara_characters,
    oshara_forms,
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
from turnwise.app.flow import Flow
from turnwise.app.pending import Pending
from turnwise.app.reading import Reading
from turnwise.app.secret_key import secret_key
from turnwise.app.tokens import OwnTokens, outside_tokens
from turnwise.app.transcripts import Conversations, Transcripts
from turnwise.app.worker import Worker
from turnwise.app.worker_key import WorkerKey
from turnwise.http.documents import describe
from turnwise.http.envelope import ENVELOPE_RENDERER
from turnwise.http.errors import install_error_handlers
from turnwise.http.livekit_access import LiveKitAccess
from turnwise.ingest import lyzr_reports, lyzr_sessions, oshara_sessions, otlp
from turnwise.ingest.native_json import document as native_document
from turnwise.ingest.native_json.writes import NativeWrites
from turnwise.ingest.otlp import document as otlp_document
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.ports import Health
from turnwise.store.catalog import SqlCatalog, catalog_url
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
    complete = counters.pricing(Pricer(catalog.prices()))
    store = open_telemetry(settings.telemetry_url or settings.telemetry_dir, complete=complete)
    counters.gauge("sessions_pending", "Traces and sessions not settled yet.", pending.count)
    return Flow(store, catalog, pending, counters)


def create_app(settings: Settings, catalog: SqlCatalog, flow: Flow) -> FastAPI:
    """The whole server as one ASGI application; it takes over the stores and closes them."""
    reading = Reading(flow)
    worker = Worker(flow, round(settings.silence_minutes * 60 * NS_PER_SECOND))

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
        persona_sessions.router(reading),
        oshara_billing.router(transcripts),
        oshara_auth.router(CatalogAccounts(catalog, tokens, may_sign_up=settings.signup)),
        oshara_characters.router(characters),
        oshara_forms.router(characters, CatalogForms(catalog)),
        health.router(__version__, check),
        openapi_alias.router(lambda: app.openapi()),
        metrics.router(flow.counters.registry),
        plain_pages.router(reading),
    ):
        app.include_router(router)
    limit = settings.max_body_bytes
    livekit = LiveKitAccess(
        settings.livekit_url,
        settings.livekit_api_key,
        settings.livekit_api_secret.get_secret_value() if settings.livekit_api_secret else "",
    )
    receiver = otlp.OtlpReceiver(flow.accept, catalog.project_named, limit)
    for signal in receiver.counted:
        flow.counters.gauge(
            f"otlp_{signal}_dropped",
            f"OTLP {signal} records that were counted and dropped.",
            partial(receiver.counted.__getitem__, signal),
        )
    app.router.routes.extend(
        [
            *receiver.routes(),
            *NativeWrites(flow.accept, reading, limit).routes(),
            *oshara_sessions.AgentSessions(
                flow.accept_settled,
                characters,
                flow.store.live_sessions,
                livekit,
                settings.max_live_sessions,
            ).routes(),
            *lyzr_reports.WorkerReports(
                flow.accept, reading, WorkerKey(settings, catalog).caller, limit
            ).routes(),
            *lyzr_sessions.SessionCalls(flow.accept, reading, livekit, limit).routes(),
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
        ],
    )
    install_error_handlers(
        app,
        [
            lyzr_traces.ERROR_RENDERER,
            otlp.ERROR_RENDERER,
            plain_pages.ERROR_RENDERER,
            ENVELOPE_RENDERER,
        ],
    )
    return app
