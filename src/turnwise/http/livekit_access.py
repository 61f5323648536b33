"""Access tokens of a LiveKit server, for the ways in that send callers to it."""

from dataclasses import dataclass

import jwt

TOKEN_SECONDS = 3_600
"""How long a caller may take to join."""


@dataclass(frozen=True, slots=True)
class LiveKitAccess:
    """Where callers are sent, and what their tokens are signed with; empty means not configured."""

    url: str = ""
    api_key: str = ""
    api_secret: str = ""

    def token(self, identity: str, room: str, now_s: int, metadata: str = "") -> str:
        """A LiveKit access token for one room, or "" when no credentials are configured.

        The agent finds `metadata` with the participant; the caller can read it too.
        """
        if not (self.api_key and self.api_secret):
            return ""
        claims = {
            "iss": self.api_key,
            "sub": identity,
            "nbf": now_s,
            "exp": now_s + TOKEN_SECONDS,
            "video": {"roomJoin": True, "room": room},
        }
        if metadata:
            claims["metadata"] = metadata
        return jwt.encode(claims, self.api_secret, algorithm="HS256")
