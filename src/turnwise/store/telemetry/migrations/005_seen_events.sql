-- Events of Langfuse's ingestion that were taken, by their own ids; a repetition changes nothing.
CREATE TABLE IF NOT EXISTS {database}.seen_events {on_cluster}
(
    project_id LowCardinality(String),
    event_id String CODEC(ZSTD(1)),
    arrived DateTime DEFAULT now() CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (project_id, event_id)
TTL arrived + INTERVAL 30 DAY
SETTINGS index_granularity = 1024, fsync_after_insert = 1, fsync_part_directory = 1;
