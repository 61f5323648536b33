-- Derived: whether a recording of the session waits to be listened to.
ALTER TABLE {database}.sessions {on_cluster} ADD COLUMN IF NOT EXISTS is_unheard UInt8 DEFAULT 0 AFTER unpriced;

ALTER TABLE {database}.sessions {on_cluster} ADD INDEX IF NOT EXISTS ix_unheard is_unheard TYPE minmax GRANULARITY 1;
