"""Log-in tokens: those that this server makes, and those of an outside identity provider."""

import json
import time
from collections.abc import Callable
from hmac import digest
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import uuid4

import httpx2
import jwt

from turnwise.app.config import Settings
from turnwise.app.secret_key import key_for
from turnwise.model.accounts import Tokens
from turnwise.model.errors import Busy, Misconfigured

ISSUER = "turnwise"
ACCESS, REFRESH, SESSION = "access", "refresh", "session"
ACCESS_SECONDS = 10 * 86_400
REFRESH_SECONDS = 30 * 86_400
SESSION_SECONDS = 14 * 86_400

_KEYS_KEPT_SECONDS = 600
_RETRY_SECONDS = 30
_FETCH_SECONDS = 5
_MAX_JWKS_BYTES = 1024 * 1024
_MIN_SECRET = 32
_LEEWAY_SECONDS = 30
_PUBLIC_KEY_ALGORITHMS = ("RS256", "ES256")

Clock = Callable[[], float]


class OwnTokens:
    """Makes and checks this server's tokens (HS256, a key derived from the server's secret)."""

    def __init__(self, secret_key: bytes, now: Clock = time.time):
        self._key = key_for(secret_key, "log-in tokens")
        self._csrf_key = key_for(secret_key, "csrf tokens")
        self._now = now

    def both(self, uid: str) -> Tokens:
        """Tokens for the user with this UUID."""
        return Tokens(self.access(uid), self._made(uid, REFRESH, REFRESH_SECONDS))

    def access(self, uid: str) -> str:
        """A token to call with."""
        return self._made(uid, ACCESS, ACCESS_SECONDS)

    def session(self, uid: str, session_id: str) -> str:
        """A token for the cookie of a browser; good nowhere else."""
        return self._made(uid, SESSION, SESSION_SECONDS, session_id)

    def csrf_token(self, session: str) -> str:
        """What only pages of this server can know of a cookie session."""
        return digest(self._csrf_key, session.encode(), "sha256").hex()

    def uid_of(self, token: str, kind: str) -> str | None:
        """Whose token of this kind it is; None when it does not hold."""
        claims = self._claims_of(token, kind)
        return None if claims is None else str(claims["sub"])

    def session_of(self, token: str) -> tuple[str, str] | None:
        """Whose cookie it is, and of which session; None when it does not hold."""
        claims = self._claims_of(token, SESSION)
        return None if claims is None else (str(claims["sub"]), str(claims.get("jti")))

    def _claims_of(self, token: str, kind: str) -> dict[str, Any] | None:
        claims = _claims(
            token,
            self._key,
            "HS256",
            issuer=ISSUER,
            options={"require": ["exp", "iat", "sub"], "verify_exp": False, "verify_iat": False},
        )
        if claims is None or claims.get("token_type") != kind:
            return None
        expiry = claims["exp"]
        is_live = isinstance(expiry, int) and self._now() < expiry
        return claims if is_live else None

    def _made(self, uid: str, kind: str, seconds: int, token_id: str | None = None) -> str:
        now = int(self._now())
        claims = {
            "iss": ISSUER,
            "sub": uid,
            "token_type": kind,
            "iat": now,
            "exp": now + seconds,
            "jti": token_id or uuid4().hex,
        }
        return jwt.encode(claims, self._key, algorithm="HS256")


class PublicKeys:
    """The public keys of an identity provider, from a JWKS file or address.

    They are kept for ten minutes; a key id that is not among them asks again at once, as after a
    rotation, but such ids do so at most twice a minute. While the address does not answer, the keys
    that were known go on to hold.
    """

    def __init__(self, source: str, now: Clock = time.monotonic):
        self._source = source
        self._now = now
        self._lock = Lock()
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._loaded: float | None = None
        self._tried: float | None = None
        self._missed: float | None = None

    def key(self, key_id: str | None) -> jwt.PyJWK | None:
        """The key of this id; without an id the only one there is.

        Raises:
            Busy: no key has ever been loaded, and the source does not answer.
        """
        with self._lock:
            now = self._now()
            if self._loaded is None or now - self._loaded > _KEYS_KEPT_SECONDS:
                self._load(now)
            found = self._find(key_id)
            if found is None and self._loaded != now and not _is_recent(self._missed, now):
                self._missed = now
                self._ask(now)
                found = self._find(key_id)
            return found

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(key_id)

    def _load(self, now: float) -> None:
        if not _is_recent(self._tried, now):
            self._ask(now)
        elif self._loaded is None:
            raise Busy("The identity provider's keys cannot be had.", retry_after_seconds=30)

    def _ask(self, now: float) -> None:
        self._tried = now
        try:
            self._keys = _usable(json.loads(self._read()))
        except (OSError, ValueError, httpx2.HTTPError) as error:
            if self._loaded is None:
                raise Busy(
                    "The identity provider's keys cannot be had.", retry_after_seconds=30
                ) from error
            return
        self._loaded = now

    def _read(self) -> bytes:
        if not self._source.startswith(("http://", "https://")):
            return Path(self._source.removeprefix("file://")).read_bytes()
        pieces = bytearray()
        with httpx2.stream("GET", self._source, timeout=_FETCH_SECONDS) as answer:
            answer.raise_for_status()
            for piece in answer.iter_bytes():
                pieces += piece
                if len(pieces) > _MAX_JWKS_BYTES:
                    raise ValueError("The key set is too large.")
        return bytes(pieces)


