"""Log-ins of browsers: each can be ended, and then its cookie opens nothing any more."""

from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select

from turnwise.model.ids import TenantId
from turnwise.model.instants import NS_PER_SECOND
from turnwise.store.catalog.audit import Actor, record
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import browser_sessions


class BrowserSessions:
    """Begins, counts and ends the sessions of people in their browsers."""

    def __init__(self, database: Database):
        self._database = database

    def begin(self, user_id: int, lasts_seconds: int) -> str:
        """The id of a new session; those of the same person that have expired are forgotten."""
        now, session_id = self._database.now(), str(uuid4())
        row = {
            "id": session_id,
            "user_id": user_id,
            "created_ns": now,
            "expires_ns": now + lasts_seconds * NS_PER_SECOND,
        }
        with self._database.writing() as connection:
            connection.execute(
                delete(browser_sessions).where(
                    browser_sessions.c.user_id == user_id, browser_sessions.c.expires_ns <= now
                )
            )
            connection.execute(insert(browser_sessions).values(row))
        return session_id

    def count(self, user_id: int) -> int:
        """In how many browsers the person is logged in."""
        query = select(func.count()).where(
            browser_sessions.c.user_id == user_id,
            browser_sessions.c.expires_ns > self._database.now(),
        )
        with self._database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def end(self, session_id: str) -> None:
        """End one session; one that is over stays so."""
        with self._database.writing() as connection:
            connection.execute(delete(browser_sessions).where(browser_sessions.c.id == session_id))

    def end_all(self, tenant_id: TenantId, user_id: int, *, by: Actor) -> None:
        """End every session of a person."""
        with self._database.writing() as connection:
            end_sessions(connection, user_id)
            now, target = self._database.now(), f"user {user_id}"
            record(connection, now, by, "user.logged_out_everywhere", target, tenant_id)


def end_sessions(connection: Connection, user_id: int, but: str | None = None) -> None:
    """End a person's sessions, but for one that may stay."""
    ended = delete(browser_sessions).where(browser_sessions.c.user_id == user_id)
    if but is not None:
        ended = ended.where(browser_sessions.c.id != but)
    connection.execute(ended)
