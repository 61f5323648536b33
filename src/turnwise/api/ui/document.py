"""What the API of the pages looks like, as an OpenAPI document: their types are made from it.

`python -m turnwise.api.ui.document` prints it.
"""

import sys
from collections.abc import Mapping
from typing import Any

import msgspec

from turnwise.api.ui import (
    access,
    answers,
    cases,
    causes,
    dashboard,
    faults,
    logs,
    observations,
    project,
    releases,
    session_bodies,
    sessions,
    tenant,
    traces,
)

_REF = "#/components/schemas/{name}"
_PROJECT = f"{answers.PREFIX}/projects/{{project}}"
_SESSION = f"{answers.PREFIX}/sessions/{{session_id}}"
_OBSERVATION = f"{answers.PREFIX}/traces/{{trace_id}}/observations/{{span_id}}"

ANSWERS: Mapping[tuple[str, str], type[msgspec.Struct]] = {
    ("get", f"{answers.PREFIX}/state"): access.ServerState,
    ("post", f"{answers.PREFIX}/login"): access.Entered,
    ("post", f"{answers.PREFIX}/setup"): access.Entered,
    ("get", f"{answers.PREFIX}/me"): access.Me,
    ("get", f"{_PROJECT}/facets"): sessions.FacetsBody,
    ("get", f"{_PROJECT}/sessions"): sessions.LinePage,
    ("get", f"{_PROJECT}/dashboard"): dashboard.DashboardBody,
    ("get", f"{_PROJECT}/faults"): faults.FaultsBody,
    ("get", f"{_PROJECT}/causes"): causes.CausesBody,
    ("get", f"{_PROJECT}/agents"): releases.AgentsBody,
    ("get", f"{_PROJECT}/gate"): releases.VerdictBody,
    ("get", f"{_PROJECT}/gate/cases"): cases.CasesBody,
    ("put", f"{_SESSION}/cases/{{case_id}}/label"): cases.LabelBody,
    ("get", f"{answers.PREFIX}/keys"): tenant.Keys,
    ("post", f"{_PROJECT}/keys"): tenant.MadeKey,
    ("get", f"{answers.PREFIX}/members"): tenant.Members,
    ("post", f"{answers.PREFIX}/members"): tenant.MemberBody,
    ("patch", f"{answers.PREFIX}/members/{{user_id}}"): tenant.MemberBody,
    ("get", f"{answers.PREFIX}/audit"): tenant.AuditPage,
    ("get", f"{_PROJECT}/policy"): project.PolicyAnswer,
    ("put", f"{_PROJECT}/policy"): project.PolicyAnswer,
    ("get", f"{_PROJECT}/integrations"): project.Integrations,
    ("post", f"{_PROJECT}/integrations"): project.IntegrationBody,
    ("get", f"{_PROJECT}/intake"): project.IntakeBody,
    ("get", f"{_SESSION}/logs"): logs.LogPage,
    ("get", f"{_SESSION}/logs/{{log_id}}"): logs.LogBody,
    ("get", _SESSION): session_bodies.SessionBody,
    ("get", f"{answers.PREFIX}/traces/{{trace_id}}"): traces.TraceBody,
    ("get", _OBSERVATION): observations.ObservationBody,
    ("get", f"{_OBSERVATION}/peers"): observations.PeersBody,
}
"""The form of each JSON answer."""

BODIES: Mapping[tuple[str, str], type[msgspec.Struct]] = {
    ("post", f"{answers.PREFIX}/login"): access.LogIn,
    ("post", f"{answers.PREFIX}/setup"): access.FirstOwner,
    ("post", f"{answers.PREFIX}/password"): access.PasswordChange,
    ("put", f"{_SESSION}/cases/{{case_id}}/label"): cases.NewLabel,
    ("post", f"{_PROJECT}/keys"): tenant.NewKey,
    ("post", f"{answers.PREFIX}/members"): tenant.NewMember,
    ("patch", f"{answers.PREFIX}/members/{{user_id}}"): tenant.MemberChange,
    ("put", f"{_PROJECT}/policy"): project.PolicyBody,
    ("post", f"{_PROJECT}/integrations"): project.NewIntegration,
}
"""The form of each JSON body."""


def document() -> dict[str, Any]:
    """OpenAPI 3.1 of the forms and the addresses that answer with them."""
    forms = list(dict.fromkeys([*ANSWERS.values(), *BODIES.values()]))
    schemas, components = msgspec.json.schema_components(forms, ref_template=_REF)
    schema_of = dict(zip(forms, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), form in ANSWERS.items():
        operation: dict[str, Any] = {
            "responses": {"200": {"description": "", "content": _json(schema_of[form])}}
        }
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if names:
            operation["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in names
            ]
        if (body := BODIES.get((method, path))) is not None:
            operation["requestBody"] = {"required": True, "content": _json(schema_of[body])}
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Turnwise pages", "version": "0"},
        "paths": paths,
        "components": {"schemas": components},
    }


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document()), indent=2))
