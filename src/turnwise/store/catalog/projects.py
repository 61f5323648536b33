"""Projects: the containers that keys write to."""

from collections.abc import Collection
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from turnwise.model.errors import Conflict, NotFound
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.tenancy import Project, ProjectChanges, ProjectDetails, ProjectPolicy
from turnwise.store.catalog import checks
from turnwise.store.catalog.audit import INGEST, Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import (
    agents,
    alert_deliveries,
    alert_rules,
    api_keys,
    case_labels,
    erasures,
    form_responses,
    integrations,
    prices,
    projects,
)

DEFAULT_PROJECT = "default"
MAX_RETENTION_DAYS = 36_500


class Projects:
    """Makes, finds and changes projects."""

    def __init__(self, database: Database):
        self._database = database

    def create(
        self,
        tenant_id: TenantId,
        name: str,
        fields: ProjectChanges | None = None,
        *,
        by: Actor,
        project_id: str | None = None,
    ) -> Project:
        """A new project, under the UUID that the client has chosen or one of ours.

        The `name` among the fields is not looked at.

        Raises:
            Conflict: the tenant has one of this name, or the id is taken, or was until just now.
            BadInput: the name or the id is malformed.
        """
        name = checks.name("name", name)
        chosen = None if project_id is None else checks.uuid_text(project_id)
        if project_id is not None and chosen is None:
            checks.refuse("id", "id must be a UUID.")
        values = _values(fields or ProjectChanges()) | {"name": name}
        conflict = f"There is a project '{name}' already."
        with self._database.writing(conflict=conflict) as connection:
            going = select(erasures.c.project_id).where(erasures.c.project_id == chosen)
            if chosen is not None and connection.execute(going).first() is not None:
                # What the erasure finds under this id it takes for what the old project had.
                raise Conflict("What was kept under this id is being erased; try again later.")
            return insert_project(
                connection, tenant_id, name, self._database.now(), by, chosen, values
            )

    def all(self, tenant_id: TenantId | None = None) -> list[ProjectDetails]:
        """A tenant's projects, or (None) everybody's, the oldest first."""
        query = select(projects).order_by(projects.c.created_ns, projects.c.id)
        if tenant_id is not None:
            query = query.where(projects.c.tenant_id == tenant_id)
        with self._database.reading() as connection:
            return [_details(row) for row in connection.execute(query).mappings()]

    def get(self, tenant_id: TenantId, project_id: str) -> ProjectDetails:
        """A project of the tenant by its UUID, with or without dashes.

        Raises:
            NotFound: there is none, or it is another tenant's.
        """
        with self._database.reading() as connection:
            return _get(connection, tenant_id, project_id)

    def update(
        self, tenant_id: TenantId, project_id: str, changes: ProjectChanges, *, by: Actor
    ) -> ProjectDetails:
        """Change a project and return it.

        Raises:
            NotFound: there is none, or it is another tenant's.
            Conflict: the new name is taken.
        """
        values = _values(changes)
        with self._database.writing(
            conflict=f"There is a project '{changes.name}' already."
        ) as connection:
            found = _get(connection, tenant_id, project_id).project
            if values:
                connection.execute(update(projects).where(projects.c.id == found.id).values(values))
                record(
                    connection,
                    self._database.now(),
                    by,
                    "project.changed",
                    f"project {found.id}",
                    tenant_id,
                    fields=sorted(values),
                )
            return _get(connection, tenant_id, found.id)

    def policy(self, project_id: ProjectId) -> ProjectPolicy:
        """What a project keeps; that of a project that is gone is the usual one."""
        return self.policies([project_id]).get(project_id, ProjectPolicy())

    def keeps_recordings(self, project_id: ProjectId) -> bool:
        """Whether audio of a project is kept at all."""
        return self.policy(project_id).keeps_recordings

    def policies(
        self, project_ids: Collection[ProjectId] | None = None
    ) -> dict[ProjectId, ProjectPolicy]:
        """What these projects keep, or (None) all of them."""
        query = select(projects.c.id, projects.c.retention_days, projects.c.keeps_recordings)
        if project_ids is not None:
            query = query.where(projects.c.id.in_(project_ids))
        with self._database.reading() as connection:
            return {
                ProjectId(row.id): ProjectPolicy(row.retention_days, row.keeps_recordings)
                for row in connection.execute(query)
            }

    def set_policy(
        self, tenant_id: TenantId, project_id: str, policy: ProjectPolicy, *, by: Actor
    ) -> None:
        """Say what a project keeps from now on.

        Raises:
            NotFound: there is no such project, or it is another tenant's.
            BadInput: the days are none that a retention can have.
        """
        days = policy.retention_days
        if days is not None and not 1 <= days <= MAX_RETENTION_DAYS:
            checks.refuse("retentionDays", f"Retention is 1 to {MAX_RETENTION_DAYS} days.")
        values = {"retention_days": days, "keeps_recordings": policy.keeps_recordings}
        with self._database.writing() as connection:
            found = _get(connection, tenant_id, project_id).project
            connection.execute(update(projects).where(projects.c.id == found.id).values(values))
            now, target = self._database.now(), f"project {found.id}"
            record(connection, now, by, "project.policy_set", target, tenant_id, **values)

    def delete(self, tenant_id: TenantId, project_id: str, *, by: Actor) -> ProjectId:
        """Forget a project, its agents with the forms of theirs, its prices and integrations.

        What it has in the other stores is due for erasure from now on.

        Raises:
            NotFound: there is none, or it is another tenant's.
            Conflict: keys that still hold write to it.
        """
        with self._database.writing() as connection:
            found = _get(connection, tenant_id, project_id).project.id
            holding = select(api_keys.c.id).where(
                api_keys.c.project_id == found, api_keys.c.revoked_ns.is_(None)
            )
            if connection.execute(holding.limit(1)).first() is not None:
                raise Conflict("API keys write to this project; revoke them first.")
            others = select(projects.c.id).where(
                projects.c.tenant_id == tenant_id, projects.c.id != found
            )
            heir = (
                connection.execute(
                    others.order_by(projects.c.name != DEFAULT_PROJECT, projects.c.created_ns)
                )
                .scalars()
                .first()
            )
            if heir is None:
                raise Conflict("The last project of a tenant stays.")
            # Revoked keys stay for the record, and a key needs a project.
            connection.execute(
                update(api_keys).where(api_keys.c.project_id == found).values(project_id=heir)
            )
            own = select(agents.c.id).where(agents.c.project_id == found)
            connection.execute(delete(form_responses).where(form_responses.c.agent_id.in_(own)))
            connection.execute(delete(agents).where(agents.c.project_id == found))
            connection.execute(delete(integrations).where(integrations.c.project_id == found))
            connection.execute(delete(prices).where(prices.c.project_id == found))
            for table in (alert_deliveries, alert_rules, case_labels):
                connection.execute(delete(table).where(table.c.project_id == found))
            connection.execute(delete(projects).where(projects.c.id == found))
            now = self._database.now()
            connection.execute(insert(erasures).values(project_id=found, created_ns=now))
            record(connection, now, by, "project.deleted", f"project {found}", tenant_id)
            return found

    def erasures(self) -> dict[ProjectId, int]:
        """Deleted projects whose data is still to be erased, and when they were deleted."""
        with self._database.reading() as connection:
            return {
                ProjectId(row.project_id): row.created_ns
                for row in connection.execute(select(erasures).order_by(erasures.c.created_ns))
            }

    def erased(self, project_id: ProjectId) -> None:
        """Note that nothing is left of a deleted project."""
        with self._database.writing() as connection:
            connection.execute(delete(erasures).where(erasures.c.project_id == project_id))

    def named(self, tenant_id: TenantId, name: str) -> Project | None:
        """The tenant's project of this name."""
        with self._database.reading() as connection:
            found = _project_id_named(connection, tenant_id, name)
            return None if found is None else _get(connection, tenant_id, found).project

    def ensure(self, tenant_id: TenantId, name: str, *, by: Actor = INGEST) -> ProjectId:
        """The tenant's project of this name, made when new, by whoever comes first.

        Raises:
            NotFound: there is no such tenant.
            BadInput: the name is malformed.
        """
        name = checks.name("name", name)
        with self._database.reading() as connection:
            found = _project_id_named(connection, tenant_id, name)
        if found is not None:
            return found
        row = _new_row(tenant_id, name, self._database.now())
        try:
            with self._database.writing() as connection:
                self._database.insert_new(connection, projects, [row])
                found = _project_id_named(connection, tenant_id, name)
                if found == row["id"]:
                    target = f"project {found}"
                    now = row["created_ns"]
                    record(connection, now, by, "project.created", target, tenant_id, name=name)
        except IntegrityError as error:
            raise NotFound("There is no such tenant.") from error
        assert found is not None
        return found


