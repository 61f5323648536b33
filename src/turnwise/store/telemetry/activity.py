"""Rows of trace_activity: which sessions a trace names, when it was last touched and by whom."""

import msgspec

from turnwise.model.facts import FIRM_KINDS, FactKind
from turnwise.model.ids import ProjectId, SessionId
from turnwise.store.telemetry.membership import FACT_TRACE, OWN_RANK, PROVISIONAL_RANK


class ActivityRow(msgspec.Struct, kw_only=True, gc=False):
    """What one group of writes says of a trace and a session.

    The engine joins rows of the same key by minimum and maximum, so writing one twice, or in
    another order, changes nothing.

    Attributes:
        trace_id: a trace, or FACT_TRACE and the session's id for session facts.
        rank: of the session's name, OWN_RANK for the session that the trace forms by itself.
        first_day, last_day: days since the epoch in which the trace's spans start.
        first_seen: twenty digits of the arrival in nanoseconds, ":", and who sent it; the smallest
            text names the creator.
    """

    project_id: str
    trace_id: str
    session_id: str
    rank: int
    first_day: int
    last_day: int
    last_version: int
    last_arrival_ns: int
    first_seen: str

    def join(self, other: "ActivityRow") -> None:
        """Take in a row of the same key."""
        self.rank = min(self.rank, other.rank)
        self.first_day = min(self.first_day, other.first_day)
        self.last_day = max(self.last_day, other.last_day)
        self.last_version = max(self.last_version, other.last_version)
        self.last_arrival_ns = max(self.last_arrival_ns, other.last_arrival_ns)
        self.first_seen = min(self.first_seen, other.first_seen)


ActivityRows = dict[tuple[ProjectId, str, SessionId], ActivityRow]


def add_row(rows: ActivityRows, row: ActivityRow) -> None:
    """Add a row, joined with what is there already for its key."""
    key = (ProjectId(row.project_id), row.trace_id, SessionId(row.session_id))
    known = rows.get(key)
    if known is None:
        rows[key] = row
    else:
        known.join(row)


NOBODY = "99999999999999999999:0"
"""Greater than every sender's text."""


def first_seen(arrival_ns: int, user_id: int) -> str:
    """The text whose minimum names the first sender; what nobody sent (0) names none."""
    return f"{arrival_ns:020d}:{user_id}" if user_id else NOBODY


def creator_of(seen: str) -> int:
    """Who sent the first fact, 0 when that is not known."""
    return int(seen.partition(":")[2] or 0)


def fact_trace(session_id: str) -> str:
    """Under which trace id the facts of a session are counted."""
    return FACT_TRACE + session_id


def fact_rank(kind: FactKind) -> int:
    """How firmly a fact says that it is about the session that it names."""
    return 0 if kind in FIRM_KINDS else PROVISIONAL_RANK


def stored_rank(rank: int) -> int:
    """A sender's rank as it fits between 0 and the trace's own."""
    return max(0, min(rank, OWN_RANK - 1))
