"""The seam to the catalog: what the flow and the surfaces need of tenants, projects and prices."""

from collections.abc import Collection, Sequence
from typing import Protocol

from turnwise.model.ids import ProjectId
from turnwise.model.price import PriceRow
from turnwise.model.tenancy import Agent, ApiKey, Caller, ProjectChanges, ProjectDetails, Tenant


class Catalog(Protocol):
    """Tenants, users, keys, projects, agents and prices, as the server uses them.

    Synchronous: called in a worker thread.
    """

    def caller_by_secret(self, secret: str, public_key: str | None = None) -> Caller | None:
        """Whoever holds this key; None when unknown, revoked, expired, or its user is inactive.

        With `public_key` the key's public half must be this one.
        """
        ...

    def project_named(self, tenant_id: str, name: str) -> ProjectId:
        """The tenant's project of this name, made when new."""
        ...

    def agents_met(self, project_id: ProjectId, slugs: Collection[str]) -> None:
        """Make agents that ingest has met; known ones stay as they are."""
        ...

    def agent(self, project_ids: Sequence[ProjectId], name: str) -> Agent | None:
        """An agent by public id, UUID, object id or slug."""
        ...

    def prices(self, project_id: ProjectId) -> Sequence[PriceRow]:
        """Users' own prices that hold for a project, which win over the built-in table."""
        ...

    def prices_stamp(self) -> tuple[int, int]:
        """Differs whenever any user's price has changed; cheap enough to be asked all the time."""
        ...


class ProjectBook(Protocol):
    """The caller's own projects and keys. Synchronous: called in a worker thread."""

    def tenant(self, caller: Caller) -> Tenant:
        """The caller's tenant."""
        ...

    def projects(self, caller: Caller) -> list[ProjectDetails]:
        """Every project of the tenant, the oldest first."""
        ...

    def project(self, caller: Caller, project_id: str) -> ProjectDetails:
        """A project by its UUID; raises NotFound."""
        ...

    def create_project(
        self, caller: Caller, name: str, fields: ProjectChanges, project_id: str | None
    ) -> ProjectDetails:
        """A new project; raises Conflict when the name or the id is taken."""
        ...

    def change_project(
        self, caller: Caller, project_id: str, changes: ProjectChanges
    ) -> ProjectDetails:
        """Change what is not None; raises NotFound and Conflict."""
        ...

    def delete_project(self, caller: Caller, project_id: str) -> ProjectId:
        """Forget a project; raises NotFound, and Conflict while keys write to it."""
        ...

    def keys(self, caller: Caller) -> list[ApiKey]:
        """Keys of the tenant (of the caller alone, unless the caller sees the whole tenant)."""
        ...

    def create_key(
        self, caller: Caller, name: str, *, read_only: bool, expires_ns: int | None
    ) -> tuple[ApiKey, str]:
        """A new key of the caller, no mightier than the caller, and its secret."""
        ...

    def revoke_key(self, caller: Caller, key_id: str) -> ApiKey:
        """Take back a key that `keys` shows; raises NotFound."""
        ...
