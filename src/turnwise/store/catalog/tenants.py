"""Tenants, each with a project `default`."""

from uuid import uuid4

from sqlalchemy import Connection, RowMapping, insert, select

from turnwise.model.errors import NotFound
from turnwise.model.ids import TenantId
from turnwise.model.tenancy import Tenant
from turnwise.store.catalog import checks
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.projects import DEFAULT_PROJECT, insert_project
from turnwise.store.catalog.tables import tenants


class Tenants:
    """Makes and finds tenants."""

    def __init__(self, database: Database):
        self._database = database

    def create(self, slug: str, display_name: str, *, by: Actor) -> Tenant:
        """A new tenant with a project `default`.

        Raises:
            Conflict: the slug is taken.
            BadInput: the slug or the name is malformed.
        """
        checks.slug(slug)
        display_name = checks.name("name", display_name)
        with self._database.writing(conflict=f"There is a tenant '{slug}' already.") as connection:
            return insert_tenant(connection, slug, display_name, self._database.now(), by)

    def all(self) -> list[Tenant]:
        """All tenants, the oldest first."""
        query = select(tenants).order_by(tenants.c.created_ns, tenants.c.slug)
        with self._database.reading() as connection:
            return [_tenant(row) for row in connection.execute(query).mappings()]

    def named(self, slug: str) -> Tenant:
        """The tenant with this slug.

        Raises:
            NotFound: there is none.
        """
        with self._database.reading() as connection:
            found = find_tenant(connection, slug)
        if found is None:
            raise NotFound(f"There is no tenant '{slug}'.")
        return found


def find_tenant(connection: Connection, slug: str) -> Tenant | None:
    """The tenant with this slug."""
    if not checks.is_storable(slug):
        return None
    query = select(tenants).where(tenants.c.slug == slug)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _tenant(row)


def insert_tenant(
    connection: Connection, slug: str, display_name: str, now_ns: int, by: Actor
) -> Tenant:
    """Add a tenant and its project `default`."""
    tenant = Tenant(TenantId(str(uuid4())), slug, display_name, now_ns)
    connection.execute(
        insert(tenants).values(
            id=tenant.id,
            slug=slug,
            display_name=display_name,
            settings={},
            created_ns=now_ns,
        )
    )
    record(connection, now_ns, by, "tenant.created", f"tenant {tenant.id}", tenant.id, slug=slug)
    insert_project(connection, tenant.id, DEFAULT_PROJECT, now_ns, by)
    return tenant


def _tenant(row: RowMapping) -> Tenant:
    return Tenant(TenantId(row["id"]), row["slug"], row["display_name"], row["created_ns"])
