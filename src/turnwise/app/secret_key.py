"""The server's own secret, from the settings or from a file that only its user may read."""

import os
from hashlib import sha256
from hmac import digest
from pathlib import Path
from secrets import token_urlsafe

from turnwise.app.config import Settings
from turnwise.model.errors import Misconfigured

MIN_SECRET = 16
_FILE = "secret.key"


def secret_key(settings: Settings) -> bytes:
    """The secret of this server; made on the first start when the operator gives none.

    Raises:
        Misconfigured: it is too short, or the file can be neither read nor made; or none is given
            although other processes may share the stores, and would make others.
    """
    if settings.secret_key is not None:
        text = settings.secret_key.get_secret_value()
    elif settings.is_cluster:
        raise Misconfigured(
            "TURNWISE_SECRET_KEY is required beside TURNWISE_TELEMETRY_URL or TURNWISE_CATALOG_URL: "
            "every process on the same stores must have the same."
        )
    else:
        text = _kept(settings.data_dir / _FILE)
    if len(text) < MIN_SECRET:
        raise Misconfigured(f"TURNWISE_SECRET_KEY must have at least {MIN_SECRET} characters.")
    return text.encode()


def key_for(secret: bytes, purpose: str) -> bytes:
    """A key of its own for each purpose, so that what one signs means nothing to another."""
    return digest(secret, purpose.encode(), sha256)


def _kept(file: Path) -> str:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            _make(file)
        return file.read_text().strip()
    except OSError as error:
        raise Misconfigured(f"The secret key {file} cannot be kept: {error}") from error


def _make(file: Path) -> None:
    """Write it whole under another name first: nobody may read half a secret."""
    draft = file.with_name(f"{_FILE}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(descriptor, token_urlsafe(48).encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    try:
        # Unlike a rename, a link does not replace what another process has made meanwhile.
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
