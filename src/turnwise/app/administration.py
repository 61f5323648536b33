"""What owners and admins arrange, over the catalog, in the name of whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.app.integrations import OpenIntegrations
from turnwise.model.accounts import IssuedKey
from turnwise.model.administration import AuditEntry
from turnwise.model.errors import Conflict, Forbidden, NotFound
from turnwise.model.ids import ProjectId
from turnwise.model.integration import Integration, IntegrationKind
from turnwise.model.tenancy import ApiKey, Caller, ProjectPolicy, Role, Scope, User
from turnwise.store.catalog import Actor, SqlCatalog


@dataclass(frozen=True, slots=True)
class CatalogAdministration:
    """Implements model.administration.Administration."""

    catalog: SqlCatalog
    open_integrations: OpenIntegrations

    def keys(self, caller: Caller) -> Sequence[tuple[ApiKey, str]]:
        """See Administration.keys."""
        owner = None if Scope.ADMIN in caller.scopes else caller.user_id
        admin = self.catalog.admin
        emails = {user.id: user.email for user in admin.users.all(caller.tenant_id)}
        found = admin.keys.all(caller.tenant_id, owner, revoked_too=False)
        return [(key, emails[key.user_id]) for key in found]

    def create_key(
        self,
        caller: Caller,
        project_id: ProjectId,
        name: str,
        scopes: frozenset[Scope],
        expires_ns: int | None,
    ) -> IssuedKey:
        """See Administration.create_key."""
        if not scopes <= caller.scopes:
            raise Forbidden("You cannot give a key more than you may do yourself.")
        made = self.catalog.admin.keys.create(
            caller.tenant_id,
            caller.user_id,
            name,
            scopes,
            project_id=project_id,
            expires_ns=expires_ns,
            by=Actor.of(caller),
        )
        return IssuedKey(made.key, made.secret_key)

    def revoke_key(self, caller: Caller, key_id: str) -> None:
        """See Administration.revoke_key."""
        if key_id not in {key.id for key, _ in self.keys(caller)}:
            raise NotFound("Key not found.", code="key_not_found")
        self.catalog.admin.keys.revoke(key_id, caller.tenant_id, by=Actor.of(caller))

    def members(self, caller: Caller) -> Sequence[User]:
        """See Administration.members."""
        return self.catalog.admin.users.all(caller.tenant_id)

    def add_member(self, caller: Caller, email: str, password: str, role: Role) -> User:
        """See Administration.add_member."""
        _check_owner(caller, role)
        return self.catalog.admin.users.create(
            caller.tenant_id, email, password, role, by=Actor.of(caller)
        )

    def change_member(
        self, caller: Caller, user_id: int, role: Role | None, is_active: bool | None
    ) -> User:
        """See Administration.change_member."""
        known = {user.id: user for user in self.members(caller)}
        if user_id not in known:
            raise NotFound("Member not found.", code="member_not_found")
        if user_id == caller.user_id:
            raise Conflict("Nobody changes their own role or locks themselves out.")
        _check_owner(caller, role, known[user_id].role)
        return self.catalog.admin.users.change(
            caller.tenant_id, user_id, role=role, is_active=is_active, by=Actor.of(caller)
        )

    def policy(self, project_id: ProjectId) -> ProjectPolicy:
        """See Administration.policy."""
        return self.catalog.admin.projects.policy(project_id)

    def set_policy(self, caller: Caller, project_id: ProjectId, policy: ProjectPolicy) -> None:
        """See Administration.set_policy."""
        self.catalog.admin.projects.set_policy(
            caller.tenant_id, project_id, policy, by=Actor.of(caller)
        )

    def integrations(self, caller: Caller, project_id: ProjectId) -> Sequence[Integration]:
        """See Administration.integrations."""
        found = self.catalog.admin.integrations.all(caller.tenant_id)
        return [each for each in found if each.project_id == project_id]

    def add_integration(
        self, caller: Caller, project_id: ProjectId, kind: IntegrationKind, key: str, secret: str
    ) -> Integration:
        """See Administration.add_integration."""
        return self.open_integrations.add_to(project_id, kind, key, secret, by=Actor.of(caller))

    def remove_integration(self, caller: Caller, integration_id: str) -> None:
        """See Administration.remove_integration."""
        found = self.catalog.admin.integrations.all(caller.tenant_id)
        if integration_id not in {each.id for each in found}:
            raise NotFound("Integration not found.", code="integration_not_found")
        self.catalog.admin.integrations.remove(integration_id, by=Actor.of(caller))

    def audit(self, caller: Caller, before_id: int | None, limit: int) -> Sequence[AuditEntry]:
        """See Administration.audit."""
        return self.catalog.admin.audit.entries(caller.tenant_id, before_id=before_id, limit=limit)


def _check_owner(caller: Caller, *roles: Role | None) -> None:
    """Raises Forbidden where anybody but an owner makes an owner, or changes one."""
    if Role.OWNER in roles and caller.role is not Role.OWNER:
        raise Forbidden("Only an owner makes or changes owners.", code="not_an_owner")
