"""People of a running server: with a password, a key and characters of their own."""

from dataclasses import dataclass
from uuid import uuid4

import httpx2

from tests.server import RunningServer
from turnwise.model.tenancy import Role, Scope
from turnwise.store.catalog import SqlCatalog

PASSWORD = "a password of a test"


@dataclass(frozen=True)
class Person:
    """Somebody who may log in and has a key in full scopes."""

    server: RunningServer
    tenant: str
    email: str
    key: str
    user_id: int

    def client(self, **headers: str) -> httpx2.Client:
        """An HTTP client that presents their key."""
        return self.server.client(self.key, **headers)

    def tokens(self) -> dict[str, str]:
        """What logging in gives."""
        with self.server.client(None) as client:
            answer = client.post(
                "/api/auth/login/", json={"email": self.email, "password": PASSWORD}
            )
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def logged_in(self, **headers: str) -> httpx2.Client:
        """An HTTP client that presents an access token."""
        bearer = f"Bearer {self.tokens()['access']}"
        return self.server.client(None, authorization=bearer, **headers)


def new_person(
    server: RunningServer,
    tenant: str | None = None,
    role: Role = Role.OWNER,
    scopes: frozenset[Scope] = frozenset(Scope),
    *,
    is_staff: bool = False,
) -> Person:
    """A new user, in a new tenant unless one is named."""
    with SqlCatalog.open(f"sqlite:///{server.data_dir / 'catalog.db'}") as catalog:
        slug = tenant or f"t-{uuid4().hex[:10]}"
        if slug not in {each.slug for each in catalog.tenants()}:
            catalog.create_tenant(slug, slug)
        email = f"{uuid4().hex[:10]}@example.com"
        user = catalog.create_user(slug, email, PASSWORD, role, is_staff=is_staff)
        key = catalog.create_key(slug, "test", scopes, email=email).secret_key
    return Person(server, slug, email, key, user.id)


def create_character(client: httpx2.Client, slug: str | None = None, **fields: object) -> str:
    """A new character of whoever the client is; its slug."""
    slug = slug or f"c-{uuid4().hex[:10]}"
    answer = client.post("/api/ai-characters/", json={"slug": slug, **fields})
    assert answer.status_code == 201, answer.text
    return slug
