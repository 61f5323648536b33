"""Secrets of others at rest: AES-256-GCM under a key of the server's own secret."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12
"""As NIST SP 800-38D 5.2.1.1 recommends; random, which holds for 2^32 secrets under one key."""


class Seal:
    """Closes and opens secrets.

    Args:
        key: 32 bytes, kept elsewhere than what is sealed.
    """

    def __init__(self, key: bytes):
        self._cipher = AESGCM(key)

    def close(self, secret: str, owner: str) -> bytes:
        """The secret, encrypted; it opens for this owner only, wherever it is copied to."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, secret.encode(), owner.encode())

    def open(self, sealed: bytes, owner: str) -> str | None:
        """The secret; None when another key or another owner closed it, or it was changed."""
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, rest, owner.encode()).decode()
        except (InvalidTag, ValueError):
            return None
