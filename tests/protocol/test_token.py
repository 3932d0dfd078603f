"""The token endpoint as such: how it is called and how it answers. RFC 6749 §3.2, §5.1, §5.2."""

import re

import pytest

from tests.protocol.program import Program, basic
from tests.protocol.served import Served, body, error

FORM = "application/x-www-form-urlencoded"
DESCRIPTION = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_only_post_is_served_and_the_answer_says_so(served: Served, method: str) -> None:
    """RFC 6749 §3.2, RFC 9110 §15.5.6."""
    answer = served.http.request(method, "/token")

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_success_has_every_member_and_is_never_stored(web: Program) -> None:
    """RFC 6749 §5.1; S-043."""
    answer = web.token(grant_type="client_credentials", scope="read")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    assert body(answer).keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (body(answer)["token_type"], body(answer)["expires_in"], body(answer)["scope"]) == ("Bearer", 900, "read")


def test_a_refusal_has_code_sentence_and_correlation_id_and_is_never_stored(web: Program) -> None:
    """RFC 6749 §5.2."""
    answer = web.token(grant_type="refresh_token", refresh_token="nonsense")

    assert error(answer) == (400, "invalid_grant")
    assert body(answer).keys() == {"error", "error_description", "correlation_id"}
    assert DESCRIPTION.fullmatch(body(answer)["error_description"])
    assert body(answer)["correlation_id"] == answer.headers["x-correlation-id"]
    assert (answer.headers["cache-control"], answer.headers["content-type"]) == ("no-store", "application/json")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*;q=0.1", ""])
def test_whatever_the_client_accepts_it_gets_json(web: Program, accept: str) -> None:
    answer = web.post("/token", {"grant_type": "client_credentials"}, headers={"Accept": accept})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(
    "kind", [FORM, f"{FORM};charset=UTF-8", f"{FORM}; charset=utf-8", "Application/X-WWW-Form-URLEncoded"]
)
def test_a_form_in_utf_8_is_read_however_its_type_is_written(web: Program, kind: str) -> None:
    answer = web.post("/token", {"grant_type": "client_credentials"}, headers={"Content-Type": kind})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", "", f"{FORM};charset=latin-1"]
)
def test_another_content_type_is_refused(served: Served, web: Program, kind: str) -> None:
    """RFC 6749 §3.2, RFC 9110 §15.5.16."""
    answer = web.post("/token", {"grant_type": "client_credentials"}, headers={"Content-Type": kind})

    assert error(answer) == (415, "invalid_request")


def test_unknown_and_foreign_parameters_are_ignored(web: Program) -> None:
    """RFC 6749 §3.2. requests-oauthlib sends allow_redirects=True, AppAuth redirect_uri with every request."""
    answer = web.token(
        grant_type="client_credentials", allow_redirects="True", redirect_uri="http://x", code="x", refresh_token="y"
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["grant_type", "scope", "client_id", "anything"])
def test_a_repeated_parameter_is_refused(served: Served, web: Program, name: str) -> None:
    """RFC 6749 §3.2; S-018. Also when both values are the same, or one is empty."""
    for twice in (f"{name}=a&{name}=a", f"{name}=&{name}=a"):
        answer = served.http.post(
            "/token",
            content=f"grant_type=client_credentials&{twice}" if name != "grant_type" else twice,
            headers={"Content-Type": FORM, "Authorization": basic(web.client.id, web.client.secret or "")},
        )

        assert error(answer) == (400, "invalid_request")


def test_an_empty_parameter_counts_as_left_out(web: Program) -> None:
    """RFC 6749 §3.2."""
    assert error(web.token(grant_type="")) == (400, "invalid_request")
    assert web.token(grant_type="client_credentials", scope="").status_code == 200


def test_without_a_grant_type_the_request_is_invalid(web: Program) -> None:
    """RFC 6749 §5.2."""
    assert error(web.token(scope="read")) == (400, "invalid_request")


@pytest.mark.parametrize(
    "name", ["implicit", "CLIENT_CREDENTIALS", "urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:x:y", "\u00e9"]
)
def test_a_grant_type_nobody_has_is_unsupported(web: Program, name: str) -> None:
    """RFC 6749 §5.2."""
    assert error(web.token(grant_type=name)) == (400, "unsupported_grant_type")


@pytest.mark.parametrize("name", ["authorization_code", "refresh_token", "client_credentials", "password"])
def test_a_grant_type_that_the_client_was_not_given_is_unauthorized(
    served: Served, user_less_form: dict[str, str], name: str
) -> None:
    """RFC 6749 §5.2. Asked before the grant's own parameters are looked at."""
    others = {"authorization_code", "refresh_token", "client_credentials"} - {name}
    program = Program(served, served.registry.client(grant_types=frozenset(others)))

    assert error(program.token(grant_type=name, **user_less_form)) == (400, "unauthorized_client")


@pytest.fixture
def user_less_form() -> dict[str, str]:
    return {"code": "x", "refresh_token": "x", "username": "x", "password": "x"}


@pytest.mark.parametrize("given", ["authorization_code", "refresh_token", "password"])
def test_a_grant_without_its_own_parameter_is_an_invalid_request(served: Served, given: str) -> None:
    """RFC 6749 §4.1.3, §6, §4.3.2."""
    program = Program(
        served,
        served.registry.client(
            grant_types=frozenset({"authorization_code", "refresh_token", "password"}), profile="legacy"
        ),
    )

    assert error(program.token(grant_type=given)) == (400, "invalid_request")
