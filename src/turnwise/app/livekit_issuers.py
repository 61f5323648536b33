"""Who signs LiveKit's tokens: pairs of key and secret that this server knows in clear.

These are the integrations of the catalog, each for its project, and for the default project the
LiveKit credentials of the settings and the bootstrap key. Of all other keys only a hash is kept, and a
hash cannot check a signature.
"""

import asyncio

from turnwise.app.config import Settings
from turnwise.app.integrations import OpenIntegrations
from turnwise.ingest.livekit.tokens import Issuer, IssuerNamed
from turnwise.model.batch import Sender
from turnwise.model.integration import IntegrationKind
from turnwise.model.tenancy import Scope
from turnwise.store.catalog import SqlCatalog


def livekit_issuers(
    settings: Settings, catalog: SqlCatalog, integrations: OpenIntegrations
) -> IssuerNamed:
    """The look-up of issuers; what an integration says of a key goes before the settings."""
    bootstrap = settings.api_key.get_secret_value() if settings.api_key else ""
    secret = settings.livekit_api_secret.get_secret_value() if settings.livekit_api_secret else ""
    server = settings.livekit_api_key if secret else ""

    def look_up(name: str) -> Issuer | None:
        found = integrations.find(IntegrationKind.LIVEKIT, name)
        if found is not None:
            integration, own_secret = found
            owner = catalog.admin.users.first_owner(integration.tenant_id)
            return Issuer(own_secret, Sender(integration.project_id, owner.id if owner else 0))
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
