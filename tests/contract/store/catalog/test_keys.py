"""From a secret to a caller, and the life of a key."""

from dataclasses import replace

import pytest
from sqlalchemy import event

from tests.contract.store.catalog.conftest import FakeClock, MakeKey, Place, ensure_tenant
from tests.contract.store.postgres import PostgresServer
from turnwise.model.errors import BadInput, Busy, Conflict, NotFound
from turnwise.model.tenancy import Role, Scope
from turnwise.store.catalog import COMMAND_LINE, Actor, KeyStyle, SqlCatalog

MINUTE = 60


def test_a_key_tells_who_holds_it(catalog: SqlCatalog, make_key: MakeKey) -> None:
    new = make_key("acme", scopes=[Scope.READ, Scope.INGEST])
    web = catalog.project_named(new.key.tenant_id, "web")
    caller = catalog.caller_by_secret(new.secret_key)
    owner = catalog.admin.users.get(new.key.user_id)
    assert caller is not None
    assert (caller.tenant_id, caller.tenant_slug) == (new.key.tenant_id, "acme")
    assert (caller.user_id, caller.user_uid, caller.role) == (owner.id, owner.uid, Role.OWNER)
    assert caller.is_staff is False
    assert caller.project_id == new.key.project_id
    assert caller.project_ids == (new.key.project_id, web)
    assert caller.projects_by_name == {"default": new.key.project_id, "web": web}
    assert caller.scopes == {Scope.READ, Scope.INGEST}
    assert caller.key_id == new.key.id


def test_the_project_of_the_key_comes_first(catalog: SqlCatalog, make_key: MakeKey) -> None:
    tenant_id = ensure_tenant(catalog, "acme")
    web = catalog.project_named(tenant_id, "web")
    caller = catalog.caller_by_secret(make_key("acme", project_id=web).secret_key)
    assert caller is not None
    assert caller.project_ids == (web, caller.projects_by_name["default"])


@pytest.mark.parametrize("style", KeyStyle)
def test_every_style_works(catalog: SqlCatalog, make_key: MakeKey, style: KeyStyle) -> None:
    new = make_key(style=style)
    assert new.secret_key.startswith(style.value)
    assert len(new.secret_key) == len(style.value) + 43
    assert new.key.public_key.startswith("pk-tw-")
    assert new.key.preview == f"{new.secret_key[:5]}...{new.secret_key[-4:]}"
    assert catalog.caller_by_secret(new.secret_key) is not None


def test_the_public_half_must_fit(catalog: SqlCatalog, make_key: MakeKey) -> None:
    new, other = make_key(), make_key()
    assert catalog.caller_by_secret(new.secret_key, new.key.public_key) is not None
    assert catalog.caller_by_secret(new.secret_key, other.key.public_key) is None
    assert catalog.caller_by_secret(new.secret_key, "") is None


@pytest.mark.parametrize("secret", ["", "sk-tw-unknown", "\0", "\ud800", "ü" * 10_000])
def test_other_texts_are_nobody(catalog: SqlCatalog, make_key: MakeKey, secret: str) -> None:
    new = make_key()
    assert catalog.caller_by_secret(secret) is None
    assert catalog.caller_by_secret(new.secret_key, secret) is None
    assert catalog.caller_by_public_key(secret) is None


def test_revocation_holds_at_once_everywhere(place: Place, make_key: MakeKey) -> None:
    new = make_key()
    with place.open() as here, place.open() as elsewhere:
        assert elsewhere.caller_by_secret(new.secret_key) is not None
        assert here.admin.keys.revoke(new.key.id, by=COMMAND_LINE).is_active is False
        assert elsewhere.caller_by_secret(new.secret_key) is None
        assert here.caller_by_secret(new.secret_key) is None
        assert elsewhere.caller_by_public_key(new.key.public_key) is None


def test_a_second_revocation_changes_nothing(catalog: SqlCatalog, make_key: MakeKey) -> None:
    new = make_key()
    first = catalog.admin.keys.revoke(new.key.id, by=COMMAND_LINE)
    logged = len(catalog.admin.audit.entries())
    assert catalog.admin.keys.revoke(new.key.id, by=COMMAND_LINE) == first
    assert len(catalog.admin.audit.entries()) == logged


