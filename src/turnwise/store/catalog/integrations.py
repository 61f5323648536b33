"""Credentials of carriers and media servers by project; their secrets come and stay sealed."""

from uuid import uuid4

from sqlalchemy import Connection, RowMapping, Select, delete, insert, select

from turnwise.model.errors import NotFound
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.integration import Integration, IntegrationKind
from turnwise.store.catalog import checks
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import integrations, projects


class Integrations:
    """Keeps and finds integrations."""

    def __init__(self, database: Database):
        self._database = database

    def add(
        self,
        project_id: ProjectId,
        kind: IntegrationKind,
        key: str,
        sealed_secret: bytes,
        *,
        by: Actor,
    ) -> Integration:
        """A new integration of a project.

        Raises:
            Conflict: the key is known already, of this project or of another.
            BadInput: the key is malformed.
        """
        made_id, now_ns = str(uuid4()), self._database.now()
        row = {
            "id": made_id,
            "project_id": project_id,
            "kind": kind.value,
            "key": checks.name("key", key),
            "sealed_secret": sealed_secret,
            "created_ns": now_ns,
        }
        conflict = f"There is an integration '{kind}' with this key already; remove it first."
        with self._database.writing(conflict=conflict) as connection:
            connection.execute(insert(integrations).values(row))
            made = _get(connection, made_id)
            _record(connection, now_ns, by, "integration.added", made)
            return made

    def all(self, tenant_id: TenantId | None = None) -> list[Integration]:
        """A tenant's integrations, or (None) everybody's, the oldest first."""
        query = _QUERY.order_by(integrations.c.created_ns, integrations.c.id)
        if tenant_id is not None:
            query = query.where(projects.c.tenant_id == tenant_id)
        with self._database.reading() as connection:
            return [_integration(row) for row in connection.execute(query).mappings()]

    def of_project(self, project_id: ProjectId, kind: IntegrationKind) -> list[Integration]:
        """A project's integrations of a kind, the oldest first."""
        query = _QUERY.where(
            integrations.c.project_id == project_id, integrations.c.kind == kind.value
        ).order_by(integrations.c.created_ns, integrations.c.id)
        with self._database.reading() as connection:
            return [_integration(row) for row in connection.execute(query).mappings()]

    def named(self, kind: IntegrationKind, key: str) -> Integration | None:
        """The integration with this key."""
        if not checks.is_storable(key):
            return None
        query = _QUERY.where(integrations.c.kind == kind.value, integrations.c.key == key)
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _integration(row)

    def remove(self, integration_id: str, *, by: Actor) -> Integration:
        """Forget an integration, at once.

        Raises:
            NotFound: there is none.
        """
        with self._database.writing() as connection:
            gone = _get(connection, integration_id)
            connection.execute(delete(integrations).where(integrations.c.id == gone.id))
            _record(connection, self._database.now(), by, "integration.removed", gone)
            return gone


_QUERY: Select[tuple[object, ...]] = select(integrations, projects.c.tenant_id).join(
    projects, projects.c.id == integrations.c.project_id
)


def _get(connection: Connection, integration_id: str) -> Integration:
    query = _QUERY.where(integrations.c.id == checks.uuid_text(integration_id))
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such integration.")
    return _integration(row)


def _record(connection: Connection, at_ns: int, by: Actor, action: str, one: Integration) -> None:
    record(
        connection,
        at_ns,
        by,
        action,
        f"integration {one.id}",
        one.tenant_id,
        kind=one.kind.value,
        key=one.key,
        project_id=one.project_id,
    )


def _integration(row: RowMapping) -> Integration:
    return Integration(
        id=row["id"],
        tenant_id=TenantId(row["tenant_id"]),
        project_id=ProjectId(row["project_id"]),
        kind=IntegrationKind(row["kind"]),
        key=row["key"],
        sealed_secret=row["sealed_secret"],
        created_ns=row["created_ns"],
    )
