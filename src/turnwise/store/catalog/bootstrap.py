"""What is there from the start: tenant `default`, the operator's key, the demo login."""

from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from turnwise.model.errors import Conflict, Misconfigured
from turnwise.model.ids import ProjectId
from turnwise.model.tenancy import ApiKey, Role, Scope, Tenant, User
from turnwise.store.catalog import checks, secrets
from turnwise.store.catalog.audit import SERVER, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.keys import insert_key, join_scopes, revoke_named, secret_columns
from turnwise.store.catalog.projects import default_project_id
from turnwise.store.catalog.schema import lock
from turnwise.store.catalog.secrets import KeyStyle
from turnwise.store.catalog.tables import api_keys, users
from turnwise.store.catalog.tenants import find_tenant, insert_tenant
from turnwise.store.catalog.users import find_user, insert_user, set_password_hash

DEFAULT_TENANT = "default"
DEFAULT_PUBLIC_KEY = "pk-turnwise"
MIN_API_KEY = 16
_OWNER_EMAIL = "owner@localhost"
_DEMO_KEY = "demo"
_MAX_PUBLIC_KEY = 128


@dataclass(frozen=True, slots=True)
class Defaults:
    """What every catalog has.

    Attributes:
        owner: owns the bootstrap key; has no password, so nobody can log in as them.
    """

    tenant: Tenant
    project_id: ProjectId
    owner: User


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """Who may look at the demo; password and key are those that hold from now on."""

    tenant: Tenant
    user: User
    password: str
    key: ApiKey
    secret_key: str


def ensure_defaults(database: Database, api_key: str | None, public_key: str) -> Defaults:
    """Tenant, project, owner and (when given) the operator's key, each made when missing.

    Raises:
        Misconfigured: the key is too short, has been revoked, or one half of it is another key's.
    """
    if api_key is not None and (len(api_key) < MIN_API_KEY or not checks.is_storable(api_key)):
        raise Misconfigured(f"TURNWISE_API_KEY must have at least {MIN_API_KEY} characters.")
    if not 0 < len(public_key) <= _MAX_PUBLIC_KEY or not checks.is_storable(public_key):
        raise Misconfigured(f"TURNWISE_PUBLIC_KEY must have 1 to {_MAX_PUBLIC_KEY} characters.")
    with database.reading() as connection:
        known = _known_defaults(connection)
        if known is not None and _key_stands(connection, api_key, public_key):
            return known
    with database.writing() as connection:
        lock(database, connection)
        defaults = _make_defaults(connection, database.now())
        if api_key is not None:
            _put_key(connection, defaults, api_key, public_key, database.now())
        return defaults


def ensure_demo(database: Database, email: str, password: str | None) -> DemoLogin:
    """An owner of tenant `default` with this address and password, and a key in full scopes.

    What an earlier call has handed out cannot be shown again, so this key replaces that one, and
    without a password a new one is made.

    Raises:
        BadInput: the address or the password is malformed.
    """
    email = checks.email(email)
    password = token_urlsafe(12) if password is None else password
    hashed = secrets.password_hash(password)
    with database.writing() as connection:
        lock(database, connection)
        now = database.now()
        defaults = _make_defaults(connection, now)
        tenant = defaults.tenant
        user = find_user(connection, tenant.id, email)
        if user is None:
            user = insert_user(connection, tenant.id, email, hashed, Role.OWNER, False, now, SERVER)
        else:
            set_password_hash(connection, user, hashed, now, SERVER)
        revoke_named(connection, user, _DEMO_KEY, now, SERVER)
        new = insert_key(
            connection, user, _DEMO_KEY, join_scopes(Scope), defaults.project_id, now, SERVER
        )
    return DemoLogin(tenant, user, password, new.key, new.secret_key)


def can_anyone_log_in(database: Database) -> bool:
    """Whether an active user of any tenant has a password."""
    with database.reading() as connection:
        return _someone_can_log_in(connection)


def create_first_owner(database: Database, email: str, password: str) -> tuple[User, Tenant]:
    """An owner of tenant `default`, as long as nobody can log in.

    Raises:
        Conflict: somebody can; this is checked in the transaction that makes the owner.
        BadInput: the address or the password is malformed.
    """
    email = checks.email(email)
    # Outside of the transaction: it takes longer than all the rest.
    hashed = secrets.password_hash(password)
    with database.writing() as connection:
        lock(database, connection)
        if _someone_can_log_in(connection):
            raise Conflict("This server has an owner already; log in.", code="not_new")
        now = database.now()
        tenant = _make_defaults(connection, now).tenant
        known = find_user(connection, tenant.id, email)
        if known is None:
            made = insert_user(connection, tenant.id, email, hashed, Role.OWNER, False, now, SERVER)
            return made, tenant
        if known.role is not Role.OWNER:
            raise Conflict("A user with this address exists already.", code="not_new")
        set_password_hash(connection, known, hashed, now, SERVER)
        return known, tenant


