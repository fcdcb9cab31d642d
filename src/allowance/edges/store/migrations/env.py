"""Alembic asks here for the connection and the tables."""

from alembic import context

from allowance.edges.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
