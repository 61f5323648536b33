"""From settings to a running ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from turnwise import __version__
from turnwise.app.authenticator import CatalogAuthenticator
from turnwise.app.background import Means, background_of
from turnwise.app.config import Settings
from turnwise.app.counters import Counters
from turnwise.app.flow import Flow
from turnwise.app.pending import Pending
from turnwise.app.prices import CurrentPrices
from turnwise.app.reading import Reading
from turnwise.app.secret_key import key_for, secret_key
from turnwise.app.surfaces import (
    OPERATIONS,
    RENDERERS,
    Parts,
    read_routers,
    write_routes,
)
from turnwise.app.tokens import OwnTokens, outside_tokens
from turnwise.app.tuning import tuning_of
from turnwise.http.documents import describe
from turnwise.http.errors import Renderers, install_error_handlers
from turnwise.http.media_links import LinkSigner, MediaLinks
from turnwise.http.recordings import RecordingLinks
from turnwise.model.query import Health
from turnwise.normalise import complete_pieces, complete_run
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
    tuning = tuning_of(settings)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    counters, pending = Counters(), Pending()
    prices = CurrentPrices(catalog)
    price = counters.pricing(prices.complete)
    store = open_telemetry(
        settings.telemetry_url or settings.telemetry_dir,
        complete=lambda each: price(complete_run(complete_pieces(each))),
    )
    counters.gauge("sessions_pending", "Traces and sessions not settled yet.", pending.count)
    return Flow(store, catalog, pending, counters, prices, tuning=tuning)


def create_app(settings: Settings, catalog: SqlCatalog, flow: Flow) -> FastAPI:
    """The whole server as one ASGI application; it takes over the stores and closes them."""
    secret = secret_key(settings)
    means = Means.of(settings, catalog, flow, secret)
    worker = background_of(means)

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
    signer = LinkSigner(
        key_for(secret, "media links"), settings.public_url, settings.link_ttl_seconds
    )
    parts = Parts(
        settings=settings,
        catalog=catalog,
        flow=flow,
        reading=Reading(flow),
        media=means.media,
        links=RecordingLinks(MediaLinks(means.media, signer)),
        recordings=means.recordings,
        integrations=means.integrations,
        twilio=means.twilio,
        default_project=means.default_project,
        tokens=tokens,
        addresses=means.addresses,
        peaks=means.peaks,
        erasure=means.erasure,
        check=check,
        document=lambda: app.openapi(),
    )
    for router in read_routers(parts):
        app.include_router(router)
    app.router.routes.extend(write_routes(parts))
    describe(app, OPERATIONS, Renderers.of_surfaces(RENDERERS))
    install_error_handlers(app, RENDERERS)
    return app
