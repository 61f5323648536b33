"""Tenants, users, projects and agents, and the border between two tenants."""

from dataclasses import replace
from uuid import uuid4

import pytest

from tests.contract.store.catalog.conftest import FakeClock, MakeKey, Place, ensure_tenant
from tests.contract.store.catalog.together import in_processes, in_threads
from turnwise.model.errors import BadInput, Conflict, NotFound
from turnwise.model.ids import ProjectId, TenantId, agent_uuid_of
from turnwise.model.tenancy import Role
from turnwise.store.catalog import COMMAND_LINE, AgentFields, ProjectChanges, SqlCatalog

PASSWORD = "correct horse"


@pytest.fixture
def acme(catalog: SqlCatalog) -> TenantId:
    return ensure_tenant(catalog, "acme")


@pytest.fixture
def globex(catalog: SqlCatalog) -> TenantId:
    return ensure_tenant(catalog, "globex")


# --- tenants --------------------------------------------------------------------------------------


def test_a_tenant_has_a_default_project(catalog: SqlCatalog, clock: FakeClock) -> None:
    tenant = catalog.create_tenant("acme", " Acme Ltd ")
    assert (tenant.slug, tenant.display_name, tenant.created_ns) == ("acme", "Acme Ltd", clock())
    assert catalog.tenants() == [tenant]
    assert [item.project.name for item in catalog.admin.projects.all(tenant.id)] == ["default"]


def test_a_slug_is_taken_once(catalog: SqlCatalog) -> None:
    catalog.create_tenant("acme", "Acme")
    with pytest.raises(Conflict, match="acme"):
        catalog.create_tenant("acme", "Other")
    assert len(catalog.tenants()) == 1


@pytest.mark.parametrize("slug", ["", "Acme", "a b", "-a", "a\0", "ä", "x" * 64])
def test_a_bad_slug_is_refused(catalog: SqlCatalog, slug: str) -> None:
    with pytest.raises(BadInput) as refused:
        catalog.create_tenant(slug, "Acme")
    assert refused.value.issues[0].location == ("slug",)
    with pytest.raises(NotFound):
        catalog.admin.tenants.named(slug)


# --- users ----------------------------------------------------------------------------------------


def test_users_are_numbered_and_log_in(catalog: SqlCatalog, acme: TenantId) -> None:
    first = catalog.create_user("acme", "Jo@Acme.test", PASSWORD, Role.ADMIN)
    second = catalog.create_user("acme", "al@acme.test", None, Role.MEMBER, is_staff=True)
    assert second.id == first.id + 1
    assert (first.email, first.role, first.is_staff) == ("Jo@Acme.test", Role.ADMIN, False)
    assert second.is_staff
    assert catalog.user_by_password("jo@acme.TEST", PASSWORD) == first
    assert catalog.user_by_password("jo@acme.test", PASSWORD, "acme") == first
    assert catalog.user_by_password("jo@acme.test", PASSWORD, "default") is None
    assert catalog.user_by_password("jo@acme.test", PASSWORD + "!") is None
    assert catalog.user_by_password("nobody@acme.test", PASSWORD) is None
    assert catalog.user_by_password("\0", "\0") is None
    assert catalog.user_by_password("jo@acme.test", "\ud800") is None
    assert catalog.admin.users.with_email(acme, "JO@acme.test") == first


def test_an_address_is_taken_once_in_a_tenant(
    catalog: SqlCatalog, acme: TenantId, globex: TenantId
) -> None:
    here = catalog.create_user("acme", "jo@x.test", PASSWORD, Role.OWNER)
    with pytest.raises(Conflict):
        catalog.create_user("acme", "JO@x.test", PASSWORD, Role.OWNER)
    there = catalog.create_user("globex", "jo@x.test", "another password", Role.OWNER)
    assert catalog.user_by_password("jo@x.test", PASSWORD) == here
    assert catalog.user_by_password("jo@x.test", "another password") == there
    assert [user.tenant_id for user in catalog.admin.users.all(acme)] == [acme, acme]


def test_password_and_activity_can_change(catalog: SqlCatalog, acme: TenantId) -> None:
    user = catalog.create_user("acme", "jo@x.test", PASSWORD, Role.OWNER)
    catalog.admin.users.set_password(user.id, "another password", by=COMMAND_LINE)
    assert catalog.user_by_password("jo@x.test", PASSWORD) is None
    assert catalog.user_by_password("jo@x.test", "another password") == user
    catalog.admin.users.set_active(user.id, False, by=COMMAND_LINE)
    assert catalog.user_by_password("jo@x.test", "another password") is None
    with pytest.raises(NotFound):
        catalog.admin.users.set_active(999_999, False, by=COMMAND_LINE)


