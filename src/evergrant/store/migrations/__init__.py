"""Every revision of the schema, for Alembic. Numbers grow; a revision that was released is never changed."""
