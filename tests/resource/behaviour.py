"""What every adapter does alike, whatever its framework: one suite, run over HTTP against the same small API in each.

A file of an adapter builds that API, for each path of `NEEDS` a handler that answers `said(token)` to GET and HEAD, and
`/open` that answers `OPEN` to anybody, all around one `notes_guard()`. It serves it (`tests.resource.serving`), gives
the suite a fixture `api`, and says

    class TestFlask(ApiBehaviour):
        "Flask."
"""

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import pytest

from evergrant.protocol.values import Millis
from evergrant.resource import ANY_TOKEN, AccessToken, Guard, Requirement, Resource, any_of, require
from evergrant.testing.issuer import CLIENT, SUBJECT, FakeIssuer

# Nobody listens on that port: without `trusted_by` the keys cannot be had.
NOTES: Final = Resource(
    "https://notes.example/api",
    "http://127.0.0.1:1",
    scopes={"notes:read": "Read your notes", "notes:write": "Change your notes", "notes:admin": "All notes"},
    implies={"notes:write": ["notes:read"]},
)
METADATA_PATH: Final = "/.well-known/oauth-protected-resource/api"
METADATA: Final = f'resource_metadata="https://notes.example{METADATA_PATH}"'

OPEN: Final[dict[str, object]] = {"open": True}
NEEDS: Final[Mapping[str, Requirement]] = {
    "/any": ANY_TOKEN,
    "/read": require("notes:read"),
    "/write": require("notes:write"),
    "/both": require("notes:read", "notes:share"),
    "/either": any_of("notes:read", "notes:admin"),
    "/step-up": require("notes:read", acr=["phr"], max_age_s=300),
    "/role": require(roles=["editor"]),
    "/client": require(clients=["desk", CLIENT]),
    "/claims": require(claims=lambda claims: claims.get("tenant") == "acme"),
}

NOW_S: Final = 4_000_000_000  # far from any clock here: who asks the machine for the time is found out
BAD: Final = "The access token is invalid or expired."
ROLE: Final = "The subject lacks a role that is needed here."
STRANGE_CLIENT: Final = "This is not for this client."
CLAIMS: Final = "What the token says is not enough here."


def now() -> Millis:
    """The time at this API: it stands still."""
    return Millis(NOW_S * 1000)


def notes_guard() -> Guard:
    """What an adapter is made around."""
    return Guard(NOTES, clock=now)


def said(token: AccessToken) -> dict[str, object]:
    """What a protected handler answers, as JSON."""
    return {"sub": token.subject, "client": token.client_id, "scopes": sorted(token.scopes)}


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The header, which is there once at most."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) < 2, values
        return values[0] if values else None

    @property
    def json(self) -> dict[str, object]:
        """The body, a JSON object."""
        return cast(dict[str, object], json.loads(self.body))