@pytest.mark.parametrize(
    ("email", "password"),
    [("jo", PASSWORD), ("a b@x.test", PASSWORD), ("jo@x.test", "short"), ("jo@x.test", "x" * 1025)],
)
def test_bad_users_are_refused(
    catalog: SqlCatalog, acme: TenantId, email: str, password: str
) -> None:
    with pytest.raises(BadInput):
        catalog.create_user("acme", email, password, Role.OWNER)


def test_users_need_a_tenant(catalog: SqlCatalog) -> None:
    with pytest.raises(NotFound):
        catalog.create_user("nowhere", "jo@x.test", PASSWORD, Role.OWNER)
    with pytest.raises(NotFound):
        catalog.admin.users.create(
            TenantId(str(uuid4())), "jo@x.test", None, Role.OWNER, by=COMMAND_LINE
        )


# --- projects -------------------------------------------------------------------------------------


def test_a_name_stands_for_one_project_in_each_tenant(
    catalog: SqlCatalog, acme: TenantId, globex: TenantId
) -> None:
    ours = catalog.project_named(acme, "web")
    assert catalog.project_named(acme, " web ") == ours
    assert catalog.project_named(globex, "web") != ours
    found = catalog.admin.projects.named(acme, "web")
    assert found is not None
    assert found.id == ours
    assert catalog.admin.projects.named(acme, "no such") is None
    with pytest.raises(NotFound):
        catalog.project_named(str(uuid4()), "web")
    with pytest.raises(BadInput):
        catalog.project_named(acme, "we\0b")


def test_threads_meet_a_project_at_once(catalog: SqlCatalog, acme: TenantId) -> None:
    assert len(set(in_threads(lambda: catalog.project_named(acme, "web")))) == 1
    assert len(catalog.admin.projects.all(acme)) == 2


def test_processes_meet_a_project_at_once(
    place: Place, catalog: SqlCatalog, acme: TenantId
) -> None:
    act = f"[catalog.project_named({acme!r}, f'p{{n}}') for n in range(20)]"
    one, other = in_processes(place.address, act)
    assert one == other
    assert len(set(one)) == 20


def test_a_project_is_made_changed_and_read(
    catalog: SqlCatalog, acme: TenantId, globex: TenantId, clock: FakeClock
) -> None:
    chosen = uuid4()
    fields = ProjectChanges(description="A test", extra={"metadata": {"a": 1}})
    made = catalog.admin.projects.create(
        acme, "web", fields, project_id=chosen.hex, by=COMMAND_LINE
    )
    assert (made.id, made.description) == (str(chosen), "A test")
    changed = catalog.admin.projects.update(
        acme, chosen.hex, ProjectChanges(name="site", end_ns=clock() + 1), by=COMMAND_LINE
    )
    assert changed.project == replace(made, name="site")
    assert (changed.start_ns, changed.end_ns) == (clock(), clock() + 1)
    assert changed.extra == {"metadata": {"a": 1}}
    assert catalog.admin.projects.get(acme, str(chosen).upper()) == changed
    for stranger, project_id in ((globex, str(chosen)), (acme, "x"), (acme, str(uuid4()))):
        with pytest.raises(NotFound):
            catalog.admin.projects.get(stranger, project_id)
        with pytest.raises(NotFound):
            catalog.admin.projects.update(
                stranger, project_id, ProjectChanges(name="x"), by=COMMAND_LINE
            )


def test_project_names_and_ids_are_taken_once(catalog: SqlCatalog, acme: TenantId) -> None:
    made = catalog.create_project("acme", "web")
    with pytest.raises(Conflict):
        catalog.create_project("acme", "web")
    with pytest.raises(Conflict):
        catalog.admin.projects.create(acme, "x", project_id=made.id, by=COMMAND_LINE)
    with pytest.raises(Conflict):
        catalog.admin.projects.update(
            acme, made.id, ProjectChanges(name="default"), by=COMMAND_LINE
        )
    with pytest.raises(BadInput):
        catalog.admin.projects.create(acme, "x", project_id="not a uuid", by=COMMAND_LINE)


# --- agents ---------------------------------------------------------------------------------------


@pytest.fixture
def project(catalog: SqlCatalog, acme: TenantId) -> ProjectId:
    return catalog.project_named(acme, "default")


