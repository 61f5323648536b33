"""`POST /v1/observability/sessions/{id}/report`: a framework's own report of a session, whole.

LiveKit's `ctx.make_session_report().to_dict()` in any version: it is kept as it came, and what can
be derived from it is. A session that is not known yet is begun by it.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.auth import require_caller
from turnwise.http.body import work_on_body
from turnwise.http.json_text import JSON, decode_lenient
from turnwise.model.batch import Batch
from turnwise.model.errors import BadInput, Issue
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import MAX_ID_LENGTH, public_session_id, session_id_of
from turnwise.model.ports import Accept, SessionReader
from turnwise.model.reports import report_facts
from turnwise.model.tenancy import Scope

PATH = "/v1/observability/sessions/{session_id}/report"


@dataclass(frozen=True, slots=True)
class ReportWrites:
    """Handler of the path."""

    accept: Accept
    reader: SessionReader
    max_body_bytes: int

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route(PATH, self.report, methods=["POST"])]

    async def report(self, request: Request) -> Response:
        """A report of a session, known or not."""
        caller = await require_caller(request, Scope.INGEST)
        name = request.path_params["session_id"]
        if len(name) > MAX_ID_LENGTH:
            message = f"An id has 1 to {MAX_ID_LENGTH} characters."
            raise BadInput(message, issues=[Issue(("path", "session_id"), message)])
        report = await work_on_body(request, self.max_body_bytes, _object)
        known = await self.reader.session(caller, name)
        project_id = known.project_id if known else caller.project_id
        session_id = known.id if known else session_id_of(project_id, name)
        facts = report_facts(report, project_id, session_id)
        if known is None:
            facts.append(
                SessionFact(
                    project_id=project_id,
                    session_id=session_id,
                    kind=FactKind.SESSION,
                    fact_id="",
                    body={"ref": name},
                )
            )
        receipt = await self.accept(
            Batch(project_id=project_id, user_id=caller.user_id, facts=facts)
        )
        if receipt.rejected:
            raise BadInput(f"The report cannot be stored: {receipt.rejected[0].reason}")
        body = {"id": public_session_id(session_id), "sessionId": session_id}
        return Response(JSON.encode(body), media_type="application/json")


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = decode_lenient(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise BadInput("The body is no JSON object.")
    return found
