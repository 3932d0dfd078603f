"""Parts for tests that are real: a manual clock, seeded chance, and the store contract suite. Public."""
