"""Alert rules, and the messages that they send until they arrive."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from turnwise.model.alerts import AlertRule, Channel, Comparison, Delivery, DeliveryState
from turnwise.model.errors import NotFound
from turnwise.model.ids import ProjectId, TenantId
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import alert_deliveries, alert_rules

CHANGEABLE = frozenset(
    {"name", "metric", "comparison", "threshold", "agent", "window_minutes", "min_sessions",
     "channel", "sealed_url", "url_hint", "is_active"}
)  # fmt: skip


class Alerts:
    """Keeps rules and deliveries."""

    def __init__(self, database: Database):
        self._database = database

    # --- rules ----------------------------------------------------------------------------------

    def create(self, rule: AlertRule, tenant_id: TenantId, *, by: Actor) -> None:
        """Add a rule."""
        with self._database.writing() as connection:
            connection.execute(insert(alert_rules).values(asdict(rule)))
            self._told(connection, by, "alert.created", rule.id, tenant_id, name=rule.name)

    def all(
        self, project_ids: Sequence[ProjectId] | None = None, *, active_only: bool = False
    ) -> list[AlertRule]:
        """The rules of these projects, or (None) of all, the oldest first."""
        query = select(alert_rules).order_by(alert_rules.c.created_ns, alert_rules.c.id)
        if project_ids is not None:
            query = query.where(alert_rules.c.project_id.in_(project_ids))
        if active_only:
            query = query.where(alert_rules.c.is_active)
        with self._database.reading() as connection:
            return [_rule(row) for row in connection.execute(query).mappings()]

    def get(self, project_ids: Sequence[ProjectId] | None, rule_id: str) -> AlertRule:
        """A rule by its id.

        Raises:
            NotFound: these projects have none such.
        """
        for rule in self.all(project_ids):
            if rule.id == rule_id:
                return rule
        raise NotFound("Alert not found.", code="alert_not_found")

    def change(
        self, rule: AlertRule, fields: dict[str, Any], tenant_id: TenantId, *, by: Actor
    ) -> None:
        """Set some of the CHANGEABLE fields; what was firing starts anew."""
        unknown = fields.keys() - CHANGEABLE
        if unknown:
            raise ValueError(f"not changeable: {sorted(unknown)}")
        with self._database.writing() as connection:
            connection.execute(
                update(alert_rules)
                .where(alert_rules.c.id == rule.id)
                .values(**fields, firing_since_ns=None)
            )
            told = sorted(fields.keys() - {"sealed_url"})
            self._told(connection, by, "alert.changed", rule.id, tenant_id, fields=told)

    def remove(self, rule: AlertRule, tenant_id: TenantId, *, by: Actor) -> None:
        """Take a rule and its messages away."""
        with self._database.writing() as connection:
            connection.execute(
                delete(alert_deliveries).where(alert_deliveries.c.rule_id == rule.id)
            )
            connection.execute(delete(alert_rules).where(alert_rules.c.id == rule.id))
            self._told(connection, by, "alert.removed", rule.id, tenant_id, name=rule.name)

    def _put(self, connection: Connection, delivery: Delivery) -> None:
        self._database.insert_new(connection, alert_deliveries, [asdict(delivery)])

    def _told(
        self,
        connection: Connection,
        by: Actor,
        action: str,
        rule_id: str,
        tenant: TenantId,
        **more: Any,
    ) -> None:
        record(connection, self._database.now(), by, action, f"alert {rule_id}", tenant, **more)

    # --- messages -------------------------------------------------------------------------------

    def put(self, delivery: Delivery) -> None:
        """Add a message unless it is there already."""
        with self._database.writing() as connection:
            self._put(connection, delivery)

    def turn(self, rule: AlertRule, firing_since_ns: int | None, message: Delivery) -> bool:
        """Note that a window's state has changed, with the message of it.

        False, and nothing is done, when another process has noted it first.
        """
        was = alert_rules.c.firing_since_ns
        before = was.is_(None) if firing_since_ns is not None else was.is_not(None)
        with self._database.writing() as connection:
            changed = connection.execute(
                update(alert_rules)
                .where(alert_rules.c.id == rule.id, before)
                .values(firing_since_ns=firing_since_ns)
            )
            if changed.rowcount != 1:
                return False
            self._put(connection, message)
            return True

    def take_due(self, now_ns: int, lease_ns: int, limit: int) -> list[Delivery]:
        """Messages whose time has come; nobody else gets them before the lease is over."""
        due = (
            select(alert_deliveries)
            .where(
                alert_deliveries.c.state == DeliveryState.PENDING,
                alert_deliveries.c.next_ns <= now_ns,
            )
            .order_by(alert_deliveries.c.next_ns)
            .limit(limit)
        )
        taken: list[Delivery] = []
        with self._database.writing() as connection:
            for row in connection.execute(due).mappings().all():
                found = _delivery(row)
                claimed = connection.execute(
                    update(alert_deliveries)
                    .where(
                        alert_deliveries.c.id == found.id,
                        alert_deliveries.c.attempts == found.attempts,
                    )
                    .values(attempts=found.attempts + 1, next_ns=now_ns + lease_ns)
                )
                if claimed.rowcount == 1:
                    taken.append(found)
        return taken

    def settle(
        self,
        delivery_id: str,
        state: DeliveryState,
        *,
        next_ns: int | None = None,
        status: int | None = None,
        error: str | None = None,
    ) -> None:
        """Note how an attempt went; `next_ns` is when the next one follows, if any."""
        values: dict[str, Any] = {"state": state, "status": status, "error": error}
        if next_ns is not None:
            values["next_ns"] = next_ns
        if state is not DeliveryState.PENDING:
            values["done_ns"] = self._database.now()
        with self._database.writing() as connection:
            connection.execute(
                update(alert_deliveries)
                .where(alert_deliveries.c.id == delivery_id)
                .values(**values)
            )

    def deliveries(self, rule_id: str, limit: int) -> list[Delivery]:
        """The newest messages of a rule first."""
        query = (
            select(alert_deliveries)
            .where(alert_deliveries.c.rule_id == rule_id)
            .order_by(alert_deliveries.c.created_ns.desc(), alert_deliveries.c.id)
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [_delivery(row) for row in connection.execute(query).mappings()]

    def forget_before(self, created_ns: int) -> None:
        """Drop messages that are done and older."""
        with self._database.writing() as connection:
            connection.execute(
                delete(alert_deliveries).where(
                    alert_deliveries.c.created_ns < created_ns,
                    alert_deliveries.c.state != DeliveryState.PENDING,
                )
            )


def _rule(row: RowMapping) -> AlertRule:
    fields = dict(row)
    fields["comparison"] = Comparison(fields["comparison"])
    fields["channel"] = Channel(fields["channel"])
    return AlertRule(**fields)


def _delivery(row: RowMapping) -> Delivery:
    fields = dict(row)
    fields["state"] = DeliveryState(fields["state"])
    return Delivery(**fields)
