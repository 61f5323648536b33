"""Tokens as LiveKit's clients and servers make them."""

import base64
import hashlib
import time
from typing import Any

import jwt

KEY = "APIlampshop"
SECRET = "fake-secret-of-the-lamp-shop-for-tests"


def token(key: str = KEY, secret: str = SECRET, *, life_s: float = 21_600, **claims: Any) -> str:
    """A token that expires after `life_s` seconds."""
    now = int(time.time())
    standard = {"iss": key, "nbf": now - 10, "exp": now + int(life_s)}
    return jwt.encode({**standard, **claims}, secret, algorithm="HS256")


def upload_token(key: str = KEY, secret: str = SECRET, **claims: Any) -> str:
    """What an agent's own upload carries."""
    return token(key, secret, **{"observability": {"write": True}, **claims})


def webhook_token(body: bytes, key: str = KEY, secret: str = SECRET, **claims: Any) -> str:
    """What a server's webhook carries."""
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return token(key, secret, **{"sha256": digest, **claims})
