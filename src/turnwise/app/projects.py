"""The caller's own part of the catalog, as the surfaces may use it."""

from turnwise.model.errors import NotFound
from turnwise.model.ids import ProjectId
from turnwise.model.tenancy import (
    ApiKey,
    Caller,
    ProjectChanges,
    ProjectDetails,
    Scope,
    Tenant,
)
from turnwise.store.catalog import Actor, KeyStyle, SqlCatalog


class OwnProjects:
    """Implements model.ports.ProjectBook over the catalog."""

    def __init__(self, catalog: SqlCatalog):
        self._admin = catalog.admin

    def tenant(self, caller: Caller) -> Tenant:
        return self._admin.tenants.named(caller.tenant_slug)

    def projects(self, caller: Caller) -> list[ProjectDetails]:
        return self._admin.projects.all(caller.tenant_id)

    def project(self, caller: Caller, project_id: str) -> ProjectDetails:
        return self._admin.projects.get(caller.tenant_id, project_id)

    def create_project(
        self, caller: Caller, name: str, fields: ProjectChanges, project_id: str | None
    ) -> ProjectDetails:
        made = self._admin.projects.create(
            caller.tenant_id, name, fields, by=Actor.of(caller), project_id=project_id
        )
        return self._admin.projects.get(caller.tenant_id, made.id)

    def change_project(
        self, caller: Caller, project_id: str, changes: ProjectChanges
    ) -> ProjectDetails:
        return self._admin.projects.update(
            caller.tenant_id, project_id, changes, by=Actor.of(caller)
        )

    def delete_project(self, caller: Caller, project_id: str) -> ProjectId:
        return self._admin.projects.delete(caller.tenant_id, project_id, by=Actor.of(caller))

    def keys(self, caller: Caller) -> list[ApiKey]:
        owner = None if caller.sees_whole_tenant else caller.user_id
        found = self._admin.keys.all(caller.tenant_id, owner)
        return [key for key in found if key.is_active]

    def create_key(
        self, caller: Caller, name: str, *, read_only: bool, expires_ns: int | None
    ) -> tuple[ApiKey, str]:
        scopes = {Scope.READ} if read_only else set(caller.scopes)
        made = self._admin.keys.create(
            caller.tenant_id,
            caller.user_id,
            name,
            scopes,
            project_id=caller.project_id,
            expires_ns=expires_ns,
            style=KeyStyle.LANGSMITH_PERSONAL,
            by=Actor.of(caller),
        )
        return made.key, made.secret_key

    def revoke_key(self, caller: Caller, key_id: str) -> ApiKey:
        key = self._admin.keys.get(key_id, caller.tenant_id)
        if not caller.sees_whole_tenant and key.user_id != caller.user_id:
            raise NotFound("There is no such key.")
        return self._admin.keys.revoke(key.id, caller.tenant_id, by=Actor.of(caller))
