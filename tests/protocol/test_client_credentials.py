"""The client credentials grant: a client acts for itself. RFC 6749 §4.4."""

import pytest

from tests.protocol.conftest import ON_BOTH, NewProgram
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import Served, body, error

pytestmark = ON_BOTH


def test_a_client_gets_an_access_token_for_itself(new_program: NewProgram) -> None:
    """RFC 6749 §4.4.3; RFC 9068 §2.2: `sub` is the client."""
    program = new_program(roles=("importer",))
    claims = program.claims(body(program.token(grant_type="client_credentials", scope="read"))["access_token"])

    assert (claims["sub"], claims["client_id"]) == (program.client.id, program.client.id)
    assert (claims["scope"], claims["roles"]) == ("read", ["importer"])
    assert claims.keys().isdisjoint({"gid", "auth_time", "amr", "acr"})


def test_there_is_no_refresh_token_and_no_id_token(web: Program) -> None:
    """RFC 6749 §4.4.3."""
    answer = body(web.token(grant_type="client_credentials"))

    assert answer.keys().isdisjoint({"refresh_token", "id_token", "refresh_token_expires_in"})


def test_without_a_scope_a_client_gets_its_own_less_what_is_about_a_person(web: Program) -> None:
    """RFC 6749 §3.3: the default is told."""
    assert body(web.token(grant_type="client_credentials"))["scope"] == "read write"


@pytest.mark.parametrize("scope", ["openid", "read offline_access", "admin", "read write admin"])
def test_scopes_about_a_person_or_of_others_are_refused(web: Program, scope: str) -> None:
    """RFC 6749 §5.2."""
    assert error(web.token(grant_type="client_credentials", scope=scope)) == (400, "invalid_scope")


def test_a_public_client_has_no_credentials(spa: Program) -> None:
    """RFC 6749 §4.4: confidential clients only."""
    assert error(spa.token(grant_type="client_credentials")) == (400, "unauthorized_client")


def test_nothing_is_stored(served: Served, web: Program) -> None:
    """performance: no store access."""
    before, events = served.registry.rows(), served.registry.count("events")
    for _ in range(3):
        assert web.token(grant_type="client_credentials").status_code == 200

    assert served.registry.rows() == before
    assert served.registry.count("events") == events


def test_a_client_looks_like_no_user(served: Served, web: Program, user: User) -> None:
    """RFC 9700 §4.15; S-015: user identifiers begin with u_, client identifiers never do."""
    token = body(web.token(grant_type="client_credentials"))["access_token"]

    assert user.id.startswith("u_")
    assert not web.claims(token)["sub"].startswith("u_")


def test_a_resource_becomes_the_audience(served: Served, new_program: NewProgram) -> None:
    """RFC 8707 §2.2."""
    served.registry.api("https://api.example/service", ("service:write",))
    program = new_program(audiences=("https://api.example/service",), scope="service:write")

    answer = body(program.token(grant_type="client_credentials", resource="https://api.example/service"))

    assert program.claims(answer["access_token"])["aud"] == "https://api.example/service"


@pytest.mark.parametrize("resource", ["https://nobody.example", "not a uri", "https://api.example/#fragment"])
def test_an_unknown_resource_is_refused(web: Program, resource: str) -> None:
    """RFC 8707 §2."""
    assert error(web.token(grant_type="client_credentials", resource=resource)) == (400, "invalid_target")
