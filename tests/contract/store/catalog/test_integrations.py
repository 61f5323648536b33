"""Integrations: one project for a key, and every change in the log."""

import pytest

from turnwise.model.errors import BadInput, Conflict, NotFound
from turnwise.model.ids import TenantId
from turnwise.model.integration import IntegrationKind
from turnwise.store.catalog import COMMAND_LINE, SqlCatalog

SEALED = b"\x00sealed\xff"


def test_a_key_leads_to_one_project_until_it_is_removed(catalog: SqlCatalog) -> None:
    acme, other = (catalog.create_tenant(slug, slug) for slug in ("acme", "other"))
    line = catalog.create_project("acme", "line")
    away = catalog.create_project("other", "away")
    kept = catalog.admin.integrations
    made = kept.add(line.id, IntegrationKind.LIVEKIT, "APIone", SEALED, by=COMMAND_LINE)
    assert (made.tenant_id, made.project_id, made.sealed_secret) == (acme.id, line.id, SEALED)
    assert kept.named(IntegrationKind.LIVEKIT, "APIone") == made
    assert kept.named(IntegrationKind.TWILIO, "APIone") is None
    assert kept.named(IntegrationKind.LIVEKIT, "apione\0") is None
    with pytest.raises(Conflict):
        kept.add(away.id, IntegrationKind.LIVEKIT, "APIone", b"x", by=COMMAND_LINE)
    with pytest.raises(BadInput):
        kept.add(away.id, IntegrationKind.LIVEKIT, "k" * 256, b"x", by=COMMAND_LINE)
    second = kept.add(away.id, IntegrationKind.TWILIO, "APIone", b"x", by=COMMAND_LINE)
    assert kept.all(acme.id) == [made]
    assert {each.id for each in kept.all()} == {made.id, second.id}
    assert kept.remove(made.id, by=COMMAND_LINE) == made
    assert kept.named(IntegrationKind.LIVEKIT, "APIone") is None
    for gone in (made.id, "no id"):
        with pytest.raises(NotFound):
            kept.remove(gone, by=COMMAND_LINE)
    log = [
        (entry.action, entry.target, entry.details)
        for entry in catalog.admin.audit.entries(acme.id)
        if entry.action.startswith("integration.")
    ]
    told = {"kind": "livekit", "key": "APIone", "project_id": line.id}
    assert log == [
        ("integration.removed", f"integration {made.id}", told),
        ("integration.added", f"integration {made.id}", told),
    ]
    assert catalog.admin.audit.entries(other.id)[0].action == "integration.added"


def test_a_project_takes_its_integrations_along(catalog: SqlCatalog) -> None:
    tenant = TenantId(catalog.create_tenant("acme", "Acme").id)
    line = catalog.create_project("acme", "line")
    kept = catalog.admin.integrations
    kept.add(line.id, IntegrationKind.TWILIO, "AC1", SEALED, by=COMMAND_LINE)
    catalog.admin.projects.delete(tenant, line.id, by=COMMAND_LINE)
    assert kept.all() == []