def test_a_key_expires(catalog: SqlCatalog, make_key: MakeKey, clock: FakeClock) -> None:
    new = make_key(expires_ns=clock() + MINUTE * 1_000_000_000)
    clock.forward(MINUTE - 1)
    assert catalog.caller_by_secret(new.secret_key) is not None
    clock.forward(1)
    assert catalog.caller_by_secret(new.secret_key) is None


def test_a_rotated_key_keeps_all_but_its_secret(catalog: SqlCatalog, make_key: MakeKey) -> None:
    old = make_key(style=KeyStyle.PERSONA)
    new = catalog.admin.keys.rotate(old.key.id, by=COMMAND_LINE)
    assert new.secret_key.startswith("plabs_")
    assert new.key == replace(old.key, preview=new.key.preview)
    assert catalog.caller_by_secret(old.secret_key) is None
    caller = catalog.caller_by_secret(new.secret_key, old.key.public_key)
    assert caller is not None
    assert caller.key_id == old.key.id


def test_a_revoked_key_cannot_be_rotated(catalog: SqlCatalog, make_key: MakeKey) -> None:
    new = make_key()
    catalog.admin.keys.revoke(new.key.id, by=COMMAND_LINE)
    with pytest.raises(Conflict):
        catalog.admin.keys.rotate(new.key.id, by=COMMAND_LINE)


def test_an_inactive_user_takes_their_keys_along(catalog: SqlCatalog, make_key: MakeKey) -> None:
    new = make_key()
    catalog.admin.users.set_active(new.key.user_id, False, by=COMMAND_LINE)
    assert catalog.caller_by_secret(new.secret_key) is None
    catalog.admin.users.set_active(new.key.user_id, True, by=COMMAND_LINE)
    assert catalog.caller_by_secret(new.secret_key) is not None


def test_use_is_noted_once_a_minute(
    catalog: SqlCatalog, make_key: MakeKey, clock: FakeClock
) -> None:
    new = make_key()

    def last_used() -> int | None:
        return catalog.admin.keys.get(new.key.id).last_used_ns

    assert last_used() is None
    first = clock()
    catalog.caller_by_secret(new.secret_key)
    assert last_used() == first
    clock.forward(MINUTE - 1)
    catalog.caller_by_secret(new.secret_key)
    assert last_used() == first
    clock.forward(1)
    catalog.caller_by_secret(new.secret_key)
    assert last_used() == clock()


def test_a_refused_key_is_not_used(catalog: SqlCatalog, make_key: MakeKey) -> None:
    new = make_key()
    catalog.caller_by_secret(new.secret_key, "pk-other")
    assert catalog.admin.keys.get(new.key.id).last_used_ns is None


def test_the_secret_is_not_kept(place: Place, make_key: MakeKey) -> None:
    new = make_key()
    kept = b"".join(path.read_bytes() for path in place.data_dir.glob("*"))
    assert new.secret_key.encode() not in kept
    assert new.secret_key not in repr(new.key)


def test_keys_of_another_tenant_do_not_exist(catalog: SqlCatalog, make_key: MakeKey) -> None:
    ours, theirs = make_key("acme"), make_key("globex")
    tenant_id = ours.key.tenant_id
    assert [key.id for key in catalog.admin.keys.all(tenant_id)] == [ours.key.id]
    for act in (catalog.admin.keys.revoke, catalog.admin.keys.rotate):
        with pytest.raises(NotFound) as foreign:
            act(theirs.key.id, tenant_id, by=COMMAND_LINE)
        with pytest.raises(NotFound) as unknown:
            act("no-such-key", tenant_id, by=COMMAND_LINE)
        assert foreign.value.message == unknown.value.message
    assert catalog.caller_by_secret(theirs.secret_key) is not None


def test_a_key_cannot_reach_into_another_tenant(catalog: SqlCatalog, make_key: MakeKey) -> None:
    theirs = make_key("globex")
    tenant_id = ensure_tenant(catalog, "acme")
    with pytest.raises(NotFound):
        make_key("acme", project_id=theirs.key.project_id)
    with pytest.raises(NotFound):
        catalog.admin.keys.create(
            tenant_id, theirs.key.user_id, "key", [Scope.READ], by=COMMAND_LINE
        )


