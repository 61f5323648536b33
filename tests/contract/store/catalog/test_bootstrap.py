"""What is there from the start, and who may start at the same time."""

import pytest

from tests.contract.store.catalog.conftest import MakeKey, Place
from tests.contract.store.catalog.together import in_processes, in_threads
from turnwise.model.errors import Conflict, Misconfigured
from turnwise.model.tenancy import Role, Scope
from turnwise.store.catalog import COMMAND_LINE, SqlCatalog

FIRST, SECOND = "the-first-secret-of-all", "the-second-secret-of-all"


def test_defaults_come_without_a_key(catalog: SqlCatalog) -> None:
    made = catalog.ensure_defaults()
    assert made.tenant.slug == "default"
    assert made.owner.role is Role.OWNER
    assert catalog.project_named(made.tenant.id, "default") == made.project_id
    assert catalog.admin.keys.all() == []
    assert catalog.user_by_password(made.owner.email, "") is None
    assert catalog.ensure_defaults() == made


def test_the_operators_key_opens_everything(catalog: SqlCatalog) -> None:
    made = catalog.ensure_defaults(FIRST)
    caller = catalog.caller_by_secret(FIRST, "pk-turnwise")
    assert caller is not None
    assert caller.tenant_slug == "default"
    assert caller.project_id == made.project_id
    assert caller.scopes == set(Scope)
    assert caller.role is Role.OWNER


def test_a_second_start_changes_nothing(catalog: SqlCatalog) -> None:
    first = catalog.ensure_defaults(FIRST)
    logged = catalog.admin.audit.entries()
    assert catalog.ensure_defaults(FIRST) == first
    assert catalog.admin.audit.entries() == logged


def test_another_secret_replaces_the_old_one(catalog: SqlCatalog) -> None:
    catalog.ensure_defaults(FIRST)
    catalog.ensure_defaults(SECOND, "pk-other")
    assert catalog.caller_by_secret(FIRST) is None
    assert catalog.caller_by_secret(SECOND, "pk-other") is not None
    assert catalog.caller_by_secret(SECOND, "pk-turnwise") is None
    assert len(catalog.admin.keys.all()) == 1
    catalog.ensure_defaults(FIRST)
    assert catalog.caller_by_secret(FIRST, "pk-turnwise") is not None
    assert catalog.caller_by_secret(SECOND) is None


def test_a_revoked_key_does_not_come_back(catalog: SqlCatalog) -> None:
    catalog.ensure_defaults(FIRST)
    [key] = catalog.admin.keys.all()
    catalog.admin.keys.revoke(key.id, by=COMMAND_LINE)
    with pytest.raises(Misconfigured, match="revoked"):
        catalog.ensure_defaults(FIRST)
    assert catalog.caller_by_secret(FIRST) is None
    catalog.ensure_defaults(SECOND)
    assert catalog.caller_by_secret(SECOND) is not None


def test_the_operators_key_is_rotated_by_its_setting_only(catalog: SqlCatalog) -> None:
    catalog.ensure_defaults(FIRST)
    [key] = catalog.admin.keys.all()
    with pytest.raises(Conflict, match="TURNWISE_API_KEY"):
        catalog.admin.keys.rotate(key.id, by=COMMAND_LINE)


@pytest.mark.parametrize("secret", ["", "x" * 15])
def test_a_short_key_stops_the_start(catalog: SqlCatalog, secret: str) -> None:
    with pytest.raises(Misconfigured, match="16"):
        catalog.ensure_defaults(secret)
    catalog.ensure_defaults("x" * 16)


def test_halves_of_other_keys_are_refused(catalog: SqlCatalog, make_key: MakeKey) -> None:
    new = make_key()
    with pytest.raises(Misconfigured, match="another key"):
        catalog.ensure_defaults(new.secret_key)
    with pytest.raises(Misconfigured, match="another key"):
        catalog.ensure_defaults(FIRST, new.key.public_key)


def test_the_demo_login(catalog: SqlCatalog) -> None:
    first = catalog.ensure_demo("demo@example.com", "a password")
    assert first.password == "a password"
    assert catalog.user_by_password("demo@example.com", "a password") == first.user
    caller = catalog.caller_by_secret(first.secret_key, first.key.public_key)
    assert caller is not None
    assert (caller.user_id, caller.tenant_slug) == (first.user.id, "default")
    second = catalog.ensure_demo("Demo@example.com")
    assert second.user == first.user
    assert catalog.user_by_password("demo@example.com", "a password") is None
    assert catalog.user_by_password("demo@example.com", second.password) == first.user
    assert catalog.caller_by_secret(first.secret_key) is None
    assert catalog.caller_by_secret(second.secret_key) is not None


def test_threads_start_at_once(catalog: SqlCatalog) -> None:
    made = in_threads(lambda: catalog.ensure_defaults(FIRST))
    assert [one == made[0] for one in made] == [True] * 8
    assert len(catalog.tenants()) == len(catalog.admin.keys.all()) == 1
    assert len(catalog.admin.audit.entries()) == 4


def test_processes_start_at_once_on_nothing(place: Place) -> None:
    act = f"catalog.ensure_defaults({FIRST!r}).owner.uid"
    uids = in_processes(place.address, act, number=4)
    assert len(set(uids)) == 1
    with place.open() as catalog:
        assert len(catalog.admin.keys.all()) == 1
        assert catalog.caller_by_secret(FIRST) is not None