def _someone_can_log_in(connection: Connection) -> bool:
    with_password = select(users.c.id).where(users.c.password_hash.is_not(None), users.c.is_active)
    return connection.execute(with_password.limit(1)).first() is not None


def _known_defaults(connection: Connection) -> Defaults | None:
    tenant = find_tenant(connection, DEFAULT_TENANT)
    owner = None if tenant is None else find_user(connection, tenant.id, _OWNER_EMAIL)
    if tenant is None or owner is None:
        return None
    return Defaults(tenant, default_project_id(connection, tenant.id), owner)


def _make_defaults(connection: Connection, now_ns: int) -> Defaults:
    tenant = find_tenant(connection, DEFAULT_TENANT) or insert_tenant(
        connection, DEFAULT_TENANT, "Default", now_ns, SERVER
    )
    owner = find_user(connection, tenant.id, _OWNER_EMAIL) or insert_user(
        connection, tenant.id, _OWNER_EMAIL, None, Role.OWNER, False, now_ns, SERVER
    )
    return Defaults(tenant, default_project_id(connection, tenant.id), owner)


def _bootstrap_row(connection: Connection) -> RowMapping | None:
    query = select(api_keys).where(api_keys.c.is_bootstrap)
    return connection.execute(query).mappings().one_or_none()


def _key_stands(connection: Connection, api_key: str | None, public_key: str) -> bool:
    if api_key is None:
        return True
    row = _bootstrap_row(connection)
    return row is not None and row["revoked_ns"] is None and _is_same(row, api_key, public_key)


def _is_same(row: RowMapping, api_key: str, public_key: str) -> bool:
    same_secret: bool = row["secret_hash"] == secrets.secret_hash(api_key)
    return same_secret and row["public_key"] == public_key


def _put_key(
    connection: Connection, defaults: Defaults, api_key: str, public_key: str, now_ns: int
) -> None:
    row = _bootstrap_row(connection)
    own_id = "" if row is None else row["id"]
    _refuse_taken(connection, own_id, api_key, public_key)
    values: dict[str, Any] = {
        "public_key": public_key,
        "scopes": join_scopes(Scope),
        "revoked_ns": None,
        **secret_columns(api_key),
    }
    if row is None:
        values |= _new_key(defaults, now_ns)
        connection.execute(insert(api_keys).values(values))
        _note(connection, defaults, now_ns, "key.created", values["id"])
        return
    if row["revoked_ns"] is not None and row["secret_hash"] == secrets.secret_hash(api_key):
        raise Misconfigured("The key in TURNWISE_API_KEY has been revoked; set another one.")
    if row["revoked_ns"] is None and _is_same(row, api_key, public_key):
        return
    connection.execute(update(api_keys).where(api_keys.c.id == own_id).values(values))
    _note(connection, defaults, now_ns, "key.replaced", own_id)


def _refuse_taken(connection: Connection, own_id: str, api_key: str, public_key: str) -> None:
    taken = select(api_keys.c.id).where(
        api_keys.c.id != own_id,
        or_(
            api_keys.c.public_key == public_key,
            api_keys.c.secret_hash == secrets.secret_hash(api_key),
        ),
    )
    if connection.execute(taken).first() is not None:
        raise Misconfigured("TURNWISE_API_KEY or TURNWISE_PUBLIC_KEY is that of another key.")


def _new_key(defaults: Defaults, now_ns: int) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "tenant_id": defaults.tenant.id,
        "user_id": defaults.owner.id,
        "project_id": defaults.project_id,
        "name": "TURNWISE_API_KEY",
        "style": KeyStyle.TURNWISE.value,
        "is_bootstrap": True,
        "created_ns": now_ns,
    }


def _note(
    connection: Connection, defaults: Defaults, now_ns: int, action: str, key_id: str
) -> None:
    tenant_id = defaults.tenant.id
    record(connection, now_ns, SERVER, action, f"key {key_id}", tenant_id, bootstrap=True)