@pytest.mark.parametrize("wrong", [{"name": " "}, {"name": "x\0"}, {"scopes": []}])
def test_bad_fields_are_named(
    catalog: SqlCatalog, make_key: MakeKey, wrong: dict[str, object]
) -> None:
    with pytest.raises(BadInput) as refused:
        make_key(**wrong)
    assert [issue.location for issue in refused.value.issues] == [tuple(wrong)]


def test_an_expiry_in_the_past_is_refused(
    catalog: SqlCatalog, make_key: MakeKey, clock: FakeClock
) -> None:
    with pytest.raises(BadInput):
        make_key(expires_ns=clock())


def test_the_keys_deeds_are_logged(catalog: SqlCatalog, make_key: MakeKey) -> None:
    new = make_key("acme", by=Actor("user 7", 7))
    catalog.admin.keys.rotate(new.key.id, by=COMMAND_LINE)
    catalog.admin.keys.revoke(new.key.id, by=COMMAND_LINE)
    entries = catalog.admin.audit.entries(new.key.tenant_id, limit=3)
    assert [entry.action for entry in entries] == ["key.revoked", "key.rotated", "key.created"]
    assert {entry.target for entry in entries} == {f"key {new.key.id}"}
    assert (entries[2].actor, entries[2].actor_user_id) == ("user 7", 7)
    assert entries[0].actor == "command line"
    older = catalog.admin.audit.entries(new.key.tenant_id, before_id=entries[2].id)
    assert {entry.action for entry in older} == {
        "tenant.created",
        "project.created",
        "user.created",
    }
    assert new.secret_key not in repr(entries)


def test_a_public_key_stands_for_its_owner(catalog: SqlCatalog, make_key: MakeKey) -> None:
    new = make_key()
    assert catalog.caller_by_public_key(new.key.public_key) == catalog.caller_by_secret(
        new.secret_key
    )


def test_a_user_logged_in_has_the_scopes_of_the_role(catalog: SqlCatalog) -> None:
    tenant_id = ensure_tenant(catalog, "acme")
    owner = catalog.admin.users.first_owner(tenant_id)
    assert owner is not None
    member = catalog.admin.users.create(
        tenant_id, "m@acme.test", None, Role.MEMBER, by=COMMAND_LINE
    )
    as_owner = catalog.caller_by_user(owner.uid)
    as_member = catalog.caller_by_user(member.uid)
    assert as_owner is not None
    assert as_member is not None
    assert as_owner.scopes == set(Scope)
    assert Scope.ADMIN not in as_member.scopes
    assert as_member.key_id is None
    catalog.admin.users.set_active(member.id, False, by=COMMAND_LINE)
    assert catalog.caller_by_user(member.uid) is None


def test_a_look_up_is_one_statement_by_an_index(place: Place, make_key: MakeKey) -> None:
    new = make_key("acme")
    with place.open() as catalog:
        catalog.project_named(new.key.tenant_id, "web")
        catalog.caller_by_secret(new.secret_key)
        sent: list[str] = []

        def keep(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            sent.append(statement)

        engine = catalog._database.engine
        event.listen(engine, "before_cursor_execute", keep)
        assert catalog.caller_by_secret(new.secret_key) is not None
        event.remove(engine, "before_cursor_execute", keep)
        selects = [statement for statement in sent if not statement.startswith("BEGIN")]
        assert len(selects) == 1
        if engine.dialect.name == "sqlite":
            with engine.connect() as connection:
                plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {selects[0]}", (b"",)).all()
            steps = [str(row[3]) for row in plan]
            assert "SEARCH api_keys USING INDEX" in steps[0]
            assert [step for step in steps if step.startswith("SCAN")] == []


def test_a_database_that_is_gone_is_busy_and_not_a_bad_key(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()
    with SqlCatalog.open(url) as catalog:
        catalog.ensure_defaults("x" * 16)
        postgres_server.drop_database(url)
        with pytest.raises(Busy):
            catalog.caller_by_secret("x" * 16)
        with pytest.raises(Busy):
            catalog.create_tenant("acme", "Acme")
