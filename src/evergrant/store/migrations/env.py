"""What Alembic runs: the connection, its transaction and its lock come from `evergrant.store.upgrade`."""

from alembic import context

from evergrant.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
