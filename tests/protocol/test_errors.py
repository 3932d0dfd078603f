"""Every answer, errors and unknown paths included, has a form and an id. Nothing of the inside is ever shown."""

import pytest

from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import SECOND, Served, body, error


@pytest.mark.parametrize("path", ["/nothing", "/token/", "/Token", "//token", "/realms", "/realms/", "/.well-known/x"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_unknown_path_is_answered_in_json_with_an_id(served: Served, method: str, path: str) -> None:
    """A URL is what it is: no redirect for a slash too many."""
    answer = served.http.request(method, f"{served.url}{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    assert body(answer)["correlation_id"] == answer.headers["x-correlation-id"]


@pytest.mark.parametrize(
    "path", ["/token", "/revoke", "/userinfo", "/jwks", "/authorize", "/.well-known/openid-configuration"]
)
def test_an_unknown_realm_is_not_found_anywhere(served: Served, path: str) -> None:
    """RFC 9110 §15.5.5."""
    answer = served.http.post(f"/realms/nobody{path}")

    assert error(answer) == (404, "invalid_request")
    assert body(answer)["correlation_id"] == answer.headers["x-correlation-id"]


@pytest.mark.parametrize("path", ["/healthz", "/token", "/authorize", "/nothing", "/jwks", "/static/x", "/"])
def test_every_answer_has_an_id_and_no_sniffing(served: Served, path: str) -> None:
    answer = served.http.get(path)

    assert len(answer.headers["x-correlation-id"]) == 16
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_callers_own_correlation_id_is_not_believed(served: Served) -> None:
    """Somebody else's id would tie his request to another one's story."""
    answer = served.http.get("/nothing", headers={"X-Correlation-Id": "0123456789abcdef"})

    assert answer.headers["x-correlation-id"] != "0123456789abcdef"


def test_the_reason_is_in_the_log_and_in_the_event_and_not_in_the_answer(
    served: Served, web: Program, user: User
) -> None:
    """design: "The reason goes to log, metric and event under a correlation id that the answer carries"."""
    token = web.sign_in(user)["refresh_token"]
    web.refresh(token)
    served.clock.advance(61 * SECOND)

    refused = web.refresh(token)
    correlation_id = refused.headers["x-correlation-id"]

    assert "reused" not in refused.text
    assert ("grant_reused", "reused") in served.registry.events(correlation_id)
    assert "reused" in {line.get("reason") for line in served.log.about(correlation_id)}


def test_every_request_is_one_line_in_the_log_without_its_query(served: Served) -> None:
    answer = served.http.get("/nothing?secret=hunter2")
    lines = served.log.about(answer.headers["x-correlation-id"])

    assert [line["event"] for line in lines] == ["request"]
    assert "hunter2" not in repr(lines)


def test_a_token_request_is_one_line_that_says_what_was_decided(served: Served, web: Program, user: User) -> None:
    """ADR 0021. It is there before the answer is."""
    token = web.sign_in(user)["refresh_token"]

    renewed, refused = web.refresh(token), web.refresh("nonsense")
    (success,) = served.log.about(renewed.headers["x-correlation-id"])
    (failure,) = served.log.about(refused.headers["x-correlation-id"])

    assert {name: success[name] for name in ("event", "level", "status", "decision", "client_id", "generation")} == {
        "event": "request",
        "level": "info",
        "status": 200,
        "decision": "renew",
        "client_id": web.client.id,
        "generation": 1,
    }
    assert {name: failure[name] for name in ("event", "level", "status", "decision", "error", "reason")} == {
        "event": "request",
        "level": "warning",
        "status": 400,
        "decision": "refuse",
        "error": "invalid_grant",
        "reason": "garbage",
    }


def test_the_server_does_not_say_what_it_is_made_of(served: Served) -> None:
    headers = served.http.get("/nothing").headers

    assert headers.keys().isdisjoint({"server", "x-powered-by"})
