"""Keep: telemetry in ClickHouse SQL, the catalog in SQLAlchemy. All SQL of the project is here."""
