"""Keys over HTTP: the catalog's operations, in the name of whoever asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from turnwise.model.errors import Forbidden
from turnwise.model.tenancy import ApiKey, Caller, Role, Scope
from turnwise.store.catalog import SqlCatalog
from turnwise.store.catalog.audit import Actor
from turnwise.store.catalog.secrets import KeyStyle


@dataclass(frozen=True, slots=True)
class CatalogKeys:
    """Implements api.persona_keys.KeyManager."""

    catalog: SqlCatalog

    def keys_of(self, caller: Caller) -> Sequence[ApiKey]:
        """See KeyManager.keys_of."""
        return self.catalog.admin.keys.all(caller.tenant_id)

    def make_key(
        self, caller: Caller, name: str, scopes: frozenset[Scope], expires_ns: int | None
    ) -> tuple[ApiKey, str]:
        """See KeyManager.make_key."""
        made = self.catalog.admin.keys.create(
            caller.tenant_id,
            caller.user_id,
            name,
            scopes,
            project_id=caller.project_id,
            expires_ns=expires_ns,
            style=KeyStyle.PERSONA,
            by=Actor.of(caller),
        )
        return made.key, made.secret_key

    def replace_key(self, caller: Caller, key_id: str) -> tuple[ApiKey, str]:
        """See KeyManager.replace_key."""
        owner = self.catalog.admin.users.get(
            self.catalog.admin.keys.get(key_id, caller.tenant_id).user_id
        )
        is_above = owner.role is Role.OWNER and caller.role is not Role.OWNER
        if is_above or (owner.is_staff and not caller.is_staff):
            # Whoever has the new secret acts as its user.
            raise Forbidden("This key's user may do more than you.", code="missing_scope")
        made = self.catalog.admin.keys.rotate(key_id, caller.tenant_id, by=Actor.of(caller))
        return made.key, made.secret_key

    def revoke_key(self, caller: Caller, key_id: str) -> None:
        """See KeyManager.revoke_key."""
        self.catalog.admin.keys.revoke(key_id, caller.tenant_id, by=Actor.of(caller))
