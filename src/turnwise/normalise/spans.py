"""Raw spans in, observations out. Pure, and one bad span never costs its neighbours."""

from collections.abc import Sequence
from typing import Any

from turnwise.model.batch import RawSpan, Rejected
from turnwise.model.ids import MAX_ID_LENGTH, ProjectId
from turnwise.model.instants import now_ns
from turnwise.model.observation import Kind, Level, Observation, Step, ToolMessage, Voice
from turnwise.normalise import events
from turnwise.normalise.content import Content, add_words, read_content
from turnwise.normalise.index import rules_for
from turnwise.normalise.kinds import identify
from turnwise.normalise.metadata import Encoder
from turnwise.normalise.reading import Reading, read_attributes, read_resource
from turnwise.normalise.usage import (
    Counts,
    cached_of,
    costs_of,
    counts_of,
    detail_counts,
    merged,
    metadata_costs,
    metrics_counts,
)
from turnwise.normalise.user_figures import read_user_figures
from turnwise.normalise.values import count, encode_json, flag, is_refused, seconds, text

EARLIEST_START_NS = 946_684_800 * 1_000_000_000
"""2000-01-01: an older start is a clock that was never set."""

FURTHEST_AHEAD_NS = 7 * 86_400 * 1_000_000_000
"""How far in the future a span may begin."""

_LATEST_NS = 2**63 - 1
_NO_VOICE = Voice()
_PRICED_STEPS = frozenset({Step.LLM, Step.STT, Step.TTS, Step.TTS_REQUEST})
_STAGE_LATENCIES = ("stt_ns", "llm_ttft_ns", "tts_ttfb_ns", "e2e_ns")
_FIRST_OUTPUT = ("llm_ttft_ns", "tts_ttfb_ns")
_HOSTS = {
    "api.anthropic.com": "anthropic",
    "api.cohere.ai": "cohere",
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.mistral.ai": "mistral_ai",
    "api.openai.com": "openai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
    "generativelanguage.googleapis.com": "gcp.gemini",
}
"""LiveKit up to 1.6 names some providers by host; 1.8 maps them to these names itself."""


def normalise_spans(
    project_id: ProjectId, spans: Sequence[RawSpan], *, present_ns: int | None = None
) -> tuple[list[Observation], list[Rejected]]:
    """Observations of the spans, in their order, and the spans that cannot be kept.

    Args:
        project_id: where the observations belong.
        spans: as a way in decoded them.
        present_ns: what "too far in the future" is measured from; the clock when None.
    """
    latest_ns = (now_ns() if present_ns is None else present_ns) + FURTHEST_AHEAD_NS
    encoder = Encoder()
    kept: list[Observation] = []
    rejected: list[Rejected] = []
    for span in spans:
        reason = _refusal(span, latest_ns)
        if reason is not None:
            rejected.append(Rejected(span.span_id[:MAX_ID_LENGTH], reason))
            continue
        try:
            kept.append(_observation(project_id, span, encoder))
        except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError) as error:
            # a value of a shape that nobody foresaw; its neighbours must not pay for it
            rejected.append(Rejected(span.span_id, f"unreadable span: {type(error).__name__}"))
    return kept, rejected


def is_langsmith(span: RawSpan) -> bool:
    """Whether the LangSmith SDK made the span out of a run."""
    return span.scope.name == "langsmith"


def _parent(span: RawSpan) -> str | None:
    """The parent; None for the root of the LangSmith SDK, whose parent exists nowhere.

    The SDK begins a root inside a context that it makes from the run's UUID: its hex digits are
    the trace id, the first half of them the id of the parent.
    """
    parent = span.parent_span_id or None
    if parent is not None and is_langsmith(span) and parent == span.trace_id[:16]:
        return None
    return parent


