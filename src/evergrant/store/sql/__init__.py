"""The store on SQLite and PostgreSQL: one text for both, run in worker threads."""
