"""Authlib's authorization server in Flask, on PostgreSQL."""
