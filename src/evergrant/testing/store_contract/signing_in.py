"""Single use, throttling, sessions and the audit trail."""

from dataclasses import replace

import pytest

from evergrant.core.facts import Caller, Event, EventKind
from evergrant.core.ports.ledger import Attempt, Done, RevokeAll, Superseded, Taken
from evergrant.core.ports.reader import EventFilter
from evergrant.protocol.values import ClientId, CorrelationId, SubjectId
from evergrant.testing.store_contract.facts import (
    ADA,
    BY_OPERATOR,
    DAY,
    ELSEWHERE,
    SECOND,
    START,
    a_session,
    after,
    an_event,
    grant_id,
)
from evergrant.testing.store_contract.tenant import Contract, Tenant

ACCOUNT = Attempt(b"account", 10 * SECOND)
ADDRESS = Attempt(b"address", 4 * SECOND)


class SignInContract(Contract):
    """Single use, throttle buckets and sessions."""

    # --- single use -------------------------------------------------------------

    async def test_a_claim_is_taken_once(self, tenant: Tenant) -> None:
        assert not await tenant.here.is_claimed("jti", b"one")
        assert await tenant.here.claim_once("jti", b"one", after(DAY), events=[an_event()]) == Done()
        assert await tenant.here.is_claimed("jti", b"one")
        again = await tenant.here.claim_once("jti", b"one", after(DAY), events=[an_event(reason="again")])
        assert again == Taken()
        assert await tenant.events() == (an_event(),)

    async def test_a_claim_of_one_kind_is_free_for_another(self, tenant: Tenant) -> None:
        await tenant.here.claim_once("jti", b"one", after(DAY), events=())
        assert not await tenant.here.is_claimed("assertion", b"one")
        assert await tenant.here.claim_once("assertion", b"one", after(DAY), events=()) == Done()

    # --- throttling ----------------------------------------------------------------

    async def test_attempts_are_counted_in_each_bucket(self, tenant: Tenant) -> None:
        assert await tenant.here.count_attempts([ADDRESS, ACCOUNT], START) == (1, 1)
        assert await tenant.here.count_attempts([ACCOUNT], START) == (2,)
        # In the order they were asked for, whatever order they were counted in.
        assert await tenant.here.count_attempts([ADDRESS, ACCOUNT], START) == (2, 3)
        assert await tenant.here.count_attempts([], START) == ()

    async def test_a_bucket_leaks_one_count_for_each_whole_interval(self, tenant: Tenant) -> None:
        for _ in range(5):
            await tenant.here.count_attempts([ACCOUNT], START)
        assert await tenant.here.count_attempts([ACCOUNT], after(25 * SECOND)) == (4,)

    async def test_the_rest_of_an_interval_counts_towards_the_next(self, tenant: Tenant) -> None:
        for _ in range(5):
            await tenant.here.count_attempts([ACCOUNT], START)
        await tenant.here.count_attempts([ACCOUNT], after(19 * SECOND))
        assert await tenant.here.count_attempts([ACCOUNT], after(20 * SECOND)) == (5,)

    async def test_an_empty_bucket_saves_no_time_up(self, tenant: Tenant) -> None:
        await tenant.here.count_attempts([ACCOUNT], START)
        await tenant.here.count_attempts([ACCOUNT], after(DAY + 9 * SECOND))
        assert await tenant.here.count_attempts([ACCOUNT], after(DAY + 10 * SECOND)) == (2,)

    async def test_a_clock_that_steps_back_leaks_nothing(self, tenant: Tenant) -> None:
        await tenant.here.count_attempts([ACCOUNT], after(DAY))
        assert await tenant.here.count_attempts([ACCOUNT], START) == (2,)
        assert await tenant.here.count_attempts([ACCOUNT], after(DAY)) == (3,)

    async def test_a_success_is_taken_back(self, tenant: Tenant) -> None:
        await tenant.here.count_attempts([ACCOUNT, ADDRESS], START)
        await tenant.here.count_attempts([ACCOUNT, ADDRESS], START)
        await tenant.here.forgive_attempts([ACCOUNT], START)
        assert await tenant.here.count_attempts([ACCOUNT, ADDRESS], START) == (2, 3)

    async def test_forgiving_never_goes_below_nothing(self, tenant: Tenant) -> None:
        await tenant.here.forgive_attempts([ACCOUNT], START)
        await tenant.here.count_attempts([ACCOUNT], START)
        await tenant.here.forgive_attempts([ACCOUNT], after(15 * SECOND))
        await tenant.here.forgive_attempts([ACCOUNT], after(15 * SECOND))
        assert await tenant.here.count_attempts([ACCOUNT], after(15 * SECOND)) == (1,)

    async def test_forgiving_leaks_first(self, tenant: Tenant) -> None:
        for _ in range(3):
            await tenant.here.count_attempts([ACCOUNT], START)
        await tenant.here.forgive_attempts([ACCOUNT], after(10 * SECOND))
        assert await tenant.here.count_attempts([ACCOUNT], after(10 * SECOND)) == (2,)

    # --- sessions --------------------------------------------------------------------

    async def test_a_session_is_read_as_it_was_started_beside_its_subject(self, tenant: Tenant) -> None:
        event = an_event(EventKind.SIGNED_IN)
        assert await tenant.here.start_session(a_session(), replaces=None, events=[event]) == Done()
        facts = await tenant.here.session(a_session().digest)
        assert facts is not None
        assert (facts.session, facts.subject) == (a_session(), tenant.subject)
        assert await tenant.events() == (event,)

    async def test_an_unknown_session_is_not_found(self, tenant: Tenant) -> None:
        assert await tenant.here.session(b"x" * 32) is None

    async def test_a_new_sign_in_replaces_the_session_there_was(self, tenant: Tenant) -> None:
        await tenant.here.start_session(a_session(b"old" * 8), replaces=None, events=())
        await tenant.here.start_session(a_session(b"new" * 8, sid="sid-2"), replaces=b"old" * 8, events=())
        assert await tenant.here.session(b"old" * 8) is None
        assert await tenant.here.session(b"new" * 8) is not None

    async def test_nobody_signs_in_who_is_disabled_or_gone(self, tenant: Tenant) -> None:
        await tenant.here.save_subject(
            replace(tenant.subject, disabled=True),
            password_hash=None,
            end_sessions=True,
            revoke=None,
            events=(),
        )
        for subject in (ADA, SubjectId("nobody")):
            session = a_session(subject=subject)
            outcome = await tenant.here.start_session(session, replaces=None, events=[an_event()])
            assert outcome == Superseded()
        assert await tenant.here.session(a_session().digest) is None
        assert await tenant.events() == ()

    async def test_using_a_session_moves_its_last_use_forward_and_never_back(self, tenant: Tenant) -> None:
        await tenant.here.start_session(a_session(), replaces=None, events=())
        await tenant.here.use_session(a_session().digest, after(5))
        await tenant.here.use_session(a_session().digest, after(3))
        await tenant.here.use_session(b"x" * 32, after(5))
        facts = await tenant.here.session(a_session().digest)
        assert facts is not None
        assert facts.session == a_session(used_at=after(5))

    async def test_ending_a_session_twice_is_no_error(self, tenant: Tenant) -> None:
        await tenant.here.start_session(a_session(), replaces=None, events=())
        for _ in range(2):
            await tenant.here.end_session(a_session().digest, revoke=None, events=())
        assert await tenant.here.session(a_session().digest) is None

    async def test_a_session_of_a_deleted_subject_is_gone(self, tenant: Tenant) -> None:
        await tenant.here.start_session(a_session(), replaces=None, events=())
        await tenant.here.delete_subject(ADA, revoke=RevokeAll((), BY_OPERATOR), events=())
        assert await tenant.here.session(a_session().digest) is None

    # --- the audit trail --------------------------------------------------------------

    async def test_events_are_read_newest_first_as_they_were_recorded(self, tenant: Tenant) -> None:
        first = an_event(EventKind.SIGN_IN_FAILED, caller=ELSEWHERE, grant_id=grant_id(1))
        bare = Event(START, EventKind.CLIENT_REFUSED, CorrelationId("c-2"))
        await tenant.here.record([first, bare])
        # Later in the trail though earlier by its clock: the order is that of writing.
        late = an_event(at=after(-DAY), detail={"schlüssel": 'ein "Wort"\n', "": ""})
        await tenant.here.record([late])
        assert await tenant.events() == (late, bare, first)
        assert await tenant.here.events(EventFilter(), 2) == (late, bare)

    async def test_events_are_found_by_what_they_tell_of(self, tenant: Tenant) -> None:
        mine = an_event(correlation_id="c-1", grant_id=grant_id(1), subject=SubjectId("s-1"), client_id=ClientId("c-1"))
        await tenant.here.record([mine, an_event()])
        for wanted in (
            EventFilter(correlation_id=CorrelationId("c-1")),
            EventFilter(grant_id=grant_id(1)),
            EventFilter(subject=SubjectId("s-1")),
            EventFilter(client_id=ClientId("c-1")),
            EventFilter(grant_id=grant_id(1), subject=SubjectId("s-1")),
        ):
            assert await tenant.here.events(wanted, 9) == (mine,)
        nothing = EventFilter(grant_id=grant_id(1), subject=ADA)
        assert await tenant.here.events(nothing, 9) == ()

    @pytest.mark.parametrize("text", ["nul\0nul", "half \ud800 a pair"])
    async def test_an_event_is_written_whatever_text_was_sent(self, tenant: Tenant, text: str) -> None:
        """Bad input must not keep its own trace out of the audit trail."""
        await tenant.here.record([an_event(caller=Caller(text), client_id=text, detail={"note": text})])
        assert len(await tenant.events()) == 1

    async def test_recording_nothing_is_no_error(self, tenant: Tenant) -> None:
        await tenant.here.record([])
        assert await tenant.events() == ()
