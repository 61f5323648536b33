"""What the catalog knows of sessions: their serial numbers, and whose their projects are."""

from collections.abc import Collection, Iterable, Iterator
from typing import TypeVar

from sqlalchemy import Connection, select, tuple_

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.transcripts import SessionKey
from turnwise.store.catalog import checks
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import projects, session_numbers, tenants

T = TypeVar("T")

# SQLite takes at most 32,766 values per statement.
_AT_ONCE = 500


class SessionCatalog:
    """Numbers sessions and names their tenants."""

    def __init__(self, database: Database):
        self._database = database

    def numbers(self, keys: Collection[SessionKey]) -> dict[SessionKey, int]:
        """The serial number of each session, given at first sight and never changed or reused."""
        with self._database.reading() as connection:
            found = _numbers(connection, keys)
        new = [key for key in dict.fromkeys(keys) if key not in found]
        if not new:
            return found
        rows = [{"project_id": project, "session_id": session} for project, session in new]
        with self._database.writing() as connection:
            # Whoever comes second finds the row of the first.
            self._database.insert_new(connection, session_numbers, rows)
            return found | _numbers(connection, new)

    def tenants_of(self, project_ids: Collection[ProjectId]) -> dict[ProjectId, str]:
        """The slug of each project's tenant."""
        found: dict[ProjectId, str] = {}
        with self._database.reading() as connection:
            for part in _parts(sorted(set(project_ids))):
                query = (
                    select(projects.c.id, tenants.c.slug)
                    .join(tenants, tenants.c.id == projects.c.tenant_id)
                    .where(projects.c.id.in_(part))
                )
                found |= {ProjectId(row[0]): row[1] for row in connection.execute(query)}
        return found

    def projects_of(self, tenant_slug: str | None) -> tuple[ProjectId, ...]:
        """The projects of a tenant, or (None) all there are."""
        query = select(projects.c.id).order_by(projects.c.created_ns, projects.c.id)
        if tenant_slug is not None:
            if not checks.is_storable(tenant_slug):
                return ()
            query = query.join(tenants, tenants.c.id == projects.c.tenant_id)
            query = query.where(tenants.c.slug == tenant_slug)
        with self._database.reading() as connection:
            return tuple(ProjectId(found) for found in connection.execute(query).scalars())


def _numbers(connection: Connection, keys: Iterable[SessionKey]) -> dict[SessionKey, int]:
    found: dict[SessionKey, int] = {}
    pair = tuple_(session_numbers.c.project_id, session_numbers.c.session_id)
    for part in _parts(list(keys)):
        for row in connection.execute(select(session_numbers).where(pair.in_(part))).mappings():
            key = ProjectId(row["project_id"]), SessionId(row["session_id"])
            found[key] = row["number"]
    return found


def _parts(items: list[T]) -> Iterator[list[T]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]