def _refusal(span: RawSpan, latest_ns: int) -> str | None:
    if not span.trace_id or not span.span_id:
        return "missing id"
    ids = (span.trace_id, span.span_id, span.parent_span_id or "")
    if max(map(len, ids)) > MAX_ID_LENGTH:
        return f"id longer than {MAX_ID_LENGTH} characters"
    if span.start_ns <= 0:
        return "start time is missing"
    if span.start_ns < EARLIEST_START_NS:
        return "start time before the year 2000"
    if span.start_ns > latest_ns:
        return "start time more than 7 days ahead"
    if span.end_ns is not None and not 0 <= span.end_ns <= _LATEST_NS:
        return "end time out of range"
    return None


def _observation(project_id: ProjectId, span: RawSpan, encoder: Encoder) -> Observation:
    framework, step, kind = identify(span)
    reading = read_attributes(span.attributes, rules_for(framework, step))
    read_resource(reading, span.resource)
    fields = reading.fields
    failed = span.status_code == 2
    asked, answered = read_content(span, reading)
    tool_messages = add_words(step, reading, asked, answered)
    if "llm_metrics" in fields or "tts_metrics" in fields:
        _read_metrics(reading)
    if said := reading.gathered.get("user_metadata"):
        read_user_figures(reading, said)
    first_token_ns = _first_token_ns(span, reading, step, failed=failed)
    level, status_message = _level(span, reading, answered, failed=failed)
    cost_details = _costs(reading, step, kind)
    provider = fields.get("provider")
    return Observation(
        project_id=project_id,
        trace_id=span.trace_id,
        span_id=span.span_id,
        start_ns=span.start_ns,
        parent_span_id=_parent(span),
        end_ns=span.end_ns,
        name=span.name or None,
        kind=kind,
        step=step,
        framework=framework,
        session_ref=fields.get("session_ref"),
        session_rank=reading.ranks.get(("", "session_ref"), 0),
        trace_name=fields.get("trace_name") or _root_name(span, reading),
        first_token_ns=first_token_ns,
        level=level,
        status_message=status_message,
        model=fields.get("model"),
        provider=_HOSTS.get(provider, provider) if provider else None,
        model_parameters=_parameters(reading),
        input=asked.text,
        output=answered.text,
        metadata=encoder.text(span, reading),
        usage_details=_usage(reading, step, kind),
        cost_details=cost_details,
        cost_source="reported" if cost_details else None,
        environment=fields.get("environment") or "default",
        release=fields.get("release"),
        app_version=fields.get("app_version"),
        user_ref=fields.get("user_ref"),
        tags=fields.get("tags", ()),
        voice=_voice(reading, tool_messages),
    )


def _voice(reading: Reading, tool_messages: tuple[ToolMessage, ...]) -> Voice:
    if reading.refused:
        reading.voice["refused"] = tuple(sorted(set(reading.refused)))
    requested = reading.fields.get("requested_model")
    if requested is not None and requested != reading.fields.get("model"):
        reading.voice["requested_model"] = requested
    cached = cached_of(reading.fields.get("usage_details"))
    if cached is not None:
        reading.voice.setdefault("cached_tokens", cached)
    if reading.voice or tool_messages:
        rank = reading.ranks.get(("voice", "agent_name"), 0)
        return Voice(**reading.voice, agent_rank=rank, tool_messages=tool_messages)
    return _NO_VOICE


def _root_name(span: RawSpan, reading: Reading) -> str | None:
    return None if _parent(span) else reading.fields.get("root_trace_name")


