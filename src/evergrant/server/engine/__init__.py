"""Carries decisions out. The only part of the server that holds what writes."""
