"""Questions about the runs of tracing projects: filters, pages, statistics."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from uuid import UUID, uuid5

from turnwise.model.ids import ProjectId, is_canonical_uuid

ATTACHED = "attachment."
"""Before the name of a file, among what else is kept of a run."""

ATTACHMENTS = "attachments/"
"""Where the media store has the files of runs."""

GUESSED = "turnwise.guessed"
"""The key of `Observation.run` that marks what lies where nobody has said that it belongs."""

_HEX_16 = re.compile(r"[0-9a-f]{16}")
_HEX_32 = re.compile(r"[0-9a-f]{32}")
_NAMESPACE = UUID("6f1c1ad4-9a3c-4d53-8f5e-0d7f3e0c5a11")


class RunField(StrEnum):
    """What a filter can speak of."""

    ID = "id"
    NAME = "name"
    RUN_TYPE = "run_type"
    STATUS = "status"
    """"success", "error" or "pending"."""
    ERROR = "error"
    """The text of the failure; null when there is none."""
    IS_ROOT = "is_root"
    TRACE_ID = "trace_id"
    PARENT_ID = "parent_run_id"
    START_TIME = "start_time"
    """Nanoseconds since the epoch, as END_TIME."""
    END_TIME = "end_time"
    LATENCY = "latency"
    """Seconds, as FIRST_TOKEN."""
    FIRST_TOKEN = "first_token_latency"  # noqa: S105 - no secret
    TOTAL_TOKENS = "total_tokens"
    PROMPT_TOKENS = "prompt_tokens"
    COMPLETION_TOKENS = "completion_tokens"
    TOTAL_COST = "total_cost"
    PROMPT_COST = "prompt_cost"
    COMPLETION_COST = "completion_cost"
    TAGS = "tags"
    METADATA = "metadata"
    METADATA_KEY = "metadata_key"
    METADATA_VALUE = "metadata_value"
    FEEDBACK_KEY = "feedback_key"
    FEEDBACK_SCORE = "feedback_score"
    FEEDBACK_VALUE = "feedback_value"
    FEEDBACK_SOURCE = "feedback_source"


class Comparison(StrEnum):
    """How a field is held against a value."""

    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    HAS = "has"
    """A tag, or (METADATA) a pair of key and value as a tuple."""


Value = str | int | float | bool | None | tuple[str | int | float | bool, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison; times are nanoseconds."""

    field: RunField
    how: Comparison
    value: Value


@dataclass(frozen=True, slots=True)
class Search:
    """The text occurs in name, contents, error or tags, case ignored."""

    text: str


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; parts about metadata hold of one pair, those about feedback of one score."""

    parts: "tuple[RunFilter, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: "tuple[RunFilter, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: "RunFilter"


RunFilter = Compare | Search | AllOf | AnyOf | Not


@dataclass(frozen=True, slots=True, kw_only=True)
class RunQuery:
    """Which runs, ordered by start and then id.

    Attributes:
        where, of_root, of_tree: what must hold of the run itself, of its trace's root, of any run
            of its trace.
        after: the keyset position (start, span id) of the last run already handed out.
        limit: None for no limit.
    """

    project_ids: tuple[ProjectId, ...]
    where: RunFilter | None = None
    of_root: RunFilter | None = None
    of_tree: RunFilter | None = None
    newest_first: bool = True
    after: tuple[int, str] | None = None
    limit: int | None = 100


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where a run is kept."""

    project_id: ProjectId
    trace_id: str
    start_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackSummary:
    """All judgements under one key.

    Attributes:
        average, deviation, lowest, highest: of the scores; None when there are none.
        values: how often each label was given.
    """

    count: int
    average: float | None = None
    deviation: float | None = None
    lowest: float | None = None
    highest: float | None = None
    values: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStats:
    """Statistics of projects. Percentiles are linear interpolations (type 7), in seconds.

    Attributes:
        run_count: root runs.
        latency_*: of root runs that ended.
        first_token_*: of root runs; a root without one takes the earliest of its trace.
        total_tokens, prompt_tokens, completion_tokens, *_cost: of runs with consumption of their
            own, that is without those that have a consuming run below them.
        error_rate, streaming_rate: shares of the root runs.
        last_run_start_ns: of the newest root run.
        feedback: about runs, by key.
        own_feedback: about the projects themselves, by key.
    """

    run_count: int = 0
    latency_p50: float | None = None
    latency_p99: float | None = None
    first_token_p50: float | None = None
    first_token_p99: float | None = None
    total_tokens: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_cost: Decimal = Decimal(0)
    prompt_cost: Decimal = Decimal(0)
    completion_cost: Decimal = Decimal(0)
    error_rate: float = 0.0
    streaming_rate: float = 0.0
    last_run_start_ns: int | None = None
    feedback: Mapping[str, FeedbackSummary] = field(default_factory=dict)
    own_feedback: Mapping[str, FeedbackSummary] = field(default_factory=dict)


def run_uuid(trace_id: str, span_id: str) -> str:
    """The UUID by which the run surface knows an observation.

    A run has its own. The 16 hex digits of an OpenTelemetry span become a UUID of version 8, which
    holds all of them and the first 14 of its trace's; any other text gets version 5.
    """
    if is_canonical_uuid(span_id):
        return span_id.lower()
    if _HEX_16.fullmatch(span_id) and _HEX_32.fullmatch(trace_id):
        digits, trace = span_id, trace_id
        node = f"8{digits[15]}{trace[:2]}-{trace[2:14]}"
        return f"{digits[:8]}-{digits[8:12]}-8{digits[12:15]}-{node}"
    return str(uuid5(_NAMESPACE, f"run:{trace_id}/{span_id}"))


def span_ids_of(uuid: str) -> tuple[str, ...]:
    """The span ids for which `run_uuid` may have given this UUID, in canonical text."""
    digits = uuid.replace("-", "")
    if digits[12] == "8" and digits[16] == "8":
        return uuid, digits[:12] + digits[13:16] + digits[17]
    return (uuid,)


def trace_uuid(trace_id: str) -> str:
    """The UUID by which the run surface knows a trace: 32 hex digits are one without its dashes."""
    if is_canonical_uuid(trace_id):
        return trace_id.lower()
    if _HEX_32.fullmatch(trace_id):
        return str(UUID(trace_id))
    return str(uuid5(_NAMESPACE, f"trace:{trace_id}"))


def trace_ids_of(uuid: str) -> tuple[str, ...]:
    """The trace ids for which `trace_uuid` may have given this UUID, in canonical text."""
    return uuid, uuid.replace("-", "")


def attachment_key(project_id: ProjectId, run_id: str, name: str) -> str:
    """The key of a run's file in the media store; the name itself may hold any character."""
    return f"{ATTACHMENTS}{project_id}/{run_id}/{uuid5(UUID(run_id), name).hex}"


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file that belongs to a run: under which key the media store has it."""

    name: str
    key: str
    media_type: str | None
    size_bytes: int | None


def attached_files(kept: Mapping[str, str]) -> list[AttachedFile]:
    """The files among what is kept of a run, in the order in which they are kept."""
    found: list[AttachedFile] = []
    for name, text in kept.items():
        if name.startswith(ATTACHED):
            said = json.loads(text)
            media_type, size = said.get("mime_type"), said.get("size_bytes")
            found.append(AttachedFile(name.removeprefix(ATTACHED), said["key"], media_type, size))
    return found
