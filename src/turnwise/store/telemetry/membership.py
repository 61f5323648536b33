"""Which sessions a trace belongs to, and which of its spans belong to which of them.

A trace belongs to the sessions that are named with its lowest rank; every other one is outranked.
While no span names a session, the trace forms one by itself.
"""

from collections.abc import Iterable, Mapping, Sequence

from turnwise.model.ids import ProjectId, SessionId, session_id_of
from turnwise.model.observation import Observation

OWN_RANK = 255
"""The rank of the session that a trace forms by itself; every name of a sender goes before it."""

PROVISIONAL_RANK = 200
"""The rank at which an id holds facts that may turn out to be about another session."""

FACT_TRACE = "session:"
"""Session facts are kept in trace_activity under this prefix and the session's id."""


def winners_of(ranks: Mapping[SessionId, int]) -> list[SessionId]:
    """The sessions of a trace, ascending, by the lowest rank under which each was named."""
    if not ranks:
        return []
    best = min(ranks.values())
    return sorted(session for session, rank in ranks.items() if rank == best)


def holders_of(trace_id: str, ranks: Mapping[SessionId, int]) -> list[SessionId]:
    """The winners, of which the facts of one id have at most one: facts cannot be divided."""
    winners = winners_of(ranks)
    return winners[:1] if trace_id.startswith(FACT_TRACE) else winners


def own_session(project_id: ProjectId, trace_id: str) -> SessionId:
    """The session that a trace forms while no span names one."""
    return session_id_of(project_id, trace_id)


def spans_of(
    session_id: SessionId, winners: Sequence[SessionId], spans: Iterable[Observation]
) -> list[Observation]:
    """The spans of one trace that belong to a session.

    With one winner all of them are its. With several, a span that names a winner belongs to it;
    one that names none belongs where its nearest ancestor does, and without such an ancestor to
    the first winner.

    Args:
        session_id: whose spans are asked for.
        winners: as `winners_of` gives them.
        spans: every span of the trace.
    """
    if session_id not in winners:
        return []
    if len(winners) == 1:
        return list(spans)
    by_id = {span.span_id: span for span in spans}
    homes: dict[str, SessionId] = {}
    for span_id, span in by_id.items():
        if span.session_ref is not None:
            named = session_id_of(span.project_id, span.session_ref)
            if named in winners:
                homes[span_id] = named
    for span_id in by_id:
        _settle(span_id, by_id, homes, winners[0])
    return [span for span_id, span in by_id.items() if homes[span_id] == session_id]


def _settle(
    span_id: str,
    by_id: Mapping[str, Observation],
    homes: dict[str, SessionId],
    otherwise: SessionId,
) -> None:
    """Give a span and its ancestors up to the nearest settled one their home."""
    path: dict[str, None] = {}
    here: str | None = span_id
    # A path that meets itself is a cycle of parents, which has no ancestor that names anything.
    while here is not None and here in by_id and here not in homes and here not in path:
        path[here] = None
        here = by_id[here].parent_span_id
    home = homes.get(here, otherwise) if here is not None else otherwise
    for step in path:
        homes[step] = home
