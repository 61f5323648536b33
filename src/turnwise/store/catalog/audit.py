"""The audit log: who did what to what, and when; written in the transaction of the deed."""

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import Connection, insert, select

from turnwise.model.administration import AuditEntry
from turnwise.model.tenancy import Caller
from turnwise.store.catalog.database import Database
from turnwise.store.catalog.tables import audit_log


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is acting.

    Attributes:
        name: what the log shows.
        user_id: None for the server itself and for the command line.
    """

    name: str
    user_id: int | None = None

    @classmethod
    def of(cls, caller: Caller) -> Self:
        """The person behind a request."""
        return cls(f"user {caller.user_id}", caller.user_id)


COMMAND_LINE = Actor("command line")
SERVER = Actor("server")
INGEST = Actor("ingest")


def record(
    connection: Connection,
    at_ns: int,
    by: Actor,
    action: str,
    target: str,
    tenant_id: str | None = None,
    **details: Any,
) -> None:
    """Add a line to the log."""
    connection.execute(
        insert(audit_log).values(
            at_ns=at_ns,
            actor=by.name,
            actor_user_id=by.user_id,
            action=action,
            tenant_id=tenant_id,
            target=target,
            details=details,
        )
    )


class AuditLog:
    """Reads the log."""

    def __init__(self, database: Database):
        self._database = database

    def entries(
        self, tenant_id: str | None = None, *, before_id: int | None = None, limit: int = 100
    ) -> list[AuditEntry]:
        """The newest lines first, of one tenant or (None) of all, from before a line shown."""
        query = select(audit_log).order_by(audit_log.c.id.desc()).limit(limit)
        if tenant_id is not None:
            query = query.where(audit_log.c.tenant_id == tenant_id)
        if before_id is not None:
            query = query.where(audit_log.c.id < before_id)
        with self._database.reading() as connection:
            return [AuditEntry(**row) for row in connection.execute(query).mappings()]
