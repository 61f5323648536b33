"""Who is asking: one order of credentials for every surface."""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from starlette.requests import Request

from turnwise.model.errors import Forbidden, Unauthenticated
from turnwise.model.tenancy import Caller, Scope

MISSING = "missing_credential"
MALFORMED = "malformed_credential"
INVALID = "invalid_credential"

SESSION_COOKIE = "turnwise_session"
CSRF_HEADER = "x-csrf-token"

_LONGEST = 8_192
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class CredentialKind(StrEnum):
    """Where in the request a credential was found."""

    API_KEY = "api_key"
    BASIC = "basic"
    BEARER = "bearer"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Credential:
    """A credential as presented.

    Attributes:
        public_key: the user name of Basic; the key's public half must be this one.
    """

    secret: str
    public_key: str | None
    kind: CredentialKind

    def __repr__(self) -> str:
        return f"Credential(kind={self.kind.value!r})"


class Authenticator(Protocol):
    """What the application puts at `app.state.authenticator`."""

    async def caller(self, credential: Credential) -> Caller | None:
        """Whoever holds the credential, None when nobody does (any more)."""
        ...

    def csrf_token(self, session: str) -> str:
        """What a page of ours sends along with every write of this cookie session."""
        ...


def credential_of(request: Request) -> Credential:
    """The first credential of: X-API-Key, Authorization Basic, Authorization Bearer, UI cookie.

    Raises:
        Unauthenticated: there is none (code "missing_credential"), or the first one cannot be
            read ("malformed_credential"); a later one is then not looked at.
    """
    api_key = request.headers.get("x-api-key")
    if api_key is not None:
        return Credential(_checked(api_key.strip(), "X-API-Key"), None, CredentialKind.API_KEY)
    authorization = request.headers.get("authorization")
    if authorization is None and (session := request.cookies.get(SESSION_COOKIE)):
        return Credential(_checked(session, "The cookie"), None, CredentialKind.COOKIE)
    if authorization is None:
        raise Unauthenticated(
            "Send a key as X-API-Key, as Authorization: Bearer, or as Authorization: Basic "
            "with public and secret key.",
            code=MISSING,
        )
    scheme, _, rest = authorization.strip().partition(" ")
    if scheme.lower() == "basic":
        return _basic(rest.strip())
    if scheme.lower() == "bearer":
        secret = _checked(rest.strip(), "Authorization: Bearer")
        return Credential(secret, None, CredentialKind.BEARER)
    raise Unauthenticated("Authorization must be Basic or Bearer.", code=MALFORMED)


def _basic(encoded: str) -> Credential:
    try:
        pair = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Unauthenticated(
            "Authorization: Basic is not base64 of public:secret.", code=MALFORMED
        ) from error
    public, colon, secret = pair.partition(":")
    if not colon:
        raise Unauthenticated("Authorization: Basic lacks its colon.", code=MALFORMED)
    return Credential(_checked(secret, "Authorization: Basic"), public, CredentialKind.BASIC)


def _checked(secret: str, where: str) -> str:
    if not secret:
        raise Unauthenticated(f"{where} is empty.", code=MALFORMED)
    if len(secret) > _LONGEST:
        raise Unauthenticated(f"{where} is too long.", code=MALFORMED)
    return secret


async def require_caller(request: Request, scope: Scope) -> Caller:
    """Whoever sent the request, with the given scope.

    Raises:
        Unauthenticated: no credential or one that does not hold (code "invalid_credential").
        Forbidden: the credential lacks the scope, or another site's page sent the cookie.
    """
    authenticator: Authenticator = request.app.state.authenticator
    credential = credential_of(request)
    caller = await authenticator.caller(credential)
    if caller is None:
        raise Unauthenticated("The key is unknown, expired or revoked.", code=INVALID)
    if credential.kind is CredentialKind.COOKIE and request.method not in _SAFE_METHODS:
        sent = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(
            sent.encode(), authenticator.csrf_token(credential.secret).encode()
        ):
            raise Forbidden(f"The header {CSRF_HEADER} is missing or wrong.", code="bad_csrf_token")
    caller.require(scope)
    return caller


def with_scope(scope: Scope) -> Callable[[Request], Awaitable[Caller]]:
    """The same as a dependency of FastAPI, which thereby comes before the check of parameters."""

    async def caller(request: Request) -> Caller:
        return await require_caller(request, scope)

    return caller
