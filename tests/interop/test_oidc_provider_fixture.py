"""What the foreign issuer of the other tests is: a whole code flow by plain HTTP, and each kind of token it gives."""

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from joserfc import jws, jwt
from joserfc.jwk import KeySet

from tests.protocol.program import challenge, verifier
from tests.support.oidc_provider import API, OPAQUE_API, REDIRECT_URI, ForeignClient, OidcProvider

SCOPE = "openid profile offline_access api:read"


class Walk:
    """A client of the foreign issuer that knows nothing but its discovery document."""

    def __init__(self, provider: OidcProvider, http: httpx2.Client) -> None:
        self.provider = provider
        self.http = http
        self.metadata = self.get(f"{provider.issuer}/.well-known/openid-configuration")

    def get(self, url: str, token: str = "") -> dict[str, Any]:
        answer = self.http.get(url, headers={"Authorization": f"Bearer {token}"} if token else {})
        assert answer.status_code == 200, answer.text
        return cast(dict[str, Any], answer.json())

    def post(self, endpoint: str, client: ForeignClient, form: dict[str, str]) -> httpx2.Response:
        if client.client_secret is None:
            return self.http.post(self.metadata[endpoint], data={**form, "client_id": client.client_id})
        return self.http.post(self.metadata[endpoint], data=form, auth=(client.client_id, client.client_secret))

    def sign_in(self, client: ForeignClient, redirect_uri: str = REDIRECT_URI, **more: str) -> dict[str, Any]:
        """From the authorization URL to the tokens."""
        proof = verifier()
        asked = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": "state-1",
            "prompt": "consent",
            "code_challenge": challenge(proof),
            "code_challenge_method": "S256",
            **more,
        }
        back = urlsplit(self.provider.sign_in(f"{self.metadata['authorization_endpoint']}?{urlencode(asked)}"))
        told = parse_qs(back.query)
        assert back._replace(query="").geturl() == redirect_uri
        assert (told["state"], told["iss"]) == (["state-1"], [self.provider.issuer])
        form = {
            "grant_type": "authorization_code",
            "code": told["code"][0],
            "redirect_uri": redirect_uri,
            "code_verifier": proof,
        }
        answer = self.post("token_endpoint", client, form)
        assert answer.status_code == 200, answer.text
        return cast(dict[str, Any], answer.json())

    def refresh(self, client: ForeignClient, token: str) -> httpx2.Response:
        return self.post("token_endpoint", client, {"grant_type": "refresh_token", "refresh_token": token})

    def introspect(self, token: str) -> dict[str, Any]:
        answer = self.post("introspection_endpoint", self.provider.confidential, {"token": token})
        assert answer.status_code == 200, answer.text
        return cast(dict[str, Any], answer.json())


@pytest.fixture
def walk(oidc_provider: OidcProvider) -> Iterator[Walk]:
    with httpx2.Client(timeout=30) as http:
        yield Walk(oidc_provider, http)


@pytest.fixture(params=["confidential", "public"])
def client(request: pytest.FixtureRequest, oidc_provider: OidcProvider) -> ForeignClient:
    return cast(ForeignClient, getattr(oidc_provider, request.param))


def test_its_keys_verify_the_access_token_and_the_id_token(walk: Walk, client: ForeignClient) -> None:
    """RFC 9068 §2 and OpenID Connect Core §2, by a library that neither side is made of."""
    tokens = walk.sign_in(client, resource=API)
    keys = KeySet.import_key_set(cast(Any, walk.get(walk.metadata["jwks_uri"])))

    access = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"])
    identity = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])

    assert (access.header["typ"], access.header["alg"]) == ("at+jwt", "ES256")
    assert {name: access.claims[name] for name in ("iss", "aud", "sub", "client_id", "scope")} == {
        "iss": walk.provider.issuer,
        "aud": API,
        "sub": "ada",
        "client_id": client.client_id,
        "scope": "api:read",
    }
    assert (identity.claims["iss"], identity.claims["aud"]) == (walk.provider.issuer, client.client_id)
    assert tokens["expires_in"] == 300


def test_any_port_will_do_for_the_redirect(walk: Walk, oidc_provider: OidcProvider) -> None:
    """RFC 8252 §7.3."""
    for redirect_uri in ("http://127.0.0.1:49152/callback", "http://localhost:49153/callback"):
        assert "refresh_token" in walk.sign_in(oidc_provider.public, redirect_uri)


def test_a_refresh_token_works_once_and_a_replay_ends_the_grant(walk: Walk, client: ForeignClient) -> None:
    """Unlike ours, which takes a retry for a retry."""
    first = walk.sign_in(client, resource=API)
    second = walk.refresh(client, first["refresh_token"])

    replay = walk.refresh(client, first["refresh_token"])
    after = walk.refresh(client, second.json()["refresh_token"])

    assert second.status_code == 200
    assert jws.extract_compact(second.json()["access_token"].encode()).headers()["typ"] == "at+jwt"
    assert second.json()["refresh_token"] != first["refresh_token"]
    assert [(one.status_code, one.json()["error"]) for one in (replay, after)] == [(400, "invalid_grant")] * 2


def test_it_counts_the_token_requests_also_those_it_refuses(walk: Walk, oidc_provider: OidcProvider) -> None:
    before = oidc_provider.token_requests()
    token = walk.sign_in(oidc_provider.confidential)["refresh_token"]

    answers = [walk.refresh(oidc_provider.confidential, token).status_code for _ in range(2)]

    assert answers == [200, 400]
    assert oidc_provider.token_requests() - before == {"authorization_code": 1, "refresh_token": 2}


def test_offline_access_is_given_only_after_consent(walk: Walk, client: ForeignClient) -> None:
    """OpenID Connect Core §11."""
    assert "refresh_token" not in walk.sign_in(client, prompt="login")


def test_without_a_resource_the_access_token_is_for_userinfo(walk: Walk, client: ForeignClient) -> None:
    tokens = walk.sign_in(client, login_hint="grace")

    assert walk.get(walk.metadata["userinfo_endpoint"], tokens["access_token"])["sub"] == "grace"


def test_opaque_tokens_are_introspected_until_they_are_revoked(walk: Walk, client: ForeignClient) -> None:
    """RFC 7662 and RFC 7009."""
    tokens = walk.sign_in(client, resource=OPAQUE_API)
    told = walk.introspect(tokens["access_token"])

    revoked = walk.post("revocation_endpoint", client, {"token": tokens["refresh_token"]})

    assert {name: told[name] for name in ("active", "aud", "sub", "client_id", "scope", "iss")} == {
        "active": True,
        "aud": OPAQUE_API,
        "sub": "ada",
        "client_id": client.client_id,
        "scope": "api:read",
        "iss": walk.provider.issuer,
    }
    assert revoked.status_code == 200
    assert walk.introspect(tokens["access_token"]) == {"active": False}


def test_a_program_gets_a_token_for_itself(walk: Walk, oidc_provider: OidcProvider) -> None:
    """RFC 6749 §4.4."""
    form = {"grant_type": "client_credentials", "scope": "api:read", "resource": API}

    tokens = walk.post("token_endpoint", oidc_provider.confidential, form).json()

    assert (tokens["scope"], "refresh_token" in tokens) == ("api:read", False)
