"""The operator's own prices, which win over the built-in table."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import RowMapping, delete, insert, select

from turnwise.model.price import Price
from turnwise.model.usage import Stage
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import prices


class Prices:
    """Keeps and lists prices."""

    def __init__(self, database: Database):
        self._database = database

    def all(self) -> list[Price]:
        """Every price, the newest first, in a stable order."""
        query = select(prices).order_by(prices.c.valid_from_ns.desc(), prices.c.name, prices.c.id)
        with self._database.reading() as connection:
            return [_price(row) for row in connection.execute(query).mappings()]

    def put(self, given: Sequence[Price], *, by: Actor) -> None:
        """Add prices, all or none; one for the same models and start replaces its older self."""
        with self._database.writing() as connection:
            for row in map(_row, given):
                connection.execute(
                    delete(prices).where(
                        prices.c.stage == row["stage"],
                        prices.c.provider == row["provider"],
                        prices.c.match == row["match"],
                        prices.c.valid_from_ns == row["valid_from_ns"],
                    )
                )
                connection.execute(insert(prices).values(row))
            now = self._database.now()
            record(connection, now, by, "prices.put", "prices", count=len(given))

    def clear(self, *, by: Actor) -> None:
        """Forget all of the operator's prices; the built-in table holds alone."""
        with self._database.writing() as connection:
            connection.execute(delete(prices))
            record(connection, self._database.now(), by, "prices.cleared", "prices")


def _row(price: Price) -> dict[str, object]:
    return {
        "name": price.name,
        "stage": price.stage.value,
        "provider": price.provider or "",
        "match": price.match,
        "unit_usd": {unit: str(usd) for unit, usd in price.unit_usd.items()},
        "valid_from_ns": price.valid_from_ns,
        "source": price.source,
    }


def _price(row: RowMapping) -> Price:
    return Price(
        name=row["name"],
        stage=Stage(row["stage"]),
        match=row["match"],
        unit_usd={unit: Decimal(usd) for unit, usd in row["unit_usd"].items()},
        provider=row["provider"] or None,
        valid_from_ns=row["valid_from_ns"],
        source=row["source"],
    )
