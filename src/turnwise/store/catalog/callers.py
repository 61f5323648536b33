"""From a credential to a caller: one statement per request, and nothing remembered between two."""

from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any

from sqlalchemy import RowMapping, Select, bindparam, or_, select, update

from turnwise.model.errors import Busy
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.instants import NS_PER_SECOND
from turnwise.model.tenancy import Caller, Role, Scope
from turnwise.store.catalog import checks, secrets
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.keys import split_scopes
from turnwise.store.catalog.tables import api_keys, browser_sessions, projects, tenants, users

_USE_NOTED_EVERY_NS = 60 * NS_PER_SECOND

_WHO = (
    users.c.id.label("user_id"),
    users.c.uid.label("user_uid"),
    users.c.role,
    users.c.is_staff,
    tenants.c.id.label("tenant_id"),
    tenants.c.slug.label("tenant_slug"),
    # One row per project of the tenant: cheaper than a second statement.
    projects.c.id.label("project_id"),
    projects.c.name.label("project_name"),
)
_KEY = (
    select(
        api_keys.c.id.label("key_id"),
        api_keys.c.public_key,
        api_keys.c.scopes,
        api_keys.c.expires_ns,
        api_keys.c.last_used_ns,
        api_keys.c.project_id.label("key_project_id"),
        *_WHO,
    )
    .join(users, users.c.id == api_keys.c.user_id)
    .join(tenants, tenants.c.id == api_keys.c.tenant_id)
    .join(projects, projects.c.tenant_id == api_keys.c.tenant_id)
    .where(api_keys.c.revoked_ns.is_(None), ~api_keys.c.is_paused, users.c.is_active)
    .order_by(projects.c.created_ns, projects.c.id)
)
_BY_SECRET = _KEY.where(api_keys.c.secret_hash == bindparam("secret_hash"))
_BY_PUBLIC_KEY = _KEY.where(api_keys.c.public_key == bindparam("public_key"))
_BY_USER = (
    select(*_WHO)
    .join(tenants, tenants.c.id == users.c.tenant_id)
    .join(projects, projects.c.tenant_id == users.c.tenant_id)
    .where(users.c.uid == bindparam("uid"), users.c.is_active)
    .order_by(projects.c.created_ns, projects.c.id)
)
_BY_SESSION = _BY_USER.join(browser_sessions, browser_sessions.c.user_id == users.c.id).where(
    browser_sessions.c.id == bindparam("session_id"),
    browser_sessions.c.expires_ns > bindparam("now_ns"),
)
_USED = (
    update(api_keys)
    .where(
        api_keys.c.id == bindparam("key_id"),
        or_(api_keys.c.last_used_ns.is_(None), api_keys.c.last_used_ns <= bindparam("stale_ns")),
    )
    .values(last_used_ns=bindparam("now_ns"))
)


class Callers:
    """Finds out who is asking."""

    def __init__(self, database: Database):
        self._database = database
        self._noting_use = Lock()

    def by_secret(self, secret: str, public_key: str | None = None) -> Caller | None:
        """Whoever holds this key; None when it does not hold (any more)."""
        rows = self._rows(_BY_SECRET, secret_hash=secrets.secret_hash(secret))
        if not rows:
            return None
        if public_key is not None and not secrets.same(rows[0]["public_key"], public_key):
            return None
        return self._key_in_use(rows)

    def by_public_key(self, public_key: str) -> Caller | None:
        """Whoever owns the key with this public half.

        Only for a caller who has proved by other means that they know the secret, for example
        by a token signed with it.
        """
        if not checks.is_storable(public_key):
            return None
        rows = self._rows(_BY_PUBLIC_KEY, public_key=public_key)
        return self._key_in_use(rows) if rows else None

    def by_user(self, uid: str) -> Caller | None:
        """An active user who has logged in, with the scopes of their role."""
        return _of_role(self._rows(_BY_USER, uid=checks.uuid_text(uid)))

    def by_session(self, uid: str, session_id: str) -> Caller | None:
        """The same of whoever looks at the pages, as long as their session has not been ended."""
        rows = self._rows(
            _BY_SESSION,
            uid=checks.uuid_text(uid),
            session_id=checks.uuid_text(session_id),
            now_ns=self._database.now(),
        )
        found = _of_role(rows)
        return None if found is None else replace(found, browser_session=session_id)

    def _rows(self, query: Select[*tuple[Any, ...]], **values: object) -> Sequence[RowMapping]:
        with self._database.reading() as connection:
            return connection.execute(query, values).mappings().all()

    def _key_in_use(self, rows: Sequence[RowMapping]) -> Caller | None:
        key = rows[0]
        now = self._database.now()
        if key["expires_ns"] is not None and key["expires_ns"] <= now:
            return None
        if key["last_used_ns"] is None or key["last_used_ns"] <= now - _USE_NOTED_EVERY_NS:
            self._note_use(key["key_id"], now)
        return _caller(rows, key["key_project_id"], split_scopes(key["scopes"]), key["key_id"])

    def _note_use(self, key_id: str, now: int) -> None:
        # One request in a minute pays for this; the others do not wait for it.
        if not self._noting_use.acquire(blocking=False):
            return
        values = {"key_id": key_id, "now_ns": now, "stale_ns": now - _USE_NOTED_EVERY_NS}
        try:
            with self._database.writing() as connection:
                connection.execute(_USED, values)
        except Busy:
            # A note of when a key was used must not cost the request that uses it.
            pass
        finally:
            self._noting_use.release()


def _of_role(rows: Sequence[RowMapping]) -> Caller | None:
    if not rows:
        return None
    role = Role(rows[0]["role"])
    scopes = {Scope.INGEST, Scope.READ} if role is Role.MEMBER else set(Scope)
    return _caller(rows, rows[0]["project_id"], frozenset(scopes), None)


def _caller(
    rows: Sequence[RowMapping], first: str, scopes: frozenset[Scope], key_id: str | None
) -> Caller:
    who = rows[0]
    others = [row["project_id"] for row in rows if row["project_id"] != first]
    return Caller(
        tenant_id=TenantId(who["tenant_id"]),
        tenant_slug=who["tenant_slug"],
        user_id=who["user_id"],
        user_uid=who["user_uid"],
        role=Role(who["role"]),
        is_staff=who["is_staff"],
        project_id=ProjectId(first),
        project_ids=tuple(map(ProjectId, [first, *others])),
        scopes=scopes,
        key_id=key_id,
        projects_by_name={row["project_name"]: ProjectId(row["project_id"]) for row in rows},
    )
