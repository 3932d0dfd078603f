"""The revocation endpoint. RFC 7009; S-045."""

import pytest

from tests.protocol.conftest import ON_BOTH
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import SECOND, Served, body, error

pytestmark = ON_BOTH


def test_a_refresh_token_ends_its_grant_and_its_access_tokens(served: Served, web: Program, user: User) -> None:
    """RFC 7009 §2.1; R-006: dead at introspection and userinfo at once."""
    tokens = web.sign_in(user)

    answer = web.revoke(tokens["refresh_token"])

    assert (answer.status_code, body(answer)) == (200, {})
    assert error(web.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    assert web.introspect(tokens["access_token"]) == {"active": False}
    assert error(web.userinfo(tokens["access_token"])) == (401, "invalid_token")
    assert served.registry.events(answer.headers["x-correlation-id"]) == [("grant_revoked", "by_client")]


def test_an_access_token_ends_alone(web: Program, user: User) -> None:
    """RFC 7009 §2.1: the grant lives on."""
    tokens = web.sign_in(user)
    other = web.renewed(tokens["refresh_token"])

    assert web.revoke(tokens["access_token"]).status_code == 200

    assert web.introspect(tokens["access_token"]) == {"active": False}
    assert error(web.userinfo(tokens["access_token"])) == (401, "invalid_token")
    assert web.introspect(other["access_token"])["active"] is True
    assert web.refresh(other["refresh_token"]).status_code == 200


def test_a_spent_refresh_token_ends_its_grant_too(served: Served, web: Program, user: User) -> None:
    """design: "any genuine token of the grant from its client, spent or ahead"."""
    spent = web.sign_in(user)["refresh_token"]
    newest = web.renewed(spent)["refresh_token"]
    served.clock.advance(120 * SECOND)

    web.revoke(spent)

    assert error(web.refresh(newest)) == (400, "invalid_grant")


def test_a_public_client_revokes_without_a_secret(spa: Program, user: User) -> None:
    """RFC 7009 §2.1."""
    token = spa.sign_in(user)["refresh_token"]

    assert spa.revoke(token).status_code == 200
    assert error(spa.refresh(token)) == (400, "invalid_grant")


@pytest.mark.parametrize("hint", ["refresh_token", "access_token", "code", "\u00e9"])
def test_a_wrong_hint_does_not_matter(web: Program, user: User, hint: str) -> None:
    """RFC 7009 §2.1: the server extends its search; §2.2.1 lets it ignore the hint."""
    token = web.sign_in(user)["refresh_token"]

    assert web.revoke(token, token_type_hint=hint).status_code == 200
    assert error(web.refresh(token)) == (400, "invalid_grant")


@pytest.mark.parametrize("token", ["nonsense", "eg_rt_" + "A" * 72, "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
def test_an_unknown_token_is_answered_like_a_known_one(served: Served, web: Program, token: str) -> None:
    """RFC 7009 §2.2."""
    before = served.registry.rows()

    answer = web.revoke(token)

    assert (answer.status_code, body(answer)) == (200, {})
    assert served.registry.rows() == before


def test_revoking_twice_is_no_error(web: Program, user: User) -> None:
    """RFC 7009 §2.2."""
    tokens = web.sign_in(user)

    for token in (tokens["access_token"], tokens["access_token"], tokens["refresh_token"], tokens["refresh_token"]):
        assert web.revoke(token).status_code == 200


def test_nobody_revokes_another_clients_tokens(served: Served, web: Program, spa: Program, user: User) -> None:
    """RFC 7009 §2.1; R-003. The answer is the same; the operator is alarmed."""
    tokens = web.sign_in(user)
    before = served.registry.rows()

    for token in (tokens["refresh_token"], tokens["access_token"]):
        answer = spa.revoke(token)
        assert (answer.status_code, body(answer)) == (200, {})
        assert served.registry.events(answer.headers["x-correlation-id"]) == [("other_client", "other_client")]

    assert served.registry.rows() == before
    assert web.introspect(tokens["access_token"])["active"] is True
    assert web.refresh(tokens["refresh_token"]).status_code == 200


def test_codes_and_id_tokens_are_nothing_to_revoke(served: Served, web: Program, user: User) -> None:
    """RFC 7009 §2: access and refresh tokens only."""
    code = web.ask(user)
    id_token = web.sign_in(user)["id_token"]
    before = served.registry.rows()

    assert web.revoke(code.text).status_code == web.revoke(id_token).status_code == 200

    assert served.registry.rows() == before
    assert web.exchange(code).status_code == 200


def test_without_a_token_the_request_is_invalid(web: Program) -> None:
    """RFC 7009 §2.2.1."""
    assert error(web.post("/revoke", {"token_type_hint": "refresh_token"})) == (400, "invalid_request")


def test_a_clients_own_access_token_can_be_revoked(web: Program) -> None:
    """RFC 7009 §2.1, for client credentials: there is no grant, only the token."""
    token = body(web.token(grant_type="client_credentials"))["access_token"]
    assert web.introspect(token)["active"] is True

    web.revoke(token)

    assert web.introspect(token) == {"active": False}
