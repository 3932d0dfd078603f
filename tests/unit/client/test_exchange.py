"""What a client sends, and which answers it believes."""

import json
from base64 import b64decode
from dataclasses import replace
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from evergrant.client.errors import ProtocolError, Refused
from evergrant.client.exchange import (
    Attempt,
    Identity,
    authorization_url,
    exchange_code,
    read_callback,
    read_tokens,
    refresh,
)
from evergrant.protocol.provider import BadMetadata, Provider, read_metadata, well_known_urls
from evergrant.protocol.secret import Secret

ISSUER = "https://login.example.com/realms/acme"
DOCUMENT = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/jwks",
    "authorization_response_iss_parameter_supported": True,
}
ATTEMPT = Attempt("http://127.0.0.1:4000/callback", "openid", "state-1", "nonce-1", Secret("v" * 43))


@pytest.fixture
def provider() -> Provider:
    return read_metadata(ISSUER, DOCUMENT)


def came_back(**parameters: str) -> str:
    return f"{ATTEMPT.redirect_uri}?{urlencode({'state': 'state-1', 'iss': ISSUER, **parameters})}"


def test_the_document_of_an_issuer_with_a_path_is_looked_for_in_both_places() -> None:
    assert well_known_urls(ISSUER) == (
        "https://login.example.com/realms/acme/.well-known/openid-configuration",
        "https://login.example.com/.well-known/oauth-authorization-server/realms/acme",
    )


@pytest.mark.parametrize("named", [ISSUER + "/", ISSUER.upper(), "https://evil.example", None])
def test_a_document_must_name_the_issuer_byte_by_byte(named: str | None) -> None:
    with pytest.raises(BadMetadata):
        read_metadata(ISSUER, {**DOCUMENT, "issuer": named})


def test_a_document_without_a_token_endpoint_is_refused() -> None:
    with pytest.raises(BadMetadata, match="token_endpoint"):
        read_metadata(ISSUER, {**DOCUMENT, "token_endpoint": "javascript:alert(1)"})


def test_the_browser_is_sent_with_state_nonce_and_challenge_but_no_verifier(provider: Provider) -> None:
    url = authorization_url(provider, Identity("app"), ATTEMPT)

    sent = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert sent["code_challenge_method"] == "S256"
    assert (sent["state"], sent["nonce"], sent["redirect_uri"]) == ("state-1", "nonce-1", ATTEMPT.redirect_uri)
    assert "v" * 43 not in url


def test_the_code_is_taken_from_our_issuers_answer_to_our_attempt(provider: Provider) -> None:
    assert read_callback(came_back(code="abc"), provider, ATTEMPT).reveal() == "abc"


@pytest.mark.parametrize(
    "url",
    [
        came_back(code="abc", state="another"),
        came_back(code="abc", iss="https://evil.example"),
        f"{ATTEMPT.redirect_uri}?code=abc&state=state-1",
        came_back(code="abc") + "&code=def",
        came_back(),
    ],
)
def test_an_answer_of_somebody_else_is_not_believed(provider: Provider, url: str) -> None:
    with pytest.raises(ProtocolError):
        read_callback(url, provider, ATTEMPT)


def test_an_issuer_that_promises_no_iss_may_leave_it_out(provider: Provider) -> None:
    older = replace(provider, iss_in_response=False)

    assert read_callback(f"{ATTEMPT.redirect_uri}?code=abc&state=state-1", older, ATTEMPT).reveal() == "abc"


def test_a_refused_sign_in_keeps_its_error(provider: Provider) -> None:
    with pytest.raises(Refused) as refused:
        read_callback(came_back(error="access_denied"), provider, ATTEMPT)

    assert refused.value.error == "access_denied"


def test_a_confidential_client_shows_its_secret_in_the_header_only(provider: Provider) -> None:
    request = refresh(provider, Identity("a:b", Secret("p+q ?")), Secret("token"))

    encoded = request.headers["Authorization"].removeprefix("Basic ")
    assert b64decode(encoded) == b"a%3Ab:p%2Bq+%3F"
    assert b"client_" not in request.body


def test_a_public_client_names_itself_in_the_form(provider: Provider) -> None:
    request = exchange_code(provider, Identity("app"), ATTEMPT, Secret("abc"))

    assert "Authorization" not in request.headers
    assert parse_qs(request.body.decode()) == {
        "grant_type": ["authorization_code"],
        "client_id": ["app"],
        "code": ["abc"],
        "redirect_uri": [ATTEMPT.redirect_uri],
        "code_verifier": ["v" * 43],
    }


def test_where_the_issuer_takes_no_basic_the_secret_is_posted(provider: Provider) -> None:
    poster = replace(provider, auth_methods=frozenset({"client_secret_post"}))

    request = refresh(poster, Identity("app", Secret("s")), Secret("token"))

    assert parse_qs(request.body.decode())["client_secret"] == ["s"]


def test_a_request_prints_no_secret(provider: Provider) -> None:
    assert "hunter2" not in repr(refresh(provider, Identity("app", Secret("hunter2")), Secret("hunter2")))


def test_tokens_are_read_and_do_not_print() -> None:
    answer = {"access_token": "hunter2", "token_type": "Bearer", "expires_in": 900, "refresh_token": "hunter2"}

    tokens = read_tokens(200, json.dumps(answer).encode())

    assert (tokens.expires_in_s, tokens.id_token) == (900, None)
    assert "hunter2" not in repr(tokens)


@pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b'{"access_token": "a"}', b'{"token_type": "Bearer"}'])
def test_an_answer_that_is_none_is_malformed(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        read_tokens(200, body)


def test_an_error_answer_keeps_code_and_status() -> None:
    with pytest.raises(Refused) as refused:
        read_tokens(400, b'{"error": "invalid_grant", "error_description": "Over."}')

    assert (refused.value.error, refused.value.status, str(refused.value)) == (
        "invalid_grant",
        400,
        "invalid_grant: Over.",
    )


def test_a_gateways_error_page_is_no_oauth_error() -> None:
    with pytest.raises(ProtocolError):
        read_tokens(502, b'{"message": "bad gateway"}')
