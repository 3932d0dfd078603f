"""Client authentication at the token, revocation and introspection endpoints. RFC 6749 §2.3; RFC 9700 §2.5."""

from base64 import b64encode

import pytest

from tests.protocol.conftest import NewProgram
from tests.protocol.program import Program, basic
from tests.protocol.registry import Registered
from tests.protocol.served import Served, body, error

FORM = {"grant_type": "client_credentials"}
FAILED = (401, "invalid_client")


def secret_of(client: Registered) -> str:
    assert client.secret is not None
    return client.secret


def test_a_client_may_use_basic_or_post_whatever_it_registered(served: Served, new_program: NewProgram) -> None:
    """RFC 6749 §2.3.1; product: "A client registered for Basic may use post and the reverse"."""
    for method in ("client_secret_basic", "client_secret_post"):
        client = new_program(auth_method=method).client
        by_header = served.http.post(
            "/token", data=FORM, headers={"Authorization": basic(client.id, secret_of(client))}
        )
        by_form = served.http.post("/token", data={**FORM, "client_id": client.id, "client_secret": secret_of(client)})

        assert (by_header.status_code, by_form.status_code) == (200, 200)


def test_a_strict_client_uses_the_registered_method_only(served: Served, new_program: NewProgram) -> None:
    """RFC 7591 §2; S-064."""
    client = new_program(strict_auth=True).client

    in_form = served.http.post("/token", data={**FORM, "client_id": client.id, "client_secret": secret_of(client)})

    assert error(in_form) == FAILED
    assert new_program(strict_auth=True).token(**FORM).status_code == 200


def test_two_methods_at_once_are_refused(served: Served, web: Program) -> None:
    """RFC 6749 §2.3: not more than one method in a request."""
    secret = secret_of(web.client)
    answer = web.post("/token", {**FORM, "client_id": web.client.id, "client_secret": secret})

    assert error(answer) == (400, "invalid_request")


def test_the_client_id_may_stand_beside_basic_if_it_is_the_same(web: Program) -> None:
    """RFC 6749 §3.2.1; many libraries send it."""
    assert web.token(client_id=web.client.id, **FORM).status_code == 200
    assert error(web.token(client_id="another", **FORM)) == (400, "invalid_request")


def test_basic_credentials_are_form_encoded(served: Served, web: Program) -> None:
    """RFC 6749 §2.3.1: a percent sign is an escape, a plus a space."""
    secret = secret_of(web.client)
    escaped = "".join(f"%{byte:02X}" for byte in secret.encode())
    header = "Basic " + b64encode(f"{web.client.id}:{escaped}".encode()).decode()

    assert served.http.post("/token", data=FORM, headers={"Authorization": header}).status_code == 200


def test_a_failure_challenges_with_basic(served: Served, web: Program) -> None:
    """RFC 6749 §5.2: 401 and `WWW-Authenticate` with the scheme the client used."""
    answer = served.http.post("/token", data=FORM, headers={"Authorization": basic(web.client.id, "wrong")})

    assert error(answer) == FAILED
    assert answer.headers["www-authenticate"] == 'Basic realm="default"'


def test_unknown_client_wrong_secret_and_disabled_client_look_the_same(served: Served, new_program: NewProgram) -> None:
    """Client ids cannot be found out by text."""
    wrong, disabled = new_program(), new_program(disabled=True)
    answers = [
        served.http.post("/token", data=FORM, headers={"Authorization": basic("nobody-here", "x")}),
        served.http.post("/token", data=FORM, headers={"Authorization": basic(wrong.client.id, "x")}),
        disabled.token(**FORM),
    ]

    assert {error(answer) for answer in answers} == {FAILED}
    assert {body(answer)["error_description"] for answer in answers} == {"Client authentication failed."}


@pytest.mark.parametrize("path", ["/token", "/revoke", "/introspect"])
def test_nobody_is_served_without_saying_who_it_is(served: Served, path: str) -> None:
    """RFC 6749 §3.2.1; RFC 7009 §2.1; RFC 7662 §2.1."""
    assert error(served.http.post(path, data={**FORM, "token": "x"})) == FAILED


@pytest.mark.parametrize("path", ["/token", "/revoke", "/introspect"])
def test_a_confidential_client_cannot_leave_its_secret_out(served: Served, web: Program, path: str) -> None:
    """RFC 6749 §3.2.1; S-064."""
    only_named = served.http.post(path, data={**FORM, "token": "x", "client_id": web.client.id})
    empty = served.http.post(path, data={**FORM, "token": "x"}, headers={"Authorization": basic(web.client.id, "")})

    assert (error(only_named), error(empty)) == (FAILED, FAILED)


def test_a_public_client_with_a_secret_is_refused(served: Served, spa: Program) -> None:
    """A secret that is not asked for is a mistake or an attack; it is not ignored."""
    in_form = served.http.post(
        "/token", data={"grant_type": "refresh_token", "client_id": spa.client.id, "client_secret": "x"}
    )
    by_header = served.http.post(
        "/token", data={"grant_type": "refresh_token"}, headers={"Authorization": basic(spa.client.id, "x")}
    )

    assert (error(in_form), error(by_header)) == (FAILED, FAILED)


def test_a_public_client_may_send_basic_with_an_empty_secret(served: Served, spa: Program) -> None:
    """product: golang x/oauth2 does; then its request is looked at."""
    answer = served.http.post(
        "/token",
        data={"grant_type": "refresh_token", "refresh_token": "x"},
        headers={"Authorization": basic(spa.client.id, "")},
    )

    assert error(answer) == (400, "invalid_grant")


def test_a_secret_in_the_query_is_not_looked_at(served: Served, web: Program) -> None:
    """RFC 6749 §2.3.1: the parameters must not be in the request URI."""
    query = {"client_id": web.client.id, "client_secret": secret_of(web.client), **FORM}

    assert error(served.http.post("/token", params=query, data=FORM)) == FAILED


def test_another_realms_client_is_unknown_here(served: Served) -> None:
    """R-047."""
    served.desk.new_realm("auth-other")
    elsewhere = Program(served, served.registry.client(realm="auth-other"))
    header = {"Authorization": basic(elsewhere.client.id, secret_of(elsewhere.client))}

    assert elsewhere.token(**FORM).status_code == 200
    assert error(served.http.post("/token", data=FORM, headers=header)) == FAILED
