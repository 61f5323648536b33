"""Bring the database to the schema of this version, whoever else is starting right now."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from turnwise.model.errors import Busy, Misconfigured
from turnwise.store.catalog.database import Database

_SCRIPTS = "turnwise.store.catalog:migrations"
# Any number that no other user of the same PostgreSQL database takes for its own locks.
_ADVISORY_LOCK = 0x7475726E_77697365


def upgrade(database: Database) -> None:
    """Run the migrations that are missing, all in one transaction.

    Raises:
        Misconfigured: the database cannot be opened, or a newer version of Turnwise has made it.
        Busy: another process has been migrating for too long.
    """
    scripts = ScriptDirectory.from_config(_config())
    try:
        with database.reading() as connection:
            if _is_current(connection, scripts):
                return
        with database.writing() as connection:
            lock(database, connection)
            if not _is_current(connection, scripts):
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    except Busy as error:
        cause = str(getattr(error.__cause__, "orig", None) or error.__cause__)
        if "locked" in cause:
            raise
        raise Misconfigured(f"The catalog cannot be opened: {_first_line(cause)}") from error
    except DatabaseError as error:
        reason = _first_line(str(error.orig))
        raise Misconfigured(f"The catalog cannot be opened: {reason}") from error


def lock(database: Database, connection: Connection) -> None:
    """Let one process at a time past this point, until its transaction ends.

    On SQLite the transaction itself is that lock.
    """
    if not database.is_sqlite:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


def revision(connection: Connection) -> str | None:
    """The schema's revision; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def _is_current(connection: Connection, scripts: ScriptDirectory) -> bool:
    found = revision(connection)
    if found is not None and found not in {script.revision for script in scripts.walk_revisions()}:
        raise Misconfigured(
            f"The catalog has schema {found}, which a newer version of Turnwise has made; this "
            f"version knows up to {scripts.get_current_head()}. Start the newer version, or "
            "restore a backup from before it."
        )
    return found == scripts.get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.set_main_option("path_separator", "os")
    return config


def _first_line(message: str) -> str:
    return (message.strip().splitlines() or ["no reason given"])[0]
