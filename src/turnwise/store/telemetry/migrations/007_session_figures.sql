-- What lists are sorted by and courses are drawn from, without reading whole sessions.
ALTER TABLE {database}.sessions {on_cluster}
    ADD COLUMN IF NOT EXISTS recording_count UInt32,
    ADD COLUMN IF NOT EXISTS response_ns Array(Int64) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS response_p50_ns Nullable(Int64),
    ADD COLUMN IF NOT EXISTS response_p95_ns Nullable(Int64),
    ADD COLUMN IF NOT EXISTS eou_ns Array(Int64) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS stt_ns Array(Int64) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS llm_ns Array(Int64) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS tool_ns Array(Int64) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS tts_ns Array(Int64) CODEC(ZSTD(1));
