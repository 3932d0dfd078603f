"""What tokens say and answers hold. RFC 9068 §2, OpenID Connect Core §2, §5.3; RFC 6749 §5.1; RFC 8414."""

import base64
import hashlib
import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evergrant.jose.keys import EDWARDS, VerifyAlg
from evergrant.protocol.claims import (
    TOKEN_CLAIMS,
    Authentication,
    access_token_claims,
    at_hash,
    id_token_claims,
    userinfo_claims,
)
from evergrant.protocol.metadata import Capabilities, Endpoints, discovery, well_known_paths
from evergrant.protocol.oidc_scopes import STANDARD_CLAIMS
from evergrant.protocol.scope import Scope
from evergrant.protocol.secret import Secret
from evergrant.protocol.token_response import TokenResponse
from evergrant.protocol.values import ClientId, GrantId, Millis, SubjectId

NOW = Millis(1_800_000_000_999)
SEEN = Authentication(Millis(1_799_999_000_500), acr="1", amr=("pwd",))
ADA = {"name": "Ada Lovelace", "email": "ada@example.org", "email_verified": True, "phone_number": None}


def access_token(scope: str, identity: dict[str, object] | None = None) -> dict[str, object]:
    return access_token_claims(
        issuer="https://id.example",
        subject=SubjectId("ada"),
        audience="https://api.example",
        client=ClientId("web"),
        token_id="t1",
        scope=Scope.parse(scope),
        now=NOW,
        lifetime_s=900,
        roles=["editor"],
        identity=ADA if identity is None else identity,
        authentication=SEEN,
        grant=GrantId(bytes(range(16))),
    )


def test_an_access_token_says_what_rfc_9068_asks_for() -> None:
    assert access_token("openid email api") == {
        "iss": "https://id.example",
        "sub": "ada",
        "aud": "https://api.example",
        "exp": 1_800_000_900,
        "iat": 1_800_000_000,
        "jti": "t1",
        "client_id": "web",
        "scope": "openid email api",
        "roles": ["editor"],
        "auth_time": 1_799_999_000,
        "acr": "1",
        "amr": ["pwd"],
        "gid": "000102030405060708090a0b0c0d0e0f",
        "email": "ada@example.org",
        "email_verified": True,
    }


def test_a_service_has_neither_authentication_nor_grant() -> None:
    claims = access_token_claims(
        issuer="https://id.example",
        subject=SubjectId("service"),
        audience="https://api.example",
        client=ClientId("service"),
        token_id="t2",
        scope=Scope.parse("api"),
        now=NOW,
        lifetime_s=60,
    )

    assert {"auth_time", "acr", "amr", "gid"}.isdisjoint(claims)
    assert claims["roles"] == []


@given(
    st.dictionaries(
        st.sampled_from(["iss", "sub", "aud", "exp", "scope", "roles", "jti", "gid", "azp", "nonce"]), st.text()
    )
)
def test_nothing_known_of_a_person_replaces_a_claim_of_ours(identity: dict[str, object]) -> None:
    scope = Scope.parse("openid profile email address phone")

    assert access_token(str(scope), identity) == access_token(str(scope), {})
    assert userinfo_claims(SubjectId("ada"), identity, scope, []) == {"sub": "ada", "roles": []}


def id_token(**more: str) -> dict[str, object]:
    return id_token_claims(
        issuer="https://id.example",
        subject=SubjectId("ada"),
        client=ClientId("web"),
        scope=Scope.parse("openid profile"),
        now=NOW,
        lifetime_s=300,
        authentication=SEEN,
        identity=ADA,
        **more,
    )


def test_an_id_token_says_what_openid_connect_asks_for() -> None:
    assert id_token(nonce="n", session="s", access_token_hash="h") == {
        "iss": "https://id.example",
        "sub": "ada",
        "aud": "web",
        "azp": "web",
        "exp": 1_800_000_300,
        "iat": 1_800_000_000,
        "auth_time": 1_799_999_000,
        "acr": "1",
        "amr": ["pwd"],
        "nonce": "n",
        "sid": "s",
        "at_hash": "h",
        "name": "Ada Lovelace",
    }


def test_an_id_token_says_nothing_of_what_is_not_known() -> None:
    assert {"nonce", "sid", "at_hash"}.isdisjoint(id_token())
    assert Authentication(Millis(1_000)).claims() == {"auth_time": 1}


def test_userinfo_says_what_the_scope_asks_for() -> None:
    assert userinfo_claims(SubjectId("ada"), ADA, Scope.parse("openid profile phone"), ["editor"]) == {
        "sub": "ada",
        "name": "Ada Lovelace",
        "roles": ["editor"],
    }


def test_the_hash_of_an_access_token_is_the_left_half_of_its_digest() -> None:
    """The access token of the examples in OpenID Connect Core appendix A.3."""
    assert at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"
    assert at_hash("x", "ES256") == at_hash("x", "RS256")


