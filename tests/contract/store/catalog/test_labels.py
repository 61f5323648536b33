"""Labels of cases on both databases: one to a case, gone with its session and its project."""

from uuid import uuid4

import pytest

from tests.contract.store.catalog.conftest import FakeClock, ensure_tenant
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.labels import SAME_NS, Label, Moment
from turnwise.model.tenancy import Role
from turnwise.store.catalog import COMMAND_LINE, SqlCatalog

MOMENT = Moment(3, 1_800_000_000_000_000_000)


@pytest.fixture
def user_id(catalog: SqlCatalog) -> int:
    tenant = ensure_tenant(catalog, "acme")
    return catalog.admin.users.create(tenant, "jo@x.test", None, Role.MEMBER, by=COMMAND_LINE).id


@pytest.fixture
def project(catalog: SqlCatalog, user_id: int) -> ProjectId:
    return catalog.create_project("acme", "another").id


def session() -> SessionId:
    return SessionId(str(uuid4()))


def test_a_case_has_one_label_wherever_its_onset_went(
    catalog: SqlCatalog, project: ProjectId, user_id: int, clock: FakeClock
) -> None:
    labels, one = catalog.admin.labels, session()
    first = labels.put(project, one, MOMENT, Label.MISSED, user_id)
    assert (first.by, first.at_ns) == ("jo@x.test", clock())
    assert labels.all(project) == [first]
    clock.forward(1)
    moved = Moment(3, (MOMENT.onset_ns or 0) + SAME_NS)
    second = labels.put(project, one, moved, Label.BACKCHANNEL, user_id)
    assert labels.all(project) == [second]
    clock.forward(1)
    other = labels.put(project, session(), MOMENT, Label.CUT_OFF, user_id)
    assert labels.all(project) == [other, second]
    labels.remove(project, one, MOMENT)
    labels.remove(project, one, MOMENT)
    assert labels.all(project) == [other]


def test_labels_go_with_their_sessions_and_their_project(
    catalog: SqlCatalog, project: ProjectId, user_id: int
) -> None:
    labels, gone, kept = catalog.admin.labels, session(), session()
    for each in (gone, kept):
        labels.put(project, each, Moment(None, None), Label.INTERRUPTION, user_id)
    labels.forget(project, [gone])
    assert [each.session_id for each in labels.all(project)] == [kept]
    assert labels.all(catalog.ensure_defaults().project_id) == []
    tenant = ensure_tenant(catalog, "acme")
    catalog.admin.projects.delete(tenant, project, by=COMMAND_LINE)
    assert labels.all(project) == []
