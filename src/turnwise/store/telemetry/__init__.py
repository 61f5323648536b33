"""Facts and derived sessions in ClickHouse SQL: embedded in this process, or on a server."""

from turnwise.store.telemetry.store import ClickHouseTelemetry, open_telemetry

__all__ = ["ClickHouseTelemetry", "open_telemetry"]
