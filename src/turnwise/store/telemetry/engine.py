"""Where statements run: an embedded engine or a server behind one client, and a pool of handles."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from turnwise.model.errors import Misconfigured

SETTINGS: dict[str, str | int] = {
    # With 0 an index finds an old version of a row that FINAL should have hidden.
    "use_skip_indexes_if_final_exact_mode": 1,
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_decimals": 1,
    "output_format_json_escape_forward_slashes": 0,
    # A misspelt column would be dropped in silence.
    "input_format_skip_unknown_fields": 0,
    # Months between 1970 and 2148, the range of a key's day.
    "max_partitions_per_insert_block": 2_200,
    # Acknowledged means durable: never leave an insert in the server's memory.
    "async_insert": 0,
}
"""Settings of every handle."""

WRITE_SETTINGS: dict[str, str | int] = {
    # A group holds each key once, so there is nothing to collapse before it is written.
    "optimize_on_insert": 0,
    # A group is a few megabytes: handing it to more threads costs more than it gains.
    "input_format_parallel_parsing": 0,
}
"""Settings of the writers' handles, besides `SETTINGS`."""

READ_SECONDS = 30
"""A read that takes longer is given up: a page or a trace takes milliseconds."""

_CLUSTER_SETTINGS: dict[str, str | int] = {
    # What was acknowledged by one replica must be seen through any other.
    "insert_quorum": "auto",
    "insert_quorum_parallel": 0,
    "select_sequential_consistency": 1,
}

_SCHEMES = {"clickhouse": False, "clickhouses": True}
_DATA_PORTS = {False: 8123, True: 8443}


class Engine(Protocol):
    """A place that runs ClickHouse SQL.

    Attributes:
        is_shared: whether other processes may write to it.
        cluster: name for ON CLUSTER, None without replication.
        database: name of our database; created by the schema, never `default`.
    """

    is_shared: bool
    cluster: str | None
    database: str

    def client(self, database: str | None, settings: dict[str, str | int]) -> Client:
        """A new handle, to be used by one thread at a time and closed by its owner."""
        ...

    def problems(self) -> list[str]:
        """What an operator should know of the place itself; empty when all is well."""
        ...

    def close(self) -> None:
        """Let go of it; every handle must be closed before."""
        ...


class Server:
    """A ClickHouse server or cluster, reached over HTTP.

    Args:
        url: `clickhouse(s)://user:password@host:port/database?cluster=name`; everything but the
            host may be left out.

    Raises:
        Misconfigured: the URL is none of this kind.
    """

    is_shared = True

    def __init__(self, url: str):
        parts = urlsplit(url)
        if parts.scheme not in _SCHEMES or not parts.hostname:
            raise Misconfigured(
                "The telemetry address must look like clickhouse://user:password@host:8123/turnwise."
            )
        options = parse_qs(parts.query)
        self.cluster = options.get("cluster", [None])[0]
        self.database = parts.path.strip("/") or "turnwise"
        if self.database == "default":
            raise Misconfigured("The telemetry database must be one of its own, not 'default'.")
        self._secure = _SCHEMES[parts.scheme]
        self._host = parts.hostname
        self._port = parts.port or _DATA_PORTS[self._secure]
        self._user = unquote(parts.username) if parts.username else "default"
        self._password = unquote(parts.password or "")

    def client(self, database: str | None, settings: dict[str, str | int]) -> Client:
        try:
            return clickhouse_connect.get_client(
                interface="https" if self._secure else "http",
                host=self._host,
                port=self._port,
                username=self._user,
                password=self._password,
                database=database or "default",
                settings={**SETTINGS, **(_CLUSTER_SETTINGS if self.cluster else {}), **settings},
                # Sessions would serialise handles; long id lists do not fit into a URL.
                autogenerate_session_id=False,
                form_encode_query_params=True,
            )
        except ClickHouseError as error:
            raise Misconfigured(
                f"The telemetry server at {self._host}:{self._port} does not answer as it should.",
                details=str(error),
            ) from error

    def problems(self) -> list[str]:
        return []

    def close(self) -> None:
        return None


class Handles:
    """A pool of handles, each used by one thread at a time.

    A handle shared by threads answers one caller with another caller's rows (seen with chdb 4.4
    sessions), so nobody gets hold of one but through `borrow`.

    Args:
        make: opens a handle.
        size: how many are kept.
    """

    def __init__(self, make: Callable[[], Client], size: int):
        self.size = size
        self._all = [make() for _ in range(size)]
        self._free: queue.LifoQueue[Client] = queue.LifoQueue()
        for handle in self._all:
            self._free.put(handle)

    @contextmanager
    def borrow(self) -> Iterator[Client]:
        """A handle for this thread alone, until the block ends."""
        handle = self._free.get()
        try:
            yield handle
        finally:
            self._free.put(handle)

    def close(self) -> None:
        """Wait for every handle to come back, then close it."""
        for _ in self._all:
            self._free.get().close()
        self._all = []
