"""Where alerts go: addresses are credentials, kept sealed; and what proves that they are ours."""

import base64
from dataclasses import dataclass
from urllib.parse import urlsplit

from turnwise.app.fetching import AllowedHosts
from turnwise.app.sealing import Seal
from turnwise.app.secret_key import key_for
from turnwise.model.alerts import AlertRule
from turnwise.model.errors import BadInput


@dataclass(frozen=True, slots=True)
class AlertAddresses:
    """Seals and opens addresses, and makes the keys of signatures.

    Attributes:
        secret: the server's own.
        hosts: named hosts may be inside and without TLS; every other must be outside, over HTTPS.
    """

    secret: bytes
    hosts: AllowedHosts

    @property
    def _seal(self) -> Seal:
        return Seal(key_for(self.secret, "alert addresses"))

    def close(self, url: str, rule_id: str) -> bytes:
        """The address, sealed for one rule.

        Raises:
            BadInput: nothing is sent to such an address.
        """
        self.check(url)
        return self._seal.close(url, rule_id)

    def open(self, rule: AlertRule) -> str:
        """The address of a rule.

        Raises:
            BadInput: it cannot be opened, or nothing is sent there any more.
        """
        url = self._seal.open(rule.sealed_url, rule.id)
        if url is None:
            raise BadInput("The address was kept under another TURNWISE_SECRET_KEY; set it again.")
        self.check(url)
        return url

    def check(self, url: str) -> None:
        """Raises BadInput for an address to which nothing is sent."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise BadInput("url is malformed.") from error
        if not url.isascii() or not url.isprintable() or " " in url:
            raise BadInput(
                "url must be plain ASCII: a host in its xn-- form, other letters as %XX."
            )
        if not host or parts.scheme not in ("http", "https"):
            raise BadInput("url must be an address over HTTPS.")
        if parts.scheme != "https" and not self.hosts.trusts(host, port):
            raise BadInput("url must be over HTTPS, or its host be named in TURNWISE_FETCH_HOSTS.")

    def signing_key(self, rule_id: str) -> bytes:
        """What a rule's messages are signed with."""
        return key_for(self.secret, f"alert {rule_id}")

    def signing_secret(self, rule_id: str) -> str:
        """The same as whoever checks the signatures keeps it."""
        return "whsec_" + base64.b64encode(self.signing_key(rule_id)).decode()
