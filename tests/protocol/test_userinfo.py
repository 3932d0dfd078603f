"""The userinfo endpoint. OpenID Connect Core §5.3; RFC 6750."""

import pytest

from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import MINUTE, Served, body, error


def test_it_tells_what_the_scope_allows_and_always_who(web: Program, user: User) -> None:
    """OpenID Connect Core §5.3.2, §5.4."""
    answer = web.userinfo(web.sign_in(user)["access_token"])

    assert answer.status_code == 200
    assert body(answer) == {
        "sub": user.id,
        "name": "Ada",
        "email": "ada@example.com",
        "email_verified": True,
        "roles": ["reader"],
    }
    assert answer.headers["cache-control"] == "no-store"
    assert body(web.userinfo(web.sign_in(user, scope="openid")["access_token"])).keys() == {"sub", "roles"}


def test_it_tells_the_claims_of_now(served: Served, web: Program, user: User) -> None:
    """design: "Every refresh reads the subject again"; userinfo too."""
    token = web.sign_in(user)["access_token"]
    served.desk.set_roles(user, "writer", "reader")

    assert sorted(body(web.userinfo(token))["roles"]) == ["reader", "writer"]


def test_post_takes_the_token_from_the_header_or_the_form(served: Served, web: Program, user: User) -> None:
    """OpenID Connect Core §5.3.1; RFC 6750 §2.1, §2.2."""
    token = web.sign_in(user)["access_token"]
    by_header = served.http.post("/userinfo", headers={"Authorization": f"Bearer {token}"})
    by_form = served.http.post("/userinfo", data={"access_token": token})

    assert (by_header.status_code, by_form.status_code) == (200, 200)


def test_a_token_in_the_query_is_not_looked_at(served: Served, web: Program, user: User) -> None:
    """RFC 9700 §4.3.2; S-039."""
    answer = served.http.get("/userinfo", params={"access_token": web.sign_in(user)["access_token"]})

    assert answer.status_code == 401


def test_a_token_sent_twice_is_refused(served: Served, web: Program, user: User) -> None:
    """RFC 6750 §2: not more than one method."""
    token = web.sign_in(user)["access_token"]
    answer = served.http.post("/userinfo", data={"access_token": token}, headers={"Authorization": f"Bearer {token}"})

    assert error(answer) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_sends_no_token_is_told_the_scheme_and_no_error(served: Served, method: str) -> None:
    """RFC 6750 §3.1."""
    answer = served.http.request(method, "/userinfo")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="default", scope="openid"'
    assert "error" not in body(answer)


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "eg_rt_" + "A" * 72, "\u00e9", "x y"])
def test_a_bad_token_is_challenged_with_its_error(served: Served, token: str) -> None:
    """RFC 6750 §3, §3.1."""
    answer = served.http.get("/userinfo", headers={b"authorization": f"Bearer {token}".encode()})

    assert error(answer) == (401, "invalid_token")
    assert answer.headers["www-authenticate"].startswith('Bearer realm="default", error="invalid_token"')


def test_expired_tokens_are_invalid(served: Served, web: Program, user: User) -> None:
    """RFC 6750 §3.1."""
    token = web.sign_in(user)["access_token"]
    served.clock.advance(15 * MINUTE)

    assert error(web.userinfo(token)) == (401, "invalid_token")


def test_without_openid_the_scope_is_insufficient(web: Program, user: User) -> None:
    """RFC 6750 §3.1: 403, and the scope that is needed."""
    answer = web.userinfo(web.sign_in(user, scope="profile read")["access_token"])

    assert error(answer) == (403, "insufficient_scope")
    assert 'scope="openid"' in answer.headers["www-authenticate"]


def test_a_clients_own_token_is_about_nobody(web: Program) -> None:
    """RFC 6749 §4.4: there is no person."""
    token = body(web.token(grant_type="client_credentials"))["access_token"]

    assert error(web.userinfo(token)) == (403, "insufficient_scope")


def test_id_tokens_refresh_tokens_and_codes_are_no_access_tokens(web: Program, user: User) -> None:
    """RFC 9068 §4, RFC 8725 §3.11; S-048, S-089."""
    code, tokens = web.ask(user), web.sign_in(user)

    for wrong in (tokens["id_token"], tokens["refresh_token"], code.text):
        assert error(web.userinfo(wrong)) == (401, "invalid_token")


def test_another_realms_token_is_invalid_here(served: Served) -> None:
    """R-047; S-086: the issuer must own the key."""
    served.desk.new_realm("userinfo-other")
    elsewhere = Program(served, served.registry.client(realm="userinfo-other"))
    token = elsewhere.sign_in(served.registry.user(realm="userinfo-other"))["access_token"]

    assert elsewhere.userinfo(token).status_code == 200
    answer = served.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert error(answer) == (401, "invalid_token")


def test_it_is_dead_at_once_when_its_user_is_disabled(served: Served, web: Program, user: User) -> None:
    """S-035."""
    token = web.sign_in(user)["access_token"]
    served.desk.disable(user)

    assert error(web.userinfo(token)) == (401, "invalid_token")
