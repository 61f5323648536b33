-- Log records, under the trace in which they were written, else as trace_activity names the facts
-- of a session: "session:" and its id. The newest version holds.
CREATE TABLE IF NOT EXISTS {database}.log_records {on_cluster}
(
    project_id LowCardinality(String),
    trace_id String CODEC(ZSTD(1)),
    time_ns Int64 CODEC(Delta, ZSTD(1)),
    id String CODEC(ZSTD(1)),
    span_id String CODEC(ZSTD(1)),
    severity UInt8,
    severity_text LowCardinality(String),
    logger LowCardinality(String),
    body String CODEC(ZSTD(1)),
    attributes String CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (project_id, trace_id, time_ns, id)
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;
