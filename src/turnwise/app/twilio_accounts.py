"""Whose Twilio callbacks are taken, and what recordings are fetched with.

An integration of the catalog names its account and its project. The settings name a token without
an account: it serves the default project, for every account that no integration names.
"""

import asyncio
from collections.abc import Sequence

from turnwise.app.config import Settings
from turnwise.app.integrations import OpenIntegrations
from turnwise.ingest.twilio import Signer
from turnwise.model.ids import ProjectId
from turnwise.model.integration import SHARED_KEY, IntegrationKind


class TwilioAccounts:
    """The look-ups.

    Args:
        default: the project that the token of the settings serves.
    """

    def __init__(self, settings: Settings, integrations: OpenIntegrations, default: ProjectId):
        token = settings.twilio_auth_token
        self._token = token.get_secret_value() if token else ""
        self._integrations = integrations
        self._default = default

    async def signers(self, name: str) -> Sequence[Signer]:
        """Who may have signed in the name of an account ("" for none) or a shared key."""
        found = await asyncio.to_thread(self._integrations.find, IntegrationKind.TWILIO, name)
        if found is not None:
            integration, secret = found
            return [Signer(integration.project_id, secret)]
        if self._token and not name.startswith(SHARED_KEY):
            return [Signer(self._default, self._token)]
        return []

    async def token(self, project_id: ProjectId, account: str) -> str | None:
        """What this project shows Twilio for this account; None: nothing.

        Another project's callback may name any account, so only the project's own token is shown.
        """
        for signer in await self.signers(account):
            if signer.project_id == project_id:
                return signer.secret
        return None
