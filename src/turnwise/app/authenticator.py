"""Credentials become callers by a look-up in the catalog."""

import asyncio

from turnwise.http.auth import Credential
from turnwise.model.ports import Catalog
from turnwise.model.tenancy import Caller


class CatalogAuthenticator:
    """Implements http.auth.Authenticator."""

    def __init__(self, catalog: Catalog):
        self._catalog = catalog

    async def caller(self, credential: Credential) -> Caller | None:
        """Whoever holds the credential, None when nobody does (any more)."""
        return await asyncio.to_thread(
            self._catalog.caller_by_secret, credential.secret, credential.public_key
        )
