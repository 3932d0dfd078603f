"""The well-known documents. RFC 8414; OpenID Connect Discovery 1.0."""

from pathlib import Path

import pytest

from evergrant.core.grants import GRANT_TYPES
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import Served, body, error
from tests.protocol.served import served as serving

OPENID, OAUTH = "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"


@pytest.mark.parametrize("path", [OPENID, OAUTH])
def test_the_issuer_is_the_configured_one_byte_by_byte(served: Served, path: str) -> None:
    """RFC 8414 §3.3; OpenID Connect Discovery §4.3."""
    answer = served.http.get(path)

    assert body(answer)["issuer"] == served.settings.issuer == served.url
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("slash", ["", "/"])
def test_no_slash_is_added_or_dropped(tmp_path: Path, slash: str) -> None:
    """product: "never add or drop a slash"; in the document, the tokens and the redirect alike."""
    with serving(tmp_path, path=slash) as server:
        program = Program(server, server.registry.client())
        code = program.ask(server.registry.user())
        told = [
            body(server.http.get(OPENID))["issuer"],
            code.landing.parameters["iss"],
            program.claims(body(program.exchange(code))["access_token"])["iss"],
        ]

        assert told == [server.url + slash] * 3


@pytest.mark.parametrize("path", [OPENID, OAUTH])
def test_what_must_be_there_is_there(served: Served, path: str) -> None:
    """RFC 8414 §2; OpenID Connect Discovery §3."""
    told = body(served.http.get(path))

    for name in ("authorization", "token", "userinfo", "revocation", "introspection", "end_session"):
        assert told[f"{name}_endpoint"].startswith(served.url + "/")
    assert told["jwks_uri"] == f"{served.url}/jwks"
    assert told["response_types_supported"] == ["code"]
    assert told["response_modes_supported"] == ["query"]
    assert told["subject_types_supported"] == ["public"]
    assert "RS256" in told["id_token_signing_alg_values_supported"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["request_uri_parameter_supported"] is False
    assert {"openid", "offline_access"} <= set(told["scopes_supported"])


def test_it_is_derived_from_the_codes_own_registries(served: Served) -> None:
    """It cannot promise what the server does not do."""
    told = body(served.http.get(OPENID))

    assert told["grant_types_supported"] == list(GRANT_TYPES)
    assert told["token_endpoint_auth_methods_supported"] == ["none", "client_secret_basic", "client_secret_post"]
    assert "none" not in told["introspection_endpoint_auth_methods_supported"]


def test_every_endpoint_it_names_answers(served: Served) -> None:
    told = body(served.http.get(OPENID))

    for name, url in told.items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert served.http.get(url).status_code in {200, 303, 400, 401, 405}, name


def test_both_documents_are_one(served: Served) -> None:
    """product: "Serve both well-known documents"; clients try either for both kinds of server."""
    assert served.http.get(OPENID).content == served.http.get(OAUTH).content


@pytest.mark.parametrize(
    "path",
    [
        f"/realms/disco{OPENID}",
        f"/realms/disco{OAUTH}",
        f"{OPENID}/realms/disco",
        f"{OAUTH}/realms/disco",
    ],
)
def test_a_realm_is_found_in_both_path_forms(served: Served, disco: str, path: str) -> None:
    """RFC 8414 §3.1 inserts before the issuer's path, OpenID Connect Discovery §4.1 appends to it."""
    told = body(served.http.get(path))

    assert told["issuer"] == disco
    assert told["token_endpoint"] == f"{disco}/token"
    assert told["jwks_uri"] == f"{disco}/jwks"


@pytest.fixture
def disco(served: Served) -> str:
    served.desk.ensure_realm("disco")
    return served.at("disco")


@pytest.mark.parametrize("prefix", ["/realms/nobody", "/realms/default", "/realms/DISCO", "/realms/../default"])
def test_a_realm_that_is_not_there_has_no_document(served: Served, prefix: str) -> None:
    """The default realm has one issuer URL, the root; a second spelling would be a second issuer to others."""
    assert served.http.get(prefix + OPENID).status_code == 404
    assert served.http.get(OAUTH + prefix).status_code == 404


def test_the_host_that_a_request_names_is_not_in_the_document(served: Served) -> None:
    """R-035, S-016: every URL comes from the configured issuer."""
    told = served.http.get(OPENID, headers={"Host": f"127.0.0.1:{served.port}", "X-Forwarded-Host": "evil.example"})

    assert body(told)["issuer"] == served.url
    assert "127.0.0.1" not in told.text
    assert "evil.example" not in told.text


def test_it_may_be_cached_for_a_while(served: Served) -> None:
    assert served.http.get(OPENID).headers["cache-control"] == "public, max-age=300"


def test_only_get_and_head_are_served(served: Served) -> None:
    """RFC 8414 §3.1."""
    assert error(served.http.post(OPENID)) == (405, "invalid_request")
    head = served.http.head(OPENID)
    assert (head.status_code, head.content) == (200, b"")


def test_scopes_of_registered_apis_are_listed(served: Served, user: User) -> None:
    """RFC 8414 §2 `scopes_supported`."""
    served.registry.api("https://disco.example", ("disco:read",))

    assert "disco:read" in body(served.http.get(OPENID))["scopes_supported"]
