"""Users' own prices, which win over the built-in table."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
)

from turnwise.model.errors import NotFound
from turnwise.model.ids import ProjectId, TenantId
from turnwise.model.price import PriceRow, Reach, Unit
from turnwise.model.usage import Stage
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import prices, projects

# SQLite takes at most 32,766 values per statement.
_AT_ONCE = 500

Report = Callable[[int, int], None]
"""Told (done, all) as rows are written."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose prices: everyone's, a tenant's, or those of one of its projects."""

    tenant_id: TenantId | None = None
    project_id: ProjectId | None = None

    @property
    def reach(self) -> Reach:
        """For whom they hold."""
        if self.project_id is not None:
            return Reach.PROJECT
        return Reach.EVERYONE if self.tenant_id is None else Reach.TENANT


@dataclass(frozen=True, slots=True)
class OwnedPrice:
    """A user's price and whose it is."""

    row: PriceRow
    owner: Owner


@dataclass(frozen=True, slots=True)
class Kept:
    """What keeping rows has done, in rows."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0


class Prices:
    """Keeps and lists prices."""

    def __init__(self, database: Database):
        self._database = database

    def of_project(self, project_id: ProjectId) -> list[PriceRow]:
        """Every price that holds for a project: its own, its tenant's and everyone's."""
        tenant = select(projects.c.tenant_id).where(projects.c.id == project_id).scalar_subquery()
        query = select(prices).where(
            or_(prices.c.tenant_id == "", prices.c.tenant_id == tenant),
            prices.c.project_id.in_(("", project_id)),
        )
        return [each.row for each in self._found(query)]

    def stamp(self) -> tuple[int, int]:
        """Differs whenever any price does: the last number given, and how many rows there are.

        Rows are only ever added and removed, and no number is given twice, so of two moments with
        the same last number and count nothing can have gone in between that did not come back.
        """
        query = select(func.coalesce(func.max(prices.c.number), 0), func.count())
        with self._database.reading() as connection:
            last, count = connection.execute(query).one()
        return last, count

    def all(self, tenant_id: TenantId | None = None) -> list[OwnedPrice]:
        """A tenant's prices with its projects', or everyone's and all tenants'; in stable order."""
        return self._found(select(prices).where(_visible(tenant_id)))

    def everyones(self) -> list[OwnedPrice]:
        """The prices of the whole installation."""
        return self._found(select(prices).where(prices.c.tenant_id == ""))

    def get(self, price_id: str, tenant_id: TenantId | None = None) -> OwnedPrice:
        """A price by its id; raises NotFound, also for another tenant's."""
        with self._database.reading() as connection:
            return _get(connection, price_id, tenant_id)

    def add(self, owner: Owner, row: PriceRow, *, by: Actor) -> OwnedPrice:
        """A new price; raises Conflict when the owner has one for the same unit and start."""
        with self._database.writing(conflict=_TAKEN) as connection:
            made = _insert(connection, owner, row)
            self._record(connection, by, "price.added", owner, price=made.row.id)
        return made

    def change(
        self, price_id: str, tenant_id: TenantId | None, row: PriceRow, *, by: Actor
    ) -> OwnedPrice:
        """Put a row in the place of another one, under its id; raises NotFound and Conflict."""
        with self._database.writing(conflict=_TAKEN) as connection:
            owner = _get(connection, price_id, tenant_id).owner
            connection.execute(delete(prices).where(prices.c.id == price_id))
            changed = _insert(connection, owner, replace(row, id=price_id))
            self._record(connection, by, "price.changed", owner, price=price_id)
        return changed

    def remove(self, price_id: str, tenant_id: TenantId | None, *, by: Actor) -> OwnedPrice:
        """Forget a price and return it; raises NotFound."""
        with self._database.writing() as connection:
            found = _get(connection, price_id, tenant_id)
            connection.execute(delete(prices).where(prices.c.id == price_id))
            self._record(connection, by, "price.removed", found.owner, price=price_id)
        return found

    def put(
        self, owner: Owner, rows: Sequence[PriceRow], *, by: Actor, report: Report | None = None
    ) -> Kept:
        """Keep rows, all or none; one for the same unit and start replaces its older self.

        Rows that are there already stay as they are, ids included.
        """
        with self._database.writing(conflict=_TAKEN) as connection:
            mine = select(prices).where(
                prices.c.tenant_id == (owner.tenant_id or ""),
                prices.c.project_id == (owner.project_id or ""),
            )
            there = {
                (each.row.key, each.row.unit): each.row
                for each in map(_owned, connection.execute(mine).mappings())
            }
            new, old = [], []
            for given in rows:
                row = replace(given, reach=owner.reach)
                known = there.get((row.key, row.unit))
                if known is None:
                    new.append(row)
                elif replace(known, id=row.id) != row:
                    old.append(known.id)
                    new.append(replace(row, id=known.id))
            for part in _parts(old):
                connection.execute(delete(prices).where(prices.c.id.in_(part)))
            done = len(rows) - len(new)
            for part in _parts(new):
                connection.execute(insert(prices), [_values(owner, row) for row in part])
                done += len(part)
                if report is not None:
                    report(done, len(rows))
            kept = Kept(len(new) - len(old), len(old), len(rows) - len(new))
            if new:
                self._record(
                    connection, by, "prices.put", owner, added=kept.added, changed=kept.changed
                )
        return kept

    def _found(self, query: Select[Any]) -> list[OwnedPrice]:
        ordered = query.order_by(prices.c.provider, prices.c.name, prices.c.number)
        with self._database.reading() as connection:
            return [_owned(row) for row in connection.execute(ordered).mappings()]

    def _record(
        self, connection: Connection, by: Actor, action: str, owner: Owner, **details: Any
    ) -> None:
        now = self._database.now()
        record(connection, now, by, action, "prices", owner.tenant_id, **details)


