"""What an operator should know about the tables."""

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.query import Health
from turnwise.store.telemetry.sql import lines

_TABLES = (
    "observations", "trace_activity", "session_facts", "sessions", "feedback", "traces",
    "seen_events", "log_records",
)  # fmt: skip


class _Detached(msgspec.Struct):
    table: str
    name: str
    reason: str | None


class _Mutation(msgspec.Struct):
    table: str
    mutation_id: str
    reason: str


class _Size(msgspec.Struct):
    table: str
    rows: int
    bytes: int
    parts: int


_detached_decoder = msgspec.json.Decoder(_Detached)
_mutation_decoder = msgspec.json.Decoder(_Mutation)
_size_decoder = msgspec.json.Decoder(_Size)

# The engine opens without a part that it cannot read, and says nothing.
_DETACHED = """
SELECT table, name, reason FROM system.detached_parts
WHERE database = currentDatabase() AND startsWith(reason, 'broken')
ORDER BY table, name
"""

_FAILING = """
SELECT table, mutation_id, latest_fail_reason AS reason FROM system.mutations
WHERE database = currentDatabase() AND NOT is_done AND latest_fail_reason != ''
ORDER BY table, mutation_id
"""

_SIZES = """
SELECT table, sum(rows) AS rows, sum(bytes_on_disk) AS bytes, count() AS parts
FROM system.parts WHERE database = currentDatabase() AND active GROUP BY table
"""


def problems(client: Client) -> list[str]:
    """Damaged parts and deletions that do not come to an end."""
    found = [
        f"Part {row.name} of {row.table} is damaged and was set aside ({row.reason}): "
        "its rows are missing. Restore it from a backup."
        for row in _detached_decoder.decode_lines(lines(client, _DETACHED))
    ]
    found += [
        f"Change {row.mutation_id} of {row.table} keeps failing: {_first_line(row.reason)}"
        for row in _mutation_decoder.decode_lines(lines(client, _FAILING))
    ]
    return found


def _first_line(text: str) -> str:
    # The rest is a stack of C++ functions.
    return text.partition("\n")[0][:300]


def facts(client: Client, step: int) -> dict[str, str | int]:
    """Versions, and rows, bytes and parts by table."""
    found: dict[str, str | int] = {"engine": str(client.server_version), "schema": step}
    for table in _TABLES:
        found[f"{table}.rows"] = 0
    for row in _size_decoder.decode_lines(lines(client, _SIZES)):
        found[f"{row.table}.rows"] = row.rows
        found[f"{row.table}.bytes"] = row.bytes
        found[f"{row.table}.parts"] = row.parts
    return found


def health(client: Client, step: int, place: list[str]) -> Health:
    """The state of the tables, with what is wrong with the place that they are in."""
    return Health((*place, *problems(client)), facts(client, step))
