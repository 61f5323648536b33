"""The catalog as the server and the command line use it."""

from collections.abc import Collection, Iterable, Sequence
from typing import Self

from sqlalchemy.engine import URL

from turnwise.model.errors import Conflict
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.instants import now_ns
from turnwise.model.price import PriceRow
from turnwise.model.query import Health
from turnwise.model.tenancy import Agent, Caller, Project, ProjectChanges, Role, Scope, Tenant, User
from turnwise.store.catalog import bootstrap, schema
from turnwise.store.catalog.agents import Agents
from turnwise.store.catalog.alerts import Alerts
from turnwise.store.catalog.audit import COMMAND_LINE, Actor, AuditLog
from turnwise.store.catalog.bootstrap import DEFAULT_PUBLIC_KEY, Defaults, DemoLogin
from turnwise.store.catalog.browser_sessions import BrowserSessions
from turnwise.store.catalog.callers import Callers
from turnwise.store.catalog.claims import Claims
from turnwise.store.catalog.database import Clock, Database, open_database
from turnwise.store.catalog.forms import Forms
from turnwise.store.catalog.integrations import Integrations
from turnwise.store.catalog.keys import Keys, NewKey
from turnwise.store.catalog.labels import Labels
from turnwise.store.catalog.prices import Prices
from turnwise.store.catalog.projects import Projects
from turnwise.store.catalog.secrets import KeyStyle
from turnwise.store.catalog.sessions import SessionCatalog
from turnwise.store.catalog.signup import sign_up
from turnwise.store.catalog.tenants import Tenants
from turnwise.store.catalog.users import Users


class Administration:
    """Everything that can be done to the catalog, by id and for a named actor.

    Attributes:
        tenants, users, projects, agents, keys, prices, forms, integrations, alerts, labels: one
            set of operations each.
        browser_sessions: who is logged in to the pages.
        sessions: numbers and tenants of sessions.
        claims: who of several processes does what.
        audit: what has been done.
    """

    def __init__(self, database: Database):
        self.tenants = Tenants(database)
        self.users = Users(database)
        self.projects = Projects(database)
        self.agents = Agents(database)
        self.keys = Keys(database)
        self.prices = Prices(database)
        self.forms = Forms(database)
        self.integrations = Integrations(database)
        self.alerts = Alerts(database)
        self.labels = Labels(database)
        self.browser_sessions = BrowserSessions(database)
        self.sessions = SessionCatalog(database)
        self.claims = Claims(database)
        self.audit = AuditLog(database)