@dataclass(frozen=True, slots=True)
class Api:
    """The API under test: its port on 127.0.0.1 and its guard."""

    port: int
    guard: Guard

    def send(self, method: str, path: str, *headers: tuple[str, str]) -> Reply:
        """One request with exactly these headers, also if one comes twice."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            connection.endheaders()
            answer = connection.getresponse()
            return Reply(answer.status, tuple(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path: str, *authorization: str) -> Reply:
        """A GET with these `Authorization` headers."""
        return self.send("GET", path, *(("Authorization", value) for value in authorization))

    def show(self, path: str, token: str) -> Reply:
        """A GET with that token, as it should be shown."""
        return self.get(path, f"Bearer {token}")


class ApiBehaviour:
    """The suite. A subclass runs it on the `api` of its file."""

    @pytest.fixture
    def issuer(self, api: Api) -> Iterator[FakeIssuer]:
        """Trusted by the API."""
        issuer = FakeIssuer(NOTES, clock=now)
        with issuer.trusted_by(api.guard):
            yield issuer

    def test_what_is_open_needs_no_token(self, api: Api) -> None:
        reply = api.get("/open")

        assert (reply.status, reply.json) == (200, OPEN)

    @pytest.mark.parametrize(
        ("path", "scope", "claims"),
        [
            ("/any", "", {}),
            ("/read", "notes:read", {}),
            ("/write", "notes:read notes:write", {}),
            ("/both", "notes:read notes:share", {}),
            ("/either", "notes:read", {}),
            ("/either", "notes:admin", {}),
            ("/step-up", "notes:read", {"acr": "phr", "auth_time": NOW_S - 300}),
            ("/role", "", {"roles": ["reader", "editor"]}),
            ("/client", "", {"client_id": "desk"}),
            ("/claims", "", {"tenant": "acme"}),
        ],
    )
    def test_who_shows_what_is_needed_is_let_in_and_the_handler_knows_who_it_is(
        self, api: Api, issuer: FakeIssuer, path: str, scope: str, claims: Mapping[str, Any]
    ) -> None:
        reply = api.show(path, issuer.mint(scope=scope, **claims))

        client = claims.get("client_id", CLIENT)
        assert (reply.status, reply.json) == (200, {"sub": SUBJECT, "client": client, "scopes": sorted(scope.split())})
        assert reply.header("WWW-Authenticate") is None

    def test_a_scope_includes_what_it_implies(self, api: Api, issuer: FakeIssuer) -> None:
        reply = api.show("/read", issuer.mint(scope="notes:write"))

        assert (reply.status, reply.json["scopes"]) == (200, ["notes:read", "notes:write"])

    @pytest.mark.parametrize("authorization", [(), ("Basic dTpw",), ("Digest username=u, realm=r",), ("",)])
    @pytest.mark.parametrize(
        ("path", "wanted"),
        [
            ("/any", ""),
            ("/read", 'scope="notes:read", '),
            ("/both", 'scope="notes:read notes:share", '),
            ("/either", 'scope="notes:read", '),
        ],
    )
    def test_who_shows_no_token_is_told_of_no_error_only_what_to_get_and_where(
        self, api: Api, issuer: FakeIssuer, path: str, wanted: str, authorization: tuple[str, ...]
    ) -> None:
        """RFC 6750 §3.1, RFC 9728 §5.1."""
        reply = api.get(path, *authorization)

        assert_refused(reply, 401, f"Bearer {wanted}{METADATA}")
        assert reply.json == {}

    def test_s039_a_token_in_query_cookie_or_another_header_is_not_looked_at(
        self, api: Api, issuer: FakeIssuer
    ) -> None:
        token = issuer.mint()
        elsewhere = ("X-Access-Token", token), ("Cookie", f"access_token={token}")

        reply = api.send("GET", f"/any?access_token={token}", *elsewhere)

        assert_refused(reply, 401, f"Bearer {METADATA}")
        assert reply.json == {}

    @pytest.mark.parametrize(
        "shown", ["Bearer", "Bearer a b", 'Bearer "a"', pytest.param("Bearer " + 16385 * "a", id="too long")]
    )
    def test_what_can_be_no_token_is_told_to_be_malformed(self, api: Api, issuer: FakeIssuer, shown: str) -> None:
        reply = api.get("/any", shown)

        assert_refused_with(reply, 401, "invalid_token", "The access token is malformed.")

    @pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
    def test_the_scheme_may_be_written_in_any_case(self, api: Api, issuer: FakeIssuer, scheme: str) -> None:
        """RFC 9110 §11.1."""
        reply = api.get("/any", f"{scheme} {issuer.mint()}")

        assert reply.status == 200

    def test_two_authorization_headers_are_one_too_many_even_if_both_are_good(
        self, api: Api, issuer: FakeIssuer
    ) -> None:
        """RFC 6750 §3.1: more than one method. What joins headers with a comma on the way changes nothing."""
        shown = f"Bearer {issuer.mint()}"

        twice = [(shown, shown), ("Basic dTpw", shown), (f"{shown},{shown}",), (f"{shown}, Basic dTpw",)]
        replies = [api.get("/any", *both) for both in twice]

        for reply in replies:
            assert_refused_with(reply, 400, "invalid_request", "There is more than one Authorization header.")

    @pytest.mark.parametrize(
        "claims",
        [
            pytest.param({"lifetime_s": -31}, id="expired"),
            pytest.param({"iss": "https://other.example"}, id="of another issuer"),
            pytest.param({"aud": "https://other.example"}, id="for another API"),
            pytest.param({"aud": []}, id="for nobody"),
            pytest.param({"nbf": NOW_S + 31}, id="of tomorrow"),
            pytest.param({"client_id": None}, id="of no client"),
        ],
    )
    def test_a_token_that_is_not_good_here_is_refused(
        self, api: Api, issuer: FakeIssuer, claims: Mapping[str, Any]
    ) -> None:
        reply = api.show("/any", issuer.mint(**claims))

        assert_refused_with(reply, 401, "invalid_token", BAD)

    def test_s048_s089_an_id_token_opens_nothing(self, api: Api, issuer: FakeIssuer) -> None:
        replies = [api.show("/any", issuer.mint(typ=typ, nonce="n")) for typ in ("JWT", "logout+jwt")]

        for reply in replies:
            assert_refused_with(reply, 401, "invalid_token", BAD)

    def test_s103_a_token_that_is_bound_to_a_key_is_nothing_without_its_proof(
        self, api: Api, issuer: FakeIssuer
    ) -> None:
        reply = api.show("/any", issuer.mint(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}))

        assert_refused_with(reply, 401, "invalid_token", BAD)

    def test_a_token_that_a_stranger_signed_or_changed_is_refused(self, api: Api, issuer: FakeIssuer) -> None:
        head, claims, signature = issuer.mint(scope="notes:read").split(".")
        stranger = FakeIssuer(NOTES, clock=now).mint(scope="notes:read")

        for token in (stranger, f"{head}.{claims}.{'A' * len(signature)}", f"{head}.{claims}.", "opaque"):
            assert_refused_with(api.show("/any", token), 401, "invalid_token", BAD)

    @pytest.mark.parametrize(
        ("path", "held", "needed"),
        [
            ("/read", "", "notes:read"),
            ("/write", "notes:read", "notes:write"),
            ("/both", "notes:read", "notes:read notes:share"),
            ("/either", "notes:share", "notes:read"),
        ],
    )
    def test_a_token_that_does_not_reach_far_enough_is_told_all_that_is_needed(
        self, api: Api, issuer: FakeIssuer, path: str, held: str, needed: str
    ) -> None:
        """RFC 6750 §3.1: not just what is missing, so that what the client asks for next is enough."""
        reply = api.show(path, issuer.mint(scope=held))

        why = "The access token does not reach far enough."
        assert_refused_with(reply, 403, "insufficient_scope", why, f'scope="{needed}", ')

    @pytest.mark.parametrize(
        ("claims", "why"),
        [
            ({"acr": "pwd", "auth_time": NOW_S}, "Another sign-in is needed."),
            ({"auth_time": NOW_S}, "Another sign-in is needed."),
            ({"acr": "phr", "auth_time": NOW_S - 301}, "The last sign-in is too long ago."),
            ({"acr": "phr"}, "The last sign-in is too long ago."),
        ],
    )
    def test_a_sign_in_that_is_too_weak_or_too_old_is_told_which_one_is_needed(
        self, api: Api, issuer: FakeIssuer, claims: Mapping[str, Any], why: str
    ) -> None:
        """RFC 9470 §3."""
        reply = api.show("/step-up", issuer.mint(scope="notes:read", **claims))

        wanted = 'acr_values="phr", max_age="300", '
        assert_refused_with(reply, 401, "insufficient_user_authentication", why, wanted)

    @pytest.mark.parametrize(
        ("path", "claims", "why"),
        [
            ("/role", {"roles": ["reader"]}, ROLE),
            ("/client", {"client_id": "stranger"}, STRANGE_CLIENT),
            ("/claims", {"tenant": "other"}, CLAIMS),
        ],
    )
    def test_what_no_other_token_could_mend_is_refused_without_a_challenge(
        self, api: Api, issuer: FakeIssuer, path: str, claims: Mapping[str, Any], why: str
    ) -> None:
        reply = api.show(path, issuer.mint(scope="notes:write", **claims))

        assert_refused(reply, 403, None)
        assert reply.json == {"error": "access_denied", "error_description": why}

    def test_while_the_keys_cannot_be_had_nobody_is_told_that_the_token_is_bad(self, api: Api) -> None:
        """Clients throw a token away on `invalid_token`; on 503 they come again."""
        reply = api.show("/any", FakeIssuer(NOTES, clock=now).mint())

        assert_refused(reply, 503, None)
        assert reply.header("Retry-After") == "1"
        assert reply.json == {
            "error": "temporarily_unavailable",
            "error_description": "The access token cannot be checked at the moment.",
        }

    def test_while_the_keys_cannot_be_had_who_shows_no_token_is_answered_all_the_same(self, api: Api) -> None:
        replies = [api.get("/open"), api.get("/any"), api.get(METADATA_PATH), api.show(METADATA_PATH, "bad")]

        assert [reply.status for reply in replies] == [200, 401, 200, 200]

    def test_no_answer_holds_anything_of_the_token(self, api: Api, issuer: FakeIssuer) -> None:
        tokens = [issuer.mint(scope="notes:read"), issuer.mint(lifetime_s=-60), issuer.mint(aud="https://x.example")]

        for token in tokens:
            for path in NEEDS:
                reply = api.show(path, token)
                told = repr(reply.headers) + reply.body.decode()
                assert [part for part in token.split(".") if part in told] == []

    def test_the_document_of_the_api_is_for_anybody_also_for_scripts_in_browsers(self, api: Api) -> None:
        """RFC 9728 §3.1, §3.2."""
        reply = api.get(METADATA_PATH)

        assert (reply.status, reply.header("Content-Type")) == (200, "application/json")
        assert reply.header("Access-Control-Allow-Origin") == "*"
        assert reply.header("Cache-Control") == "public, max-age=3600"
        assert reply.json == {
            "resource": "https://notes.example/api",
            "authorization_servers": ["http://127.0.0.1:1"],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["notes:read", "notes:write", "notes:admin"],
        }

    def test_a_script_may_send_headers_of_its_own_when_it_asks_for_the_document(self, api: Api) -> None:
        """MCP clients in browsers send `MCP-Protocol-Version`, so the browser asks first."""
        reply = api.send("OPTIONS", METADATA_PATH, *preflight("mcp-protocol-version"))

        assert (reply.status, reply.body) == (204, b"")
        assert reply.header("Access-Control-Allow-Origin") == "*"
        assert reply.header("Access-Control-Allow-Methods") == "GET, HEAD"
        assert reply.header("Access-Control-Allow-Headers") == "*"

    def test_the_document_is_only_for_reading(self, api: Api) -> None:
        head, post = api.send("HEAD", METADATA_PATH), api.send("POST", METADATA_PATH)

        assert (head.status, head.body, head.header("Content-Type")) == (200, b"", "application/json")
        assert (post.status, post.header("Allow")) == (405, "GET, HEAD, OPTIONS")

    def test_a_head_is_judged_as_a_get_is(self, api: Api, issuer: FakeIssuer) -> None:
        good = ("Authorization", f"Bearer {issuer.mint(scope='notes:read')}")

        refused, admitted = api.send("HEAD", "/read"), api.send("HEAD", "/read", good)

        assert (refused.status, refused.body, admitted.status, admitted.body) == (401, b"", 200, b"")
        assert refused.header("WWW-Authenticate") == f'Bearer scope="notes:read", {METADATA}'

    @pytest.mark.parametrize("headers", [(), (("Origin", "https://app.example"),)])
    def test_an_options_without_a_token_learns_nothing(
        self, api: Api, issuer: FakeIssuer, headers: tuple[tuple[str, str], ...]
    ) -> None:
        reply = api.send("OPTIONS", "/any", *headers)

        assert reply.status in {200, 204, 401, 405}
        assert b"sub" not in reply.body


def preflight(*headers: str) -> tuple[tuple[str, str], ...]:
    """What a browser asks before it sends a GET with such headers from a page of another origin."""
    return (
        ("Origin", "https://app.example"),
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", ",".join(headers)),
    )


def assert_refused(reply: Reply, status: int, challenge: str | None) -> None:
    """The status, that challenge, JSON, and nothing to be kept by a cache."""
    assert (reply.status, reply.header("WWW-Authenticate")) == (status, challenge)
    assert reply.header("Content-Type") == "application/json"
    assert reply.header("Cache-Control") == "no-store"


def assert_refused_with(reply: Reply, status: int, error: str, why: str, wanted: str = "") -> None:
    """The same code and sentence in challenge and body; `wanted` is what else the challenge says, before the link."""
    challenge = f'Bearer error="{error}", error_description="{why}", {wanted}{METADATA}'
    assert_refused(reply, status, challenge)
    assert reply.json == {"error": error, "error_description": why}