_TAKEN = "There is a price for this model, unit and start already."


def _parts(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), _AT_ONCE):
        yield items[start : start + _AT_ONCE]


def _visible(tenant_id: TenantId | None) -> ColumnElement[bool]:
    return prices.c.tenant_id == tenant_id if tenant_id is not None else and_(True)


def _get(connection: Connection, price_id: str, tenant_id: TenantId | None) -> OwnedPrice:
    query = select(prices).where(prices.c.id == price_id, _visible(tenant_id))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("Price not found.", code="price_not_found")
    return _owned(row)


def _insert(connection: Connection, owner: Owner, row: PriceRow) -> OwnedPrice:
    made = replace(row, id=row.id or str(uuid4()), reach=owner.reach)
    connection.execute(insert(prices).values(_values(owner, made)))
    return OwnedPrice(made, owner)


def _values(owner: Owner, row: PriceRow) -> dict[str, Any]:
    return {
        "id": row.id or str(uuid4()),
        "tenant_id": owner.tenant_id or "",
        "project_id": owner.project_id or "",
        "name": row.name,
        "stage": row.stage.value,
        "provider": row.provider or "",
        "match": row.match,
        "unit": row.unit.value,
        "above_input_tokens": row.above_input_tokens,
        "valid_from_ns": row.valid_from_ns,
        "valid_until_ns": row.valid_until_ns,
        "usd": str(row.usd),
        "per": row.per,
        "source_url": row.source_url,
        "checked_on": row.checked_on,
    }


def _owned(row: RowMapping) -> OwnedPrice:
    owner = Owner(
        TenantId(row["tenant_id"]) if row["tenant_id"] else None,
        ProjectId(row["project_id"]) if row["project_id"] else None,
    )
    price = PriceRow(
        id=row["id"],
        name=row["name"],
        stage=Stage(row["stage"]),
        provider=row["provider"] or None,
        match=row["match"],
        unit=Unit(row["unit"]),
        usd=Decimal(row["usd"]),
        per=row["per"],
        above_input_tokens=row["above_input_tokens"],
        valid_from_ns=row["valid_from_ns"],
        valid_until_ns=row["valid_until_ns"],
        source_url=row["source_url"],
        checked_on=row["checked_on"],
        reach=owner.reach,
    )
    return OwnedPrice(price, owner)
