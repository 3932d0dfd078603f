"""The introspection endpoint. RFC 7662; S-044, R-009."""

import pytest

from tests.protocol.conftest import ON_BOTH, NewProgram
from tests.protocol.program import OFFLINE, Program
from tests.protocol.registry import User
from tests.protocol.served import DAY, MINUTE, SECOND, Served, body, error

pytestmark = ON_BOTH


def test_an_active_access_token_is_described(served: Served, web: Program, user: User) -> None:
    """RFC 7662 §2.2."""
    tokens = web.sign_in(user)
    claims = web.claims(tokens["access_token"])
    told = web.introspect(tokens["access_token"])

    assert (told["active"], told["token_type"], told["username"]) == (True, "Bearer", user.username)
    assert {name: told[name] for name in claims} == claims


def test_an_active_refresh_token_is_described_to_its_client(served: Served, web: Program, user: User) -> None:
    """RFC 7662 §2.2; the time it has left is told too."""
    told = web.introspect(web.sign_in(user)["refresh_token"])

    assert (told["active"], told["client_id"], told["sub"]) == (True, web.client.id, user.id)
    assert (told["scope"], told["iss"]) == (OFFLINE, served.url)
    assert told["exp"] - told["iat"] == 14 * DAY // SECOND


def test_asking_changes_nothing(served: Served, web: Program, user: User) -> None:
    """design: "Introspection of a spent token: inactive, changes nothing"."""
    spent = web.sign_in(user)["refresh_token"]
    newest = web.renewed(spent)["refresh_token"]
    before, events = served.registry.rows(), served.registry.count("events")
    served.clock.advance(2 * MINUTE)

    assert web.introspect(spent) == {"active": False}
    assert web.introspect(newest)["active"] is True

    assert (served.registry.rows(), served.registry.count("events")) == (before, events)
    assert web.refresh(newest).status_code == 200


def test_an_api_is_told_about_tokens_for_it_and_no_others(served: Served, new_program: NewProgram, user: User) -> None:
    """RFC 7662 §4; S-044."""
    api = new_program(scope="")
    url = f"https://{api.client.id}.example"
    served.registry.api(url, ("api:read",), introspection_client=api.client.id)
    program = new_program(audiences=(url,), scope=f"{OFFLINE} api:read")
    for_api = program.sign_in(user, scope="offline_access api:read", resource=url)
    for_us = new_program().sign_in(user)

    assert api.introspect(for_api["access_token"])["active"] is True
    assert api.introspect(for_us["access_token"]) == {"active": False}
    assert api.introspect(for_api["refresh_token"]) == {"active": False}


def test_another_clients_tokens_are_inactive_to_us(web: Program, new_program: NewProgram, user: User) -> None:
    """RFC 7662 §4; R-003."""
    tokens = web.sign_in(user)
    stranger = new_program()

    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert stranger.introspect(token) == {"active": False}


@pytest.mark.parametrize("token", ["nonsense", "eg_rt_" + "A" * 72, "a.b.c", "x" * 8000])
def test_anything_else_is_inactive_and_not_a_word_more(web: Program, token: str) -> None:
    """RFC 7662 §2.2."""
    assert web.introspect(token) == {"active": False}


def test_codes_and_id_tokens_are_inactive(web: Program, user: User) -> None:
    """RFC 8725 §3.11; S-048, S-089."""
    assert web.introspect(web.ask(user).text) == {"active": False}
    assert web.introspect(web.sign_in(user)["id_token"]) == {"active": False}


def test_expired_tokens_are_inactive(served: Served, web: Program, user: User) -> None:
    """RFC 7662 §2.2; R-009."""
    tokens = web.sign_in(user)
    served.clock.advance(15 * MINUTE)
    assert web.introspect(tokens["access_token"]) == {"active": False}
    assert web.introspect(tokens["refresh_token"])["active"] is True
    served.clock.advance(14 * DAY)
    assert web.introspect(tokens["refresh_token"]) == {"active": False}


def test_a_public_client_may_not_ask(spa: Program, user: User) -> None:
    """RFC 7662 §2.1: the endpoint would be an oracle for stolen tokens."""
    answer = spa.post("/introspect", {"token": spa.sign_in(user)["access_token"]})

    assert error(answer) == (401, "invalid_client")


def test_an_access_token_does_not_authenticate_the_caller(served: Served, web: Program, user: User) -> None:
    """RFC 7662 §2.1; we take client credentials only."""
    token = web.sign_in(user)["access_token"]

    answer = served.http.post("/introspect", data={"token": token}, headers={"Authorization": f"Bearer {token}"})

    assert error(answer) == (401, "invalid_client")


def test_answers_are_never_stored(web: Program) -> None:
    """S-043."""
    answer = web.post("/introspect", {"token": "x"})

    assert (answer.headers["cache-control"], body(answer)) == ("no-store", {"active": False})


def test_the_endpoint_takes_post_only(served: Served) -> None:
    """RFC 7662 §2.1: tokens do not belong into URLs."""
    answer = served.http.get("/introspect", params={"token": "x"})

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_no_page_of_another_origin_may_ask(served: Served, web: Program) -> None:
    """product: no CORS on introspection; S-017."""
    answer = web.post("/introspect", {"token": "x"}, headers={"Origin": "https://app.example"})

    assert "access-control-allow-origin" not in answer.headers
