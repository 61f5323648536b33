"""LiveKit's session report as facts, whoever hands it over: an upload, a worker or a user.

It is kept whole, in any version and any shape: what can be derived from it is derived when the
session is, and again when Turnwise learns to read more of it.
"""

from typing import Any

from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import MAX_ID_LENGTH, ProjectId, SessionId, session_id_of

ROOM_KEYS = ("room_id", "roomId")
JOB_KEYS = ("job_id", "jobId")


def report_facts(
    report: dict[str, Any], project_id: ProjectId, session_id: SessionId | None = None
) -> list[SessionFact]:
    """The facts that a report is.

    `report` is the object as it came: `SessionReport.to_dict()` or a part of it. Without a
    `session_id` the room's sid, else the job's id, names the session; none of the three gives no
    facts.
    """
    job, room = name_in(report, JOB_KEYS), name_in(report, ROOM_KEYS)
    if session_id is None:
        session_id = provisional_session(project_id, room, job)
    if session_id is None:
        return []
    return [
        SessionFact(
            project_id=project_id,
            session_id=session_id,
            kind=FactKind.REPORT,
            fact_id=job or room or "report",
            body=report,
        )
    ]


def provisional_session(
    project_id: ProjectId, room_sid: str | None, job_id: str | None
) -> SessionId | None:
    """The session that a room or a job names, until something names it better."""
    name = room_sid or job_id
    return session_id_of(project_id, name) if name else None


def name_in(body: dict[str, Any], keys: tuple[str, ...]) -> str | None:
    """The first of the fields that is a usable id."""
    for key in keys:
        value = body.get(key)
        if isinstance(value, str) and 0 < len(value) <= MAX_ID_LENGTH:
            return value
    return None
