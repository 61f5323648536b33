"""Where each run belongs: its project, its trace, its place in time.

A making says it all. An update may leave out nearly everything, so what it does not say is taken
from the other pieces of the request, and then from the run as it is stored.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from turnwise.ingest.langsmith.pieces import (
    Piece,
    instant_ns,
    optional_uuid,
    order_of,
    uuid_text,
)
from turnwise.model.batch import RawRun, Rejected
from turnwise.model.errors import BadInput, Issue
from turnwise.model.ids import ProjectId
from turnwise.model.instants import now_ns
from turnwise.model.ports import RunStore
from turnwise.model.runs import RunPlace
from turnwise.model.tenancy import Caller

PATIENCE_SECONDS = (0.1, 0.4, 1.0)
"""How long an update that names no project waits for its run, which another connection brings.

If the run comes later still, the update is kept in the caller's own project until then.
"""

ProjectNamed = Callable[[str, str], ProjectId]
"""The tenant's project of a name, made when new; called in a worker thread."""


@dataclass(slots=True)
class Placing:
    """Places the runs of one caller's request."""

    store: RunStore
    project_named: ProjectNamed
    caller: Caller

    async def placed(
        self, pieces: Sequence[Piece]
    ) -> tuple[list[tuple[ProjectId, RawRun, Piece]], list[Rejected]]:
        """Runs with their projects, and the pieces that have no place."""
        good: list[tuple[ProjectId, RawRun, Piece]] = []
        bad: list[Rejected] = []
        names = await self._projects(pieces)
        made = {piece.id for piece in pieces if not piece.is_update}
        known = await self._known([each for each in pieces if _lacks(each, made)], made)
        for piece in sorted(pieces, key=lambda each: each.is_update):
            try:
                named = self._own_project(piece, names)
                run = raw_run(piece, known)
                run.is_guessed = _is_guessed(piece, named, known)
            except BadInput as error:
                bad.append(Rejected(piece.id, error.message))
                continue
            place = known.get(piece.id)
            project = named or (place.project_id if place else self.caller.project_id)
            start_ns = run.placed_ns if run.start_ns is None else run.start_ns
            known[piece.id] = RunPlace(project, run.trace_id, start_ns)
            good.append((project, run, piece))
        return good, bad

    async def _projects(self, pieces: Sequence[Piece]) -> dict[str, ProjectId]:
        names = {name for each in pieces if (name := _name(each)) is not None}
        made: dict[str, ProjectId] = {}
        for name in names:
            if (known := self.caller.projects_by_name.get(name)) is not None:
                made[name] = known
                continue
            try:
                made[name] = await asyncio.to_thread(
                    self.project_named, self.caller.tenant_id, name
                )
            except BadInput:
                continue
        return made

    def _own_project(self, piece: Piece, names: Mapping[str, ProjectId]) -> ProjectId | None:
        project = optional_uuid(piece.fields.get("session_id"), "session_id")
        if project is not None:
            if project not in self.caller.project_ids:
                raise BadInput("there is no such project", issues=[_issue("session_id")])
            return ProjectId(project)
        name = _name(piece)
        if name is not None and name not in names:
            raise BadInput("session_name is no name of a project", issues=[_issue("session_name")])
        return None if name is None else names[name]

    async def _known(self, pieces: Sequence[Piece], made: Set[str]) -> dict[str, RunPlace]:
        """Where the runs and their parents are stored, but for those made in this request."""
        wanted = {each.id for each in pieces if each.is_update}
        parents = {
            str(each.fields["parent_run_id"])
            for each in pieces
            if "parent_run_id" in each.fields and "trace_id" not in each.fields
        } - made
        found: dict[str, RunPlace] = {}
        for pause in (*PATIENCE_SECONDS, None):
            missing = (wanted | parents) - found.keys()
            if not missing:
                break
            found |= await self.store.run_places(self.caller.project_ids, missing)
            if pause is None or wanted <= found.keys():
                break
            await asyncio.sleep(pause)
        return found


def _is_guessed(piece: Piece, named: ProjectId | None, known: Mapping[str, RunPlace]) -> bool:
    """Whether neither the update nor what is stored says to which project and trace it belongs."""
    return piece.is_update and piece.id not in known and (named is None or not _has_trace(piece))


def _has_trace(piece: Piece) -> bool:
    fields = piece.fields
    return "trace_id" in fields or order_of(fields.get("dotted_order")) is not None


def _lacks(piece: Piece, made: Set[str]) -> bool:
    """Whether the store has to be asked where this piece belongs."""
    fields = piece.fields
    if piece.is_update and piece.id in made:
        return False
    has_trace = _has_trace(piece)
    if piece.is_update:
        return not has_trace or not ("session_id" in fields or _name(piece) is not None)
    return not has_trace and "parent_run_id" in fields


def _name(piece: Piece) -> str | None:
    name = piece.fields.get("session_name")
    return name.strip() if isinstance(name, str) and name.strip() else None


def raw_run(piece: Piece, known: Mapping[str, RunPlace]) -> RawRun:
    """The run with its ids and its start.

    Raises:
        BadInput: an id is no UUID or the start no instant.
    """
    fields: dict[str, Any] = piece.fields
    order = order_of(fields.get("dotted_order"))
    parent_id = optional_uuid(fields.get("parent_run_id"), "parent_run_id")
    if parent_id is None and order is not None:
        parent_id = order.parent_id
    place = known.get(piece.id) or (known.get(parent_id) if parent_id else None)
    if fields.get("trace_id") is not None:
        trace_id = uuid_text(fields["trace_id"], "trace_id")
    elif order is not None:
        trace_id = order.trace_id
    else:
        trace_id = place.trace_id if place is not None else parent_id or piece.id
    start_ns = instant_ns(fields.get("start_time"), "start_time")
    end_ns = instant_ns(fields.get("end_time"), "end_time")
    own = known.get(piece.id)
    placed = order.start_ns if order else own.start_ns if own else None
    if placed is None:
        placed = end_ns if end_ns is not None else now_ns()
    return RawRun(
        id=piece.id,
        trace_id=trace_id,
        parent_id=parent_id if parent_id != piece.id else None,
        is_update=piece.is_update,
        start_ns=start_ns,
        placed_ns=placed,
        fields=fields,
    )


def _issue(name: str) -> Issue:
    return Issue(("body", name), "unknown")
