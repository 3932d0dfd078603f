"""R-047: what belongs to one realm does not exist in another, whatever id is shown there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from evergrant.core.facts import GrantFacts, SessionFacts
from evergrant.core.ports.ledger import (
    Attempt,
    Done,
    GrantSeen,
    Horizon,
    Redelivery,
    RevokeAll,
    RevokeWhere,
    Saved,
    Superseded,
    Swept,
)
from evergrant.core.ports.reader import EventFilter, GrantFilter
from evergrant.core.ports.store import RealmStore
from evergrant.protocol.values import Millis
from evergrant.testing.store_contract.facts import (
    ADA,
    BY_OPERATOR,
    DAY,
    START,
    WEB,
    a_client,
    a_consent,
    a_key,
    a_pending,
    a_realm,
    a_renewal,
    a_resource,
    a_session,
    a_subject,
    after,
    an_active,
    an_event,
    an_exchange,
    grant_id,
    room,
)
from evergrant.testing.store_contract.tenant import Contract, MakeStore, Tenant, settle

ALL = RevokeAll((RevokeWhere(),), BY_OPERATOR)
PENDING, ACTIVE = grant_id(1), grant_id(2)
FUTURE = after(1_000 * DAY)
EVERYTHING = Horizon(FUTURE, FUTURE, FUTURE, FUTURE, FUTURE, FUTURE)

Ask = Callable[[RealmStore], Awaitable[object]]

QUESTIONS: dict[str, tuple[Ask, object]] = {
    "grant": (lambda r: r.grant(PENDING), None),
    "subject": (lambda r: r.subject(ADA), None),
    "login": (lambda r: r.login("ada"), None),
    "session": (lambda r: r.session(a_session().digest), None),
    "consent": (lambda r: r.consent(ADA, WEB), None),
    "is_claimed": (lambda r: r.is_claimed("jti", b"one"), False),
    "client": (lambda r: r.client(WEB), None),
    "resources": (lambda r: r.resources(), ()),
    "signing_keys": (lambda r: r.signing_keys(), ()),
    "clients": (lambda r: r.clients(), ()),
    "subjects": (lambda r: r.subjects(), ()),
    "grants": (lambda r: r.grants(GrantFilter(), 9), ()),
    "grants of a subject": (lambda r: r.grants(GrantFilter(subject=ADA), 9), ()),
    "events": (lambda r: r.events(EventFilter(), 9), ()),
    "events of a grant": (lambda r: r.events(EventFilter(grant_id=ACTIVE), 9), ()),
}

VERBS: dict[str, tuple[Ask, object]] = {
    "open_grant": (
        lambda r: r.open_grant(an_active(grant_id(3)), consent=a_consent(), room=room(1), events=()),
        Superseded(),
    ),
    "exchange": (lambda r: r.exchange(an_exchange(PENDING), room=room(1), events=()), Superseded()),
    "renew": (lambda r: r.renew(a_renewal(an_active(ACTIVE), after(1)), events=()), Superseded()),
    "touch": (lambda r: r.touch(ACTIVE, after(1)), None),
    "redeliver": (lambda r: r.redeliver(Redelivery(ACTIVE, 1, 0, 1), events=()), Superseded()),
    "revoke": (lambda r: r.revoke(ACTIVE, BY_OPERATOR, seen=None, events=()), Superseded()),
    "revoke as seen": (
        lambda r: r.revoke(ACTIVE, BY_OPERATOR, seen=GrantSeen(1, START, START), events=()),
        Superseded(),
    ),
    "revoke_all": (lambda r: r.revoke_all(ALL, events=()), Saved(0)),
    "claim_once": (lambda r: r.claim_once("jti", b"one", after(1), events=()), Done()),
    "count_attempts": (lambda r: r.count_attempts([Attempt(b"key", 1)], START), (1,)),
    "forgive_attempts": (lambda r: r.forgive_attempts([Attempt(b"key", 1)], START), None),
    "start_session": (
        lambda r: r.start_session(a_session(b"x"), replaces=a_session().digest, events=()),
        Superseded(),
    ),
    "use_session": (lambda r: r.use_session(a_session().digest, after(1)), None),
    "end_session": (lambda r: r.end_session(a_session().digest, revoke=ALL, events=()), Saved(0)),
    "save_client": (lambda r: r.save_client(a_client(), revoke=ALL, events=()), Superseded()),
    "delete_client": (lambda r: r.delete_client(WEB, revoke=ALL, events=()), Superseded()),
    "save_subject": (
        lambda r: r.save_subject(a_subject(), password_hash="x", end_sessions=True, revoke=ALL, events=()),
        Superseded(),
    ),
    "delete_subject": (lambda r: r.delete_subject(ADA, revoke=ALL, events=()), Superseded()),
    "rehash": (lambda r: r.rehash(ADA, "$argon2id$before", "x"), None),
    "delete_resource": (lambda r: r.delete_resource("https://api.example", events=()), Superseded()),
    "drop_keys": (lambda r: r.drop_keys(FUTURE), 0),
    "sweep": (lambda r: r.sweep(EVERYTHING, 100), Swept()),
}


@dataclass(slots=True)
class Neighbours:
    """One realm that has everything, and one that has nothing, in the same store."""

    full: Tenant
    empty: RealmStore

    async def everything(self) -> list[object]:
        """All that the full realm tells of itself."""
        asked = [await ask(self.full.here) for ask, _ in QUESTIONS.values()]
        return [*asked, await self.full.here.grant(ACTIVE), await self.full.here.realm()]


class IsolationContract(Contract):
    """No question and no verb reaches into another realm."""

    @pytest.fixture
    async def neighbours(self, make_store: MakeStore) -> Neighbours:
        store = await make_store()
        full = await settle(store, a_realm("full"))
        await store.create_realm(a_realm("empty"))
        await full.opened(a_pending(PENDING))
        active = an_active(ACTIVE)
        events = [an_event(grant_id=ACTIVE)]
        await full.here.open_grant(active, consent=a_consent(), room=None, events=events)
        await full.here.start_session(a_session(), replaces=None, events=())
        await full.here.claim_once("jti", b"one", after(1), events=())
        await full.here.count_attempts([Attempt(b"key", DAY)], START)
        await full.here.add_resource(a_resource(), events=())
        key = a_key(removed_at=after(1))
        await full.here.save_keys([key], version=await full.version(), events=())
        return Neighbours(full, store.realm_store(a_realm("empty").id))

    @pytest.mark.parametrize("question", QUESTIONS)
    async def test_a_question_in_another_realm_finds_nothing(self, neighbours: Neighbours, question: str) -> None:
        ask, nothing = QUESTIONS[question]
        assert await ask(neighbours.full.here) != nothing
        assert await ask(neighbours.empty) == nothing

    @pytest.mark.parametrize("verb", VERBS)
    async def test_a_verb_in_another_realm_changes_nothing_here(self, neighbours: Neighbours, verb: str) -> None:
        before = await neighbours.everything()
        act, outcome = VERBS[verb]
        assert await act(neighbours.empty) == outcome
        assert await neighbours.everything() == before
        # The bucket, too, is this realm's own: the second attempt here is counted as the second.
        assert await neighbours.full.here.count_attempts([Attempt(b"key", DAY)], START) == (2,)

    async def test_the_same_names_may_be_used_in_two_realms(self, neighbours: Neighbours) -> None:
        empty = neighbours.empty
        before = await neighbours.everything()
        assert await empty.add_client(a_client(name="Theirs"), events=()) == Done()
        assert await empty.add_subject(a_subject(roles=()), "theirs", events=()) == Done()
        assert await empty.add_resource(a_resource(name="Theirs"), events=()) == Done()
        version = (await empty.realm()).version
        assert await empty.save_keys([a_key(alg="RS256")], version=version, events=()) == Done()
        assert await empty.start_session(a_session(sid="theirs"), replaces=None, events=()) == Done()
        assert await neighbours.everything() == before

    async def test_a_grant_is_beside_its_own_realms_subject(self, neighbours: Neighbours) -> None:
        await neighbours.empty.add_subject(a_subject(roles=("theirs",)), None, events=())
        await neighbours.empty.add_client(a_client(), events=())
        theirs = an_active(grant_id(9))
        await neighbours.empty.open_grant(theirs, consent=None, room=None, events=())
        assert await neighbours.empty.grant(grant_id(9)) == GrantFacts(theirs, a_subject(roles=("theirs",)))
        assert await neighbours.full.here.grant(ACTIVE) == GrantFacts(an_active(ACTIVE), a_subject())
        session = await neighbours.full.here.session(a_session().digest)
        assert session == SessionFacts(a_session(), a_subject())

    async def test_a_grant_id_is_unique_over_all_realms(self, neighbours: Neighbours) -> None:
        await neighbours.empty.add_subject(a_subject(), None, events=())
        await neighbours.empty.add_client(a_client(), events=())
        same = an_active(ACTIVE)
        outcome = await neighbours.empty.open_grant(same, consent=None, room=None, events=())
        assert outcome == Superseded()

    async def test_a_full_realm_makes_no_room_in_another(self, neighbours: Neighbours) -> None:
        await neighbours.empty.add_subject(a_subject(), None, events=())
        await neighbours.empty.add_client(a_client(), events=())
        await neighbours.empty.open_grant(an_active(grant_id(9)), consent=None, room=room(1), events=())
        assert (await neighbours.full.grant(ACTIVE)).revocation is None

    async def test_an_epoch_of_another_realm_does_not_count(self, neighbours: Neighbours) -> None:
        await neighbours.empty.add_subject(a_subject(epoch=8), None, events=())
        await neighbours.empty.add_client(a_client(), events=())
        grant = an_active(grant_id(9))
        outcome = await neighbours.empty.open_grant(grant, consent=None, room=None, events=())
        assert outcome == Superseded()
        moved = replace(grant, epochs=replace(grant.epochs, subject=8), expires_at=Millis(1))
        outcome = await neighbours.empty.open_grant(moved, consent=None, room=None, events=())
        assert outcome != Superseded()
