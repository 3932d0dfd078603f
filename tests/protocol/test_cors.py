"""Requests of pages of other origins. RFC 10017 "CORS"; RFC 9700 §2.6; S-017."""

import pytest

from tests.protocol.conftest import NewProgram
from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import Served, error

APP = "https://app.example"
OPEN = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server", "/jwks", "/token", "/revoke")
CLOSED = ("/authorize", "/introspect", "/sign-in", "/consent", "/logout", "/", "/metrics", "/healthz")


@pytest.mark.parametrize("path", [*OPEN, "/userinfo"])
def test_a_preflight_is_answered_without_credentials(served: Served, path: str) -> None:
    """Fetch §3.2: any origin, but never with cookies."""
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    answer = served.http.options(path, headers=asked)

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    # Also what MCP clients and Swagger UI send of their own.
    allowed = set(answer.headers["access-control-allow-headers"].lower().split(", "))
    assert {"authorization", "content-type", "mcp-protocol-version", "x-requested-with"} <= allowed
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", OPEN)
def test_answers_and_errors_may_be_read_by_pages_of_other_origins(served: Served, path: str) -> None:
    """A page that cannot read the error cannot tell the person what to do."""
    answer = served.http.request("POST" if path in ("/token", "/revoke") else "GET", path, headers={"Origin": APP})

    assert answer.headers["access-control-allow-origin"] == "*"
    assert {"WWW-Authenticate", "DPoP-Nonce"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert "origin" in answer.headers["vary"].lower()


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["OPTIONS", "GET", "POST"])
def test_pages_and_introspection_are_closed_to_other_origins(served: Served, path: str, method: str) -> None:
    """S-017: never on the authorization endpoint."""
    answer = served.http.request(method, path, headers={"Origin": APP, "Access-Control-Request-Method": "POST"})

    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", OPEN)
def test_an_opaque_origin_is_nobody(served: Served, path: str) -> None:
    """A sandboxed frame or a local file says `null`; S-017."""
    answer = served.http.request("POST" if path in ("/token", "/revoke") else "GET", path, headers={"Origin": "null"})

    assert "access-control-allow-origin" not in answer.headers


def test_the_userinfo_endpoint_is_open_too(served: Served, web: Program, user: User) -> None:
    """OpenID Connect Core §5.3."""
    token = web.sign_in(user)["access_token"]
    answer = served.http.get("/userinfo", headers={"Origin": APP, "Authorization": f"Bearer {token}"})

    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")


def test_a_client_is_served_from_its_registered_origins_only(
    served: Served, new_program: NewProgram, user: User
) -> None:
    """Row 1 of what it must do: "registered with … allowed origins". Refused before anything is spent."""
    program = new_program(public=True, allowed_origins=(APP,))
    code = program.ask(user)
    form: dict[str, str | None] = {
        "grant_type": "authorization_code",
        "code": code.text,
        "redirect_uri": program.client.redirect_uri,
        "code_verifier": code.verifier,
    }
    before = served.registry.rows()

    refused = program.post("/token", form, headers={"Origin": "https://other.example"})

    assert error(refused) == (400, "unauthorized_client")
    assert served.registry.rows() == before
    assert program.post("/token", form, headers={"Origin": APP}).status_code == 200


def test_a_client_is_also_served_from_where_its_redirects_go(new_program: NewProgram) -> None:
    program = new_program(allowed_origins=(APP,), redirect_uris=("https://spa.example/callback",))
    form: dict[str, str | None] = {"grant_type": "client_credentials"}

    assert program.post("/token", form, headers={"Origin": "https://spa.example"}).status_code == 200
    assert program.post("/token", form).status_code == 200


def test_without_registered_origins_any_origin_may_ask(new_program: NewProgram) -> None:
    form: dict[str, str | None] = {"grant_type": "client_credentials"}

    assert new_program().post("/token", form, headers={"Origin": "https://any.example"}).status_code == 200
