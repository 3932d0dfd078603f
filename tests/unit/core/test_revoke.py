"""What a revocation request ends. RFC 7009."""

from dataclasses import replace

from evergrant.core.facts import EventKind, GrantState
from evergrant.core.reasons import Reason
from evergrant.core.revoke import EndAccess, EndGrant, NothingToEnd, end_access, end_refresh
from evergrant.protocol.values import ClientId
from tests.unit.core.cases import CLIENT, GRANT, NOW, PENDING

OTHER = replace(CLIENT, id=ClientId("other"))


def test_a_refresh_token_ends_its_grant() -> None:
    """S-045"""
    assert end_refresh(GRANT, CLIENT) == EndGrant(GRANT)


def test_a_token_of_a_grant_that_waits_for_its_code_ends_it_as_well() -> None:
    assert end_refresh(PENDING, CLIENT) == EndGrant(PENDING)


def test_another_clients_token_ends_nothing_and_is_an_alarm() -> None:
    """S-032, R-003. The alarm names the grant whose token is in the wrong hands."""
    assert end_refresh(GRANT, OTHER) == NothingToEnd(Reason.OTHER_CLIENT, EventKind.OTHER_CLIENT, GRANT.id)
    ended = end_access("j", CLIENT.id, GRANT.id, NOW, OTHER)
    assert ended == NothingToEnd(Reason.OTHER_CLIENT, EventKind.OTHER_CLIENT, GRANT.id)


def test_another_client_learns_nothing_of_an_ended_grant() -> None:
    ended = replace(GRANT, state=GrantState.REVOKED)

    assert end_refresh(ended, OTHER) == end_refresh(GRANT, OTHER)


def test_what_is_over_or_unknown_is_no_error() -> None:
    """RFC 7009 §2.2: the client cannot do anything about it, and it is what it wanted."""
    assert end_refresh(None, CLIENT) == NothingToEnd(Reason.UNKNOWN)
    assert end_refresh(replace(GRANT, state=GrantState.REVOKED), CLIENT) == NothingToEnd(Reason.REVOKED)


def test_an_access_token_is_ended_alone_until_it_would_expire() -> None:
    assert end_access("j", CLIENT.id, None, NOW, CLIENT) == EndAccess("j", NOW)
