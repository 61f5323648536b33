"""Sessions of browsers on both databases: they expire, and they can be ended."""

from uuid import uuid4

import pytest

from tests.contract.store.catalog.conftest import FakeClock, ensure_tenant
from turnwise.model.tenancy import Role, User
from turnwise.store.catalog import COMMAND_LINE, SqlCatalog

PASSWORD, OTHER = "correct horse battery", "another horse battery"


@pytest.fixture
def user(catalog: SqlCatalog) -> User:
    tenant = ensure_tenant(catalog, "acme")
    return catalog.admin.users.create(tenant, "jo@x.test", PASSWORD, Role.ADMIN, by=COMMAND_LINE)


def is_in(catalog: SqlCatalog, user: User, session: str) -> bool:
    found = catalog.caller_by_session(user.uid, session)
    assert found is None or (found.user_id, found.browser_session) == (user.id, session)
    return found is not None


def test_a_session_opens_until_it_expires(
    catalog: SqlCatalog, user: User, clock: FakeClock
) -> None:
    sessions = catalog.admin.browser_sessions
    session = sessions.begin(user.id, 60)
    assert is_in(catalog, user, session)
    clock.forward(59.9)
    assert is_in(catalog, user, session)
    assert sessions.count(user.id) == 1
    clock.forward(0.1)
    assert not is_in(catalog, user, session)
    assert sessions.count(user.id) == 0


def test_a_session_is_nobody_elses(catalog: SqlCatalog, user: User) -> None:
    session = catalog.admin.browser_sessions.begin(user.id, 60)
    assert catalog.caller_by_session(str(uuid4()), session) is None
    for wrong in (str(uuid4()), "no session", "None"):
        assert catalog.caller_by_session(user.uid, wrong) is None


def test_sessions_end_one_by_one_and_all_at_once(catalog: SqlCatalog, user: User) -> None:
    sessions = catalog.admin.browser_sessions
    one, two, three = (sessions.begin(user.id, 60) for _ in range(3))
    sessions.end(one)
    sessions.end(one)
    assert [is_in(catalog, user, each) for each in (one, two, three)] == [False, True, True]
    sessions.end_all(user.tenant_id, user.id, by=COMMAND_LINE)
    assert [is_in(catalog, user, each) for each in (two, three)] == [False, False]


def test_another_password_ends_all_sessions_but_that_of_whoever_sets_it(
    catalog: SqlCatalog, user: User
) -> None:
    users, sessions = catalog.admin.users, catalog.admin.browser_sessions
    own, other = sessions.begin(user.id, 60), sessions.begin(user.id, 60)

    def change(old: str) -> bool:
        return users.change_password(user.id, old, OTHER, keep_session=own, by=COMMAND_LINE)

    assert not change("wrong")
    assert (is_in(catalog, user, own), is_in(catalog, user, other)) == (True, True)
    assert change(PASSWORD)
    assert (is_in(catalog, user, own), is_in(catalog, user, other)) == (True, False)
    assert catalog.user_by_password("jo@x.test", OTHER) == user
    users.set_password(user.id, PASSWORD, by=COMMAND_LINE)
    assert not is_in(catalog, user, own)


def test_whoever_is_kept_out_has_no_session_left(catalog: SqlCatalog, user: User) -> None:
    session = catalog.admin.browser_sessions.begin(user.id, 60)
    for is_active in (False, True):
        catalog.admin.users.set_active(user.id, is_active, by=COMMAND_LINE)
        assert not is_in(catalog, user, session)
