"""Realms on one server: issuers of their own that know nothing of each other. R-047; Q-10."""

import pytest

from tests.protocol.conftest import ON_BOTH
from tests.protocol.program import Program
from tests.protocol.registry import Registered, User
from tests.protocol.served import Served, body, error

pytestmark = ON_BOTH
NAME = "shop"


@pytest.fixture
def shop(served: Served) -> Program:
    """A client of another realm."""
    served.desk.ensure_realm(NAME)
    return Program(served, served.registry.client(realm=NAME))


@pytest.fixture
def customer(served: Served, shop: Program) -> User:
    return served.registry.user(realm=NAME)


def test_the_whole_loop_works_in_a_realm(served: Served, shop: Program, customer: User) -> None:
    code = shop.ask(customer)
    tokens = shop.renewed(body(shop.exchange(code))["refresh_token"])
    claims = shop.claims(tokens["access_token"])

    assert code.landing.parameters["iss"] == claims["iss"] == claims["aud"] == served.at(NAME)
    assert shop.introspect(tokens["access_token"])["active"] is True
    assert shop.userinfo(tokens["access_token"]).status_code == 200
    assert shop.revoke(tokens["refresh_token"]).status_code == 200
    assert error(shop.refresh(tokens["refresh_token"])) == (400, "invalid_grant")


def test_users_of_one_realm_are_strangers_in_another(served: Served, web: Program, customer: User) -> None:
    with pytest.raises(AssertionError, match="never came back"):
        web.ask(customer)


def test_credentials_of_one_realm_are_garbage_in_another(
    served: Served, web: Program, shop: Program, user: User, customer: User
) -> None:
    """The realm is in the MAC key; no grant is read (row 1)."""
    code, tokens = shop.ask(customer), shop.sign_in(customer)
    before = served.registry.rows()

    assert error(web.exchange(code)) == (400, "invalid_grant")
    assert error(web.refresh(tokens["refresh_token"])) == (400, "invalid_grant")
    for token in tokens["refresh_token"], tokens["access_token"], tokens["id_token"]:
        assert web.introspect(token) == {"active": False}
        assert web.revoke(token).status_code == 200
    assert error(web.userinfo(tokens["access_token"])) == (401, "invalid_token")

    assert served.registry.rows() == before
    assert shop.exchange(code).status_code == 200
    assert shop.refresh(tokens["refresh_token"]).status_code == 200


def test_two_clients_of_the_same_name_are_two_clients(served: Served, shop: Program) -> None:
    """Primary keys hold the realm."""
    twin = served.registry.client(id=shop.client.id)

    form: dict[str, str | None] = {"grant_type": "client_credentials"}
    assert Program(served, twin).token(**form).status_code == 200
    assert shop.token(**form).status_code == 200
    crossed = Program(served, Registered(twin.id, shop.client.secret))
    assert error(crossed.token(**form)) == (401, "invalid_client")


def test_a_browser_may_be_signed_in_to_both(served: Served, web: Program, shop: Program, user: User) -> None:
    """Cookies carry the realm's name; Q-10."""
    customer = served.registry.user(realm=NAME)
    assert web.ask(user).landing.parameters["iss"] == served.url
    assert shop.ask(customer).landing.parameters["iss"] == served.at(NAME)


def test_a_policy_of_one_realm_is_not_anothers(served: Served, web: Program, shop: Program) -> None:
    served.desk.realm_policy(NAME, access_token_lifetime=60_000)
    form: dict[str, str | None] = {"grant_type": "client_credentials"}

    assert body(shop.token(**form))["expires_in"] == 60
    assert body(web.token(**form))["expires_in"] == 900
