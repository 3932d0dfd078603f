"""Ending many grants at once, alone or together with what ends them."""

from dataclasses import replace

import pytest

from evergrant.core.facts import EventKind, GrantState
from evergrant.core.ports.ledger import RevokeAll, RevokeWhere, Saved
from evergrant.core.ports.reader import GrantFilter
from evergrant.protocol.values import ClientId, SubjectId
from evergrant.testing.store_contract.facts import (
    ADA,
    BY_OPERATOR,
    DAY,
    WEB,
    a_client,
    a_consent,
    a_pending,
    a_session,
    a_subject,
    after,
    an_active,
    an_event,
    grant_id,
)
from evergrant.testing.store_contract.tenant import Contract, Tenant

OTHER = ClientId("other")
BOB = SubjectId("sub-bob")


class RevokingContract(Contract):
    """Ending one grant, or all that a change concerns."""

    async def _four_grants(self, tenant: Tenant) -> None:
        """1: pending; 2: online, of another session; 3: of another client; 4: of another subject."""
        await tenant.here.add_client(a_client(OTHER), events=())
        await tenant.here.add_subject(a_subject(BOB, "bob"), None, events=())
        await tenant.opened(a_pending(grant_id(1)))
        await tenant.opened(an_active(grant_id(2), offline=False, session_id="sid-2"))
        await tenant.opened(an_active(grant_id(3), client_id=OTHER))
        await tenant.opened(an_active(grant_id(4), subject=BOB, session_id=None))

    async def _revoked(self, tenant: Tenant) -> set[int]:
        found = await tenant.here.grants(GrantFilter(), 100)
        return {int.from_bytes(g.id, "big") for g in found if g.state is GrantState.REVOKED}

    @pytest.mark.parametrize(
        ("where", "ends"),
        [
            (RevokeWhere(), {1, 2, 3, 4}),
            (RevokeWhere(subject=ADA), {1, 2, 3}),
            (RevokeWhere(subject=ADA, client_id=WEB), {1, 2}),
            (RevokeWhere(client_id=OTHER), {3}),
            (RevokeWhere(session_id="sid-2"), {2}),
            (RevokeWhere(subject=BOB, session_id="sid-2"), set()),
            (RevokeWhere(only_online=True), {2}),
            (RevokeWhere(subject=ADA, except_clients=frozenset({WEB})), {3}),
            (RevokeWhere(except_clients=frozenset({WEB, OTHER})), set()),
        ],
    )
    async def test_all_conditions_must_match(self, tenant: Tenant, where: RevokeWhere, ends: set[int]) -> None:
        await self._four_grants(tenant)
        outcome = await tenant.here.revoke_all(RevokeAll((where,), BY_OPERATOR), events=[an_event()])
        assert outcome == Saved(len(ends))
        assert await self._revoked(tenant) == ends
        assert await tenant.events() == (an_event(),)

    async def test_each_condition_ends_its_own_and_a_grant_is_ended_once(self, tenant: Tenant) -> None:
        await self._four_grants(tenant)
        both = (RevokeWhere(client_id=WEB, subject=ADA), RevokeWhere(subject=ADA))
        assert await tenant.here.revoke_all(RevokeAll(both, BY_OPERATOR), events=()) == Saved(3)

    async def test_what_ended_before_keeps_its_reason(self, tenant: Tenant) -> None:
        await self._four_grants(tenant)
        earlier = replace(BY_OPERATOR, at=after(5), by="client", reason="by_client")
        await tenant.here.revoke(grant_id(2), earlier, seen=None, events=())
        assert await tenant.here.revoke_all(RevokeAll((RevokeWhere(),), BY_OPERATOR), events=()) == Saved(3)
        assert (await tenant.grant(grant_id(2))).revocation == earlier
        assert (await tenant.grant(grant_id(3))).revocation == BY_OPERATOR

    async def test_deleting_a_subject_takes_sessions_consents_and_grants_along(self, tenant: Tenant) -> None:
        await self._four_grants(tenant)
        await tenant.here.open_grant(a_pending(grant_id(5)), consent=a_consent(), room=None, events=())
        await tenant.here.start_session(a_session(), replaces=None, events=())
        revoke = RevokeAll((RevokeWhere(subject=ADA),), BY_OPERATOR)
        event = an_event(EventKind.SUBJECT_CHANGED)
        assert await tenant.here.delete_subject(ADA, revoke=revoke, events=[event]) == Saved(4)
        assert await tenant.here.subject(ADA) is None
        assert await tenant.here.login("ada") is None
        assert await tenant.here.session(a_session().digest) is None
        assert await tenant.here.consent(ADA, WEB) is None
        assert await tenant.events() == (event,)
        # The rows stay: a spent token must still be told from an unknown one.
        facts = await tenant.here.grant(grant_id(2))
        assert facts is not None
        assert (facts.grant.revocation, facts.subject) == (BY_OPERATOR, None)

    async def test_deleting_a_client_takes_consents_and_grants_along(self, tenant: Tenant) -> None:
        await self._four_grants(tenant)
        await tenant.here.open_grant(a_pending(grant_id(5)), consent=a_consent(), room=None, events=())
        revoke = RevokeAll((RevokeWhere(client_id=WEB),), BY_OPERATOR)
        event = an_event(EventKind.CLIENT_CHANGED)
        assert await tenant.here.delete_client(WEB, revoke=revoke, events=[event]) == Saved(4)
        assert await tenant.here.client(WEB) is None
        assert await tenant.here.consent(ADA, WEB) is None
        assert await self._revoked(tenant) == {1, 2, 4, 5}
        assert await tenant.events() == (event,)

    async def test_disabling_a_subject_ends_its_grants_in_the_same_step(self, tenant: Tenant) -> None:
        await self._four_grants(tenant)
        saved = await tenant.here.save_subject(
            replace(tenant.subject, disabled=True, epoch=8),
            password_hash=None,
            end_sessions=True,
            revoke=RevokeAll((RevokeWhere(subject=ADA),), BY_OPERATOR),
            events=(),
        )
        assert saved == Saved(3)
        assert await self._revoked(tenant) == {1, 2, 3}

    async def test_rotating_a_secret_may_end_the_clients_grants(self, tenant: Tenant) -> None:
        await self._four_grants(tenant)
        saved = await tenant.here.save_client(
            replace(tenant.client, secret_digest=b"new", epoch=6),
            revoke=RevokeAll((RevokeWhere(client_id=WEB),), replace(BY_OPERATOR, at=after(DAY))),
            events=(),
        )
        assert saved == Saved(3)

    async def test_logging_out_ends_the_sessions_online_grants(self, tenant: Tenant) -> None:
        await self._four_grants(tenant)
        await tenant.here.start_session(a_session(sid="sid-2"), replaces=None, events=())
        revoke = RevokeAll((RevokeWhere(session_id="sid-2", only_online=True),), BY_OPERATOR)
        event = an_event(EventKind.SIGNED_OUT)
        assert await tenant.here.end_session(a_session().digest, revoke=revoke, events=[event]) == Saved(1)
        assert await tenant.here.session(a_session().digest) is None
        assert await self._revoked(tenant) == {2}
        assert await tenant.events() == (event,)
