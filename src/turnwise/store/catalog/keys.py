"""API keys: made, listed, replaced and taken back."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, insert, select, update

from turnwise.model.errors import Conflict, NotFound
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.tenancy import ApiKey, Scope
from turnwise.store.catalog import checks, secrets
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.projects import default_project_id, require_project
from turnwise.store.catalog.secrets import KeyStyle
from turnwise.store.catalog.tables import api_keys, users


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which is known at this moment only."""

    key: ApiKey
    secret: str


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
        secret = secrets.new_secret(style)
        with self._database.writing() as connection:
            _require_user(connection, tenant_id, user_id)
            row = {
                "id": str(uuid4()),
                "tenant_id": tenant_id,
                "user_id": user_id,
                "project_id": (
                    default_project_id(connection, tenant_id)
                    if project_id is None
                    else require_project(connection, tenant_id, project_id)
                ),
                "name": name,
                "style": style.value,
                "public_key": secrets.new_public_key(),
                "scopes": scope_text,
                "created_ns": now,
                "expires_ns": expires_ns,
                **secret_columns(secret),
            }
            connection.execute(insert(api_keys).values(row))
            target = f"key {row['id']}"
            record(connection, now, by, "key.created", target, tenant_id, scopes=scope_text)
            return NewKey(_get(connection, str(row["id"]), tenant_id), secret)

    def all(self, tenant_id: TenantId | None = None, user_id: int | None = None) -> list[ApiKey]:
        """The keys of a tenant or of one user, the oldest first, revoked ones too."""
        query = select(api_keys).order_by(api_keys.c.created_ns, api_keys.c.id)
        if tenant_id is not None:
            query = query.where(api_keys.c.tenant_id == tenant_id)
        if user_id is not None:
            query = query.where(api_keys.c.user_id == user_id)
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
            key = _get(connection, key_id, tenant_id)
            if key.is_active:
                now = self._database.now()
                _set(connection, key, revoked_ns=now)
                record(connection, now, by, "key.revoked", f"key {key.id}", key.tenant_id)
            return _get(connection, key.id, tenant_id)

    def rotate(self, key_id: str, tenant_id: TenantId | None = None, *, by: Actor) -> NewKey:
        """Give a key a new secret; the old one stops at once, all else stays.

        Raises:
            NotFound: there is no such key.
            Conflict: it has been revoked, or its secret is the operator's setting.
        """
        with self._database.writing() as connection:
            row = _row(connection, key_id, tenant_id)
            key = _key(row)
            if not key.is_active:
                raise Conflict("This key has been revoked; make a new one.")
            if row["is_bootstrap"]:
                raise Conflict("This key's secret is TURNWISE_API_KEY; change it there.")
            secret = secrets.new_secret(KeyStyle(row["style"]))
            now = self._database.now()
            _set(connection, key, **secret_columns(secret))
            record(connection, now, by, "key.rotated", f"key {key.id}", key.tenant_id)
            return NewKey(_get(connection, key.id, tenant_id), secret)


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


def _require_user(connection: Connection, tenant_id: TenantId, user_id: int) -> None:
    query = select(users.c.id).where(users.c.id == user_id, users.c.tenant_id == tenant_id)
    if connection.execute(query).first() is None:
        raise NotFound("The tenant has no such user.")


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
        is_active=row["revoked_ns"] is None,
        created_ns=row["created_ns"],
        expires_ns=row["expires_ns"],
        last_used_ns=row["last_used_ns"],
    )
