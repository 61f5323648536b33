"""What people call the cases of the gate; see model.labels."""

from collections.abc import Collection

from sqlalchemy import Connection, Select, and_, delete, insert, select

from turnwise.model.ids import ProjectId, SessionId
from turnwise.model.labels import CaseLabel, Label, Moment
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import case_labels, users

MOST = 5_000
"""Labels of a project that are looked at: the latest ones."""

_LABELS = select(
    case_labels.c.session_id,
    case_labels.c.case_id,
    case_labels.c.label,
    case_labels.c.at_ns,
    users.c.email,
).join(users, users.c.id == case_labels.c.user_id)


class Labels:
    """Keeps, finds and forgets labels."""

    def __init__(self, database: Database):
        self._database = database

    def all(self, project_id: ProjectId) -> list[CaseLabel]:
        """The latest labels of a project, the newest first."""
        query = (
            _LABELS.where(case_labels.c.project_id == project_id)
            .order_by(case_labels.c.at_ns.desc(), case_labels.c.session_id, case_labels.c.case_id)
            .limit(MOST)
        )
        with self._database.reading() as connection:
            return _found(connection, query)

    def put(
        self,
        project_id: ProjectId,
        session_id: SessionId,
        moment: Moment,
        label: Label,
        user_id: int,
    ) -> CaseLabel:
        """Call a case something, in place of what it was called, wherever its onset was then."""
        row = {
            "project_id": project_id,
            "session_id": session_id,
            "case_id": str(moment),
            "label": label.value,
            "user_id": user_id,
            "at_ns": self._database.now(),
        }
        with self._database.writing() as connection:
            _remove(connection, project_id, session_id, moment)
            connection.execute(insert(case_labels).values(row))
            own = and_(
                case_labels.c.project_id == project_id,
                case_labels.c.session_id == session_id,
                case_labels.c.case_id == str(moment),
            )
            return _found(connection, _LABELS.where(own))[0]

    def remove(self, project_id: ProjectId, session_id: SessionId, moment: Moment) -> None:
        """Take back what a case was called."""
        with self._database.writing() as connection:
            _remove(connection, project_id, session_id, moment)

    def forget(self, project_id: ProjectId, session_ids: Collection[SessionId]) -> None:
        """Remove what the cases of these sessions were called."""
        with self._database.writing() as connection:
            connection.execute(
                delete(case_labels).where(
                    case_labels.c.project_id == project_id,
                    case_labels.c.session_id.in_(session_ids),
                )
            )


def _remove(
    connection: Connection, project_id: ProjectId, session_id: SessionId, moment: Moment
) -> None:
    own = and_(case_labels.c.project_id == project_id, case_labels.c.session_id == session_id)
    known = [each.moment for each in _found(connection, _LABELS.where(own))]
    if (found := moment.nearest(known)) is not None:
        connection.execute(delete(case_labels).where(own, case_labels.c.case_id == str(found)))


def _found(
    connection: Connection, query: Select[tuple[str, str, str, int, str]]
) -> list[CaseLabel]:
    found = []
    for row in connection.execute(query):
        moment = Moment.read(row.case_id)
        assert moment is not None, "only moments are written"
        found.append(
            CaseLabel(
                session_id=SessionId(row.session_id),
                moment=moment,
                label=Label(row.label),
                by=row.email,
                at_ns=row.at_ns,
            )
        )
    return found
