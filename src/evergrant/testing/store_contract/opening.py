"""A grant is opened for what was seen, or not at all; making room for it."""

from dataclasses import replace

import pytest

from evergrant.core.facts import Client, Epochs, EventKind, Grant, GrantState, Revocation, Subject
from evergrant.core.ports.ledger import Opened, RevokeAll, Saved, Superseded
from evergrant.core.ports.reader import GrantFilter
from evergrant.protocol.values import ClientId, SubjectId
from evergrant.testing.store_contract.facts import (
    ADA,
    BY_OPERATOR,
    SECOND,
    WEB,
    a_client,
    a_consent,
    a_pending,
    a_subject,
    after,
    an_active,
    an_event,
    an_exchange,
    grant_id,
    room,
)
from evergrant.testing.store_contract.tenant import Contract, Tenant

ONE = grant_id(1)


class OpeningContract(Contract):
    """A grant is opened for what was seen, or not at all."""

    async def test_a_grant_is_read_as_it_was_opened_beside_its_subject(self, tenant: Tenant) -> None:
        await tenant.opened(a_pending(ONE))
        facts = await tenant.here.grant(ONE)
        assert facts is not None
        assert (facts.grant, facts.subject) == (a_pending(ONE), tenant.subject)

    async def test_a_grant_with_every_field_set_comes_back_the_same(self, tenant: Tenant) -> None:
        grant = an_active(
            ONE,
            generation=2**32 - 1,
            retries=255,
            offline=False,
            refreshable=False,
            binding="jkt:thumbprint",
            acr=None,
            amr=(),
            session_id=None,
            resources=(),
            revocation=Revocation(after(1), "server", "reused"),
            state=GrantState.REVOKED,
        )
        await tenant.opened(grant)
        assert await tenant.grant(ONE) == grant

    async def test_consent_and_events_are_written_with_the_grant(self, tenant: Tenant) -> None:
        event = an_event(grant_id=ONE)
        await tenant.here.open_grant(a_pending(ONE), consent=a_consent(), room=None, events=[event])
        assert await tenant.here.consent(ADA, WEB) == a_consent()
        assert await tenant.events() == (event,)

    async def test_a_later_consent_replaces_the_earlier(self, tenant: Tenant) -> None:
        later = a_consent(scope=tenant.client.scope, resources=(), granted_at=after(1))
        await tenant.here.open_grant(a_pending(ONE), consent=a_consent(), room=None, events=())
        await tenant.here.open_grant(a_pending(grant_id(2)), consent=later, room=None, events=())
        assert await tenant.here.consent(ADA, WEB) == later

    @pytest.mark.parametrize("epochs", [Epochs(2, 5, 7), Epochs(3, 4, 7), Epochs(3, 5, 8)])
    async def test_a_grant_decided_on_an_epoch_that_moved_is_not_opened(self, tenant: Tenant, epochs: Epochs) -> None:
        await self._is_not_opened(tenant, a_pending(ONE, epochs=epochs))

    @pytest.mark.parametrize(
        "gone", [{"client_id": ClientId("nobody")}, {"subject": SubjectId("nobody")}], ids=["client", "subject"]
    )
    async def test_a_grant_for_nobody_is_not_opened(self, tenant: Tenant, gone: dict[str, str]) -> None:
        await self._is_not_opened(tenant, replace(a_pending(ONE), **gone))  # type: ignore[arg-type]  # as parametrized

    async def test_a_grant_for_a_disabled_subject_is_not_opened(self, tenant: Tenant) -> None:
        await self._disable_subject(tenant, tenant.subject)
        await self._is_not_opened(tenant, a_pending(ONE))

    async def test_a_grant_for_a_disabled_client_is_not_opened(self, tenant: Tenant) -> None:
        await self._disable_client(tenant, tenant.client)
        await self._is_not_opened(tenant, a_pending(ONE))

    async def test_a_grant_for_a_deleted_subject_is_not_opened(self, tenant: Tenant) -> None:
        await tenant.here.delete_subject(ADA, revoke=RevokeAll((), BY_OPERATOR), events=())
        await self._is_not_opened(tenant, a_pending(ONE))

    async def test_a_grant_id_is_never_used_twice(self, tenant: Tenant) -> None:
        await tenant.opened(a_pending(ONE))
        second = a_pending(ONE, secret_digest=b"other" * 4)
        outcome = await tenant.here.open_grant(second, consent=a_consent(), room=room(), events=[an_event()])
        assert outcome == Superseded()
        assert await tenant.grant(ONE) == a_pending(ONE)
        assert await tenant.events() == ()

    async def test_a_grant_that_opens_active_makes_room_for_itself(self, tenant: Tenant) -> None:
        for number in (1, 2, 3):
            await tenant.opened(an_active(grant_id(number), used_at=after(number)))
        outcome = await tenant.here.open_grant(
            an_active(grant_id(4)), consent=None, room=room(2), events=[an_event(grant_id=grant_id(4))]
        )
        # The new one is the least recently used of all, and stays: somebody just asked for it.
        assert outcome == Opened((grant_id(1), grant_id(2)))
        assert [grant.id for grant in await self._active(tenant)] == [grant_id(4), grant_id(3)]

    async def test_the_least_recently_used_make_room_at_the_exchange_with_an_event_each(self, tenant: Tenant) -> None:
        for number, used in ((1, 30), (2, 10), (3, 20)):
            await tenant.opened(an_active(grant_id(number), used_at=after(used)))
        await tenant.opened(a_pending(grant_id(4)))
        exchanged = an_event(EventKind.GRANT_EXCHANGED, grant_id=grant_id(4))
        outcome = await tenant.here.exchange(an_exchange(grant_id(4)), room=room(2), events=[exchanged])
        assert outcome == Opened((grant_id(2), grant_id(3)))
        ended = await tenant.grant(grant_id(2))
        assert ended.state is GrantState.REVOKED
        assert ended.revocation == Revocation(after(SECOND), "server", "made_room")
        made_room = [replace(room().event, grant_id=grant_id(number)) for number in (3, 2)]
        assert await tenant.events() == (*made_room, exchanged)

    async def test_who_used_a_grant_at_the_same_moment_goes_in_the_order_of_ids(self, tenant: Tenant) -> None:
        for number in (3, 1, 2):
            await tenant.opened(an_active(grant_id(number)))
        await tenant.opened(a_pending(grant_id(4)))
        outcome = await tenant.here.exchange(an_exchange(grant_id(4)), room=room(3), events=())
        assert outcome == Opened((grant_id(1),))

    async def test_only_active_grants_of_the_same_subject_and_client_count(self, tenant: Tenant) -> None:
        await tenant.here.add_client(a_client("other"), events=())
        await tenant.here.add_subject(a_subject("sub-bob", "bob"), None, events=())
        await tenant.opened(an_active(grant_id(1), client_id=ClientId("other")))
        await tenant.opened(an_active(grant_id(2), subject=SubjectId("sub-bob")))
        await tenant.opened(a_pending(grant_id(3)))
        await tenant.opened(an_active(grant_id(4)))
        await tenant.here.revoke(grant_id(4), BY_OPERATOR, seen=None, events=())
        await tenant.opened(a_pending(grant_id(5)))
        assert await tenant.here.exchange(an_exchange(grant_id(5)), room=room(1), events=()) == Opened()

    async def _is_not_opened(self, tenant: Tenant, grant: Grant) -> None:
        before = await tenant.events()
        outcome = await tenant.here.open_grant(grant, consent=a_consent(), room=room(), events=[an_event()])
        assert outcome == Superseded()
        assert await tenant.here.grant(grant.id) is None
        assert await tenant.here.consent(ADA, WEB) is None
        assert await tenant.events() == before

    async def _disable_subject(self, tenant: Tenant, subject: Subject) -> None:
        saved = await tenant.here.save_subject(
            replace(subject, disabled=True), password_hash=None, end_sessions=True, revoke=None, events=()
        )
        assert saved == Saved()

    async def _disable_client(self, tenant: Tenant, client: Client) -> None:
        saved = await tenant.here.save_client(replace(client, disabled=True), revoke=None, events=())
        assert saved == Saved()

    async def _active(self, tenant: Tenant) -> list[Grant]:
        found = await tenant.here.grants(GrantFilter(), 100)
        return [grant for grant in found if grant.state is GrantState.ACTIVE]
