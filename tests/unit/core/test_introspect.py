"""Who may see what of a token, and what alive means. RFC 7662."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from evergrant.core.credential import Kind, Presented
from evergrant.core.facts import Client, GrantFacts, GrantState
from evergrant.core.introspect import Active, Inactive, Introspection, introspect_refresh, is_live, may_see
from evergrant.core.policy import Policy
from evergrant.protocol.values import ClientId, Millis
from tests.unit.core.cases import (
    API,
    CLIENT,
    FAMILY_SECRET,
    GRANT,
    GRANT_ID,
    ISSUER,
    NOW,
    OTHER_API,
    REALM,
    RESOURCES,
    SUBJECT,
)

FACTS = GrantFacts(GRANT, SUBJECT)
GATEWAY = replace(CLIENT, id=ClientId("gateway"))
GUARDED = {**RESOURCES, API: replace(RESOURCES[API], introspection_client=GATEWAY.id)}
CURRENT = Presented(Kind.REFRESH, 2, GRANT_ID, FAMILY_SECRET, 5)
POLICY = Policy()


def shown(
    token: Presented = CURRENT, facts: GrantFacts | None = FACTS, caller: Client = CLIENT, now: Millis = NOW
) -> Introspection:
    return introspect_refresh(token, facts, caller, REALM, POLICY, now, ISSUER)


def grant(**changes: object) -> GrantFacts:
    return GrantFacts(replace(GRANT, **changes), SUBJECT)  # type: ignore[arg-type]  # a name that is no column fails


# --- access tokens --------------------------------------------------------------------


def test_an_access_token_is_seen_by_its_client_and_by_its_resource() -> None:
    """S-044"""
    assert may_see(CLIENT, CLIENT.id, API, GUARDED)
    assert may_see(GATEWAY, CLIENT.id, API, GUARDED)


def test_nobody_else_sees_it() -> None:
    """S-044, R-009"""
    assert not may_see(GATEWAY, CLIENT.id, OTHER_API, GUARDED)
    assert not may_see(GATEWAY, CLIENT.id, ISSUER, GUARDED)
    assert not may_see(GATEWAY, CLIENT.id, API, RESOURCES)
    assert not may_see(GATEWAY, CLIENT.id, API, {})


def test_an_access_token_lives_with_its_grant() -> None:
    assert is_live(FACTS, CLIENT, REALM, POLICY, NOW)


@pytest.mark.parametrize(
    "dead",
    [
        lambda: is_live(None, CLIENT, REALM, POLICY, NOW),
        lambda: is_live(FACTS, None, REALM, POLICY, NOW),
        lambda: is_live(grant(state=GrantState.REVOKED), CLIENT, REALM, POLICY, NOW),
        lambda: is_live(grant(state=GrantState.PENDING), CLIENT, REALM, POLICY, NOW),
        lambda: is_live(FACTS, CLIENT, REALM, POLICY, GRANT.expires_at),
        lambda: is_live(GrantFacts(GRANT, None), CLIENT, REALM, POLICY, NOW),
        lambda: is_live(GrantFacts(GRANT, replace(SUBJECT, disabled=True)), CLIENT, REALM, POLICY, NOW),
        lambda: is_live(FACTS, replace(CLIENT, disabled=True), REALM, POLICY, NOW),
    ],
    ids=["no grant", "no client", "revoked", "pending", "over", "subject gone", "subject disabled", "client disabled"],
)
def test_and_dies_with_it(dead: Callable[[], bool]) -> None:
    """R-005, R-009"""
    assert not dead()


# --- refresh tokens ---------------------------------------------------------------------


def test_a_refresh_token_is_shown_to_its_client() -> None:
    found = shown()

    assert isinstance(found, Active)
    assert found.members["sub"] == SUBJECT.id
    assert found.members["scope"] == str(GRANT.scope)
    assert found.members["exp"] == GRANT.expires_at // 1000


@pytest.mark.parametrize(
    "found",
    [
        shown(facts=None),
        shown(caller=GATEWAY),
        shown(replace(CURRENT, generation=4)),
        shown(replace(CURRENT, secret=b"x" * 16)),
        shown(replace(CURRENT, key_id=1)),
        shown(facts=grant(state=GrantState.REVOKED)),
        shown(facts=grant(used_at=Millis(NOW - POLICY.refresh_token_idle_timeout))),
        shown(now=GRANT.expires_at),
        shown(facts=GrantFacts(GRANT, None)),
        shown(facts=GrantFacts(GRANT, replace(SUBJECT, disabled=True))),
    ],
    ids=["no grant", "foreign", "spent", "forged", "retired", "revoked", "idle", "over", "gone", "disabled"],
)
def test_anything_else_is_inactive_and_not_a_word_more(found: Introspection) -> None:
    """S-044, RFC 7662 §2.2"""
    assert found == Inactive()


def test_what_is_ahead_of_the_store_is_active() -> None:
    """It works at its next refresh, so it is."""
    assert isinstance(shown(replace(CURRENT, generation=6)), Active)
