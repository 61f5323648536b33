"""Who signs LiveKit's tokens: pairs of key and secret that this server knows in clear.

These are the LiveKit credentials of the settings and the bootstrap key. Of all other keys only a
hash is kept, and a hash cannot check a signature.
"""

import asyncio

from turnwise.app.config import Settings
from turnwise.ingest.livekit.tokens import Issuer, IssuerNamed
from turnwise.model.batch import Sender
from turnwise.model.tenancy import Scope
from turnwise.store.catalog import SqlCatalog


def livekit_issuers(settings: Settings, catalog: SqlCatalog) -> IssuerNamed:
    """The look-up of issuers; what they send goes to the default project."""
    bootstrap = settings.api_key.get_secret_value() if settings.api_key else ""
    secret = settings.livekit_api_secret.get_secret_value() if settings.livekit_api_secret else ""
    server = settings.livekit_api_key if secret else ""

    def look_up(name: str) -> Issuer | None:
        if server and name == server:
            defaults = catalog.ensure_defaults()
            return Issuer(secret, Sender(defaults.project_id, defaults.owner.id))
        if bootstrap and name == settings.public_key:
            # the catalog knows whether the key still stands
            caller = catalog.caller_by_secret(bootstrap, name)
            if caller is not None and Scope.INGEST in caller.scopes:
                return Issuer(bootstrap, Sender(caller.project_id, caller.user_id))
        return None

    async def issuer_named(name: str) -> Issuer | None:
        return await asyncio.to_thread(look_up, name)

    return issuer_named
