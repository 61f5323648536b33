"""The paths by which LangSmith clients send runs."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from turnwise.http.body import work_on_body
from turnwise.http.json_text import JSON
from turnwise.http.judgements import JudgedStore, read_feedback
from turnwise.http.workspaces import require_tenant_caller
from turnwise.ingest.langsmith.multipart import boundary_of, parts_of
from turnwise.ingest.langsmith.pieces import (
    Piece,
    Sent,
    piece_of,
    sent_in_batch,
    sent_in_parts,
    uuid_text,
)
from turnwise.ingest.langsmith.placing import Placing, ProjectNamed
from turnwise.model.batch import Batch, RawRun, Rejected
from turnwise.model.errors import BadInput, Issue, NotFound
from turnwise.model.ids import ProjectId
from turnwise.model.observation import Observation
from turnwise.model.ports import Accept, MediaStore
from turnwise.model.runs import GUESSED, RunPlace, attachment_key
from turnwise.model.tenancy import Caller, Scope

ROOTS = ("", "/api", "/api/v1")
"""What may stand before /runs: the endpoint that users configure is one of these."""

_ROUNDS = 3
"""How often a stray piece is looked for that others may have changed meanwhile."""

Placed = tuple[ProjectId, RawRun, Piece]


@dataclass(frozen=True, slots=True)
class RunWrites:
    """Handlers of the run writes.

    Attributes:
        media: where attachments go; None refuses each of them and keeps its run.
    """

    accept: Accept
    store: JudgedStore
    project_named: ProjectNamed
    media: MediaStore | None
    max_body_bytes: int

    def routes(self) -> list[Route]:
        """The routes; reads of the same paths belong to `api`."""
        found: list[Route] = []
        for root in ROOTS:
            found += [
                Route(f"{root}/runs/multipart", self.multipart, methods=["POST"]),
                Route(f"{root}/runs/batch", self.batch, methods=["POST"]),
                Route(f"{root}/runs", self.create, methods=["POST"]),
                Route(f"{root}/runs/{{run_id}}", self.update, methods=["PATCH"]),
            ]
        return found

    async def multipart(self, request: Request) -> Response:
        """Runs in parts, with attachments and feedback."""
        caller = await require_tenant_caller(request, Scope.INGEST)
        boundary = boundary_of(request.headers.get("content-type", ""))
        return await self._take(
            request, caller, lambda body: sent_in_parts(parts_of(body, boundary))
        )

    async def batch(self, request: Request) -> Response:
        """Runs in one JSON body."""
        caller = await require_tenant_caller(request, Scope.INGEST)
        return await self._take(request, caller, sent_in_batch)

    async def create(self, request: Request) -> Response:
        """One run."""
        caller = await require_tenant_caller(request, Scope.INGEST)

        def read(body: bytes) -> Sent:
            piece = piece_of(body, None, is_update=False)
            missing = [name for name in ("name", "run_type") if name not in piece.fields]
            if missing:
                issues = [Issue(("body", name), "Field required", "missing") for name in missing]
                raise BadInput(f"{' and '.join(missing)} must be given.", issues=issues)
            return Sent([piece])

        return await self._take(request, caller, read)

    async def update(self, request: Request) -> Response:
        """An update of one run."""
        caller = await require_tenant_caller(request, Scope.INGEST)
        run_id = uuid_text(request.path_params["run_id"], "run_id")
        return await self._take(
            request, caller, lambda body: Sent([piece_of(body or b"{}", run_id, is_update=True)])
        )

    async def _take(
        self, request: Request, caller: Caller, read: Callable[[bytes], Sent]
    ) -> Response:
        sent = await work_on_body(request, self.max_body_bytes, read)
        placing = Placing(self.store, self.project_named, caller)
        placed, bad = await placing.placed(sent.pieces)
        rejected = [*sent.rejected, *bad]
        rejected += await self._keep_files(placed)
        stored = 0
        for project_id, runs in _by_project(placed).items():
            batch = Batch(project_id=project_id, user_id=caller.user_id, runs=runs)
            receipt = await self.accept(batch)
            stored += receipt.stored
            rejected += receipt.rejected
        await self._bring_home(caller, placed)
        rejected += [
            Rejected(f"attachment.{run_id}.{file.name}"[:256], "its run is not in this request")
            for run_id, file in sent.loose
        ]
        for feedback_id, body in sent.feedback:
            try:
                read_one = await read_feedback(self.store, caller, body, feedback_id)
                await self.store.put_feedback([read_one])
                stored += 1
            except (BadInput, NotFound) as error:
                rejected.append(Rejected(f"feedback.{feedback_id}", error.message))
        return _answer(stored, rejected)

    async def _bring_home(self, caller: Caller, placed: Sequence[Placed]) -> None:
        """Put updates that came before their runs where the runs are.

        Both sides look after they have written, so that one of them sees the other.
        """
        ids = {run.id for _, run, piece in placed if run.is_guessed or not piece.is_update}
        # The caller does not know yet of projects that this very request has made.
        projects = tuple({*caller.project_ids, *(project_id for project_id, _, _ in placed)})
        for _ in range(_ROUNDS):
            strays = await self.store.guessed_runs(projects, ids)
            if not strays:
                return
            homes = await self.store.run_places(projects, {each.span_id for each in strays})
            by_home: defaultdict[ProjectId, list[tuple[Observation, Observation]]]
            by_home = defaultdict(list)
            for stray in strays:
                home = homes.get(stray.span_id)
                if home and (home.project_id, home.trace_id) != (stray.project_id, stray.trace_id):
                    by_home[home.project_id].append((stray, at_home(stray, home)))
            for project_id, pairs in by_home.items():
                await self.accept(
                    Batch(
                        project_id=project_id,
                        user_id=caller.user_id,
                        observations=[moved for _, moved in pairs],
                        moved=[stray for stray, _ in pairs],
                    )
                )
            if not by_home:
                return

    async def _keep_files(self, placed: Sequence[Placed]) -> list[Rejected]:
        refused: list[Rejected] = []
        for project_id, run, piece in placed:
            for file in piece.attachments:
                name = f"attachment.{run.id}.{file.name}"[:256]
                if self.media is None:
                    refused.append(Rejected(name, "this server keeps no attachments"))
                elif not file.name or len(file.name) > 200:
                    refused.append(Rejected(name, "not a name for an attachment"))
                else:
                    key = attachment_key(project_id, run.id, file.name)
                    await self.media.put(key, _once(file.content), file.content_type)
                    run.attachments[file.name] = {
                        "key": key,
                        "mime_type": file.content_type,
                        "size_bytes": len(file.content),
                    }
        return refused


def at_home(stray: Observation, home: RunPlace) -> Observation:
    """The same piece of a run, where the run is known to be."""
    said = {name: text for name, text in stray.run.items() if name != GUESSED}
    return replace(stray, project_id=home.project_id, trace_id=home.trace_id, run=said, version=0)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


def _by_project(placed: Sequence[Placed]) -> dict[ProjectId, list[RawRun]]:
    found: defaultdict[ProjectId, list[RawRun]] = defaultdict(list)
    for project_id, run, _ in placed:
        found[project_id].append(run)
    return found


def _answer(stored: int, rejected: Sequence[Rejected]) -> Response:
    """202 when anything was kept; the records that were not are named either way."""
    body: dict[str, Any] = {"message": f"{stored} records accepted"}
    if rejected:
        body["rejected"] = [{"id": each.id, "error": each.reason} for each in rejected]
    if rejected and not stored:
        reasons = "; ".join(f"{each.id}: {each.reason}" for each in rejected[:5])
        failed = {"error": "Nothing of the request could be stored.", "details": reasons}
        return Response(JSON.encode(failed), 422, media_type="application/json")
    return Response(JSON.encode(body), 202, media_type="application/json")
