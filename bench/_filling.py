"""A server's folder that is filled through its own store, without a server."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from tests.server import PUBLIC, SECRET
from turnwise.app import config
from turnwise.app.flow import Flow
from turnwise.app.server import open_catalog, open_flow
from turnwise.model.tenancy import Caller

# A server that starts looks again at what came in within the hour before: not at this.
_FILLED_BEFORE_NS = 2 * 3_600 * 1_000_000_000


@asynccontextmanager
async def filling(folder: Path) -> AsyncIterator[tuple[Flow, Caller, SimpleNamespace]]:
    """The flow, the owner of the test key, and the store's clock, which is two hours late."""
    settings = config.load({"data_dir": folder, "api_key": SECRET, "public_key": PUBLIC})
    catalog = open_catalog(settings)
    caller = catalog.caller_by_secret(SECRET)
    assert caller is not None
    earlier = SimpleNamespace(time_ns=lambda: time.time_ns() - _FILLED_BEFORE_NS)
    with patch("turnwise.store.telemetry.clock.time", earlier):
        flow = open_flow(settings, catalog)
        try:
            yield flow, caller, earlier
        finally:
            await flow.store.close()
            catalog.close()
