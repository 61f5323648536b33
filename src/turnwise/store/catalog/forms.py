"""Forms that people filled in during a session."""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select

from turnwise.model.accounts import FormResponse
from turnwise.store.catalog import checks
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import form_responses


class Forms:
    """Keeps and lists responses."""

    def __init__(self, database: Database):
        self._database = database

    def add(
        self,
        agent_id: str,
        form_id: str,
        session_id: str,
        values: Mapping[str, Any],
        created_by: int,
    ) -> FormResponse:
        """Keep a response.

        Raises:
            BadInput: the form's id is malformed.
        """
        row = {
            "agent_id": agent_id,
            "form_id": checks.name("form_id", form_id),
            "session_id": session_id,
            "values": dict(values),
            "created_by": created_by,
            "created_ns": self._database.now(),
        }
        with self._database.writing() as connection:
            query = insert(form_responses).values(row).returning(form_responses)
            return _response(connection.execute(query).mappings().one())

    def forget(self, session_ids: Collection[str]) -> None:
        """Remove what was filled in during these sessions."""
        statement = delete(form_responses).where(form_responses.c.session_id.in_(session_ids))
        with self._database.writing() as connection:
            connection.execute(statement)

    def all(
        self,
        agent_id: str,
        session_id: str | None = None,
        form_id: str | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[FormResponse]:
        """Responses of an agent, the newest first."""
        query = select(form_responses).where(form_responses.c.agent_id == agent_id)
        if session_id is not None:
            query = query.where(form_responses.c.session_id == session_id)
        if form_id is not None:
            if not checks.is_storable(form_id):
                return []
            query = query.where(form_responses.c.form_id == form_id)
        query = query.order_by(form_responses.c.id.desc()).limit(limit).offset(offset)
        with self._database.reading() as connection:
            return [_response(row) for row in connection.execute(query).mappings()]


def _response(row: RowMapping) -> FormResponse:
    return FormResponse(
        id=row["id"],
        agent_id=row["agent_id"],
        form_id=row["form_id"],
        session_id=row["session_id"],
        values=row["values"],
        created_ns=row["created_ns"],
    )
