"""Creating realms and changing their policy."""

import pytest

from evergrant.core.facts import EventKind
from evergrant.core.policy import MINUTE
from evergrant.core.ports.reader import EventFilter
from evergrant.server.engine.operators.realms import Realms
from evergrant.server.engine.operators.refusals import AlreadyExists, Invalid, NotFound
from evergrant.store.memory import MemoryStore
from evergrant.testing.clock import ManualClock
from tests.unit.server.records import CALL


@pytest.fixture
def realms(store: MemoryStore, clock: ManualClock) -> Realms:
    return Realms(store, clock)


async def test_a_realm_is_created_with_its_policy_and_an_event(realms: Realms, store: MemoryStore) -> None:
    realm = await realms.create(CALL, "acme", {"max_grants": 5})

    events = await store.realm_store(realm.id).events(EventFilter(), 10)
    assert (await realms.show("acme")).policy == {"max_grants": 5}
    assert [event.kind for event in events] == [EventKind.REALM_CHANGED]


@pytest.mark.parametrize("name", ["", "Acme", "a b", "a/b", "x" * 33, "é", "a\n", "a_b", "../x"])
async def test_a_name_that_cannot_be_in_a_url_is_refused(realms: Realms, name: str) -> None:
    with pytest.raises(Invalid):
        await realms.create(CALL, name)


@pytest.mark.parametrize("name", ["default", "acme"])
async def test_no_realm_is_created_twice(realms: Realms, name: str) -> None:
    await realms.create(CALL, name)

    with pytest.raises(AlreadyExists):
        await realms.create(CALL, name)


async def test_a_policy_is_changed_setting_by_setting(realms: Realms) -> None:
    before = await realms.create(CALL, "acme", {"max_grants": 5, "access_token_lifetime": MINUTE})

    after = await realms.set_policy(CALL, "acme", {"max_grants": None, "code_lifetime": MINUTE})

    assert after.policy == {"access_token_lifetime": MINUTE, "code_lifetime": MINUTE}
    assert (await realms.show("acme"), after.version) == (after, before.version + 1)


async def test_the_same_policy_again_is_no_change(realms: Realms) -> None:
    before = await realms.create(CALL, "acme", {"max_grants": 5})

    assert await realms.set_policy(CALL, "acme", {"max_grants": 5}) == before


async def test_a_policy_that_cannot_be_changes_nothing(realms: Realms) -> None:
    before = await realms.create(CALL, "acme")

    with pytest.raises(Invalid, match="retry_window"):
        await realms.set_policy(CALL, "acme", {"retry_window": 1})

    assert await realms.show("acme") == before


async def test_a_realm_that_is_not_there_is_not_found(realms: Realms) -> None:
    with pytest.raises(NotFound):
        await realms.set_policy(CALL, "nowhere", {})


async def test_realms_are_listed_by_name(realms: Realms) -> None:
    for name in ("b", "default", "a"):
        await realms.create(CALL, name)

    assert [realm.name for realm in await realms.list()] == ["a", "b", "default"]
