"""A stranger becomes the owner of a tenant of their own."""

import re
from secrets import token_hex

from sqlalchemy import Connection, select

from turnwise.model.tenancy import Role, Tenant, User
from turnwise.store.catalog import checks, secrets
from turnwise.store.catalog.audit import Actor
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.schema import lock
from turnwise.store.catalog.tables import users
from turnwise.store.catalog.tenants import find_tenant, insert_tenant
from turnwise.store.catalog.users import insert_user

SIGN_UP = Actor("sign-up")
_LONGEST_BASE = 40


def sign_up(database: Database, email: str, password: str, name: str) -> tuple[User, Tenant]:
    """A new tenant and its owner, who sees nothing of any other tenant.

    Raises:
        BadInput: an address is known already, in whatever tenant, or something is malformed.
    """
    email = checks.email(email)
    name = checks.name("name", name or email.partition("@")[0])
    # Outside of the transaction: it takes longer than all the rest.
    hashed = secrets.password_hash(password)
    with database.writing() as connection:
        # No constraint of the database keeps an address from signing up twice.
        lock(database, connection)
        known = select(users.c.id).where(users.c.email_key == email.lower())
        if connection.execute(known).first() is not None:
            checks.refuse("email", "A user with this address exists already.")
        now = database.now()
        tenant = insert_tenant(connection, _free_slug(connection, name), name, now, SIGN_UP)
        user = insert_user(connection, tenant.id, email, hashed, Role.OWNER, False, now, SIGN_UP)
        return user, tenant


def _free_slug(connection: Connection, name: str) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST_BASE].strip("-")
    slug = base or "tenant"
    while find_tenant(connection, slug) is not None:
        slug = f"{base or 'tenant'}-{token_hex(4)}"
    return slug