def test_an_agent_that_was_met_is_found_by_all_its_names(
    catalog: SqlCatalog, acme: TenantId, project: ProjectId
) -> None:
    catalog.agents_met(project, ["front desk", "other"])
    agent = catalog.agent([project], "front desk")
    assert agent is not None
    uuid = agent_uuid_of(project, "front desk")
    assert (agent.id, agent.public_id) == (str(uuid), f"agent_{uuid.hex}")
    assert agent.object_id == uuid.hex[:24]
    assert (agent.tenant_id, agent.project_id, agent.created_by) == (acme, project, None)
    for name in (agent.id, agent.id.upper(), uuid.hex, agent.public_id, agent.object_id):
        assert catalog.agent([project], name) == agent
    assert catalog.agent([project], "no such") is None
    assert catalog.agent([project], "\0") is None
    assert catalog.agent([], agent.id) is None


def test_known_agents_stay_as_they_are(
    catalog: SqlCatalog, project: ProjectId, make_key: MakeKey
) -> None:
    creator = make_key("acme").key.user_id
    fields = AgentFields(name="Desk", config={"voice": "x"}, allowed_origins=["https://a.test"])
    made = catalog.admin.agents.create(project, "desk", fields, created_by=creator, by=COMMAND_LINE)
    catalog.agents_met(project, ["desk", "new", "new"])
    catalog.agents_met(project, ["desk", "new"])
    details = catalog.admin.agents.details([project], "desk")
    assert details.agent == made
    assert (made.name, made.created_by) == ("Desk", creator)
    assert (details.config, details.allowed_origins) == ({"voice": "x"}, ("https://a.test",))
    assert [item.agent.slug for item in catalog.admin.agents.all([project])] == ["desk", "new"]


def test_names_that_cannot_be_kept_make_no_agent(catalog: SqlCatalog, project: ProjectId) -> None:
    catalog.agents_met(project, ["", "  ", "a\0b", "\ud800", "x" * 257, "good"])
    assert [item.agent.slug for item in catalog.admin.agents.all([project])] == ["good"]
    catalog.agents_met(project, [])
    catalog.agents_met(project, [f"agent {number:04}" for number in range(1_200)])
    assert len(catalog.admin.agents.all([project])) == 1_201


def test_threads_meet_agents_at_once(catalog: SqlCatalog, project: ProjectId) -> None:
    slugs = [f"agent {number}" for number in range(30)]
    in_threads(lambda: catalog.agents_met(project, slugs))
    assert len(catalog.admin.agents.all([project])) == 30


def test_agents_keep_to_their_projects(
    catalog: SqlCatalog, project: ProjectId, globex: TenantId
) -> None:
    theirs = catalog.project_named(globex, "default")
    catalog.agents_met(project, ["desk"])
    catalog.agents_met(theirs, ["desk"])
    ours, other = catalog.agent([project], "desk"), catalog.agent([theirs], "desk")
    assert ours is not None
    assert other is not None
    assert ours.id != other.id
    assert catalog.agent([project], other.id) is None
    assert catalog.agent([theirs, project], "desk") == other
    with pytest.raises(NotFound):
        catalog.admin.agents.update(
            [project], other.id, AgentFields(is_active=False), by=COMMAND_LINE
        )
    with pytest.raises(NotFound):
        catalog.agents_met(ProjectId(str(uuid4())), ["desk"])


def test_a_slug_is_made_once_but_a_met_agent_can_be_adopted(
    catalog: SqlCatalog, project: ProjectId, make_key: MakeKey
) -> None:
    creator = make_key("acme").key.user_id
    catalog.agents_met(project, ["desk"])
    with pytest.raises(Conflict):
        catalog.admin.agents.create(project, "desk", created_by=creator, by=COMMAND_LINE)
    adopted = catalog.admin.agents.create(
        project, "desk", created_by=creator, adopt=True, by=COMMAND_LINE
    )
    assert adopted.created_by == creator
    with pytest.raises(Conflict):
        catalog.admin.agents.create(
            project, "desk", created_by=creator, adopt=True, by=COMMAND_LINE
        )


def test_an_agent_can_be_changed(catalog: SqlCatalog, project: ProjectId) -> None:
    catalog.agents_met(project, ["desk"])
    changed = catalog.admin.agents.update(
        [project], "desk", AgentFields(name="Desk", is_active=False), by=COMMAND_LINE
    )
    assert (changed.agent.name, changed.agent.is_active) == ("Desk", False)
    assert catalog.agent([project], "desk") == changed.agent
