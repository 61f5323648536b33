"""The key that workers of every tenant may hold."""

import asyncio
import hmac
from dataclasses import replace

from turnwise.app.config import Settings
from turnwise.model.errors import Misconfigured
from turnwise.model.tenancy import Caller, Scope
from turnwise.store.catalog import SqlCatalog

MIN_LENGTH = 16
DEFAULT_TENANT = "default"


class WorkerKey:
    """Checks `TURNWISE_OBSERVABILITY_KEY`.

    Who holds it may write to a session of any tenant; a session that nobody knows is begun in the
    project `default` of the tenant `default`.

    Raises:
        Misconfigured: the key is too short.
    """

    def __init__(self, settings: Settings, catalog: SqlCatalog):
        key = settings.observability_key
        self._key = key.get_secret_value().encode() if key else None
        self._catalog = catalog
        if self._key is not None and len(self._key) < MIN_LENGTH:
            raise Misconfigured(
                f"TURNWISE_OBSERVABILITY_KEY must have at least {MIN_LENGTH} characters."
            )

    async def caller(self, presented: str) -> Caller | None:
        """Who holds this key; None when it is not the one that is set."""
        if self._key is None or not hmac.compare_digest(
            self._key, presented.encode(errors="surrogatepass")
        ):
            return None
        return await asyncio.to_thread(self._widened)

    def _widened(self) -> Caller | None:
        tenant = self._catalog.admin.tenants.named(DEFAULT_TENANT)
        owner = self._catalog.admin.users.first_owner(tenant.id)
        caller = self._catalog.caller_by_user(owner.uid) if owner else None
        if caller is None:
            return None
        everywhere = self._catalog.admin.sessions.projects_of(None)
        others = [each for each in everywhere if each not in caller.project_ids]
        return replace(
            caller,
            project_ids=(*caller.project_ids, *others),
            scopes=frozenset({Scope.INGEST}),
        )
