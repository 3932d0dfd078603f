"""Several at once, on two nodes of one database: one wins, the others are told, and nothing is half done."""

import asyncio
from collections import Counter
from dataclasses import replace
from typing import TypeVar

import pytest

from evergrant.core.facts import GrantState
from evergrant.core.ports.ledger import (
    Attempt,
    Done,
    Opened,
    RevokeAll,
    RevokeWhere,
    Saved,
    Superseded,
    Taken,
)
from evergrant.core.ports.reader import GrantFilter
from evergrant.core.ports.store import RealmStore
from evergrant.testing.store_contract.facts import (
    ADA,
    BY_OPERATOR,
    SECOND,
    START,
    WEB,
    a_client,
    a_key,
    a_pending,
    a_renewal,
    after,
    an_active,
    an_event,
    an_exchange,
    grant_id,
    room,
)
from evergrant.testing.store_contract.tenant import Contract, MakeStore, Tenant

T = TypeVar("T")
ROUNDS = range(1, 21)


class RaceContract(Contract):
    """Two at once: one wins, and the other is told."""

    @pytest.fixture
    async def elsewhere(self, tenant: Tenant, make_store: MakeStore) -> RealmStore:
        """The same realm on a second node."""
        return (await make_store()).realm_store(tenant.realm.id)

    async def test_of_many_copies_of_one_renewal_one_wins(self, tenant: Tenant, elsewhere: RealmStore) -> None:
        for number in ROUNDS:
            grant = await tenant.opened(an_active(grant_id(number)))
            renewal = a_renewal(grant, after(SECOND))
            nodes = [tenant.here, elsewhere] * 4
            outcomes = await asyncio.gather(*(node.renew(renewal, events=[an_event()]) for node in nodes))
            assert Counter(outcomes) == {Done(): 1, Superseded(): 7}
            assert (await tenant.grant(grant.id)).generation == 2
        assert len(await tenant.events()) == len(ROUNDS)

    async def test_of_many_exchanges_of_one_code_one_wins(self, tenant: Tenant, elsewhere: RealmStore) -> None:
        for number in ROUNDS:
            await tenant.opened(a_pending(grant_id(number)))
            exchange = an_exchange(grant_id(number))
            nodes = [tenant.here, elsewhere] * 2
            outcomes = await asyncio.gather(*(node.exchange(exchange, room=room(), events=()) for node in nodes))
            assert Counter(outcomes) == {Opened(): 1, Superseded(): 3}

    async def test_of_many_claims_one_is_taken(self, tenant: Tenant, elsewhere: RealmStore) -> None:
        for number in ROUNDS:
            nodes = [tenant.here, elsewhere] * 2
            outcomes = await asyncio.gather(
                *(node.claim_once("jti", bytes([number]), START, events=()) for node in nodes)
            )
            assert Counter(outcomes) == {Done(): 1, Taken(): 3}

    async def test_a_renewal_after_an_acknowledged_revocation_gets_nothing(
        self, tenant: Tenant, elsewhere: RealmStore
    ) -> None:
        """Whichever came first: the grant ends revoked, and no renewal succeeds after that."""
        for number in ROUNDS:
            grant = await tenant.opened(an_active(grant_id(number)))
            renewal = a_renewal(grant, after(SECOND))
            renewed, revoked = await asyncio.gather(
                tenant.here.renew(renewal, events=()),
                elsewhere.revoke(grant.id, BY_OPERATOR, seen=None, events=()),
            )
            assert revoked == Done()
            now = await tenant.grant(grant.id)
            assert now.state is GrantState.REVOKED
            assert now.generation == (2 if renewed == Done() else 1)
            assert await elsewhere.renew(a_renewal(now, after(2 * SECOND)), events=()) == Superseded()

    async def test_no_grant_survives_a_disabling_that_it_raced(self, tenant: Tenant, elsewhere: RealmStore) -> None:
        """Either the opening sees the change, or the change finds the grant."""
        subject = tenant.subject
        for number in ROUNDS:
            opening = an_active(grant_id(number), epochs=replace(an_active(grant_id(1)).epochs, subject=subject.epoch))
            disabled = replace(subject, disabled=True, epoch=subject.epoch + 1)
            revoke = RevokeAll((RevokeWhere(subject=ADA),), BY_OPERATOR)
            opened, saved = await asyncio.gather(
                elsewhere.open_grant(opening, consent=None, room=None, events=()),
                tenant.here.save_subject(disabled, password_hash=None, end_sessions=True, revoke=revoke, events=()),
            )
            assert saved == Saved(1 if opened == Opened() else 0)
            assert await self._active(tenant) == []
            subject = replace(disabled, disabled=False, revision=subject.revision + 1)
            await tenant.here.save_subject(subject, password_hash=None, end_sessions=False, revoke=None, events=())
            subject = replace(subject, revision=subject.revision + 1)

    async def test_no_grant_survives_the_deletion_of_its_client(self, tenant: Tenant, elsewhere: RealmStore) -> None:
        revoke = RevokeAll((RevokeWhere(client_id=WEB),), BY_OPERATOR)
        for number in ROUNDS:
            opened, deleted = await asyncio.gather(
                elsewhere.open_grant(an_active(grant_id(number)), consent=None, room=None, events=()),
                tenant.here.delete_client(WEB, revoke=revoke, events=()),
            )
            assert deleted == Saved(1 if opened == Opened() else 0)
            assert await self._active(tenant) == []
            await tenant.here.add_client(a_client(), events=())

    async def test_at_most_so_many_grants_also_when_many_are_exchanged_at_once(
        self, tenant: Tenant, elsewhere: RealmStore
    ) -> None:
        for number in ROUNDS:
            await tenant.opened(a_pending(grant_id(number)))
        nodes = [tenant.here, elsewhere]
        outcomes = await asyncio.gather(
            *(nodes[number % 2].exchange(an_exchange(grant_id(number)), room=room(3), events=()) for number in ROUNDS)
        )
        assert len(await self._active(tenant)) == 3
        made_room = [gone for outcome in outcomes if isinstance(outcome, Opened) for gone in outcome.made_room]
        assert len(made_room) == len(set(made_room)) == len(ROUNDS) - 3
        assert len(await tenant.events()) == len(made_room)

    async def test_no_attempt_is_lost(self, tenant: Tenant, elsewhere: RealmStore) -> None:
        one, other = Attempt(b"one", SECOND), Attempt(b"other", SECOND)
        # In either order: two that wait for each other's bucket would wait for ever.
        counted = await asyncio.gather(
            *(tenant.here.count_attempts([one, other], START) for _ in ROUNDS),
            *(elsewhere.count_attempts([other, one], START) for _ in ROUNDS),
        )
        expected = list(range(1, 2 * len(ROUNDS) + 1))
        first = [counts[0] for counts in counted[: len(ROUNDS)]] + [c[1] for c in counted[len(ROUNDS) :]]
        assert sorted(first) == expected

    async def test_of_many_saves_from_one_revision_one_wins(self, tenant: Tenant, elsewhere: RealmStore) -> None:
        nodes = [tenant.here, elsewhere] * 3
        saves = [
            node.save_client(replace(tenant.client, name=f"n{number}"), revoke=None, events=())
            for number, node in enumerate(nodes)
        ]
        assert Counter(await asyncio.gather(*saves)) == {Saved(): 1, Superseded(): 5}

    async def test_of_many_rotations_one_wins(self, tenant: Tenant, elsewhere: RealmStore) -> None:
        version = await tenant.version()
        nodes = [tenant.here, elsewhere] * 3
        rotations = [
            node.save_keys([a_key(f"k-{number}")], version=version, events=()) for number, node in enumerate(nodes)
        ]
        assert Counter(await asyncio.gather(*rotations)) == {Done(): 1, Superseded(): 5}
        assert len(await tenant.here.signing_keys()) == 1

    async def test_what_was_acknowledged_on_one_node_is_seen_on_the_other(
        self, tenant: Tenant, elsewhere: RealmStore
    ) -> None:
        for number in ROUNDS:
            await tenant.opened(an_active(grant_id(number)))
            assert await elsewhere.grant(grant_id(number)) is not None

    async def test_a_caller_who_hangs_up_does_not_undo_what_was_begun(self, tenant: Tenant) -> None:
        grant = await tenant.opened(an_active(grant_id(1)))
        renewing = asyncio.ensure_future(tenant.here.renew(a_renewal(grant, after(SECOND)), events=()))
        await asyncio.sleep(0)  # once around the loop: it has been handed over
        renewing.cancel()
        await asyncio.gather(renewing, return_exceptions=True)
        # A verb behind it in the queue is answered when it is done.
        await tenant.here.record([an_event()])
        assert await self._settles_at(tenant, 2)

    async def _settles_at(self, tenant: Tenant, generation: int) -> bool:
        async with asyncio.timeout(10):
            while (await tenant.grant(grant_id(1))).generation != generation:
                await tenant.here.record([])
        return True

    async def _active(self, tenant: Tenant) -> list[object]:
        found = await tenant.here.grants(GrantFilter(), 100)
        return [grant.id for grant in found if grant.state is GrantState.ACTIVE]
