"""What a client reads in the answers of every endpoint."""

import pytest

from evergrant.client import exchange
from evergrant.client.answers import check_revoked, read_introspection, read_userinfo
from evergrant.client.auth.refusals import is_refused
from evergrant.client.errors import IssuerUnavailable, NotOffered, ProtocolError, Refused
from evergrant.client.exchange import Identity, check_available, read_tokens
from evergrant.protocol.provider import read_metadata
from evergrant.protocol.secret import Secret
from tests.unit.client.samples import EXPIRED_AT, ISSUER, PROVIDER, RENEWED, answer

SERVICE = Identity("app", Secret("a secret"))


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(900, 900), ("60", 60), (30.0, 30), (0, 0), (-5, 0), (True, None), ("soon", None), (None, None), ("inf", None)],
)
def test_a_lifetime_is_read_however_it_is_written(said: object, seconds: int | None) -> None:
    body = answer(200, {**RENEWED, "expires_in": said, "refresh_token_expires_in": said}).body

    tokens = read_tokens(200, body)

    assert (tokens.expires_in_s, tokens.refresh_expires_in_s) == (seconds, seconds)


def test_a_token_of_a_type_that_we_do_not_know_is_not_used() -> None:
    """RFC 6749 §7.1."""
    with pytest.raises(ProtocolError, match="Bearer"):
        read_tokens(200, answer(200, {**RENEWED, "token_type": "DPoP"}).body)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("99999999", 3600.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("²", None),
        ("Fri, 15 Jan 2027 08:15:30 GMT", 30.0),
        ("Fri, 15 Jan 2027 08:00:00 GMT", 0.0),
    ],
)
def test_how_long_to_wait_is_said_in_seconds_or_by_a_date(said: str, seconds: float | None) -> None:
    """RFC 9110 §10.2.3. The request was sent at 08:15:00."""
    assert EXPIRED_AT == 1_800_000_900_000

    with pytest.raises(IssuerUnavailable) as unavailable:
        check_available(answer(503, {}, headers={"retry-after": said}))

    assert unavailable.value.retry_after_s == seconds


def test_an_issuers_words_are_fit_for_a_log() -> None:
    said = {"error": "invalid_request", "error_description": "a\nb\x1b[2J" + "x" * 2_000}

    with pytest.raises(Refused) as refused:
        read_tokens(400, answer(400, said).body)

    assert str(refused.value).startswith("invalid_request: ab[2Jxxx")
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize("body", [b"", b"<html>", {"error": 7}, {}])
def test_an_error_without_a_code_is_none_of_the_protocol(body: object) -> None:
    with pytest.raises(ProtocolError):
        read_tokens(400, answer(400, body).body)


def test_userinfo_is_about_the_person_of_the_id_token() -> None:
    """OpenID Connect Core §5.3.2."""
    assert read_userinfo(answer(200, {"sub": "ada"}), "ada") == {"sub": "ada"}
    for body in ({"sub": "bob"}, {}, {"sub": 7}):
        with pytest.raises(ProtocolError):
            read_userinfo(answer(200, body), "ada")


def test_userinfo_refuses_by_its_challenge() -> None:
    """RFC 6750 §3: the body says nothing."""
    headers = {"www-authenticate": 'Bearer error="invalid_token", error_description="Expired."'}

    with pytest.raises(Refused) as refused:
        read_userinfo(answer(401, b"", headers=headers), None)

    assert (refused.value.error, refused.value.description, refused.value.status) == ("invalid_token", "Expired.", 401)


def test_introspection_says_whether_a_token_is_active() -> None:
    assert read_introspection(answer(200, {"active": False}))["active"] is False
    for body in ({}, {"active": "yes"}):
        with pytest.raises(ProtocolError):
            read_introspection(answer(200, body))


def test_a_revocation_is_believed_by_its_status() -> None:
    """RFC 7009 §2.2: the body says nothing."""
    check_revoked(answer(200, b""))
    with pytest.raises(Refused):
        check_revoked(answer(400, {"error": "unsupported_token_type"}))
    with pytest.raises(ProtocolError):
        check_revoked(answer(404, b""))
    with pytest.raises(IssuerUnavailable):
        check_revoked(answer(503, b""))


@pytest.mark.parametrize(
    ("status", "header", "refused"),
    [
        (401, 'Bearer error="invalid_token"', True),
        (401, 'Basic realm="x", Bearer realm="y", error="invalid_token"', True),
        (401, "Bearer", False),
        (401, 'Bearer error="insufficient_user_authentication"', False),
        (401, 'DPoP error="invalid_token"', False),
        (401, None, False),
        (403, 'Bearer error="invalid_token"', False),
        (200, 'Bearer error="invalid_token"', False),
    ],
)
def test_only_an_invalid_token_is_worth_a_new_one(status: int, header: str | None, refused: bool) -> None:
    assert is_refused(status, header) == refused


def test_requests_say_what_they_are_for() -> None:
    """RFC 6749 §4.3.2, §4.4.2; RFC 7009 §2.1; RFC 7662 §2.1."""
    asked = [
        exchange.client_credentials(PROVIDER, SERVICE, "a b", "https://api.example.com"),
        exchange.password(PROVIDER, SERVICE, "ada", Secret("p&q"), None),
        exchange.revoke(PROVIDER, SERVICE, Secret("rt")),
        exchange.introspect(PROVIDER, SERVICE, Secret("at")),
    ]

    assert [request.body for request in asked] == [
        b"grant_type=client_credentials&scope=a+b&resource=https%3A%2F%2Fapi.example.com",
        b"grant_type=password&username=ada&password=p%26q",
        b"token=rt",
        b"token=at",
    ]
    assert [request.url.removeprefix(f"{ISSUER}/") for request in asked] == [
        "token_endpoint",
        "token_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
    ]
    assert not any(secret in repr(asked) for secret in ("p&q", "p%26q", "a secret", "Basic"))


def test_what_is_not_offered_is_not_asked_for() -> None:
    bare = read_metadata(ISSUER, {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"})

    for ask in (exchange.revoke, exchange.introspect):
        with pytest.raises(NotOffered):
            ask(bare, SERVICE, Secret("x"))
