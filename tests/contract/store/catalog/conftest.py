from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from tests.contract.store.postgres import postgres_server, postgres_url
from turnwise.model.ids import TenantId
from turnwise.model.tenancy import Role, Scope
from turnwise.store.catalog import COMMAND_LINE, NewKey, SqlCatalog, catalog_url, secrets

__all__ = ["postgres_server", "postgres_url"]


@dataclass
class FakeClock:
    """A clock that stands still until it is set forward."""

    ns: int = 1_800_000_000_000_000_000

    def __call__(self) -> int:
        return self.ns

    def forward(self, seconds: float) -> None:
        self.ns += round(seconds * 1_000_000_000)


@dataclass
class Place:
    """Where a catalog is, not yet opened."""

    data_dir: Path
    url: str = ""
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def address(self) -> str:
        return str(catalog_url(self.data_dir, self.url))

    def open(self) -> SqlCatalog:
        return SqlCatalog.open(self.address, now=self.clock)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    return Place(tmp_path / "data", url)


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    # How slow a password hash is made on purpose is not what these tests are about.
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(secrets, "_hasher", quick)


@pytest.fixture
def catalog(place: Place) -> Iterator[SqlCatalog]:
    with place.open() as opened:
        yield opened


@pytest.fixture
def clock(place: Place) -> FakeClock:
    return place.clock


MakeKey = Callable[..., NewKey]


@pytest.fixture
def make_key(catalog: SqlCatalog) -> MakeKey:
    """A key of the first owner of a tenant, which is made when new."""

    def make(tenant: str = "default", **options: object) -> NewKey:
        tenant_id = ensure_tenant(catalog, tenant)
        owner = catalog.admin.users.first_owner(tenant_id)
        assert owner is not None
        given = {"name": "key", "scopes": [Scope.READ], "by": COMMAND_LINE} | options
        return catalog.admin.keys.create(tenant_id, owner.id, **given)  # type: ignore[arg-type]

    return make


def ensure_tenant(catalog: SqlCatalog, slug: str) -> TenantId:
    """The tenant, made with an owner when new."""
    catalog.ensure_defaults()
    known = {tenant.slug: tenant.id for tenant in catalog.tenants()}
    return known.get(slug) or make_tenant(catalog, slug)


def make_tenant(catalog: SqlCatalog, slug: str) -> TenantId:
    """A new tenant with an owner who cannot log in."""
    tenant = catalog.create_tenant(slug, slug.title())
    catalog.create_user(slug, f"owner@{slug}.test", None, Role.OWNER)
    return tenant.id
