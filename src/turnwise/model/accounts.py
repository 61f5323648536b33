"""People, their keys and their characters, as the surfaces need them; the application implements it.

Every method that takes a caller is confined to what that caller may touch; all else is NotFound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from turnwise.model.tenancy import Agent, ApiKey, Caller, User


@dataclass(frozen=True, slots=True)
class Tokens:
    """A log-in's two tokens: one to call with, and one to get the next of the first kind."""

    access: str
    refresh: str

    def __repr__(self) -> str:
        return "Tokens()"


@dataclass(frozen=True, slots=True)
class Member:
    """A user and the slug of their tenant."""

    user: User
    tenant: str


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key and its secret, which is known at this moment only."""

    key: ApiKey
    secret: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.key.id!r})"


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A person's session in a browser.

    Attributes:
        token: the cookie's value.
        csrf: what its pages send along with every write.
    """

    token: str
    csrf: str
    lasts_seconds: int

    def __repr__(self) -> str:
        return "BrowserSession()"


class BrowserAccounts(Protocol):
    """Log-in to the pages, and the first owner of a new server."""

    async def is_new(self) -> bool:
        """Whether nobody can log in yet, so that whoever comes first becomes the owner."""
        ...

    async def become_owner(self, email: str, password: str, address: str) -> Member:
        """The first owner, in tenant `default`.

        Raises:
            Conflict: somebody can log in already.
            BadInput: the address or the password is malformed.
            TooManyRequests: too many from this network address.
        """
        ...

    async def log_in(
        self, email: str, password: str, tenant: str | None, address: str
    ) -> Member | None:
        """See Accounts.log_in."""
        ...

    async def member(self, caller: Caller) -> Member:
        """The user behind a request."""
        ...

    async def begin_session(self, member: Member) -> BrowserSession:
        """A new session for somebody who has proved who they are."""
        ...

    async def end_session(self, caller: Caller) -> None:
        """End the session that the caller came with; its cookie holds nowhere any more."""
        ...

    async def end_sessions(self, caller: Caller) -> None:
        """End all sessions of the caller, in whatever browser.

        Raises:
            Forbidden: the caller came with another credential than a session of the pages.
        """
        ...

    async def browsers(self, caller: Caller) -> int:
        """In how many browsers the caller is logged in."""
        ...

    async def change_password(self, caller: Caller, old: str, new: str, address: str) -> None:
        """Another password; the caller's sessions end, but for the one they came with.

        Raises:
            Forbidden: the caller came with another credential than a session of the pages.
            BadInput: the old password is wrong, or the new one malformed.
            TooManyRequests: too many wrong ones from this network address.
        """
        ...


class Accounts(Protocol):
    """Log-in and the caller's own keys."""

    async def sign_up(self, email: str, password: str, name: str, address: str) -> Member:
        """A new user who owns a new tenant.

        Raises:
            Forbidden: the operator does not want this.
            BadInput: the address is taken, or something is malformed.
            TooManyRequests: too many from this network address.
        """
        ...

    async def log_in(
        self, email: str, password: str, tenant: str | None, address: str
    ) -> Member | None:
        """The user with this password, None when there is none.

        Raises:
            TooManyRequests: too many failures for this e-mail from this network address.
        """
        ...

    def tokens(self, member: Member) -> Tokens:
        """New tokens for somebody who has proved who they are."""
        ...

    async def refreshed(self, refresh: str) -> str | None:
        """A new access token for a refresh token that holds, None for any other text."""
        ...

    async def member(self, caller: Caller) -> Member:
        """The user behind a request."""
        ...

    async def keys(self, caller: Caller) -> Sequence[ApiKey]:
        """The caller's own keys, the oldest first; revoked ones are gone."""
        ...

    async def key(self, caller: Caller, key_id: str) -> ApiKey:
        """One of the caller's keys."""
        ...

    async def create_key(self, caller: Caller, name: str, *, is_active: bool) -> IssuedKey:
        """A new key with the caller's own scopes."""
        ...

    async def change_key(
        self, caller: Caller, key_id: str, name: str | None, is_active: bool | None
    ) -> ApiKey:
        """Rename a key, or let it rest; None leaves as it is."""
        ...

    async def revoke_key(self, caller: Caller, key_id: str) -> None:
        """Take a key back for good."""
        ...


@dataclass(frozen=True, slots=True)
class Character:
    """An agent that somebody has made, with what they have said about it.

    Attributes:
        tenant: slug of its tenant.
        config: prompts, models and voice, as they came.
        allowed_origins: URL prefixes from which a browser may start a session.
    """

    agent: Agent
    tenant: str
    config: Mapping[str, Any]
    allowed_origins: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterChanges:
    """What to say about a character; None leaves a field as it is.

    Attributes:
        config: replaces all of it.
    """

    name: str | None = None
    config: Mapping[str, Any] | None = None
    allowed_origins: tuple[str, ...] | None = None
    is_active: bool | None = None


class Characters(Protocol):
    """Agents that people made. Staff may touch everybody's, others their own."""

    async def create(self, caller: Caller, slug: str, said: CharacterChanges) -> Character:
        """A new character of the caller, in the project of their credential.

        Owners and admins may also adopt an agent that ingest has met and nobody made.

        Raises:
            Conflict: the project has an agent of this slug.
        """
        ...

    async def all(self, caller: Caller) -> Sequence[Character]:
        """Those that the caller may touch, by slug."""
        ...

    async def get(self, caller: Caller, slug: str) -> Character:
        """One that the caller may touch."""
        ...

    async def change(self, caller: Caller, slug: str, said: CharacterChanges) -> Character:
        """Change one that the caller may touch."""
        ...

    async def release(self, caller: Caller, slug: str) -> None:
        """Delete a character: what is left is an inactive agent that nobody made."""
        ...

    async def known(self, slug: str) -> Sequence[Character]:
        """Every tenant's active characters of this slug or id, the oldest first."""
        ...


class TenantAgents(Protocol):
    """Agents of the caller's tenant, also those that ingest has met.

    Everybody of the tenant sees them; owners and admins change all of them, members their own.
    """

    async def visible(self, caller: Caller) -> Sequence[Character]:
        """All of them, by slug."""
        ...

    async def find(self, caller: Caller, name: str) -> Character:
        """One by public id, UUID, object id or slug."""
        ...

    async def add(self, caller: Caller, slug: str, said: CharacterChanges) -> Character:
        """A new one of the caller; under another slug when this one is taken."""
        ...

    async def amend(self, caller: Caller, name: str, said: CharacterChanges) -> Character:
        """Change one.

        Raises:
            Forbidden: a member did not make it.
        """
        ...

    async def remove(self, caller: Caller, name: str) -> None:
        """Delete one; raises as `amend`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FormResponse:
    """What a person has filled in during a session."""

    id: int
    agent_id: str
    form_id: str
    session_id: str
    values: Mapping[str, Any] = field(default_factory=dict)
    created_ns: int = 0


class FormResponses(Protocol):
    """Forms that were filled in, by character."""

    async def add(
        self, caller: Caller, character: Character, form_id: str, session_id: str, values: Any
    ) -> FormResponse:
        """Keep a response."""
        ...

    async def all(
        self,
        character: Character,
        session_id: str | None,
        form_id: str | None,
        limit: int,
        offset: int,
    ) -> Sequence[FormResponse]:
        """Responses of a character, the newest first."""
        ...
