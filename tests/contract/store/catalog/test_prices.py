"""Users' prices in the catalog: whose they are, that they are kept whole, and when they changed."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from tests.contract.store.catalog.conftest import ensure_tenant
from turnwise.model.errors import Conflict, NotFound
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.price import PriceRow, Reach, Unit
from turnwise.model.usage import Stage
from turnwise.store.catalog import COMMAND_LINE, Owner, SqlCatalog

ROW = PriceRow(
    name="acme/large",
    stage=Stage.LLM,
    provider="acme",
    match="large.*",
    unit=Unit.INPUT_TOKEN,
    usd=Decimal("0.10000000000000000001"),
    per=1_000_000,
    above_input_tokens=200_000,
    valid_from_ns=1_700_000_000_000_000_000,
    valid_until_ns=1_800_000_000_000_000_000,
    source_url="https://acme.example/pricing",
    checked_on="2026-11-01",
)
PLAIN = PriceRow(match="m", name="m", stage=Stage.TTS, unit=Unit.CHARACTER, usd=Decimal("4E-7"))


@pytest.fixture
def acme(catalog: SqlCatalog) -> TenantId:
    return ensure_tenant(catalog, "acme")


@pytest.fixture
def project(catalog: SqlCatalog, acme: TenantId) -> ProjectId:
    return catalog.admin.projects.ensure(acme, "shop")


def _held(catalog: SqlCatalog, project_id: ProjectId) -> list[tuple[Reach, str]]:
    return sorted((each.reach, each.name) for each in catalog.prices(project_id))


def test_a_price_comes_back_as_it_was_given(catalog: SqlCatalog, project: ProjectId) -> None:
    for given in (ROW, PLAIN):
        made = catalog.admin.prices.add(Owner(), given, by=COMMAND_LINE)
        assert made.row == replace(given, id=made.row.id, reach=Reach.EVERYONE)
        assert catalog.admin.prices.get(made.row.id) == made
        assert made.row in catalog.prices(project)


def test_prices_hold_for_their_owner_alone(
    catalog: SqlCatalog, acme: TenantId, project: ProjectId
) -> None:
    globex = ensure_tenant(catalog, "globex")
    elsewhere = catalog.admin.projects.ensure(globex, "shop")
    sibling = catalog.admin.projects.ensure(acme, "desk")
    for name, owner in (("e", Owner()), ("t", Owner(acme)), ("p", Owner(acme, project))):
        catalog.admin.prices.add(owner, replace(PLAIN, name=name), by=COMMAND_LINE)
    everyone, tenant, own = (Reach.EVERYONE, "e"), (Reach.TENANT, "t"), (Reach.PROJECT, "p")
    assert _held(catalog, project) == [everyone, tenant, own]
    assert _held(catalog, sibling) == [everyone, tenant]
    assert _held(catalog, elsewhere) == [everyone]
    assert {each.row.name for each in catalog.admin.prices.all(acme)} == {"t", "p"}
    assert catalog.admin.prices.all(globex) == []
    assert {each.row.name for each in catalog.admin.prices.everyones()} == {"e"}
    assert len(catalog.admin.prices.all()) == 3
    assert catalog.prices(ProjectId(str(uuid4()))) == [
        each.row for each in catalog.admin.prices.everyones()
    ]


def test_a_price_is_changed_and_removed_by_its_owner_alone(
    catalog: SqlCatalog, acme: TenantId
) -> None:
    book = catalog.admin.prices
    globex = ensure_tenant(catalog, "globex")
    made = book.add(Owner(acme), PLAIN, by=COMMAND_LINE).row
    with pytest.raises(NotFound):
        book.change(made.id, globex, PLAIN, by=COMMAND_LINE)
    with pytest.raises(NotFound):
        book.remove(made.id, globex, by=COMMAND_LINE)
    with pytest.raises(NotFound):
        book.get(made.id, globex)
    with pytest.raises(NotFound):
        book.remove("no id", None, by=COMMAND_LINE)
    changed = book.change(made.id, acme, replace(PLAIN, usd=Decimal(2)), by=COMMAND_LINE)
    assert (changed.row.id, changed.row.usd) == (made.id, Decimal(2))
    other = book.add(Owner(acme), ROW, by=COMMAND_LINE)
    with pytest.raises(Conflict):
        book.change(other.row.id, acme, PLAIN, by=COMMAND_LINE)
    assert book.get(other.row.id) == other
    assert book.remove(made.id, acme, by=COMMAND_LINE) == changed
    with pytest.raises(Conflict):
        book.add(Owner(acme), ROW, by=COMMAND_LINE)


def test_keeping_rows_again_changes_nothing(catalog: SqlCatalog, acme: TenantId) -> None:
    book, owner = catalog.admin.prices, Owner(acme)
    rows = [replace(PLAIN, match=f"m{number}") for number in range(1200)]
    told: list[tuple[int, int]] = []
    kept = book.put(owner, rows, by=COMMAND_LINE, report=lambda *step: told.append(step))
    assert (kept.added, kept.changed, kept.unchanged) == (1200, 0, 0)
    assert told == [(500, 1200), (1000, 1200), (1200, 1200)]
    before, stamp = book.all(), book.stamp()
    kept = book.put(owner, rows, by=COMMAND_LINE)
    assert (kept.added, kept.changed, kept.unchanged) == (0, 0, 1200)
    assert (book.all(), book.stamp()) == (before, stamp)
    kept = book.put(owner, [replace(rows[7], usd=Decimal(1))], by=COMMAND_LINE)
    assert (kept.added, kept.changed, kept.unchanged) == (0, 1, 0)
    assert {each.row.id for each in book.all()} == {each.row.id for each in before}


def test_rows_are_kept_all_or_none(catalog: SqlCatalog) -> None:
    """Two rows for one unit and start: the second is refused, and with it the first."""
    with pytest.raises(Conflict):
        catalog.admin.prices.put(Owner(), [PLAIN, ROW, PLAIN], by=COMMAND_LINE)
    assert catalog.admin.prices.all() == []


def test_every_change_shows_in_the_stamp(catalog: SqlCatalog) -> None:
    book = catalog.admin.prices
    seen = [catalog.prices_stamp()]
    first = book.add(Owner(), PLAIN, by=COMMAND_LINE).row
    seen.append(catalog.prices_stamp())
    second = book.add(Owner(), ROW, by=COMMAND_LINE).row
    seen.append(catalog.prices_stamp())
    book.change(first.id, None, replace(PLAIN, usd=Decimal(9)), by=COMMAND_LINE)
    seen.append(catalog.prices_stamp())
    book.remove(second.id, None, by=COMMAND_LINE)
    seen.append(catalog.prices_stamp())
    book.add(Owner(), ROW, by=COMMAND_LINE)
    seen.append(catalog.prices_stamp())
    assert len(set(seen)) == len(seen)


def test_prices_go_with_their_project(
    catalog: SqlCatalog, acme: TenantId, project: ProjectId
) -> None:
    catalog.admin.prices.add(Owner(acme, project), PLAIN, by=COMMAND_LINE)
    catalog.admin.projects.delete(acme, project, by=COMMAND_LINE)
    assert catalog.admin.prices.all() == []


def test_changes_of_prices_are_in_the_audit_log(catalog: SqlCatalog, acme: TenantId) -> None:
    made = catalog.admin.prices.add(Owner(acme), PLAIN, by=COMMAND_LINE).row
    catalog.admin.prices.remove(made.id, acme, by=COMMAND_LINE)
    actions = [each.action for each in catalog.admin.audit.entries(acme)]
    assert actions[:2] == ["price.removed", "price.added"]
