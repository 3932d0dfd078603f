"""From a URL to a store."""

from evergrant.core.ports.store import Store
from evergrant.store.memory import MemoryStore


def open_store(url: str) -> Store:
    return MemoryStore()
