"""Agents: met by ingest under a name, or made by a person."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, or_, select, update

from turnwise.model.errors import Conflict, NotFound
from turnwise.model.ids import MAX_ID_LENGTH, ProjectId, TenantId, agent_uuid_of
from turnwise.model.tenancy import Agent
from turnwise.store.catalog import checks
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import agents, projects

_PUBLIC_PREFIX = "agent_"
# SQLite takes at most 32,766 values per statement.
_MET_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFields:
    """What a person says about an agent; None leaves a field as it is.

    Attributes:
        config: models, voice and prompts, kept as they came.
        allowed_origins: URL prefixes from which a browser may start a session.
    """

    name: str | None = None
    config: dict[str, Any] | None = None
    allowed_origins: Sequence[str] | None = None
    is_active: bool | None = None

    def values(self) -> dict[str, Any]:
        """The columns to set, checked."""
        values: dict[str, Any] = {}
        if self.name is not None:
            values["name"] = checks.name("name", self.name)
        if self.config is not None:
            values["config"] = self.config
        if self.allowed_origins is not None:
            values["allowed_origins"] = list(self.allowed_origins)
        if self.is_active is not None:
            values["is_active"] = self.is_active
        return values


@dataclass(frozen=True, slots=True)
class AgentDetails:
    """An agent with what a person has said about it."""

    agent: Agent
    config: dict[str, Any]
    allowed_origins: tuple[str, ...]


class Agents:
    """Makes, finds and changes agents."""

    def __init__(self, database: Database):
        self._database = database

    def create(
        self,
        project_id: ProjectId,
        slug: str,
        fields: AgentFields | None = None,
        *,
        created_by: int,
        adopt: bool = False,
        by: Actor,
    ) -> Agent:
        """A new agent; with `adopt` also one of this slug that ingest has met and nobody made.

        Raises:
            Conflict: the project has an agent of this slug.
            NotFound: there is no such project.
            BadInput: the slug is malformed.
        """
        slug = checks.name("slug", slug, MAX_ID_LENGTH)
        values = {"is_active": True, "created_by": created_by} | (fields or AgentFields()).values()
        conflict = f"There is an agent '{slug}' already."
        with self._database.writing(conflict=conflict) as connection:
            row = _new_row(_tenant_of(connection, project_id), project_id, slug, self._now())
            known = _one(connection, [project_id], row["id"])
            if known is None:
                connection.execute(insert(agents).values(row | values))
            elif adopt and known.created_by is None:
                connection.execute(update(agents).where(agents.c.id == known.id).values(values))
            else:
                raise Conflict(conflict)
            action = "agent.created" if known is None else "agent.adopted"
            target = f"agent {row['id']}"
            record(connection, self._now(), by, action, target, row["tenant_id"], slug=slug)
            made = _one(connection, [project_id], row["id"])
        assert made is not None
        return made

    def all(self, project_ids: Sequence[ProjectId]) -> list[AgentDetails]:
        """The projects' agents by slug, inactive ones too."""
        query = (
            select(agents)
            .where(agents.c.project_id.in_(project_ids))
            .order_by(agents.c.slug, agents.c.id)
        )
        with self._database.reading() as connection:
            return [_details(row) for row in connection.execute(query).mappings()]

    def details(self, project_ids: Sequence[ProjectId], name: str) -> AgentDetails:
        """An agent by public id, UUID, object id or slug.

        Raises:
            NotFound: the projects have none.
        """
        with self._database.reading() as connection:
            row = _row(connection, project_ids, name)
        if row is None:
            raise NotFound("There is no such agent.")
        return _details(row)

    def find(self, project_ids: Sequence[ProjectId], name: str) -> Agent | None:
        """An agent by public id, UUID, object id or slug.

        Of several agents with one slug the one in the first of the projects is meant.
        """
        with self._database.reading() as connection:
            return _one(connection, project_ids, name)

    def update(
        self, project_ids: Sequence[ProjectId], name: str, fields: AgentFields, *, by: Actor
    ) -> AgentDetails:
        """Change an agent and return it.

        Raises:
            NotFound: the projects have none.
        """
        values = fields.values()
        with self._database.writing() as connection:
            found = _one(connection, project_ids, name)
            if found is None:
                raise NotFound("There is no such agent.")
            if values:
                connection.execute(update(agents).where(agents.c.id == found.id).values(values))
                target = f"agent {found.id}"
                record(
                    connection,
                    self._now(),
                    by,
                    "agent.changed",
                    target,
                    found.tenant_id,
                    fields=sorted(values),
                )
        return self.details(project_ids, found.id)

    def made(self, user_id: int | None = None, slug: str | None = None) -> list[AgentDetails]:
        """Agents that people made (None: anybody, any slug) in every tenant, the oldest first.

        Of a user by their number; of a slug exactly, or by public id, UUID or object id.
        """
        query = select(agents).order_by(agents.c.created_ns, agents.c.id)
        query = query.where(
            agents.c.created_by.is_not(None) if user_id is None else agents.c.created_by == user_id
        )
        if slug is not None:
            if not checks.is_storable(slug):
                return []
            query = query.where(_is_named(slug))
        with self._database.reading() as connection:
            return [_details(row) for row in connection.execute(query).mappings()]

    def release(self, agent_id: str, *, by: Actor) -> None:
        """Forget what a person said of an agent: it is inactive then, and nobody has made it."""
        values: dict[str, Any] = {
            "created_by": None,
            "config": {},
            "allowed_origins": [],
            "is_active": False,
        }
        with self._database.writing() as connection:
            query = select(agents).where(agents.c.id == agent_id)
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise NotFound("There is no such agent.")
            connection.execute(update(agents).where(agents.c.id == agent_id).values(values))
            now, target = self._database.now(), f"agent {agent_id}"
            record(connection, now, by, "agent.released", target, row["tenant_id"])

    def met(self, project_id: ProjectId, slugs: Collection[str]) -> None:
        """Make agents that ingest has met; known ones stay as they are.

        A name that cannot be kept (empty, or longer than an id may be) makes no agent.

        Raises:
            NotFound: there is no such project.
        """
        wanted = sorted({slug for slug in slugs if _is_usable(slug)})
        for start in range(0, len(wanted), _MET_AT_ONCE):
            self._met(project_id, wanted[start : start + _MET_AT_ONCE])

    def _met(self, project_id: ProjectId, slugs: list[str]) -> None:
        # Reading first keeps the usual case, all known, away from the one writer.
        query = select(agents.c.slug).where(
            agents.c.project_id == project_id, agents.c.slug.in_(slugs)
        )
        with self._database.reading() as connection:
            known = set(connection.execute(query).scalars())
        new = [slug for slug in slugs if slug not in known]
        if not new:
            return
        with self._database.writing() as connection:
            tenant_id = _tenant_of(connection, project_id)
            now = self._now()
            rows = [_new_row(tenant_id, project_id, slug, now) for slug in new]
            self._database.insert_new(connection, agents, rows)

    def _now(self) -> int:
        return self._database.now()