@pytest.mark.parametrize("alg", get_args(VerifyAlg))
def test_the_digest_of_an_access_token_follows_the_id_tokens_algorithm(alg: VerifyAlg) -> None:
    """OpenID Connect Core §3.1.3.6; SHA-512 for Ed25519."""
    bits = "512" if alg in EDWARDS else alg[-3:]

    digest = hashlib.new(f"sha{bits}", b"text").digest()

    assert at_hash("text", alg) == base64.urlsafe_b64encode(digest[: int(bits) // 16]).rstrip(b"=").decode()


def test_a_token_that_should_not_be_has_a_hash_too() -> None:
    """An error of encoding would quote it."""
    assert len(at_hash("é\ud800", "RS256")) == 22


def test_an_answer_has_its_members_in_order_and_reveals_them_only_when_rendered() -> None:
    answer = TokenResponse(
        access_token=Secret("at-text"),
        expires_in_s=900,
        scope=Scope.parse("openid api"),
        refresh_token=Secret("rt-text"),
        refresh_expires_in=Millis(1_209_599_999),
        id_token=Secret("id-text"),
    )

    assert "-text" not in repr(answer)
    assert list(answer.render().items()) == [
        ("access_token", "at-text"),
        ("token_type", "Bearer"),
        ("expires_in", 900),
        ("refresh_token", "rt-text"),
        ("refresh_token_expires_in", 1_209_540),
        ("scope", "openid api"),
        ("id_token", "id-text"),
    ]


def test_an_answer_without_a_refresh_token_says_nothing_of_one() -> None:
    answer = TokenResponse(Secret("at"), 60, Scope.parse("api")).render()

    assert list(answer) == ["access_token", "token_type", "expires_in", "scope"]


@given(st.integers(-(10**6), 10**12))
def test_the_time_left_is_whole_minutes_and_never_too_long(left: int) -> None:
    answer = TokenResponse(Secret("a"), 1, Scope(), Secret("r"), Millis(left)).render()
    seconds = answer["refresh_token_expires_in"]

    assert isinstance(seconds, int)
    assert seconds % 60 == 0
    assert 0 <= seconds * 1000 <= max(0, left)


def test_the_discovery_document_holds_what_both_specifications_require() -> None:
    base = "https://id.example/realms/a"
    paths = ("authorize", "token", "jwks", "userinfo", "revoke", "introspect", "logout")
    document = discovery(
        base,
        Endpoints(*(f"{base}/{path}" for path in paths)),
        Capabilities(
            grant_types=("authorization_code", "refresh_token"),
            response_types=("code",),
            response_modes=("query",),
            client_auth_methods=("none", "client_secret_basic", "client_secret_post"),
            introspection_auth_methods=("client_secret_basic",),
            scopes=("openid",),
            claims=(*STANDARD_CLAIMS, *TOKEN_CLAIMS),
            id_token_algs=("RS256", "ES256"),
            prompts=("none", "login", "consent"),
            challenge_methods=("S256",),
        ),
    )

    assert document["issuer"] == base
    assert document["jwks_uri"] == f"{base}/jwks"
    assert document["end_session_endpoint"] == f"{base}/logout"
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["request_uri_parameter_supported"] is False
    assert {
        "authorization_endpoint",
        "token_endpoint",
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
    } <= set(document)
    assert json.loads(json.dumps(document)) == document


def test_an_issuer_without_a_path_has_one_place_for_each_document() -> None:
    for issuer in ("https://id.example", "https://id.example/", "http://localhost:8000"):
        paths = well_known_paths(issuer)
        assert paths.openid_configuration == ("/.well-known/openid-configuration",)
        assert paths.authorization_server == ("/.well-known/oauth-authorization-server",)


@pytest.mark.parametrize("issuer", ["https://id.example/realms/a", "https://id.example/realms/a/"])
def test_an_issuer_with_a_path_has_its_documents_where_either_specification_looks(issuer: str) -> None:
    """OpenID Connect Discovery §4 appends, RFC 8414 §3.1 inserts."""
    paths = well_known_paths(issuer)

    assert paths.openid_configuration == (
        "/realms/a/.well-known/openid-configuration",
        "/.well-known/openid-configuration/realms/a",
    )
    assert paths.authorization_server == (
        "/.well-known/oauth-authorization-server/realms/a",
        "/realms/a/.well-known/oauth-authorization-server",
    )


@pytest.mark.parametrize("issuer", ["", "id.example", "https://id.example/?a", "https://id.example/#a", "https:///x"])
def test_what_can_be_no_issuer_has_no_documents(issuer: str) -> None:
    with pytest.raises(ValueError, match="issuer"):
        well_known_paths(issuer)
