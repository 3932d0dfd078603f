"""`evergrant login`, `token` and `logout`: a session with any issuer, for shells and scripts."""
