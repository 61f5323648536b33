"""One SQLAlchemy engine for SQLite or PostgreSQL, and how it is read and written."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from turnwise.model.errors import Busy, Conflict, Misconfigured
from turnwise.model.instants import now_ns

Clock = Callable[[], int]
"""Tells the present in nanoseconds since the epoch."""

FILE_NAME = "catalog.db"
BUSY_TIMEOUT_MS = 10_000
_POOL = {"pool_size": 8, "max_overflow": 32, "pool_timeout": 10}
_IMMEDIATE = {"turnwise_writes": True}
_POSTGRESQL = ("postgresql", "postgres", "postgresql+psycopg")


class Database:
    """Reads and writes the catalog's database.

    Attributes:
        now: the clock; tests hand in one of their own.
    """

    def __init__(self, engine: Engine, now: Clock = now_ns):
        self.engine = engine
        self.now = now
        # On PostgreSQL a transaction around one SELECT would cost two more round trips.
        self._reader = (
            engine if self.is_sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")
        )

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection to read with: what is committed; on SQLite it never waits for a writer.

        Raises:
            Busy: the database does not answer.
        """
        with _trouble_as_busy(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, *, conflict: str | None = None) -> Iterator[Connection]:
        """A transaction that writes; it is committed, and durable, when the block ends.

        Args:
            conflict: what a Conflict says when a unique constraint refuses the write; without it
                the database's own error goes through.

        Raises:
            Busy: the database does not answer, or another writer holds it for too long.
            Conflict: see above.
        """
        try:
            with (
                _trouble_as_busy(),
                self.engine.connect().execution_options(**_IMMEDIATE) as connection,
                connection.begin(),
            ):
                yield connection
        except IntegrityError as error:
            if conflict is None:
                raise
            raise Conflict(conflict) from error

    def insert_new(
        self, connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Insert rows, leaving out those that a unique constraint knows already."""
        insert = sqlite.insert if self.is_sqlite else postgresql.insert
        connection.execute(insert(table).on_conflict_do_nothing(), list(rows))

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()


@contextmanager
def _trouble_as_busy() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, InternalError, PoolTimeout) as error:
        raise Busy("The catalog's database does not answer; try again.") from error


def catalog_url(data_dir: Path, url: str = "") -> str | URL:
    """The address of the catalog: the one that is set, or else the file in the data folder."""
    return url or URL.create("sqlite", database=str(data_dir / FILE_NAME))


def open_database(url: str | URL, now: Clock = now_ns) -> Database:
    """An engine for the address; makes a SQLite file and its folder when new.

    Raises:
        Misconfigured: no URL, one of a database that is not supported, the file cannot be made,
            or the PostgreSQL driver is missing.
    """
    parsed = _parsed(url)
    if parsed.drivername == "sqlite":
        return Database(_sqlite(Path(str(parsed.database))), now)
    try:
        # A ping before each use costs a round trip and survives a restart of the server.
        engine = create_engine(parsed, pool_pre_ping=True, **_POOL)
    except ImportError as error:
        raise Misconfigured(
            "PostgreSQL needs its driver: pip install 'turnwise[postgresql]'."
        ) from error
    return Database(engine, now)


def _parsed(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        # Without the text: it may hold a password.
        raise Misconfigured("TURNWISE_CATALOG_URL is not a URL.") from error
    if parsed.drivername in _POSTGRESQL:
        return parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise Misconfigured(
        f"TURNWISE_CATALOG_URL names '{parsed.drivername}'; it takes postgresql://user@host/name, "
        "or nothing for a SQLite file in the data folder."
    )


def _sqlite(path: Path) -> Engine:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Password hashes are nobody else's business; the -wal and -shm files take over this mode.
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"The catalog file {path} cannot be made: {error.strerror}.") from error
    _switch_to_wal(path)
    engine = create_engine(URL.create("sqlite", database=str(path)), **_POOL)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _switch_to_wal(path: Path) -> None:
    """Let readers and a writer work side by side; the file remembers it."""
    patience = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.DatabaseError as error:
                # SQLite does not wait here for another process that is switching too.
                if "locked" not in str(error) or time.monotonic() > patience:
                    raise Misconfigured(f"The catalog file {path}: {error}.") from error
                time.sleep(0.01)
            else:
                return


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own handling of transactions is off: it begins too late and never IMMEDIATE.
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "synchronous = FULL",
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: one that reads first and then asks for it may be refused
    # without waiting, because what it has read is out of date.
    writes: Any = connection.get_execution_options().get("turnwise_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
