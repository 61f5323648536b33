"""API keys: made, listed, replaced and taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, insert, select, update

from turnwise.model.errors import Conflict, NotFound
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.tenancy import ApiKey, Scope, User
from turnwise.store.catalog import checks, secrets
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.projects import default_project_id, require_project
from turnwise.store.catalog.secrets import KeyStyle
from turnwise.store.catalog.tables import api_keys
from turnwise.store.catalog.users import find_user_by_id


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which is known at this moment only."""

    key: ApiKey
    secret_key: str


class Keys:
    """Makes, lists, rotates and revokes keys.

    Where a method takes a `tenant_id`, another tenant's key is the same NotFound as no key at all;
    None stands for an operator, who sees them all.
    """

    def __init__(self, database: Database):
        self._database = database

    def create(
        self,
        tenant_id: TenantId,
        user_id: int,
        name: str,
        scopes: Iterable[Scope],
        *,
        project_id: str | None = None,
        expires_ns: int | None = None,
        style: KeyStyle = KeyStyle.TURNWISE,
        by: Actor,
    ) -> NewKey:
        """A new key of this user; without a project it writes to the tenant's `default`.

        Raises:
            NotFound: the tenant has no such user or project.
            BadInput: the name is malformed, there is no scope, or the expiry has passed.
        """
        name = checks.name("name", name)
        scope_text = join_scopes(scopes)
        now = self._database.now()
        if expires_ns is not None and expires_ns <= now:
            checks.refuse("expires", "expires must lie in the future.")
        with self._database.writing() as connection:
            user = find_user_by_id(connection, user_id)
            if user is None or user.tenant_id != tenant_id:
                raise NotFound("The tenant has no such user.")
            if project_id is None:
                target = default_project_id(connection, tenant_id)
            else:
                target = require_project(connection, tenant_id, project_id)
            return insert_key(
                connection, user, name, scope_text, target, now, by, expires_ns, style
            )

    def all(
        self,
        tenant_id: TenantId | None = None,
        user_id: int | None = None,
        *,
        revoked_too: bool = True,
    ) -> list[ApiKey]:
        """The keys of a tenant or of one user, the oldest first."""
        query = select(api_keys).order_by(api_keys.c.created_ns, api_keys.c.id)
        if tenant_id is not None:
            query = query.where(api_keys.c.tenant_id == tenant_id)
        if user_id is not None:
            query = query.where(api_keys.c.user_id == user_id)
        if not revoked_too:
            query = query.where(api_keys.c.revoked_ns.is_(None))
        with self._database.reading() as connection:
            return [_key(row) for row in connection.execute(query).mappings()]

    def get(self, key_id: str, tenant_id: TenantId | None = None) -> ApiKey:
        """A key by its UUID.

        Raises:
            NotFound: there is none.
        """
        with self._database.reading() as connection:
            return _get(connection, key_id, tenant_id)

    def revoke(self, key_id: str, tenant_id: TenantId | None = None, *, by: Actor) -> ApiKey:
        """Take a key back, at once and for good; doing so again changes nothing.

        Raises:
            NotFound: there is no such key.
        """
        with self._database.writing() as connection:
            row = _row(connection, key_id, tenant_id)
            key = _key(row)
            if row["revoked_ns"] is None:
                now = self._database.now()
                _set(connection, key, revoked_ns=now)
                record(connection, now, by, "key.revoked", f"key {key.id}", key.tenant_id)
            return _get(connection, key.id, tenant_id)

    def change(
        self,
        key_id: str,
        tenant_id: TenantId | None = None,
        *,
        name: str | None = None,
        is_active: bool | None = None,
        by: Actor,
    ) -> ApiKey:
        """Rename a key, put it to rest or wake it; None leaves as it is.

        Raises:
            NotFound: there is no such key.
            Conflict: it has been revoked.
            BadInput: the name is malformed.
        """
        values: dict[str, Any] = {}
        if name is not None:
            values["name"] = checks.name("name", name)
        if is_active is not None:
            values["is_paused"] = not is_active
        with self._database.writing() as connection:
            row = _row(connection, key_id, tenant_id)
            if row["revoked_ns"] is not None:
                raise Conflict("This key has been revoked; make a new one.")
            if values:
                _set(connection, _key(row), **values)
                now, target = self._database.now(), f"key {row['id']}"
                record(connection, now, by, "key.changed", target, row["tenant_id"], **values)
            return _get(connection, key_id, tenant_id)

    def rotate(self, key_id: str, tenant_id: TenantId | None = None, *, by: Actor) -> NewKey:
        """Give a key a new secret; the old one stops at once, all else stays.

        Raises:
            NotFound: there is no such key.
            Conflict: it has been revoked, or its secret is the operator's setting.
        """
        with self._database.writing() as connection:
            row = _row(connection, key_id, tenant_id)
            key = _key(row)
            if row["revoked_ns"] is not None:
                raise Conflict("This key has been revoked; make a new one.")
            if row["is_bootstrap"]:
                raise Conflict("This key's secret is TURNWISE_API_KEY; change it there.")
            secret = secrets.new_secret(KeyStyle(row["style"]))
            now = self._database.now()
            _set(connection, key, **secret_columns(secret))
            record(connection, now, by, "key.rotated", f"key {key.id}", key.tenant_id)
            return NewKey(_get(connection, key.id, tenant_id), secret)


