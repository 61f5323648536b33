"""From settings to a running ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from turnwise import __version__
from turnwise.analyse.pricing import Pricer
from turnwise.app.authenticator import CatalogAuthenticator
from turnwise.app.config import Settings
from turnwise.app.counters import Counters
from turnwise.app.fetching import AllowedHosts, AudioSource, RecordingFetcher
from turnwise.app.flow import Flow
from turnwise.app.listening import Listener
from turnwise.app.pending import Pending
from turnwise.app.reading import Reading
from turnwise.app.recordings import Recordings
from turnwise.app.secret_key import key_for, secret_key
from turnwise.app.surfaces import (
    OPERATIONS,
    RENDERERS,
    Parts,
    read_routers,
    twilio_token,
    write_routes,
)
from turnwise.app.tokens import OwnTokens, outside_tokens
from turnwise.app.worker import Worker
from turnwise.http.documents import describe
from turnwise.http.errors import install_error_handlers
from turnwise.http.recordings import RecordingLinks
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
    secret = secret_key(settings)
    media = open_media(settings.media_url, settings.media_dir)
    recordings = Recordings(flow.accept, media, settings.incoming_dir, settings.max_recording_bytes)
    source = AudioSource(AllowedHosts.of(settings.fetch_hosts), twilio_token(settings))
    fetcher = RecordingFetcher(source, recordings, flow.accept)
    listener = Listener(flow.store, media, flow.accept, settings.listening_dir)
    silence_ns = round(settings.silence_minutes * 60 * NS_PER_SECOND)
    worker = Worker(flow, silence_ns, fetcher, listener)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await worker.catch_up()
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
    tokens = OwnTokens(secret)
    app.state.authenticator = CatalogAuthenticator(
        catalog, tokens, outside_tokens(settings), settings.jwt_tenant
    )
    parts = Parts(
        settings=settings,
        catalog=catalog,
        flow=flow,
        reading=Reading(flow),
        media=media,
        links=RecordingLinks(
            media,
            key_for(secret, "recording links"),
            settings.public_url,
            settings.link_ttl_seconds,
        ),
        recordings=recordings,
        tokens=tokens,
        secret=secret,
        check=check,
        document=lambda: app.openapi(),
    )
    for router in read_routers(parts):
        app.include_router(router)
    app.router.routes.extend(write_routes(parts))
    describe(app, OPERATIONS)
    install_error_handlers(app, RENDERERS)
    return app
