"""`evergrant try`: the whole life of a grant, walked against a real issuer."""