def _values(changes: ProjectChanges) -> dict[str, Any]:
    """The columns to set, checked."""
    given = changes.given()
    if changes.name is not None:
        given["name"] = checks.name("name", changes.name)
    return given


def insert_project(
    connection: Connection,
    tenant_id: TenantId,
    name: str,
    now_ns: int,
    by: Actor,
    project_id: str | None = None,
    values: dict[str, Any] | None = None,
) -> Project:
    """Add a project; `values` are further columns."""
    row = _new_row(tenant_id, name, now_ns, project_id) | (values or {})
    connection.execute(insert(projects).values(row))
    record(connection, now_ns, by, "project.created", f"project {row['id']}", tenant_id, name=name)
    return Project(row["id"], tenant_id, name, now_ns, row.get("description"))


def default_project_id(connection: Connection, tenant_id: TenantId) -> ProjectId:
    """Where a key writes whose maker named no project: `default`, else the oldest.

    Raises:
        NotFound: there is no such tenant.
    """
    query = (
        select(projects.c.id)
        .where(projects.c.tenant_id == tenant_id)
        .order_by(projects.c.name != DEFAULT_PROJECT, projects.c.created_ns)
        .limit(1)
    )
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("There is no such tenant.")
    return ProjectId(found)


def require_project(connection: Connection, tenant_id: TenantId, project_id: str) -> ProjectId:
    """The project's id if it is the tenant's.

    Raises:
        NotFound: there is none, or it is another tenant's.
    """
    return _get(connection, tenant_id, project_id).project.id


