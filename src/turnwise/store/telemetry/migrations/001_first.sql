-- Facts: every observation, newest version per key. The key never changes once written.
CREATE TABLE IF NOT EXISTS {database}.observations {on_cluster}
(
    project_id LowCardinality(String),
    day Date,
    trace_id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 DEFAULT 0,
    start_ns Int64 CODEC(Delta, ZSTD(1)),
    end_ns Nullable(Int64) CODEC(ZSTD(1)),
    first_token_ns Nullable(Int64) CODEC(ZSTD(1)),
    parent_span_id Nullable(String) CODEC(ZSTD(1)),
    name LowCardinality(Nullable(String)),
    kind LowCardinality(String) DEFAULT 'SPAN',
    step LowCardinality(String) DEFAULT 'other',
    framework LowCardinality(String) DEFAULT 'generic',
    level LowCardinality(String) DEFAULT 'DEFAULT',
    session_id String CODEC(ZSTD(1)),
    session_ref Nullable(String) CODEC(ZSTD(1)),
    session_rank UInt8,
    trace_name LowCardinality(Nullable(String)),
    status_message Nullable(String) CODEC(ZSTD(1)),
    model LowCardinality(Nullable(String)),
    provider LowCardinality(Nullable(String)),
    model_parameters Nullable(String) CODEC(ZSTD(1)),
    input Nullable(String) CODEC(ZSTD(1)),
    output Nullable(String) CODEC(ZSTD(1)),
    metadata Nullable(String) CODEC(ZSTD(1)),
    usage_details Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
    cost_details Map(LowCardinality(String), Decimal(38, 12)) CODEC(ZSTD(1)),
    cost_source LowCardinality(Nullable(String)),
    input_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    output_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    total_tokens Nullable(UInt64) CODEC(ZSTD(1)),
    total_cost Nullable(Decimal(38, 12)) CODEC(ZSTD(1)),
    environment LowCardinality(Nullable(String)),
    release LowCardinality(Nullable(String)),
    app_version LowCardinality(Nullable(String)),
    user_ref Nullable(String) CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    voice String CODEC(ZSTD(1)),
    stamps Nullable(String) CODEC(ZSTD(1)),
    INDEX ix_trace trace_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX ix_session session_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX ix_version version TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(version, is_deleted)
PARTITION BY toYYYYMM(day)
ORDER BY (project_id, day, trace_id, span_id)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;

-- What is known of a trace without reading its observations: days, names, ranks, versions.
CREATE TABLE IF NOT EXISTS {database}.trace_activity {on_cluster}
(
    project_id LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    rank SimpleAggregateFunction(min, UInt8),
    first_day SimpleAggregateFunction(min, Date),
    last_day SimpleAggregateFunction(max, Date),
    last_version SimpleAggregateFunction(max, UInt64),
    last_arrival_ns SimpleAggregateFunction(max, Int64),
    first_seen SimpleAggregateFunction(min, String),
    INDEX ix_session session_id TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX ix_version last_version TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}AggregatingMergeTree
ORDER BY (project_id, trace_id, session_id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;

-- Facts about a session that are no spans.
CREATE TABLE IF NOT EXISTS {database}.session_facts {on_cluster}
(
    project_id LowCardinality(String),
    session_id String,
    kind LowCardinality(String),
    fact_id String,
    version UInt64,
    body String CODEC(ZSTD(1)),
    INDEX ix_version version TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY (project_id, session_id, kind, fact_id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;

-- Derived: one row per session. Not partitioned, because a session's start may change.
CREATE TABLE IF NOT EXISTS {database}.sessions {on_cluster}
(
    project_id LowCardinality(String),
    session_id String,
    version UInt64,
    is_deleted UInt8 DEFAULT 0,
    agent LowCardinality(String),
    framework LowCardinality(String),
    status LowCardinality(String),
    is_open UInt8,
    started_ns Int64,
    ended_ns Nullable(Int64),
    last_seen_ns Int64,
    last_arrival_ns Int64,
    finalized_ns Nullable(Int64),
    ref Nullable(String),
    call_id Nullable(String),
    room_name Nullable(String),
    job_id Nullable(String),
    names Array(String),
    user_ref Nullable(String),
    environment LowCardinality(Nullable(String)),
    release LowCardinality(Nullable(String)),
    app_version LowCardinality(Nullable(String)),
    created_by Int64,
    turn_count UInt32,
    tool_count UInt32,
    interruption_count UInt32,
    error_count UInt32,
    unpriced UInt32,
    cost_usd Decimal(38, 12),
    facts_version UInt64,
    detail String CODEC(ZSTD(1)),
    transcript String CODEC(ZSTD(1)),
    {transcript_index}
    INDEX ix_names names TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX ix_open is_open TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, session_id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;
