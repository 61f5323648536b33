"""Alembic's scripts: forward only, run when the catalog is opened."""
