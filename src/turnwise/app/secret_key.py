"""The server's own secret: signs log-in tokens and links, one derived key for each purpose."""

import hmac
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from turnwise.app.config import Settings
from turnwise.model.errors import Misconfigured

FILE_NAME = "secret-key"
MIN_LENGTH = 16


def load_secret_key(settings: Settings) -> bytes:
    """TURNWISE_SECRET_KEY, or else the key in the data folder, made there (mode 600) when absent.

    Of several processes that start at once the first one's key is everybody's.

    Raises:
        Misconfigured: the key is too short, or its file can be neither read nor made.
    """
    if settings.secret_key is not None:
        key = settings.secret_key.get_secret_value().encode()
        where = "TURNWISE_SECRET_KEY"
    else:
        path = settings.data_dir / FILE_NAME
        where = f"The key file {path}"
        try:
            settings.data_dir.mkdir(parents=True, exist_ok=True)
            key = _kept(path)
        except OSError as error:
            raise Misconfigured(f"{where} cannot be used: {error.strerror}.") from error
    if len(key) < MIN_LENGTH:
        raise Misconfigured(f"{where} must hold at least {MIN_LENGTH} characters.")
    return key


def derived_key(secret_key: bytes, purpose: str) -> bytes:
    """A key for one purpose, which tells nothing of the secret or of other purposes' keys."""
    return hmac.digest(secret_key, f"turnwise {purpose}".encode(), sha256)


def _kept(path: Path) -> bytes:
    """The file's key. A new one gets its name only when it is whole, so nobody reads half a key."""
    if not path.exists():
        half_made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(half_made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):  # another process was first
                os.link(half_made, path)
        finally:
            half_made.unlink()
    return path.read_bytes().strip()
