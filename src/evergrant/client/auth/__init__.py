"""Puts a session's token on the requests of an HTTP client: one file for each client there is."""
