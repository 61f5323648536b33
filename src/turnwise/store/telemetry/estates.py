"""What session ids stand for, and who has a claim to the facts that were written under them."""

from collections import Counter
from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.query import Estate
from turnwise.store.telemetry.activity import fact_trace
from turnwise.store.telemetry.membership import FACT_TRACE
from turnwise.store.telemetry.reader import Activity, activity_around


def estates(
    client: Client, project_id: ProjectId, session_ids: Sequence[SessionId]
) -> dict[SessionId, Estate]:
    """One for each id, also for one that nobody has ever named."""
    activity = activity_around(client, project_id, session_ids)
    return {each: _estate(project_id, each, activity) for each in session_ids}


def _estate(project_id: ProjectId, session_id: SessionId, activity: Activity) -> Estate:
    own = activity.get((project_id, fact_trace(session_id)))
    claims = own.ranks if own else {}
    holds: dict[SessionId, int] = {}
    heirs: Counter[SessionId] = Counter()
    has_spans = False
    for (_, trace_id), one in activity.items():
        ranks = one.ranks
        if session_id not in ranks:
            continue
        if trace_id.startswith(FACT_TRACE):
            if session_id in one.winners:
                holds[SessionId(trace_id.removeprefix(FACT_TRACE))] = ranks[session_id]
        elif session_id in one.winners:
            has_spans = True
        else:
            heirs.update(one.winners)
    is_named = has_spans or claims.get(session_id) == 0
    heir: SessionId | None = None
    if not is_named and own and own.winners[0] != session_id:
        heir = own.winners[0]
    elif not is_named and heirs:
        heir = min(heirs, key=lambda each: (-heirs[each], each))
    return Estate(is_named=is_named, claims=claims, holds=holds, heir=heir)
