"""A telephone leg that carries a session."""

from dataclasses import dataclass

from turnwise.model.ids import ProjectId

FAILED_CALLS = frozenset({"busy", "failed", "no-answer", "canceled"})
"""Statuses of a call that ended without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as its carrier knows it.

    Attributes:
        sid: the carrier's id, unique in the project; Twilio's is "CA" and 32 hex digits.
        status: the carrier's word, lower case.
        duration_ns: from the answer to the end as the carrier counts it, None where it has not said.
        parent_sid: the leg that this one was dialled from.
    """

    project_id: ProjectId
    sid: str
    carrier: str
    direction: str | None = None
    from_number: str | None = None
    to_number: str | None = None
    status: str | None = None
    started_ns: int | None = None
    answered_ns: int | None = None
    ended_ns: int | None = None
    parent_sid: str | None = None
    duration_ns: int | None = None
