"""Signed JSON Web Tokens behind a strict policy: key, algorithms, type, issuer and audience, or nothing."""
