"""Users: the people of a tenant."""

from collections.abc import Collection
from dataclasses import replace
from uuid import uuid4

from sqlalchemy import Connection, RowMapping, insert, select, update

from turnwise.model.errors import Conflict, NotFound
from turnwise.model.ids import TenantId
from turnwise.model.tenancy import Role, User
from turnwise.store.catalog import checks, secrets
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.browser_sessions import end_sessions
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import tenants, users


class Users:
    """Makes and finds users and checks their passwords."""

    def __init__(self, database: Database):
        self._database = database

    def create(
        self,
        tenant_id: TenantId,
        email: str,
        password: str | None,
        role: Role,
        *,
        is_staff: bool = False,
        by: Actor,
    ) -> User:
        """A new user; one without a password cannot log in and only owns keys.

        Raises:
            Conflict: the tenant has a user with this address, however it is capitalised.
            NotFound: there is no such tenant.
            BadInput: the address or the password is malformed.
        """
        email = checks.email(email)
        # Outside of the transaction: it takes longer than all the rest.
        hashed = None if password is None else secrets.password_hash(password)
        conflict = f"The tenant has a user {email} already."
        with self._database.writing(conflict=conflict) as connection:
            known = select(tenants.c.id).where(tenants.c.id == tenant_id)
            if connection.execute(known).first() is None:
                raise NotFound("There is no such tenant.")
            return insert_user(
                connection, tenant_id, email, hashed, role, is_staff, self._database.now(), by
            )

    def all(self, tenant_id: TenantId | None = None) -> list[User]:
        """A tenant's users, or (None) everybody's, by number."""
        query = select(users).order_by(users.c.id)
        if tenant_id is not None:
            query = query.where(users.c.tenant_id == tenant_id)
        with self._database.reading() as connection:
            return [_user(row) for row in connection.execute(query).mappings()]

    def get(self, user_id: int) -> User:
        """The user with this number.

        Raises:
            NotFound: there is none.
        """
        with self._database.reading() as connection:
            return _get(connection, user_id)

    def with_email(self, tenant_id: TenantId, email: str) -> User:
        """The tenant's user with this address, however it is capitalised.

        Raises:
            NotFound: there is none.
        """
        with self._database.reading() as connection:
            found = find_user(connection, tenant_id, email)
        if found is None:
            raise NotFound(f"The tenant has no user {email}.")
        return found

    def uids(self, numbers: Collection[int]) -> dict[int, str]:
        """The UUIDs of users by their numbers; unknown numbers are left out."""
        query = select(users.c.id, users.c.uid).where(users.c.id.in_(numbers))
        with self._database.reading() as connection:
            return {row.id: row.uid for row in connection.execute(query)}

    def first_owner(self, tenant_id: TenantId) -> User | None:
        """The active owner with the lowest number."""
        query = (
            select(users)
            .where(users.c.tenant_id == tenant_id, users.c.role == Role.OWNER, users.c.is_active)
            .order_by(users.c.id)
            .limit(1)
        )
        with self._database.reading() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _user(row)

    def with_password(
        self, email: str, password: str, tenant_slug: str | None = None
    ) -> User | None:
        """The active user with this address and password; None when there is none.

        An address may be known to several tenants; without a slug the password decides, and the
        oldest user wins. It takes as long for an unknown address as for a wrong password.
        """
        query = (
            select(users)
            .join(tenants, tenants.c.id == users.c.tenant_id)
            .where(users.c.email_key == _email_key(email), users.c.is_active)
            .order_by(users.c.id)
        )
        if tenant_slug is not None:
            query = query.where(tenants.c.slug == tenant_slug)
        if not checks.is_storable(email + (tenant_slug or "")):
            return None
        with self._database.reading() as connection:
            rows = connection.execute(query).mappings().all()
        for row in rows:
            if secrets.password_fits(row["password_hash"], password):
                return _user(row)
        if not rows:
            secrets.password_fits(None, password)
        return None

    def set_password(self, user_id: int, password: str, *, by: Actor) -> None:
        """Replace the password, and end the person's sessions in browsers.

        Raises:
            NotFound: there is no such user.
            BadInput: the password is too short or too long.
        """
        self._set_password(user_id, password, None, by)

    def change_password(
        self, user_id: int, old: str, new: str, *, keep_session: str, by: Actor
    ) -> bool:
        """The same by the person themselves, whose own session stays; False if `old` is wrong.

        Raises:
            NotFound: there is no such user.
            BadInput: the new password is too short or too long.
        """
        query = select(users.c.password_hash).where(users.c.id == user_id)
        with self._database.reading() as connection:
            hashed = connection.execute(query).scalar_one_or_none()
        if not secrets.password_fits(hashed, old):
            return False
        self._set_password(user_id, new, keep_session, by)
        return True

    def _set_password(
        self, user_id: int, password: str, keep_session: str | None, by: Actor
    ) -> None:
        hashed = secrets.password_hash(password)
        with self._database.writing() as connection:
            user = _get(connection, user_id)
            set_password_hash(connection, user, hashed, self._database.now(), by)
            end_sessions(connection, user_id, keep_session)

    def change(
        self,
        tenant_id: TenantId,
        user_id: int,
        *,
        role: Role | None = None,
        is_active: bool | None = None,
        by: Actor,
    ) -> User:
        """Give a user another role, let them in or keep them out; None leaves as it is.

        Raises:
            NotFound: the tenant has no such user.
            Conflict: the tenant would have no active owner any more.
        """
        with self._database.writing() as connection:
            before = find_user_by_id(connection, user_id)
            if before is None or before.tenant_id != tenant_id:
                raise NotFound("The tenant has no such user.")
            after = replace(
                before,
                role=before.role if role is None else role,
                is_active=before.is_active if is_active is None else is_active,
            )
            if after == before:
                return before
            values = {"role": after.role.value, "is_active": after.is_active}
            connection.execute(update(users).where(users.c.id == user_id).values(values))
            owners = select(users.c.id).where(
                users.c.tenant_id == tenant_id, users.c.role == Role.OWNER, users.c.is_active
            )
            if connection.execute(owners.limit(1)).first() is None:
                raise Conflict("A tenant needs an active owner; make somebody else one first.")
            if not after.is_active:
                end_sessions(connection, user_id)
            now, target = self._database.now(), f"user {user_id}"
            record(connection, now, by, "user.changed", target, tenant_id, **values)
            return after

    def set_active(self, user_id: int, is_active: bool, *, by: Actor) -> None:
        """Let a user in or keep them out, with their keys, at once.

        Raises:
            NotFound: there is no such user.
        """
        with self._database.writing() as connection:
            user = _get(connection, user_id)
            connection.execute(
                update(users).where(users.c.id == user_id).values(is_active=is_active)
            )
            if not is_active:
                end_sessions(connection, user_id)
            action = "user.activated" if is_active else "user.deactivated"
            now = self._database.now()
            record(connection, now, by, action, f"user {user_id}", user.tenant_id)


