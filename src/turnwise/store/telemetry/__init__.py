"""Facts and derived sessions in ClickHouse SQL: embedded in this process, or on a server."""
