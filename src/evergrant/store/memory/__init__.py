"""The semantics of the store as dictionaries: the oracle of the contract suite, and a store for tests."""

from evergrant.store.memory.store import MemoryStore

__all__ = ["MemoryStore"]