def find_user(connection: Connection, tenant_id: TenantId, email: str) -> User | None:
    """The tenant's user with this address, however it is capitalised."""
    if not checks.is_storable(email):
        return None
    query = select(users).where(
        users.c.tenant_id == tenant_id, users.c.email_key == _email_key(email)
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _user(row)


def insert_user(
    connection: Connection,
    tenant_id: TenantId,
    email: str,
    password_hash: str | None,
    role: Role,
    is_staff: bool,
    now_ns: int,
    by: Actor,
) -> User:
    """Add a user."""
    row = {
        "uid": str(uuid4()),
        "tenant_id": tenant_id,
        "email": email,
        "email_key": _email_key(email),
        "password_hash": password_hash,
        "role": role.value,
        "is_staff": is_staff,
        "is_active": True,
        "created_ns": now_ns,
    }
    user_id = connection.execute(insert(users).values(row).returning(users.c.id)).scalar_one()
    record(
        connection,
        now_ns,
        by,
        "user.created",
        f"user {user_id}",
        tenant_id,
        role=role.value,
        is_staff=is_staff,
    )
    return _get(connection, user_id)


def set_password_hash(
    connection: Connection, user: User, password_hash: str, now_ns: int, by: Actor
) -> None:
    """Replace the password by the one that made this hash."""
    connection.execute(
        update(users).where(users.c.id == user.id).values(password_hash=password_hash)
    )
    record(connection, now_ns, by, "user.password_set", f"user {user.id}", user.tenant_id)


def find_user_by_id(connection: Connection, user_id: int) -> User | None:
    """The user with this number."""
    row = connection.execute(select(users).where(users.c.id == user_id)).mappings().one_or_none()
    return None if row is None else _user(row)


def _get(connection: Connection, user_id: int) -> User:
    found = find_user_by_id(connection, user_id)
    if found is None:
        raise NotFound("There is no such user.")
    return found


def _email_key(email: str) -> str:
    return email.strip().lower()


def _user(row: RowMapping) -> User:
    return User(
        id=row["id"],
        uid=row["uid"],
        tenant_id=TenantId(row["tenant_id"]),
        email=row["email"],
        role=Role(row["role"]),
        is_staff=row["is_staff"],
        is_active=row["is_active"],
        created_ns=row["created_ns"],
    )
