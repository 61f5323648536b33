-- What the run surface must give back and no other column holds, by field name.
ALTER TABLE {database}.observations {on_cluster}
    ADD COLUMN IF NOT EXISTS run Map(LowCardinality(String), String) CODEC(ZSTD(1));

-- Runs are asked for by their own id alone.
ALTER TABLE {database}.observations {on_cluster}
    ADD INDEX IF NOT EXISTS ix_span span_id TYPE bloom_filter(0.001) GRANULARITY 1;

-- Judgements, newest version per id.
CREATE TABLE IF NOT EXISTS {database}.feedback {on_cluster}
(
    project_id LowCardinality(String),
    id String,
    version UInt64,
    is_deleted UInt8 DEFAULT 0,
    key LowCardinality(String),
    score Nullable(Float64),
    value Nullable(String),
    comment Nullable(String) CODEC(ZSTD(1)),
    correction Nullable(String) CODEC(ZSTD(1)),
    source LowCardinality(String),
    session_ref Nullable(String),
    trace_id Nullable(String),
    observation_id Nullable(String),
    extra String DEFAULT '{}' CODEC(ZSTD(1)),
    created_ns Int64,
    modified_ns Int64
)
ENGINE = {replicated}ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, id)
SETTINGS index_granularity = 256, fsync_after_insert = 1, fsync_part_directory = 1;
