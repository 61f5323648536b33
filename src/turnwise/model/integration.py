"""Credentials of carriers and media servers, each of which speaks for one project."""

from dataclasses import dataclass, field
from enum import StrEnum

from turnwise.model.ids import ProjectId, TenantId

SHARED_KEY = "webhooks_sharedkey_"
"""How the ids of Twilio's shared keys begin, which sign callbacks instead of an account's token."""


class IntegrationKind(StrEnum):
    """Whose credentials they are."""

    LIVEKIT = "livekit"
    TWILIO = "twilio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One pair of key and secret.

    Attributes:
        key: LiveKit's API key; Twilio's account SID, or the id of a shared key. It names one
            project: no two integrations of a kind have the same.
        sealed_secret: the secret, encrypted; only the server's own secret opens it.
    """

    id: str
    tenant_id: TenantId
    project_id: ProjectId
    kind: IntegrationKind
    key: str
    sealed_secret: bytes = field(repr=False)
    created_ns: int