def _is_recent(instant: float | None, now: float) -> bool:
    return instant is not None and now - instant < _RETRY_SECONDS


def _usable(key_set: Any) -> dict[str | None, jwt.PyJWK]:
    """The signature keys of the two algorithms; shared secrets in a public set are none."""
    found: dict[str | None, jwt.PyJWK] = {}
    entries = key_set.get("keys") if isinstance(key_set, dict) else None
    if not isinstance(entries, list):
        raise ValueError("This is no key set.")  # noqa: TRY004 -- one kind of failure for all
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("kty") not in ("RSA", "EC"):
            continue
        if entry.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(entry)
        except (jwt.PyJWTError, ValueError, KeyError, TypeError):
            continue
        if key.algorithm_name in _PUBLIC_KEY_ALGORITHMS:
            found[key.key_id] = key
    return found


class OutsideTokens:
    """Checks tokens of the identity provider that the settings name."""

    def __init__(self, issuer: str, audience: str, secret: str | None, keys: PublicKeys | None):
        self._issuer = issuer or None
        self._audience = audience or None
        self._secret = secret
        self._keys = keys

    def email_of(self, token: str) -> str | None:
        """The verified e-mail address that the token states; None when it does not hold.

        Which algorithm may be used is decided by the key that is configured, never by the token.
        """
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
        except jwt.PyJWTError:
            return None
        claims = None
        if self._secret is not None:
            claims = self._checked(token, self._secret, "HS256")
        if claims is None and self._keys is not None:
            found = self._keys.key(key_id if isinstance(key_id, str) else None)
            if found is not None:
                claims = self._checked(token, found.key, str(found.algorithm_name))
        if claims is None or claims.get("email_verified") is False:
            return None
        email = claims.get("email")
        return email if isinstance(email, str) and email else None

    def _checked(self, token: str, key: Any, algorithm: str) -> dict[str, Any] | None:
        return _claims(
            token,
            key,
            algorithm,
            issuer=self._issuer,
            audience=self._audience,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp"], "verify_aud": self._audience is not None},
        )


def outside_tokens(settings: Settings) -> OutsideTokens | None:
    """What the settings say of an identity provider, None when they say nothing.

    Raises:
        Misconfigured: they contradict each other, or the shared secret is too short.
    """
    secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    if not secret and not settings.jwt_jwks:
        if settings.jwt_issuer:
            raise Misconfigured(
                "TURNWISE_JWT_ISSUER needs TURNWISE_JWT_JWKS or TURNWISE_JWT_SECRET."
            )
        return None
    if settings.jwt_jwks and not settings.jwt_issuer:
        raise Misconfigured("TURNWISE_JWT_JWKS needs TURNWISE_JWT_ISSUER.")
    if settings.jwt_issuer == ISSUER:
        raise Misconfigured(f"TURNWISE_JWT_ISSUER must not be '{ISSUER}', which is this server.")
    if secret and len(secret) < _MIN_SECRET:
        raise Misconfigured(f"TURNWISE_JWT_SECRET must have at least {_MIN_SECRET} characters.")
    keys = PublicKeys(settings.jwt_jwks) if settings.jwt_jwks else None
    return OutsideTokens(settings.jwt_issuer, settings.jwt_audience, secret, keys)


def _claims(token: str, key: Any, algorithm: str, **checks: Any) -> dict[str, Any] | None:
    """The claims of a token that was signed with just this key by just this algorithm."""
    try:
        return jwt.decode(token, key, algorithms=[algorithm], **checks)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