def _is_usable(slug: str) -> bool:
    return bool(slug.strip()) and len(slug) <= MAX_ID_LENGTH and checks.is_storable(slug)


def _tenant_of(connection: Connection, project_id: ProjectId) -> TenantId:
    query = select(projects.c.tenant_id).where(projects.c.id == project_id)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such project.")
    return TenantId(found)


def _new_row(tenant_id: TenantId, project_id: ProjectId, slug: str, now_ns: int) -> dict[str, Any]:
    uuid = agent_uuid_of(project_id, slug)
    return {
        "id": str(uuid),
        "public_id": _PUBLIC_PREFIX + uuid.hex,
        "object_id": uuid.hex[:24],
        "tenant_id": tenant_id,
        "project_id": project_id,
        "slug": slug,
        "name": slug,
        "created_by": None,
        "config": {},
        "allowed_origins": [],
        "is_active": True,
        "created_ns": now_ns,
    }


def _row(connection: Connection, project_ids: Sequence[ProjectId], name: str) -> RowMapping | None:
    if not checks.is_storable(name):
        return None
    query = select(agents).where(agents.c.project_id.in_(project_ids), _is_named(name))
    rows = connection.execute(query).mappings().all()
    rank = {project_id: place for place, project_id in enumerate(project_ids)}
    # An id outranks a slug that looks like one.
    return min(rows, key=lambda row: (row["slug"] == name, rank[row["project_id"]]), default=None)


def _is_named(name: str) -> ColumnElement[bool]:
    uuid = checks.uuid_text(name.removeprefix(_PUBLIC_PREFIX))
    return or_(agents.c.slug == name, agents.c.object_id == name.lower(), agents.c.id == uuid)


def _one(connection: Connection, project_ids: Sequence[ProjectId], name: str) -> Agent | None:
    row = _row(connection, project_ids, name)
    return None if row is None else _agent(row)


def _details(row: RowMapping) -> AgentDetails:
    return AgentDetails(_agent(row), row["config"], tuple(row["allowed_origins"]))


def _agent(row: RowMapping) -> Agent:
    return Agent(
        id=row["id"],
        public_id=row["public_id"],
        object_id=row["object_id"],
        slug=row["slug"],
        name=row["name"],
        tenant_id=TenantId(row["tenant_id"]),
        project_id=ProjectId(row["project_id"]),
        created_by=row["created_by"],
        is_active=row["is_active"],
        created_ns=row["created_ns"],
    )