class SqlCatalog:
    """`ports.Catalog` on SQLite or PostgreSQL, log-in, and an operator's usual deeds by slug.

    Synchronous and thread-safe. Nothing is cached: what one process changes, every other sees
    with its next call. Every method may raise Busy when the database does not answer.

    Attributes:
        admin: all operations, by id and for a named actor.
    """

    def __init__(self, database: Database):
        self._database = database
        self._callers = Callers(database)
        self.admin = Administration(database)

    @classmethod
    def open(cls, url: str | URL, *, now: Clock = now_ns) -> Self:
        """The catalog at `sqlite:///FILE` or `postgresql://…`, made or migrated where needed.

        Raises:
            Misconfigured: it cannot be opened, or a newer version of Turnwise has made it.
        """
        database = open_database(url, now)
        try:
            schema.upgrade(database)
        except BaseException:
            database.close()
            raise
        return cls(database)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def health(self) -> Health:
        """The kind of database and its schema."""
        with self._database.reading() as connection:
            revision = schema.revision(connection) or "none"
        return Health(facts={"catalog": self._database.engine.dialect.name, "schema": revision})

    # --- ports.Catalog --------------------------------------------------------------------------

    def caller_by_secret(self, secret: str, public_key: str | None = None) -> Caller | None:
        return self._callers.by_secret(secret, public_key)

    def project_named(self, tenant_id: str, name: str) -> ProjectId:
        return self.admin.projects.ensure(TenantId(tenant_id), name)

    def agents_met(self, project_id: ProjectId, slugs: Collection[str]) -> None:
        self.admin.agents.met(project_id, slugs)

    def agent(self, project_ids: Sequence[ProjectId], name: str) -> Agent | None:
        return self.admin.agents.find(project_ids, name)

    def prices(self, project_id: ProjectId) -> Sequence[PriceRow]:
        return self.admin.prices.of_project(project_id)

    def prices_stamp(self) -> tuple[int, int]:
        return self.admin.prices.stamp()

    # --- log-in ---------------------------------------------------------------------------------

    def user_by_password(
        self, email: str, password: str, tenant_slug: str | None = None
    ) -> User | None:
        """The active user with this address and password, as `Users.with_password` finds them."""
        return self.admin.users.with_password(email, password, tenant_slug)

    def can_anyone_log_in(self) -> bool:
        """Whether an active user of any tenant has a password."""
        return bootstrap.can_anyone_log_in(self._database)

    def create_first_owner(self, email: str, password: str) -> tuple[User, Tenant]:
        """The first person of a new server; raises as `bootstrap.create_first_owner` does."""
        return bootstrap.create_first_owner(self._database, email, password)

    def sign_up(self, email: str, password: str, name: str) -> tuple[User, Tenant]:
        """A new tenant and the user who owns it; raises as `signup.sign_up` does."""
        return sign_up(self._database, email, password, name)

    def caller_by_user(self, uid: str) -> Caller | None:
        """An active user who has logged in, with the scopes of their role."""
        return self._callers.by_user(uid)

    def caller_by_session(self, uid: str, session_id: str) -> Caller | None:
        """The same of whoever has a session in a browser that has not been ended."""
        return self._callers.by_session(uid, session_id)

    def caller_by_public_key(self, public_key: str) -> Caller | None:
        """Whoever owns this key; only for a caller who has proved that they know its secret."""
        return self._callers.by_public_key(public_key)

    # --- the start ------------------------------------------------------------------------------

    def ensure_defaults(
        self, api_key: str | None = None, public_key: str = DEFAULT_PUBLIC_KEY
    ) -> Defaults:
        """Tenant `default` with its project and owner; with a key, that key in full scopes.

        Another secret than last time replaces it, and the old one stops at once. Idempotent, and
        safe in several processes at a time.

        Raises:
            Misconfigured: the key is too short, has been revoked, or one half is another key's.
        """
        return bootstrap.ensure_defaults(self._database, api_key, public_key)

    def ensure_demo(self, email: str, password: str | None = None) -> DemoLogin:
        """An owner of tenant `default` with this address and password, and a key in full scopes.

        What an earlier call has handed out cannot be shown again, so this key replaces that one,
        and without a password a new one is made.

        Raises:
            BadInput: the address or the password is malformed.
        """
        return bootstrap.ensure_demo(self._database, email, password)

    # --- an operator's deeds --------------------------------------------------------------------

    def tenants(self) -> list[Tenant]:
        """All tenants, the oldest first."""
        return self.admin.tenants.all()

    def create_tenant(self, slug: str, name: str, *, by: Actor = COMMAND_LINE) -> Tenant:
        """A new tenant with a project `default`; raises Conflict when the slug is taken."""
        return self.admin.tenants.create(slug, name, by=by)

    def create_user(
        self,
        tenant: str,
        email: str,
        password: str | None,
        role: Role,
        *,
        is_staff: bool = False,
        by: Actor = COMMAND_LINE,
    ) -> User:
        """A new user of the tenant with this slug; raises as `Users.create` does."""
        tenant_id = self.admin.tenants.named(tenant).id
        return self.admin.users.create(tenant_id, email, password, role, is_staff=is_staff, by=by)

    def create_project(
        self,
        tenant: str,
        name: str,
        fields: ProjectChanges | None = None,
        *,
        by: Actor = COMMAND_LINE,
    ) -> Project:
        """A new project of the tenant with this slug; raises as `Projects.create` does."""
        tenant_id = self.admin.tenants.named(tenant).id
        return self.admin.projects.create(tenant_id, name, fields, by=by)

    def create_key(
        self,
        tenant: str,
        name: str,
        scopes: Iterable[Scope],
        *,
        email: str | None = None,
        project: str | None = None,
        expires_ns: int | None = None,
        style: KeyStyle = KeyStyle.TURNWISE,
        by: Actor = COMMAND_LINE,
    ) -> NewKey:
        """A new key of the user with this address, or else of the tenant's first owner.

        The project goes by its name and is made when new; without one it is `default`.

        Raises:
            NotFound: there is no such tenant or user.
            Conflict: no user is named and the tenant has no owner.
            BadInput: as `Keys.create` does.
        """
        tenant_id = self.admin.tenants.named(tenant).id
        owner = self._key_owner(tenant, tenant_id, email)
        project_id = None
        if project is not None:
            project_id = self.admin.projects.ensure(tenant_id, project, by=by)
        return self.admin.keys.create(
            tenant_id,
            owner.id,
            name,
            scopes,
            project_id=project_id,
            expires_ns=expires_ns,
            style=style,
            by=by,
        )

    def _key_owner(self, tenant: str, tenant_id: TenantId, email: str | None) -> User:
        if email is not None:
            return self.admin.users.with_email(tenant_id, email)
        owner = self.admin.users.first_owner(tenant_id)
        if owner is None:
            raise Conflict(
                f"Tenant '{tenant}' has no owner for the key; make one with: turnwise users "
                f"create --tenant {tenant} --email EMAIL --password PASSWORD --role owner"
            )
        return owner
