"""Log records of the upload that tell of the session: its report, its history, its judgements.

The history comes with the recording too, and then that one holds; these records are there when a
recording never comes. Everything else in the logs is the program's own.

Source: livekit-agents 1.8.9 and 1.5.17, telemetry/traces.py, recorded uploads.
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from turnwise.model.batch import RawLog
from turnwise.model.facts import FactKind, SessionFact
from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.reports import JOB_KEYS, ROOM_KEYS, name_in, provisional_session

_HISTORY = "chat_history"
_JUDGEMENTS = "evaluations"
_REPORT_NAMES = {
    "session.options": "options",
    "session.report_timestamp": "timestamp",
    "session.tags": "tags",
    "agent_name": "agent_name",
    "sdk_version": "sdk_version",
    "usage": "usage",
    "room_id": "room_id",
    "job_id": "job_id",
}


def log_facts(
    project_id: ProjectId, logs: Iterable[RawLog]
) -> tuple[list[SessionFact], list[RawLog]]:
    """What the records say of their sessions, and the program's own records.

    There is one fact per session for each kind of record.
    """
    found: dict[tuple[SessionId, str], dict[str, Any]] = {}
    own: list[RawLog] = []
    for log in logs:
        if log.scope.name not in (_HISTORY, _JUDGEMENTS):
            own.append(log)
            continue
        named = {**log.resource, **log.scope.attributes, **log.attributes}
        job = name_in(named, JOB_KEYS)
        session_id = provisional_session(project_id, name_in(named, ROOM_KEYS), job)
        if session_id is not None:
            told = _told(log)
            for part, body in told.items():
                known = found.setdefault((session_id, f"{job or ''}:{part}"), {})
                for name, value in body.items():
                    before = known.get(name)
                    known[name] = {**before, **value} if isinstance(before, dict) else value
    facts = [
        SessionFact(
            project_id=project_id,
            session_id=session_id,
            kind=FactKind.REPORT,
            fact_id=f"{part}:{_digest(body)}",
            body=body,
        )
        for (session_id, part), body in found.items()
    ]
    return facts, own


def _told(log: RawLog) -> dict[str, dict[str, Any]]:
    if log.scope.name == _JUDGEMENTS:
        value = log.attributes.get(log.body)
        if log.body == "outcome" and isinstance(value, dict):
            return {"judgement": {"outcome": value}}
        name = value.get("name") if isinstance(value, dict) else None
        if log.body in ("evaluation", "tag") and isinstance(name, str):
            return {"judgement": {f"{log.body}s_by_name": {name: value}}}
        return {}
    if log.body == "session report":
        given = {name: log.attributes.get(full) for full, name in _REPORT_NAMES.items()}
        told = {name: value for name, value in given.items() if value is not None}
        room = log.scope.attributes.get("room")
        return {"report": told | ({"room": room} if isinstance(room, str) and room else {})}
    item = log.attributes.get("chat.item")
    if not isinstance(item, dict) or len(item) != 1:
        return {}
    content = next(iter(item.values()))
    item_id = content.get("id") if isinstance(content, dict) else None
    return {"items": {"chat_items": {item_id: item}}} if isinstance(item_id, str) else {}


def _digest(body: dict[str, Any]) -> str:
    """The same for the same records, so that a request sent again changes nothing."""
    names = sorted(
        f"{name}/{inner}"
        for name, value in body.items()
        for inner in (value if isinstance(value, dict) else [""])
    )
    return sha256("\n".join(names).encode()).hexdigest()[:16]
