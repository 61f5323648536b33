"""Who owns what, and who is asking."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from turnwise.model.errors import Forbidden, NotFound
from turnwise.model.ids import ProjectId, TenantId


class Role(StrEnum):
    """What a user may do inside the tenant."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class Scope(StrEnum):
    """What an API key may do."""

    INGEST = "ingest"
    READ = "read"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation; nothing crosses its border."""

    id: TenantId
    slug: str
    display_name: str
    created_ns: int


@dataclass(frozen=True, slots=True)
class User:
    """A person of one tenant.

    Attributes:
        id: serial number, as the transcript surface shows it.
        uid: UUID text, as the trace surface shows it.
        is_staff: may see every tenant's sessions on the transcript surface.
    """

    id: int
    uid: str
    tenant_id: TenantId
    email: str
    role: Role
    is_staff: bool
    is_active: bool
    created_ns: int


@dataclass(frozen=True, slots=True)
class Project:
    """The container that a key writes to; unique by name within its tenant."""

    id: ProjectId
    tenant_id: TenantId
    name: str
    created_ns: int
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectDetails:
    """A project with what only the tracer-session surface and the settings ask for.

    Attributes:
        end_ns: None while the project runs.
        retention_days: None means what the server's setting says.
    """

    project: Project
    start_ns: int
    end_ns: int | None
    extra: dict[str, Any]
    default_dataset_id: str | None
    reference_dataset_id: str | None
    trace_tier: str | None
    test_run_number: int | None
    last_run_start_ns: int | None
    retention_days: int | None


@dataclass(frozen=True, slots=True)
class ProjectPolicy:
    """What of a project is kept, and for how long.

    Attributes:
        retention_days: sessions go so many days after their last sign of life; None means what
            the server's setting says.
        keeps_recordings: whether audio that comes in is kept at all.
    """

    retention_days: int | None = None
    keeps_recordings: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectChanges:
    """What to change; None leaves a field as it is, as the clients of this surface expect."""

    name: str | None = None
    description: str | None = None
    start_ns: int | None = None
    end_ns: int | None = None
    extra: dict[str, Any] | None = None
    default_dataset_id: str | None = None
    reference_dataset_id: str | None = None
    trace_tier: str | None = None
    retention_days: int | None = None

    def given(self) -> dict[str, Any]:
        """What is to be changed, by field name."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Agent:
    """A voice agent of a project.

    Attributes:
        id: UUID text; `public_id` is `agent_` and its 32 hex digits.
        object_id: 24 hex digits, for clients that expect this form.
        created_by: user number; None for an agent that ingest has met and nobody made.
    """

    id: str
    public_id: str
    object_id: str
    slug: str
    name: str
    tenant_id: TenantId
    project_id: ProjectId
    created_by: int | None
    is_active: bool
    created_ns: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it may be shown after its making: everything but the secret.

    Attributes:
        preview: first five and last four characters of the secret.
        expires_ns: None means never.
    """

    id: str
    public_key: str
    name: str
    preview: str
    tenant_id: TenantId
    user_id: int
    project_id: ProjectId
    scopes: frozenset[Scope]
    is_active: bool
    created_ns: int
    expires_ns: int | None = None
    last_used_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever holds the credential of the request.

    Attributes:
        project_id: where writes go unless the request names another project of the tenant.
        project_ids: every project of the tenant, `project_id` first; reads look into all of them.
        browser_session: id of the session of the pages; None for every other credential.
    """

    tenant_id: TenantId
    tenant_slug: str
    user_id: int
    user_uid: str
    role: Role
    is_staff: bool
    project_id: ProjectId
    project_ids: tuple[ProjectId, ...]
    scopes: frozenset[Scope]
    key_id: str | None = None
    browser_session: str | None = None
    projects_by_name: dict[str, ProjectId] = field(default_factory=dict)

    @property
    def sees_whole_tenant(self) -> bool:
        """Owners and admins see every session of their tenant, members those that they made."""
        return self.role in (Role.OWNER, Role.ADMIN)

    def project_named(self, name: str) -> ProjectId:
        """The tenant's project of this name.

        Raises:
            NotFound: there is none.
        """
        found = self.projects_by_name.get(name)
        if found is None:
            raise NotFound("Project not found.", code="project_not_found")
        return found

    def project_name(self, project_id: ProjectId) -> str | None:
        """The name of one of the tenant's projects."""
        names = {each: name for name, each in self.projects_by_name.items()}
        return names.get(project_id)

    def require(self, scope: Scope) -> None:
        """Raises Forbidden when the credential lacks the scope."""
        if scope not in self.scopes:
            raise Forbidden(f"This key lacks the scope '{scope}'.", code="missing_scope")
