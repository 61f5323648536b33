"""Observations as rows of the table and back."""

from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from operator import attrgetter
from typing import Any

import msgspec

from turnwise.model.ids import ProjectId
from turnwise.model.observation import Framework, Kind, Level, Observation, Step, Voice

NS_PER_DAY = 86_400 * 1_000_000_000
MAX_KEY_NS = 65_000 * NS_PER_DAY
"""Instants from here on (the end of 2147) have no day that the key column can hold."""

_INT64_MAX = 2**63 - 1

NO_VOICE = Voice()
_VOICE_FIELDS = tuple(item.name for item in fields(Voice))
_voice_values = attrgetter(*_VOICE_FIELDS)
# The same fields again, because only a Struct can leave out what is not said.
_VoiceText: Any = msgspec.defstruct(
    "_VoiceText",
    [(item.name, Any, getattr(NO_VOICE, item.name)) for item in fields(Voice)],
    omit_defaults=True,
)


class ObservationRow(msgspec.Struct, omit_defaults=True, gc=False):
    """A row of `observations`: field names are column names, defaults are the columns' defaults.

    No row can be part of a cycle, so the garbage collector need not look at them.

    Attributes:
        day: days since the epoch when written.
        session_id: UUID of the session that the span names, "" when it names none.
    """

    project_id: str
    trace_id: str
    span_id: str
    start_ns: int
    version: int
    parent_span_id: str | None = None
    end_ns: int | None = None
    name: str | None = None
    kind: Kind = Kind.SPAN
    step: Step = Step.OTHER
    framework: Framework = Framework.GENERIC
    session_ref: str | None = None
    session_rank: int = 0
    trace_name: str | None = None
    first_token_ns: int | None = None
    level: Level = Level.DEFAULT
    status_message: str | None = None
    model: str | None = None
    provider: str | None = None
    model_parameters: str | None = None
    input: str | None = None
    output: str | None = None
    metadata: str | None = None
    usage_details: dict[str, int | float] = {}
    cost_details: dict[str, Decimal] = {}
    cost_source: str | None = None
    environment: str | None = None
    release: str | None = None
    app_version: str | None = None
    user_ref: str | None = None
    tags: tuple[str, ...] = ()
    stamps: str | None = None
    voice: str = ""


_MODEL_FIELDS = tuple(name for name in ObservationRow.__struct_fields__ if name != "voice")
_model_values = attrgetter(*_MODEL_FIELDS)


class _WrittenRow(ObservationRow, omit_defaults=True, gc=False):
    """What is written beyond what is read back: columns for keys, filters and statistics."""

    # Always written: the columns have no default of this kind.
    day: int | None = None
    session_id: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    total_cost: Decimal | None = None
    is_deleted: int = 0


CONTENT_COLUMNS = frozenset({"input", "output", "metadata", "model_parameters"})
"""What session_facts leaves out: large, and the assembler does not read it."""

COLUMNS = ", ".join(ObservationRow.__struct_fields__)
FACT_COLUMNS = ", ".join(
    name for name in ObservationRow.__struct_fields__ if name not in CONTENT_COLUMNS
)

_encoder = msgspec.json.Encoder()
_row_decoder = msgspec.json.Decoder(ObservationRow)
_voice_decoder = msgspec.json.Decoder(Voice)


def voice_text(voice: Voice) -> str:
    """JSON of what was said; "" for nothing."""
    if voice is NO_VOICE or voice == NO_VOICE:
        return ""
    return _encoder.encode(_VoiceText(*_voice_values(voice))).decode()


def day_number(start_ns: int) -> int:
    """Days since the epoch, UTC.

    Raises:
        ValueError: outside what a key can hold.
    """
    if not 0 <= start_ns < MAX_KEY_NS:
        raise ValueError("start lies outside 1970 to 2147")
    return start_ns // NS_PER_DAY


def encode_observation(observation: Observation, session_id: str, version: int) -> bytes:
    """The row as one line of JSON.

    Raises:
        ValueError: a field cannot be stored; the text names it without its content.
    """
    usage = observation.usage_details
    values = (*_model_values(observation), voice_text(observation.voice))
    row = _WrittenRow(*values)
    row.version = version
    row.day = day_number(observation.start_ns)
    row.session_id = session_id
    _check_instants(observation)
    if usage:
        row.input_tokens = _tokens(usage.get("input"))
        row.output_tokens = _tokens(usage.get("output"))
        row.total_tokens = _tokens(usage.get("total", sum(usage.values())))
    if observation.cost_details:
        row.total_cost = observation.total_cost_usd
    return _encode(row)


def encode_tombstone(observation: Observation, day: int, version: int) -> bytes:
    """A line that makes the observation's row of this day disappear."""
    row = _WrittenRow(
        observation.project_id,
        observation.trace_id,
        observation.span_id,
        day * NS_PER_DAY,
        version,
        day=day,
        is_deleted=1,
    )
    return _encode(row)


def decode_observations(lines: bytes) -> list[Observation]:
    """Observations from JSONEachRow, in their order."""
    return [_observation(row) for row in _row_decoder.decode_lines(lines)]


def ids_of(observations: Iterable[Observation]) -> set[tuple[ProjectId, str]]:
    """The traces that these observations are part of."""
    return {(item.project_id, item.trace_id) for item in observations}


def _encode(row: _WrittenRow) -> bytes:
    try:
        return _encoder.encode(row)
    except UnicodeEncodeError as error:
        raise ValueError("a text is no valid Unicode") from error
    except OverflowError as error:
        raise ValueError("a number has more than 64 bits") from error


def _check_instants(observation: Observation) -> None:
    # The engine would wrap them around in silence.
    for name in ("end_ns", "first_token_ns"):
        instant = getattr(observation, name)
        if instant is not None and not -_INT64_MAX <= instant <= _INT64_MAX:
            raise ValueError(f"{name} has more than 64 bits")


def _tokens(count: float | None) -> int | None:
    if count is None or not 0 <= count < _INT64_MAX:
        return None
    return int(count)


def _integral(count: float) -> int | float:
    return int(count) if float(count).is_integer() else count


def _observation(row: ObservationRow) -> Observation:
    return Observation(
        project_id=ProjectId(row.project_id),
        trace_id=row.trace_id,
        span_id=row.span_id,
        start_ns=row.start_ns,
        version=row.version,
        parent_span_id=row.parent_span_id,
        end_ns=row.end_ns,
        name=row.name,
        kind=row.kind,
        step=row.step,
        framework=row.framework,
        session_ref=row.session_ref,
        session_rank=row.session_rank,
        trace_name=row.trace_name,
        first_token_ns=row.first_token_ns,
        level=row.level,
        status_message=row.status_message,
        model=row.model,
        provider=row.provider,
        model_parameters=row.model_parameters,
        input=row.input,
        output=row.output,
        metadata=row.metadata,
        usage_details={name: _integral(count) for name, count in row.usage_details.items()},
        cost_details=row.cost_details,
        cost_source=row.cost_source,
        environment=row.environment,
        release=row.release,
        app_version=row.app_version,
        user_ref=row.user_ref,
        tags=row.tags,
        voice=_voice_decoder.decode(row.voice) if row.voice else NO_VOICE,
        stamps=row.stamps,
    )
