"""What Alembic runs for every command: on the connection, and in the transaction, of the caller."""

from alembic import context

from turnwise.store.catalog.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite's schema changes are transactional too, once the driver leaves transactions alone.
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
