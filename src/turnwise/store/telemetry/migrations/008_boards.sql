-- What boards count over many sessions, without reading whole sessions.
ALTER TABLE {database}.sessions {on_cluster}
    ADD COLUMN IF NOT EXISTS agent_turn_count UInt32,
    ADD COLUMN IF NOT EXISTS input_tokens UInt64,
    ADD COLUMN IF NOT EXISTS output_tokens UInt64,
    ADD COLUMN IF NOT EXISTS model_names Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS model_stages Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS model_requests Array(UInt32) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS model_costs Array(Nullable(Decimal(38, 12))) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS tool_names Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS tool_took_ns Array(Nullable(Int64)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS tool_failed Array(UInt8) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS fault_stages Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS fault_names Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS fault_providers Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS fault_kinds Array(String) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS fault_turns Array(Nullable(Int32)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS fault_at_ns Array(Int64) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS cut_kinds Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS cut_turns Array(Nullable(Int32)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS cut_onset_ns Array(Nullable(Int64)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS cut_detected_ns Array(Nullable(Int64)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS cut_stopped_ns Array(Nullable(Int64)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS cut_bleed_words Array(Nullable(UInt32)) CODEC(ZSTD(1));

-- What was found, by type and stage, to rank causes over many sessions.
ALTER TABLE {database}.diagnoses {on_cluster}
    ADD COLUMN IF NOT EXISTS group_types Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS group_stages Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS group_severities Array(LowCardinality(String)) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS group_counts Array(UInt32) CODEC(ZSTD(1)),
    ADD COLUMN IF NOT EXISTS group_excess_ns Array(Int64) CODEC(ZSTD(1));
