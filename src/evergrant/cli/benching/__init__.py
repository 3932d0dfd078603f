"""Measures a running server: a bounded storm of requests, what it cost, and how long it took."""
