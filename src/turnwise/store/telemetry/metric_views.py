"""What numbers can be asked of: observations, traces, and scores by their kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from turnwise.store.telemetry.column_filters import Column, Holds
from turnwise.store.telemetry.judgements import DATA_TYPE
from turnwise.store.telemetry.observation_pages import COLUMNS as OBSERVATION_COLUMNS
from turnwise.store.telemetry.observation_pages import (
    FIRST_OUTPUT_NS,
    INPUT_COST,
    IS_ROOT,
    LATENCY_NS,
    OUTPUT_COST,
    prompt,
)
from turnwise.store.telemetry.score_pages import ABOUT_SOMETHING, ENVIRONMENT, SOURCE
from turnwise.store.telemetry.score_pages import COLUMNS as SCORE_COLUMNS
from turnwise.store.telemetry.trace_views import COLUMNS as TRACE_COLUMNS
from turnwise.store.telemetry.trace_views import VIEWS, WITH_NUMBERS


@dataclass(frozen=True, slots=True)
class MetricView:
    """A kind of rows that can be counted and measured.

    Attributes:
        rows: what stands behind FROM.
        instant: the column of nanoseconds by which rows are chosen and put into buckets.
        measures: what can be measured; durations are milliseconds, money is USD.
        dimensions: what can be grouped by.
        fine: what can be grouped by too, where a group may be as small as one row.
        columns: what can be filtered on.
        has_days: whether rows are kept by day.
        joins: what has to follow `rows` for a measure or a dimension.
    """

    rows: str
    instant: str
    measures: Mapping[str, str]
    dimensions: Mapping[str, str]
    fine: Mapping[str, str]
    columns: Mapping[str, Column]
    has_days: bool = False
    joins: Mapping[str, str] = field(default_factory=dict)


def _date(instant: str, form: str) -> str:
    return f"formatDateTime(fromUnixTimestamp64Nano({instant}, 'UTC'), '{form}')"


_MONTH, _DAY = "%Y-%m", "%Y-%m-%d"
_SECONDS = f"(nullIf({LATENCY_NS}, 0) / 1e9)"

_SCORES_OF_OBSERVATIONS = """ LEFT JOIN (
    SELECT project_id, assumeNotNull(trace_id) AS trace_id,
        assumeNotNull(observation_id) AS span_id, count() AS score_count
    FROM feedback FINAL
    WHERE project_id IN {projects:Array(String)} AND isNotNull(trace_id)
        AND isNotNull(observation_id)
    GROUP BY project_id, trace_id, span_id) AS judged USING (project_id, trace_id, span_id)"""

_TRACES_OF_OBSERVATIONS = f""" LEFT JOIN (
    SELECT project_id, trace_id, name AS whole_name, user_ref AS whole_user,
        session_ref AS whole_session, tags AS whole_tags, release AS whole_release,
        app_version AS whole_version
    FROM ({VIEWS.replace("{where}", "project_id IN {projects:Array(String)}")})) AS whole
    USING (project_id, trace_id)"""  # noqa: S608 - our own text

_OBSERVATIONS = MetricView(
    rows="observations FINAL",
    instant="start_ns",
    measures={
        "count": "1",
        "latency": f"{LATENCY_NS} / 1e6",
        "streamingLatency": "if(end_ns < first_token_ns, NULL, end_ns - first_token_ns) / 1e6",
        "timeToFirstToken": f"{FIRST_OUTPUT_NS} / 1e6",
        "inputTokens": "input_tokens",
        "outputTokens": "output_tokens",
        "totalTokens": "total_tokens",
        "outputTokensPerSecond": f"output_tokens / {_SECONDS}",
        "tokensPerSecond": f"total_tokens / {_SECONDS}",
        "inputCost": INPUT_COST,
        "outputCost": OUTPUT_COST,
        "totalCost": "toFloat64(total_cost)",
        "countScores": "score_count",
    },
    dimensions={
        "environment": "coalesce(environment, 'default')",
        "type": "kind",
        "name": "name",
        "level": "level",
        "version": "app_version",
        "tags": "whole_tags",
        "release": "coalesce(release, whole_release)",
        "traceName": "whole_name",
        "traceRelease": "whole_release",
        "traceVersion": "whole_version",
        "providedModelName": "model",
        "promptName": prompt("metadata", "name"),
        "promptVersion": prompt("metadata", "version"),
        "isRootObservation": IS_ROOT,
        "startTimeMonth": _date("start_ns", _MONTH),
    },
    fine={
        "id": "span_id",
        "traceId": "trace_id",
        "userId": "coalesce(user_ref, whole_user)",
        "sessionId": "coalesce(session_ref, whole_session)",
        "parentObservationId": "parent_span_id",
    },
    columns=OBSERVATION_COLUMNS
    | {
        "release": Column("release"),
        "traceRelease": Column("release"),
        "traceVersion": Column("app_version"),
        "startTimeMonth": Column(_date("start_ns", _MONTH)),
        # Here durations are milliseconds.
        "latency": Column(f"{LATENCY_NS} / 1e6", Holds.NUMBER),
        "timeToFirstToken": Column(f"{FIRST_OUTPUT_NS} / 1e6", Holds.NUMBER),
        "outputTokensPerSecond": Column(f"output_tokens / {_SECONDS}", Holds.NUMBER),
    },
    has_days=True,
    joins={
        "countScores": _SCORES_OF_OBSERVATIONS,
        **dict.fromkeys(
            ("tags", "release", "traceName", "traceRelease", "traceVersion", "userId", "sessionId"),
            _TRACES_OF_OBSERVATIONS,
        ),
    },
)

_TRACES = MetricView(
    rows=f"({WITH_NUMBERS.replace('{views}', VIEWS).replace('{where}', 'project_id IN {projects:Array(String)}')})",
    instant="at_ns",
    measures={
        "count": "1",
        "observationsCount": "length(observation_ids)",
        "scoresCount": "score_count",
        "latency": "latency_ns / 1e6",
        "totalTokens": "total_tokens",
        "totalCost": "toFloat64(cost_usd)",
    },
    dimensions={
        "environment": "coalesce(environment, 'default')",
        "name": "name",
        "tags": "tags",
        "release": "release",
        "version": "app_version",
        "timestampMonth": _date("at_ns", _MONTH),
    },
    fine={"id": "trace_id", "userId": "user_ref", "sessionId": "session_ref"},
    columns=TRACE_COLUMNS
    | {
        "timestampMonth": Column(_date("at_ns", _MONTH)),
        "latency": Column("latency_ns / 1e6", Holds.NUMBER),
    },
)

_JUDGED = """(project_id, trace_id) IN (
    SELECT project_id, assumeNotNull(trace_id) FROM feedback FINAL
    WHERE project_id IN {projects:Array(String)} AND isNotNull(trace_id))"""

_SCORE_ROWS = f"""(
    SELECT * FROM (
        SELECT *, ifNull(trace_id, '') AS of_trace, ifNull(observation_id, '') AS of_span
        FROM feedback FINAL
        WHERE project_id IN {{projects:Array(String)}} AND {ABOUT_SOMETHING}
        AND {DATA_TYPE} IN ({{types}})) AS judged
    LEFT JOIN (
        SELECT project_id, trace_id AS of_trace, name AS trace_name, tags, user_ref, release,
            app_version
        FROM ({VIEWS.replace("{where}", _JUDGED)})) AS whole USING (project_id, of_trace)
    LEFT JOIN (
        SELECT project_id, trace_id AS of_trace, span_id AS of_span, name AS span_name,
            model AS span_model, metadata AS span_metadata
        FROM observations FINAL WHERE {_JUDGED}) AS span USING (project_id, of_trace, of_span)
)"""  # noqa: S608 - our own text

_SCORE_DIMENSIONS = {
    "environment": ENVIRONMENT,
    "name": "key",
    "source": SOURCE,
    "dataType": DATA_TYPE,
    "configId": "nullIf(JSONExtractString(extra, 'configId'), '')",
    "timestampMonth": _date("created_ns", _MONTH),
    "timestampDay": _date("created_ns", _DAY),
    "traceName": "trace_name",
    "tags": "tags",
    "traceRelease": "release",
    "traceVersion": "app_version",
    "observationName": "nullIf(span_name, '')",
    "observationModelName": "nullIf(span_model, '')",
    "observationPromptName": prompt("span_metadata", "name"),
    "observationPromptVersion": prompt("span_metadata", "version"),
}


def _scores(
    types: str, dimensions: Mapping[str, str], values: Mapping[str, Column], *, is_number: bool
) -> MetricView:
    every = {**_SCORE_DIMENSIONS, **dimensions}
    return MetricView(
        rows=_SCORE_ROWS.replace("{types}", types),
        instant="created_ns",
        measures={"count": "1"} | ({"value": "score"} if is_number else {}),
        dimensions=every,
        fine={
            "id": "id",
            "traceId": "trace_id",
            "userId": "user_ref",
            "sessionId": "session_ref",
            "observationId": "observation_id",
        },
        columns={
            **{name: Column(sql) for name, sql in every.items()},
            **SCORE_COLUMNS,
            "tags": Column("tags", Holds.TEXTS),
            "traceTags": Column("tags", Holds.TEXTS),
            "userId": Column("user_ref"),
            **values,
        },
    )


METRIC_VIEWS = {
    "observations": _OBSERVATIONS,
    "traces": _TRACES,
    "scores-numeric": _scores(
        "'NUMERIC', 'BOOLEAN'",
        {"value": "score"},
        {"value": Column("score", Holds.NUMBER)},
        is_number=True,
    ),
    "scores-boolean": _scores(
        "'BOOLEAN'",
        {"booleanValue": "score = 1"},
        {
            "booleanValue": Column("score = 1", Holds.FLAG),
            "value": Column("score", Holds.NUMBER),
        },
        is_number=True,
    ),
    "scores-categorical": _scores(
        "'CATEGORICAL'",
        {"stringValue": "value"},
        {"stringValue": Column("value")},
        is_number=False,
    ),
}
"""Every view by its published name."""
