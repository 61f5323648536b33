-- What senders say of a trace as a whole, beside its observations; newest version per trace.
CREATE TABLE IF NOT EXISTS {database}.traces {on_cluster}
(
    project_id LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    version UInt64 CODEC(Delta, ZSTD(1)),
    seen_ns Int64 CODEC(Delta, ZSTD(1)),
    at_ns Nullable(Int64) CODEC(ZSTD(1)),
    name LowCardinality(Nullable(String)),
    session_id String CODEC(ZSTD(1)),
    session_ref Nullable(String) CODEC(ZSTD(1)),
    session_rank UInt8,
    user_ref Nullable(String) CODEC(ZSTD(1)),
    input Nullable(String) CODEC(ZSTD(1)),
    output Nullable(String) CODEC(ZSTD(1)),
    metadata Nullable(String) CODEC(ZSTD(1)),
    tags Array(LowCardinality(String)) CODEC(ZSTD(1)),
    environment LowCardinality(Nullable(String)),
    release LowCardinality(Nullable(String)),
    app_version LowCardinality(Nullable(String)),
    is_public Nullable(UInt8),
    stamps String CODEC(ZSTD(1)),
    INDEX ix_version version TYPE minmax GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(version)
ORDER BY (project_id, trace_id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;
