"""The engine inside this process: a folder, its lock and its configuration."""

import fcntl
import os
import shutil
from pathlib import Path
from xml.sax.saxutils import escape

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from turnwise.model.errors import Misconfigured
from turnwise.store.telemetry.engine import SETTINGS

DEFAULT_MEMORY_BYTES = 2 << 30
"""Cap on what the engine allocates. Ten minutes of mixed load at 940 rows/s peaked at 1.4 GB for
the whole process (measured with chdb 4.4); a query over the cap fails alone."""

MIN_FREE_BYTES = 1 << 30
"""Below this health complains: a merge needs about the size of the parts that it joins."""

# The engine's own defaults are for servers (mark cache 5 GB).
_CONFIG = """<clickhouse>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_mark_cache_size>33554432</index_mark_cache_size>
  <primary_index_cache_size>134217728</primary_index_cache_size>
  <query_condition_cache_size>16777216</query_condition_cache_size>
  <backups><allowed_path>{backups}</allowed_path></backups>
</clickhouse>
"""


class FolderLock:
    """Holds a folder for this process until closed or until the process ends.

    The engine refuses a second process too, but with an empty message.

    Raises:
        Misconfigured: another process holds the folder; the message names it.
    """

    def __init__(self, folder: Path):
        self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._file)
            raise Misconfigured(
                f"The telemetry folder {folder} is in use by process {holder}; an embedded store "
                "belongs to one process. Stop that process, or use a ClickHouse server."
            ) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode("ascii"), 0)

    def close(self) -> None:
        """Let go; the file stays, so that nobody locks a name that another one removes."""
        os.close(self._file)


class Embedded:
    """chdb in a folder: `data`, `backups`, `engine.xml` and `lock`.

    One process holds one engine on one folder. Never fork after opening it: a child hangs in its
    first query.

    Args:
        folder: made when missing, readable by its owner alone.
        memory_bytes: cap on what the engine allocates.
        database: name of our database.

    Raises:
        Misconfigured: the folder cannot be used, another process holds it, or the engine does not
            open it.
    """

    is_shared = False
    cluster: str | None = None

    def __init__(
        self,
        folder: Path,
        *,
        memory_bytes: int = DEFAULT_MEMORY_BYTES,
        database: str = "turnwise",
    ):
        self.database = database
        self.folder = folder.absolute()
        if "?" in str(self.folder):
            raise Misconfigured(f"The telemetry folder {folder} must not have a '?' in its name.")
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = FolderLock(self.folder)
        except OSError as error:
            raise Misconfigured(
                f"The telemetry folder {folder} cannot be used: {error.strerror}."
            ) from error
        self._config = self.folder / "engine.xml"
        self._config.write_text(
            _CONFIG.format(memory=memory_bytes, backups=escape(str(self.folder / "backups"))),
            encoding="utf-8",
        )
        self._keeper: Client | None = None
        try:
            # Held until the end: with its last handle closed the engine itself would stop.
            self._keeper = self.client(None, {})
        except Misconfigured:
            self._lock.close()
            raise

    def client(self, database: str | None, settings: dict[str, str | int]) -> Client:
        try:
            return clickhouse_connect.get_client(
                interface="chdb",
                path=str(self.folder / "data"),
                database=database,
                settings={**SETTINGS, **settings},
                chdb_options={"config-file": str(self._config)},
            )
        except (ClickHouseError, RuntimeError) as error:
            raise Misconfigured(
                f"The embedded engine does not open {self.folder / 'data'}: its files are damaged, "
                "or this process already has an engine on another folder.",
                details=str(error),
            ) from error

    def problems(self) -> list[str]:
        try:
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            return [f"The telemetry folder cannot be read: {error.strerror}."]
        if free < MIN_FREE_BYTES:
            return [f"The disk of the telemetry folder has only {free >> 20} MiB left."]
        return []

    def close(self) -> None:
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
            self._lock.close()