def _new_row(
    tenant_id: TenantId, name: str, now_ns: int, project_id: str | None = None
) -> dict[str, Any]:
    return {
        "id": ProjectId(project_id or str(uuid4())),
        "tenant_id": tenant_id,
        "name": name,
        "start_ns": now_ns,
        "extra": {},
        "created_ns": now_ns,
    }


def _project_id_named(connection: Connection, tenant_id: str, name: str) -> ProjectId | None:
    if not checks.is_storable(name):
        return None
    query = select(projects.c.id).where(projects.c.tenant_id == tenant_id, projects.c.name == name)
    found = connection.execute(query).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def _get(connection: Connection, tenant_id: TenantId, project_id: str) -> ProjectDetails:
    query = select(projects).where(
        projects.c.id == checks.uuid_text(project_id), projects.c.tenant_id == tenant_id
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such project.")
    return _details(row)


def _details(row: RowMapping) -> ProjectDetails:
    project = Project(
        id=ProjectId(row["id"]),
        tenant_id=TenantId(row["tenant_id"]),
        name=row["name"],
        created_ns=row["created_ns"],
        description=row["description"],
    )
    return ProjectDetails(
        project=project,
        start_ns=row["start_ns"],
        end_ns=row["end_ns"],
        extra=row["extra"],
        default_dataset_id=row["default_dataset_id"],
        reference_dataset_id=row["reference_dataset_id"],
        trace_tier=row["trace_tier"],
        test_run_number=row["test_run_number"],
        last_run_start_ns=row["last_run_start_ns"],
        retention_days=row["retention_days"],
    )
