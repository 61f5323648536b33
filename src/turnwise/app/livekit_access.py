"""What tokens for LiveKit's rooms are signed with: a project's own pair, else the settings'."""

import asyncio

from turnwise.app.config import Settings
from turnwise.app.integrations import OpenIntegrations
from turnwise.http.livekit_access import LiveKitAccess, LiveKitPair
from turnwise.model.ids import ProjectId
from turnwise.model.integration import IntegrationKind


def livekit_access(
    settings: Settings, integrations: OpenIntegrations, default: ProjectId
) -> LiveKitAccess:
    """The access; `default` is the project that the credentials of the settings are for."""
    secret = settings.livekit_api_secret.get_secret_value() if settings.livekit_api_secret else ""
    key = settings.livekit_api_key

    async def pair_of(project_id: ProjectId) -> LiveKitPair | None:
        found = await asyncio.to_thread(integrations.first_of, project_id, IntegrationKind.LIVEKIT)
        return None if found is None else LiveKitPair(found[0].key, found[1])

    return LiveKitAccess(
        url=settings.livekit_url,
        pair_of=pair_of,
        shared=LiveKitPair(key, secret) if key and secret else None,
        shared_project=default,
    )
