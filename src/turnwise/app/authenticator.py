"""Credentials become callers: keys by a look-up in the catalog, tokens by their signature."""

import asyncio
import logging

from turnwise.app.tokens import ACCESS, OutsideTokens, OwnTokens
from turnwise.http.auth import Credential, CredentialKind
from turnwise.model.errors import BadInput, Conflict, NotFound
from turnwise.model.tenancy import Caller, Role, User
from turnwise.store.catalog import Actor, SqlCatalog

OUTSIDE = Actor("identity provider")
_DOTS_OF_A_TOKEN = 2
_LOG = logging.getLogger(__name__)


class CatalogAuthenticator:
    """Implements http.auth.Authenticator.

    A bearer is a key if the catalog knows it, else a token: one of ours, or one of the outside
    identity provider. The provider's user is the one with the token's e-mail address in the
    tenant of `TURNWISE_JWT_TENANT`, made there as a member when new.
    """

    def __init__(
        self,
        catalog: SqlCatalog,
        own: OwnTokens,
        outside: OutsideTokens | None = None,
        outside_tenant: str = "default",
    ):
        self._catalog = catalog
        self._own = own
        self._outside = outside
        self._outside_tenant = outside_tenant

    async def caller(self, credential: Credential) -> Caller | None:
        """Whoever holds the credential, None when nobody does (any more)."""
        return await asyncio.to_thread(self._caller, credential)

    def csrf_token(self, session: str) -> str:
        """See Authenticator.csrf_token."""
        return self._own.csrf_token(session)

    def _caller(self, credential: Credential) -> Caller | None:
        if credential.kind is CredentialKind.COOKIE:
            session = self._own.session_of(credential.secret)
            return None if session is None else self._catalog.caller_by_session(*session)
        found = self._catalog.caller_by_secret(credential.secret, credential.public_key)
        if found is not None or credential.kind is not CredentialKind.BEARER:
            return found
        if credential.secret.count(".") != _DOTS_OF_A_TOKEN:
            return None
        uid = self._own.uid_of(credential.secret, ACCESS)
        if uid is None and self._outside is not None:
            email = self._outside.email_of(credential.secret)
            user = self._outside_user(email) if email is not None else None
            uid = user.uid if user is not None else None
        return None if uid is None else self._catalog.caller_by_user(uid)

    def _outside_user(self, email: str) -> User | None:
        try:
            tenant_id = self._catalog.admin.tenants.named(self._outside_tenant).id
        except NotFound:
            _LOG.error("TURNWISE_JWT_TENANT names no tenant")
            return None
        users = self._catalog.admin.users
        try:
            return users.with_email(tenant_id, email)
        except NotFound:
            pass
        try:
            return users.create(tenant_id, email, None, Role.MEMBER, by=OUTSIDE)
        except Conflict:  # another request of the same person was first
            return users.with_email(tenant_id, email)
        except BadInput:
            return None
