"""Alert rules over HTTP: checked against what there is, kept in the catalog."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from turnwise.analyse.alerting import SESSION_METRICS, WINDOW_METRICS, is_session_metric
from turnwise.api.alerts import Wanted
from turnwise.app.alerts import messages
from turnwise.app.alerts.addresses import AlertAddresses
from turnwise.model.alerts import AlertRule, Delivery
from turnwise.model.errors import BadInput, Issue
from turnwise.model.instants import now_ns
from turnwise.model.tenancy import Caller
from turnwise.store.catalog import SqlCatalog
from turnwise.store.catalog.audit import Actor

_REQUIRED = ("name", "metric", "operator", "threshold", "channel", "url")
_COLUMNS = {"operator": "comparison", "agent_id": "agent"}


@dataclass(frozen=True, slots=True)
class CatalogAlerts:
    """Implements api.alerts.AlertManager."""

    catalog: SqlCatalog
    addresses: AlertAddresses

    def metrics(self) -> tuple[Sequence[str], Sequence[str]]:
        """See AlertManager.metrics."""
        return [*SESSION_METRICS, "issues.TYPE"], list(WINDOW_METRICS)

    def all(self, caller: Caller) -> Sequence[AlertRule]:
        """See AlertManager.all."""
        return self.catalog.admin.alerts.all(caller.project_ids)

    def get(self, caller: Caller, rule_id: str) -> AlertRule:
        """See AlertManager.get."""
        return self.catalog.admin.alerts.get(caller.project_ids, rule_id)

    def create(self, caller: Caller, wanted: Wanted) -> tuple[AlertRule, str]:
        """See AlertManager.create."""
        missing = [name for name in _REQUIRED if getattr(wanted, name) is None]
        if missing:
            raise BadInput(
                f"{', '.join(missing)} must be given.",
                issues=[Issue(("body", each), f"{each} must be given.") for each in missing],
            )
        rule_id = str(uuid4())
        fields = self._fields(caller, rule_id, wanted)
        rule = AlertRule(**fields, id=rule_id, project_id=caller.project_id, created_ns=now_ns())
        _check_metric(rule.metric, rule.window_minutes)
        self.catalog.admin.alerts.create(rule, caller.tenant_id, by=Actor.of(caller))
        return rule, self.addresses.signing_secret(rule_id)

    def change(self, caller: Caller, rule_id: str, wanted: Wanted) -> AlertRule:
        """See AlertManager.change."""
        rule = self.get(caller, rule_id)
        fields = self._fields(caller, rule_id, wanted)
        _check_metric(
            fields.get("metric", rule.metric), fields.get("window_minutes", rule.window_minutes)
        )
        alerts = self.catalog.admin.alerts
        if fields:
            alerts.change(rule, fields, caller.tenant_id, by=Actor.of(caller))
        return alerts.get(caller.project_ids, rule_id)

    def remove(self, caller: Caller, rule_id: str) -> None:
        """See AlertManager.remove."""
        rule = self.get(caller, rule_id)
        self.catalog.admin.alerts.remove(rule, caller.tenant_id, by=Actor.of(caller))

    def secret(self, caller: Caller, rule_id: str) -> str:
        """See AlertManager.secret."""
        return self.addresses.signing_secret(self.get(caller, rule_id).id)

    def trial(self, caller: Caller, rule_id: str) -> Delivery:
        """See AlertManager.trial."""
        message = messages.of_trial(self.get(caller, rule_id), now_ns())
        self.catalog.admin.alerts.put(message)
        return message

    def deliveries(self, caller: Caller, rule_id: str, limit: int) -> Sequence[Delivery]:
        """See AlertManager.deliveries."""
        rule = self.get(caller, rule_id)
        return self.catalog.admin.alerts.deliveries(rule.id, limit)

    def _fields(self, caller: Caller, rule_id: str, wanted: Wanted) -> dict[str, Any]:
        """What is given, under the names of a rule's fields."""
        fields: dict[str, Any] = {}
        for name in wanted.__struct_fields__:
            value = getattr(wanted, name)
            is_clearable = name in ("agent_id", "window_minutes")
            if name == "url" or value is msgspec.UNSET or (value is None and not is_clearable):
                continue
            fields[_COLUMNS.get(name, name)] = value
        if "threshold" in fields and not isfinite(fields["threshold"]):
            raise _wrong("threshold", "threshold must be a finite number.")
        if fields.get("agent"):
            known = self.catalog.agent(caller.project_ids, fields["agent"])
            fields["agent"] = known.slug if known else fields["agent"]
        if wanted.url is not None:
            fields["sealed_url"] = self.addresses.close(wanted.url, rule_id)
            parts = urlsplit(wanted.url)
            fields["url_hint"] = f"{parts.scheme}://{parts.hostname}/…"
        return fields


def _check_metric(metric: str, window_minutes: int | None) -> None:
    if window_minutes is None and not is_session_metric(metric):
        raise _wrong("metric", f"{metric} is no figure of a session; see GET /v1/alerts/metrics.")
    if window_minutes is not None and metric not in WINDOW_METRICS:
        raise _wrong("metric", f"{metric} is no figure of a window; see GET /v1/alerts/metrics.")


def _wrong(field: str, message: str) -> BadInput:
    return BadInput(message, issues=[Issue(("body", field), message)])
