"""Evergrant: an OAuth 2.1 and OpenID Connect authorization server with the refresh token at its heart."""

__version__ = "0.1.0"
