"""The catalog as the server and the command line use it."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.instants import now_ns
from turnwise.model.ports import Health
from turnwise.model.price import Price
from turnwise.model.tenancy import Agent, Caller
from turnwise.store.catalog import bootstrap, schema
from turnwise.store.catalog.agents import Agents
from turnwise.store.catalog.audit import AuditLog
from turnwise.store.catalog.bootstrap import DEFAULT_PUBLIC_KEY, Defaults, DemoLogin
from turnwise.store.catalog.callers import Callers
from turnwise.store.catalog.database import Clock, Database, catalog_url, open_database
from turnwise.store.catalog.keys import Keys
from turnwise.store.catalog.prices import Prices
from turnwise.store.catalog.projects import Projects
from turnwise.store.catalog.tenants import Tenants
from turnwise.store.catalog.users import Users


class SqlCatalog:
    """`ports.Catalog` on SQLite or PostgreSQL, and beside it the operations of an administrator.

    Synchronous and thread-safe. Nothing is cached: what one process changes, every other sees
    with its next call. Every method may raise Busy when the database does not answer.

    Attributes:
        tenants, users, projects, agents, keys, price_list: one set of operations each.
        callers: from a credential to a caller.
        audit: what administrators have done.
    """

    def __init__(self, database: Database):
        self._database = database
        self.tenants = Tenants(database)
        self.users = Users(database)
        self.projects = Projects(database)
        self.agents = Agents(database)
        self.keys = Keys(database)
        self.price_list = Prices(database)
        self.callers = Callers(database)
        self.audit = AuditLog(database)

    @classmethod
    def open(cls, data_dir: Path, url: str = "", *, now: Clock = now_ns) -> Self:
        """The catalog at this URL, or in the data folder; made or migrated first where needed.

        Raises:
            Misconfigured: it cannot be opened, or a newer version of Turnwise has made it.
        """
        database = open_database(catalog_url(url, data_dir), now)
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
        """An owner of tenant `default` with this address and password.

        Without a password a new one is made each time, because the last cannot be shown again.

        Raises:
            BadInput: the address or the password is malformed.
        """
        return bootstrap.ensure_demo(self._database, email, password)

    def caller_by_secret(self, secret: str, public_key: str | None = None) -> Caller | None:
        return self.callers.by_secret(secret, public_key)

    def project_named(self, tenant_id: str, name: str) -> ProjectId:
        return self.projects.ensure(TenantId(tenant_id), name)

    def agents_met(self, project_id: ProjectId, slugs: Collection[str]) -> None:
        self.agents.met(project_id, slugs)

    def agent(self, project_ids: Sequence[ProjectId], name: str) -> Agent | None:
        return self.agents.find(project_ids, name)

    def prices(self) -> Sequence[Price]:
        return self.price_list.all()

    def health(self) -> Health:
        """The kind of database and its schema; raises Busy when it does not answer."""
        with self._database.reading() as connection:
            revision = schema.revision(connection) or "none"
        return Health(facts={"catalog": self._database.engine.dialect.name, "schema": revision})
