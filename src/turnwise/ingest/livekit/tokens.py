"""LiveKit's tokens: HS256 by an API secret, whose key names the issuer.

Both LiveKit's own upload (clients.md 4.5) and its server's webhooks (8) carry one.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import jwt

from turnwise.http.auth import INVALID, MISSING
from turnwise.model.batch import Sender
from turnwise.model.errors import Unauthenticated

_LONGEST = 8_192
_LEEWAY_SECONDS = 60
"""How far the clocks of sender and receiver may be apart."""


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who signs with an API secret, and where what they send goes."""

    secret: str
    sender: Sender

    def __repr__(self) -> str:
        return f"Issuer(sender={self.sender!r})"


IssuerNamed = Callable[[str], Awaitable[Issuer | None]]
"""The issuer with this API key; None when there is none (any more)."""


async def verified(token: str, issuer_named: IssuerNamed) -> tuple[Issuer, dict[str, Any]]:
    """The issuer of a token and what it claims.

    Raises:
        Unauthenticated: no token, an unknown issuer, a wrong signature, or it has expired.
    """
    if not token:
        raise Unauthenticated("Send a LiveKit token in Authorization.", code=MISSING)
    try:
        if len(token) > _LONGEST:
            raise jwt.InvalidTokenError
        named = jwt.decode(token, options={"verify_signature": False}).get("iss")
        issuer = await issuer_named(named) if isinstance(named, str) and named else None
        if issuer is None:
            raise jwt.InvalidTokenError
        claims = jwt.decode(
            token,
            issuer.secret,
            algorithms=["HS256"],
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss"], "verify_aud": False},
        )
    except jwt.PyJWTError as error:
        # one answer for all reasons, so that nobody learns which keys exist
        raise Unauthenticated("The token does not hold.", code=INVALID) from error
    return issuer, claims
