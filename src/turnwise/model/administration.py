"""What owners and admins arrange for their tenant: people, keys, projects, integrations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from turnwise.model.accounts import IssuedKey
from turnwise.model.ids import ProjectId
from turnwise.model.integration import Integration, IntegrationKind
from turnwise.model.tenancy import ApiKey, Caller, ProjectPolicy, Role, Scope, User


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the log.

    Attributes:
        action: a slug such as "key.revoked".
        tenant_id: None for what concerns no tenant.
        target: the kind and id of what was acted upon, such as "key 4f…".
        details: what changed; never a secret.
    """

    id: int
    at_ns: int
    actor: str
    actor_user_id: int | None
    action: str
    tenant_id: str | None
    target: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Sessions that something came in for, by what their senders speak ("livekit", ...).

    Attributes:
        last_arrival_ns: when the newest of it came in.
        unpriced: observations with usage of models that no price is known for.
    """

    source: str
    sessions: int
    last_arrival_ns: int
    unpriced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What one process has taken from one kind of sender since it started.

    Attributes:
        batches: requests that carried something.
        last_ns: when the last of them came.
        lag_ns: how long before the last batch came its newest instant lay; None where a batch
            names no instants.
        last_refusal: why the last record that was refused was; None while none was.
    """

    source: str
    batches: int
    records: int
    refused: int
    last_ns: int
    lag_ns: int | None = None
    last_refusal: str | None = None


class Administration(Protocol):
    """The catalog in the name of a caller; synchronous, called in a worker thread.

    What another tenant has is the same NotFound as what does not exist.
    """

    def keys(self, caller: Caller) -> Sequence[tuple[ApiKey, str]]:
        """Keys that are not revoked, with their owners' addresses.

        With the scope `admin` all of the tenant, else the caller's own.
        """
        ...

    def create_key(
        self,
        caller: Caller,
        project_id: ProjectId,
        name: str,
        scopes: frozenset[Scope],
        expires_ns: int | None,
    ) -> IssuedKey:
        """A key of the caller's own.

        Raises:
            BadInput: the name is malformed, there is no scope, or the expiry has passed.
            Forbidden: a scope is one that the caller lacks.
        """
        ...

    def revoke_key(self, caller: Caller, key_id: str) -> None:
        """Take a key that `keys` shows back for good.

        Raises:
            NotFound: there is none.
        """
        ...

    def members(self, caller: Caller) -> Sequence[User]:
        """Everybody of the tenant, by number."""
        ...

    def add_member(self, caller: Caller, email: str, password: str, role: Role) -> User:
        """A new user, who logs in with this password.

        Raises:
            Conflict: the tenant has a user with this address.
            BadInput: the address or the password is malformed.
            Forbidden: only an owner makes owners.
        """
        ...

    def change_member(
        self, caller: Caller, user_id: int, role: Role | None, is_active: bool | None
    ) -> User:
        """Another role, or in or out; None leaves as it is.

        Raises:
            NotFound: the tenant has no such user.
            Conflict: the tenant would have no active owner, or callers would lock themselves out.
            Forbidden: only an owner makes or changes owners.
        """
        ...

    def policy(self, project_id: ProjectId) -> ProjectPolicy:
        """What a project keeps."""
        ...

    def set_policy(self, caller: Caller, project_id: ProjectId, policy: ProjectPolicy) -> None:
        """Say what a project keeps.

        Raises:
            BadInput: the days are none that a retention can have.
        """
        ...

    def integrations(self, caller: Caller, project_id: ProjectId) -> Sequence[Integration]:
        """Those of a project, the oldest first."""
        ...

    def add_integration(
        self, caller: Caller, project_id: ProjectId, kind: IntegrationKind, key: str, secret: str
    ) -> Integration:
        """Keep a pair for a project.

        Raises:
            Conflict: the key is known already.
            BadInput: the key or the secret is malformed.
        """
        ...

    def remove_integration(self, caller: Caller, integration_id: str) -> None:
        """Forget a pair.

        Raises:
            NotFound: there is none.
        """
        ...

    def audit(self, caller: Caller, before_id: int | None, limit: int) -> Sequence[AuditEntry]:
        """What was done in the tenant, the newest first, from before an entry shown."""
        ...
