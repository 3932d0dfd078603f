"""A realm in a real store, a clock that stands, and chance that repeats itself."""

import pytest

from evergrant.core.credential import MasterKeys
from evergrant.store.memory import MemoryStore
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.chance import Chance
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import REALM, ROOT, a_realm


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def chance() -> Chance:
    return Chance()


@pytest.fixture
def masters() -> MasterKeys:
    return MasterKeys({1: ROOT})


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
async def realm_store(store: MemoryStore) -> MemoryRealm:
    await store.create_realm(a_realm())
    return store.realm_store(REALM)
