"""What is said of traces as wholes: rows, merging of partial updates, and look-ups."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from clickhouse_connect.driver.client import Client

from turnwise.model.ids import ProjectId
from turnwise.model.trace import TraceFact
from turnwise.store.telemetry.sql import chunks, lines

TraceKey = tuple[ProjectId, str]

_INT64_MAX = 2**63 - 1
_METADATA = "metadata."
# Settled field by field; session_rank goes with session_ref, tags and seen_ns have rules of their
# own, and metadata is taken apart.
_SINGLE = (
    "at_ns",
    "name",
    "user_ref",
    "input",
    "output",
    "environment",
    "release",
    "app_version",
    "is_public",
)


class _Row(msgspec.Struct, kw_only=True):
    """A row of `traces` as it is read."""

    project_id: ProjectId
    trace_id: str
    version: int
    seen_ns: int
    at_ns: int | None
    name: str | None
    session_ref: str | None
    session_rank: int
    user_ref: str | None
    input: str | None
    output: str | None
    metadata: str | None
    tags: tuple[str, ...]
    environment: str | None
    release: str | None
    app_version: str | None
    is_public: bool | None
    stamps: str


class _WrittenRow(_Row, kw_only=True):
    session_id: str


class Said(msgspec.Struct, kw_only=True):
    """What observations take over from their trace; names are those of observations."""

    project_id: ProjectId
    trace_id: str
    trace_name: str | None
    session_ref: str | None
    session_rank: int
    user_ref: str | None
    environment: str | None
    release: str | None
    app_version: str | None


FACT_FIELDS = ", ".join(name for name in _Row.__struct_fields__ if name != "is_public")

_row_decoder = msgspec.json.Decoder(_Row)
_stamps_decoder = msgspec.json.Decoder(dict[str, int])
_object_decoder = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder(order="sorted")

_BY_KEY = f"""
SELECT {FACT_FIELDS}, CAST(traces.is_public, 'Nullable(Bool)') AS is_public FROM traces FINAL
WHERE (project_id, trace_id) IN {{keys:Array(Tuple(String, String))}}
"""  # noqa: S608 - our own column names

_SAID = """
SELECT project_id, trace_id, name AS trace_name, session_ref, session_rank, user_ref, environment,
    release, app_version
FROM traces FINAL WHERE (project_id, trace_id) IN {keys:Array(Tuple(String, String))}
"""

_said_decoder = msgspec.json.Decoder(Said)

_Fields = dict[str, tuple[int, Any]]


def merge_traces(stored: TraceFact | None, update: TraceFact) -> TraceFact:
    """The stored fact with an update applied; any order and repetition ends the same.

    Raises:
        ValueError: the stamps are no object of integers, or the metadata is no object.
    """
    said = _said(update)
    if stored is None:
        return _fact(update, said, update.tags, update.seen_ns)
    merged = _said(stored)
    for name, found in said.items():
        kept = merged.get(name)
        if kept is None or _wins(found, kept):
            merged[name] = found
    tags = tuple(sorted({*stored.tags, *update.tags}))
    return _fact(update, merged, tags, min(stored.seen_ns, update.seen_ns))


def encode_trace(fact: TraceFact, session_id: str, version: int) -> bytes:
    """The row as one line of JSON.

    Raises:
        ValueError: a field cannot be stored; the text names it without its content.
    """
    for name in ("seen_ns", "at_ns"):
        instant = getattr(fact, name)
        if instant is not None and not 0 <= instant <= _INT64_MAX:
            raise ValueError(f"{name} is no instant that can be kept")
    values = {name: getattr(fact, name) for name in _Row.__struct_fields__}
    row = _WrittenRow(**{**values, "version": version, "session_id": session_id})
    try:
        return _encoder.encode(row)
    except UnicodeEncodeError as error:
        raise ValueError("a text is no valid Unicode") from error


def stored_traces(client: Client, keys: Iterable[TraceKey]) -> dict[TraceKey, TraceFact]:
    """The facts that are stored of these traces, contents included."""
    found: dict[TraceKey, TraceFact] = {}
    for part in chunks(list(keys)):
        for row in _row_decoder.decode_lines(lines(client, _BY_KEY, {"keys": part})):
            values = {name: getattr(row, name) for name in _Row.__struct_fields__}
            found[row.project_id, row.trace_id] = TraceFact(**values)
    return found


def said_of_traces(client: Client, keys: Sequence[TraceKey]) -> dict[TraceKey, Said]:
    """What observations take over, for those of the traces of which anything was said."""
    found: dict[TraceKey, Said] = {}
    for part in chunks(keys):
        for row in _said_decoder.decode_lines(lines(client, _SAID, {"keys": part})):
            found[row.project_id, row.trace_id] = row
    return found


def weight_of(facts: Sequence[TraceFact]) -> int:
    """About how many bytes the rows will take."""
    return sum(
        400 + len(item.input or "") + len(item.output or "") + len(item.metadata or "")
        for item in facts
    )


def _said(fact: TraceFact) -> _Fields:
    try:
        stamps = _stamps_decoder.decode(fact.stamps)
        metadata = _object_decoder.decode(fact.metadata) if fact.metadata is not None else {}
    except msgspec.MsgspecError as error:
        raise ValueError("stamps or metadata are no objects") from error
    said: _Fields = {}
    for name in _SINGLE:
        value = getattr(fact, name)
        if value is not None:
            said[name] = (stamps.get(name, 0), value)
    if fact.session_ref is not None:
        said["session_ref"] = (stamps.get("session_ref", 0), (fact.session_ref, fact.session_rank))
    for key, value in metadata.items():
        if value is not None:
            name = _METADATA + key
            said[name] = (stamps.get(name, stamps.get("metadata", 0)), value)
    return said


def _wins(found: tuple[int, Any], kept: tuple[int, Any]) -> bool:
    if found[0] != kept[0]:
        return found[0] > kept[0]
    return _encoder.encode(found[1]) > _encoder.encode(kept[1])


def _fact(key: TraceFact, said: _Fields, tags: tuple[str, ...], seen_ns: int) -> TraceFact:
    values: dict[str, Any] = dict.fromkeys(_SINGLE)
    values |= {"session_ref": None, "session_rank": 0}
    metadata: dict[str, Any] = {}
    for name, (_, value) in said.items():
        if name.startswith(_METADATA):
            metadata[name.removeprefix(_METADATA)] = value
        elif name == "session_ref":
            values["session_ref"], values["session_rank"] = value
        else:
            values[name] = value
    stamps = {name: stamp for name, (stamp, _) in said.items() if stamp}
    return replace(
        key,
        **values,
        metadata=_encoder.encode(metadata).decode() if metadata else None,
        tags=tags,
        seen_ns=seen_ns,
        stamps=_encoder.encode(stamps).decode(),
    )