def _read_metrics(reading: Reading) -> None:
    """Fill gaps from LiveKit's metrics objects; -1 there means "none"."""
    fields, voice = reading.fields, reading.voice
    llm = fields.get("llm_metrics", {})
    tts = fields.get("tts_metrics", {})
    for metrics, name, convert, target in (
        (llm, "ttft", seconds, "llm_ttft_ns"),
        (tts, "ttfb", seconds, "tts_ttfb_ns"),
        (tts, "audio_duration", seconds, "audio_ns"),
        (tts, "characters_count", count, "characters"),
        (tts, "acquire_time", seconds, "acquire_ns"),
        (tts, "connection_reused", flag, "is_connection_reused"),
        (tts, "cancelled", flag, "is_cancelled"),
        (llm, "cancelled", flag, "is_cancelled"),
        (llm, "prompt_cached_tokens", count, "cached_tokens"),
    ):
        said = metrics.get(name)
        if target not in voice and (value := convert(said)) is not None:
            voice[target] = value
        elif convert is seconds and seconds(said) is None and is_refused(said):
            reading.refused.append(name)
    for metrics in (llm, tts):
        about = metrics.get("metadata")
        if isinstance(about, dict):
            for name, target in (("model_name", "model"), ("model_provider", "provider")):
                if target not in fields and (named := text(about.get(name))) is not None:
                    fields[target] = named


def _first_token_ns(span: RawSpan, reading: Reading, step: Step, *, failed: bool) -> int | None:
    """The instant of the first output; fills in the model's latency where only this is known."""
    voice = reading.voice
    if failed:
        # senders report tiny or stale latencies for attempts that failed
        for name in _STAGE_LATENCIES:
            voice.pop(name, None)
        return None
    found: int | None = reading.fields.get("first_token_ns")
    if found is None and span.events:
        found = events.first_token_ns(span.events)
    if found is not None and not span.start_ns <= found <= _LATEST_NS:
        found = None
    if step is Step.TTS and "llm_ttft_ns" in voice:
        # the general name for a first chunk; a voice's is its first sound
        voice.setdefault("tts_ttfb_ns", voice.pop("llm_ttft_ns"))
    if found is None:
        after = next((voice[name] for name in _FIRST_OUTPUT if name in voice), None)
        return None if after is None else span.start_ns + after
    if step is Step.LLM:
        voice.setdefault("llm_ttft_ns", found - span.start_ns)
    elif step is Step.TTS:
        voice.setdefault("tts_ttfb_ns", found - span.start_ns)
    return found


def _level(
    span: RawSpan, reading: Reading, answered: Content, *, failed: bool
) -> tuple[Level, str | None]:
    fields, voice = reading.fields, reading.voice
    level: Level = fields.get("level", Level.DEFAULT)
    message: str | None = fields.get("status_message") or span.status_message or None
    if failed:
        level = Level.ERROR
        message = (
            message
            or events.exception_message(span.events)
            or fields.get("exception_message")
            or voice.get("error_type")
        )
        if "error_type" not in voice and (kind := events.exception_type(span.events)) is not None:
            voice["error_type"] = kind
    if voice.get("tool_failed"):
        level = Level.ERROR
        if message is None:
            message = answered.value if isinstance(answered.value, str) else answered.text
    return level, message


def _parameters(reading: Reading) -> str | None:
    found: dict[str, Any] = dict(reading.gathered.get("params", {}))
    found.pop("model", None)
    found.update(reading.groups["param"])
    found.update(reading.fields.get("model_parameters", {}))
    return encode_json(found) if found else None


def _counts_usage(reading: Reading, step: Step, kind: Kind) -> bool:
    """Whether this span's counts are its own, not a repetition of a span below or above it."""
    return step is Step.LLM or kind is Kind.EMBEDDING or "usage_details" in reading.fields


def _usage(reading: Reading, step: Step, kind: Kind) -> Counts:
    if not _counts_usage(reading, step, kind):
        return {}
    fields = reading.fields
    return merged(
        metrics_counts(fields.get("llm_metrics")),
        counts_of(fields.get("usage_metadata")),
        detail_counts("input", fields.get("input_token_details")),
        detail_counts("output", fields.get("output_token_details")),
        reading.groups["usage"],
        counts_of(fields.get("usage_details")),
    )


def _costs(reading: Reading, step: Step, kind: Kind) -> dict[str, Any]:
    fields = reading.fields
    explicit = costs_of(fields.get("cost_details"))
    if explicit or not (step in _PRICED_STEPS or kind is Kind.EMBEDDING):
        return explicit
    return reading.groups["cost"] or metadata_costs(fields.get("usage_metadata"))