def insert_key(
    connection: Connection,
    user: User,
    name: str,
    scopes: str,
    project_id: ProjectId,
    now_ns: int,
    by: Actor,
    expires_ns: int | None = None,
    style: KeyStyle = KeyStyle.TURNWISE,
) -> NewKey:
    """Add a key of this user, with scopes as `join_scopes` gives them."""
    secret = secrets.new_secret(style)
    row = {
        "id": str(uuid4()),
        "tenant_id": user.tenant_id,
        "user_id": user.id,
        "project_id": project_id,
        "name": name,
        "style": style.value,
        "public_key": secrets.new_public_key(),
        "scopes": scopes,
        "created_ns": now_ns,
        "expires_ns": expires_ns,
        **secret_columns(secret),
    }
    connection.execute(insert(api_keys).values(row))
    target = f"key {row['id']}"
    record(connection, now_ns, by, "key.created", target, user.tenant_id, scopes=scopes)
    return NewKey(_get(connection, str(row["id"]), user.tenant_id), secret)


def revoke_named(connection: Connection, user: User, name: str, now_ns: int, by: Actor) -> None:
    """Take back the user's keys of this name that still hold."""
    query = select(api_keys).where(
        api_keys.c.user_id == user.id,
        api_keys.c.name == name,
        api_keys.c.revoked_ns.is_(None),
    )
    for row in connection.execute(query).mappings().all():
        _set(connection, _key(row), revoked_ns=now_ns)
        record(connection, now_ns, by, "key.revoked", f"key {row['id']}", user.tenant_id)


def secret_columns(secret: str) -> dict[str, Any]:
    """What is kept of a secret."""
    return {
        "secret_hash": secrets.secret_hash(secret),
        "preview": secrets.preview(secret),
    }


def join_scopes(scopes: Iterable[Scope]) -> str:
    """Scopes as they are kept.

    Raises:
        BadInput: there is none.
    """
    names = sorted({Scope(scope).value for scope in scopes})
    if not names:
        checks.refuse("scopes", f"scopes must be some of: {', '.join(Scope)}.")
    return ",".join(names)


def split_scopes(text: str) -> frozenset[Scope]:
    """Scopes as they were joined."""
    return frozenset(map(Scope, text.split(",")))


def _set(connection: Connection, key: ApiKey, **values: Any) -> None:
    connection.execute(update(api_keys).where(api_keys.c.id == key.id).values(values))


def _row(connection: Connection, key_id: str, tenant_id: TenantId | None) -> RowMapping:
    query = select(api_keys).where(api_keys.c.id == checks.uuid_text(key_id))
    if tenant_id is not None:
        query = query.where(api_keys.c.tenant_id == tenant_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("There is no such key.")
    return row


def _get(connection: Connection, key_id: str, tenant_id: TenantId | None) -> ApiKey:
    return _key(_row(connection, key_id, tenant_id))


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        public_key=row["public_key"],
        name=row["name"],
        preview=row["preview"],
        tenant_id=TenantId(row["tenant_id"]),
        user_id=row["user_id"],
        project_id=ProjectId(row["project_id"]),
        scopes=split_scopes(row["scopes"]),
        is_active=row["revoked_ns"] is None and not row["is_paused"],
        created_ns=row["created_ns"],
        expires_ns=row["expires_ns"],
        last_used_ns=row["last_used_ns"],
    )
