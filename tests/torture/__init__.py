"""Proof by torture: many clients, faults of all kinds, and a checker that believes only what was written down."""
