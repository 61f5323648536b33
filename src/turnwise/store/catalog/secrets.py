"""Keys and passwords: how they are made, kept and compared."""

import hmac
from enum import StrEnum
from functools import cache
from hashlib import sha256
from secrets import token_urlsafe

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from turnwise.store.catalog import checks

MIN_PASSWORD, MAX_PASSWORD = 8, 1024
_hasher = PasswordHasher()


class KeyStyle(StrEnum):
    """How a secret begins; every style works on every surface."""

    TURNWISE = "sk-tw-"
    PERSONA = "plabs_"
    PLAIN = "sk_"
    LANGSMITH_SERVICE = "lsv2_sk_"
    LANGSMITH_PERSONAL = "lsv2_pt_"


def new_secret(style: KeyStyle) -> str:
    """The style's prefix and 43 URL-safe characters, which hold 256 random bits."""
    return style + token_urlsafe(32)


def new_public_key() -> str:
    """The half of a key that may be seen: it names the key and opens nothing."""
    return "pk-tw-" + token_urlsafe(16)


def secret_hash(secret: str) -> bytes:
    """SHA-256 of a key's secret, by which it is looked up.

    A slow, salted hash protects texts that can be guessed. 256 random bits cannot be, at any
    speed, so one fast hash is enough, and being unsalted it can be an index. (What an operator
    puts into TURNWISE_API_KEY is only as good as its randomness.)
    """
    return sha256(secret.encode(errors="surrogatepass")).digest()


def preview(secret: str) -> str:
    """The first five and the last four characters, to recognise a key by."""
    return f"{secret[:5]}...{secret[-4:]}"


def same(one: str, other: str) -> bool:
    """Equality in a time that does not tell where two texts differ."""
    return hmac.compare_digest(
        one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass")
    )


def password_hash(password: str) -> str:
    """An argon2id hash with its own salt and parameters.

    Raises:
        BadInput: the password is too short or too long.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD or not checks.is_storable(password):
        checks.refuse(
            "password", f"password must have {MIN_PASSWORD} to {MAX_PASSWORD} characters."
        )
    return _hasher.hash(password)


def password_fits(hashed: str | None, password: str) -> bool:
    """Whether the password made this hash; takes as long when there is no hash at all."""
    try:
        _hasher.verify(hashed or _hash_of_nothing(), password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError, UnicodeEncodeError):
        return False
    return hashed is not None


@cache
def _hash_of_nothing() -> str:
    return _hasher.hash(token_urlsafe(32))
