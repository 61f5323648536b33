"""The tables, as numbered steps forward that are applied once each."""

import re
from importlib import resources

from clickhouse_connect.driver.client import Client

from turnwise.model.errors import Misconfigured
from turnwise.store.telemetry.engine import Engine

MIN_SERVER = (25, 8)
"""The oldest server that knows `use_skip_indexes_if_final_exact_mode` and applies it as written."""

_TEXT_INDEX_FROM = (26, 2)
_TEXT_INDEX = (
    "INDEX ix_transcript transcript TYPE text(tokenizer = 'splitByNonAlpha', "
    "preprocessor = lower(transcript)),"
)
_FILE = re.compile(r"(\d{3})_\w+\.sql")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_VERSION_TABLE = """
CREATE TABLE IF NOT EXISTS {database}.schema_version {on_cluster}
(step UInt32, applied_at DateTime DEFAULT now())
ENGINE = {replicated}ReplacingMergeTree ORDER BY step
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""

_RECORD = "INSERT INTO {database}.schema_version (step) SELECT {step:UInt32}"


def migrate(client: Client, engine: Engine) -> int:
    """Bring the database up to this code; returns the step it is at.

    Every statement may be run twice, so a crash or a second starter between a step and its record
    does no harm.

    Raises:
        Misconfigured: the server is too old, or the database was made by newer code.
    """
    server = _server_version(client)
    if server < MIN_SERVER:
        raise Misconfigured(
            f"ClickHouse {client.server_version} is too old; "
            f"{MIN_SERVER[0]}.{MIN_SERVER[1]} is the oldest that works."
        )
    words = _words(engine, server)
    if not _NAME.fullmatch(engine.database):
        raise Misconfigured(f"'{engine.database}' is no name for a telemetry database.")
    client.command(_fill("CREATE DATABASE IF NOT EXISTS {database} {on_cluster}", words))
    client.command(_fill(_VERSION_TABLE, words))
    steps = migrations()
    stored = int(
        str(client.command(_fill("SELECT max(step) FROM {database}.schema_version", words)))
    )
    newest = max(steps)
    if stored > newest:
        raise Misconfigured(
            f"The telemetry database is at schema {stored}, this program knows {newest}: "
            "it was made by a newer version."
        )
    for step in sorted(number for number in steps if number > stored):
        for statement in statements(steps[step]):
            client.command(_fill(statement, words))
        client.command(_fill(_RECORD, words), parameters={"step": step})
    return newest


def has_text_index(client: Client) -> bool:
    """Whether the server is one that searches transcripts through their index."""
    return _server_version(client) >= _TEXT_INDEX_FROM


def migrations() -> dict[int, str]:
    """The text of every step by its number."""
    folder = resources.files(__package__) / "migrations"
    found = {}
    for entry in folder.iterdir():
        if match := _FILE.fullmatch(entry.name):
            found[int(match[1])] = entry.read_text(encoding="utf-8")
    return found


def statements(text: str) -> list[str]:
    """The statements of a step: each ends with a semicolon at the end of a line."""
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", bare) if part.strip()]


def _words(engine: Engine, server: tuple[int, int]) -> dict[str, str]:
    return {
        "database": engine.database,
        "on_cluster": f"ON CLUSTER '{engine.cluster}'" if engine.cluster else "",
        "replicated": "Replicated" if engine.cluster else "",
        "transcript_index": _TEXT_INDEX if server >= _TEXT_INDEX_FROM else "",
    }


def _fill(statement: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        statement = statement.replace(f"{{{word}}}", value)
    return statement


def _server_version(client: Client) -> tuple[int, int]:
    major, minor = str(client.server_version).split(".")[:2]
    return int(major), int(minor)
