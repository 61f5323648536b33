-- What was found in each session, and what its clean turns teach about its agent; replaced as a whole.
CREATE TABLE IF NOT EXISTS {database}.diagnoses {on_cluster}
(
    project_id LowCardinality(String),
    session_id String,
    version UInt64,
    is_deleted UInt8 DEFAULT 0,
    agent LowCardinality(String),
    agent_version LowCardinality(String),
    started_ns Int64,
    facts_version UInt64,
    analyser UInt16,
    history_turns UInt32,
    types Array(LowCardinality(String)),
    severities Array(LowCardinality(String)),
    detail String CODEC(ZSTD(1)),
    sample_turns Array(Int32) CODEC(ZSTD(1)),
    sample_parts Array(LowCardinality(String)),
    sample_kinds Array(LowCardinality(String)),
    sample_models Array(LowCardinality(String)),
    sample_values Array(Float64) CODEC(ZSTD(1)),
    INDEX ix_agent agent TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX ix_types types TYPE bloom_filter(0.001) GRANULARITY 1,
    INDEX ix_started started_ns TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, session_id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;
