"""Which web pages may call: URL prefixes that end where a part of the address ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class _Address:
    scheme: str
    host: str
    port: int
    path: str


def is_allowed_origin_form(text: str) -> bool:
    """Whether the text is a prefix that `is_allowed` can ever match."""
    return _address(text) is not None


def is_allowed(origin: str | None, page: str | None, allowed: Iterable[str]) -> bool:
    """Whether a request from this origin matches one of the prefixes; none of them blocks all.

    Scheme, host and port must be the same. A prefix with a path also needs the page's address, on
    that same origin, with the path at or below it.

    Args:
        origin: the Origin header; without it nothing is allowed.
        page: the address of the page as far as it is known.
        allowed: the prefixes.
    """
    here = _address(origin or "")
    if here is None:
        return False
    there = _address(page or "")
    if there is not None and _site(there) != _site(here):
        there = None
    for prefix in map(_address, allowed):
        if prefix is None or _site(prefix) != _site(here):
            continue
        if not prefix.path:
            return True
        if there is not None and f"{there.path}/".startswith(f"{prefix.path}/"):
            return True
    return False


def _site(address: _Address) -> tuple[str, str, int]:
    return address.scheme, address.host, address.port


def _address(text: str) -> _Address | None:
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS or not parts.hostname or parts.username or parts.password:
        return None
    path = parts.path.rstrip("/")
    if ".." in path.split("/"):
        return None
    return _Address(scheme, parts.hostname.lower(), port or _DEFAULT_PORTS[scheme], path)
