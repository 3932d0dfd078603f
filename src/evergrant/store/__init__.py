"""Ledger and Reader: on SQLite and PostgreSQL, and in memory as the oracle of the contract suite."""
