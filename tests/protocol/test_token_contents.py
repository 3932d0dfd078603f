"""What the tokens say. RFC 9068; OpenID Connect Core §2, §3.1.3.6, §12.2; RFC 8707."""

import hashlib
from base64 import urlsafe_b64encode

import pytest

from tests.protocol.conftest import NewProgram
from tests.protocol.program import OFFLINE, Program
from tests.protocol.registry import User
from tests.protocol.served import Served, body, error

API, OTHER_API = "https://api.example/orders", "https://api.example/stock"


def test_an_access_token_is_a_jwt_for_one_audience(served: Served, web: Program, user: User) -> None:
    """RFC 9068 §2.1, §2.2; S-037, S-048."""
    token = web.sign_in(user)["access_token"]
    header, claims = web.header(token), web.claims(token)

    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    assert claims["iss"] == served.url
    assert claims["aud"] == served.url
    assert (claims["sub"], claims["client_id"]) == (user.id, web.client.id)
    assert claims["scope"] == OFFLINE
    assert claims["exp"] - claims["iat"] == 900
    assert len(claims["jti"]) >= 22
    assert claims["roles"] == ["reader"]
    assert claims["amr"] == ["pwd"]
    assert claims["auth_time"] <= claims["iat"]


def test_an_access_token_names_its_grant(served: Served, web: Program, user: User) -> None:
    """design: "JWT access tokens carry `gid`"."""
    grant = served.registry.grant(web.claims(web.sign_in(user)["access_token"])["gid"])

    assert grant is not None
    assert (grant.client_id, grant.subject, grant.generation) == (web.client.id, user.id, 1)


def test_every_access_token_has_an_identifier_of_its_own(web: Program, user: User) -> None:
    """RFC 9068 §2.2 `jti`."""
    first = web.sign_in(user)
    second = web.renewed(first["refresh_token"])

    assert web.claims(first["access_token"])["jti"] != web.claims(second["access_token"])["jti"]


def test_an_id_token_tells_the_client_who_signed_in_and_how(served: Served, web: Program, user: User) -> None:
    """OpenID Connect Core §2."""
    tokens = web.sign_in(user, nonce="n-1")
    header, claims = web.header(tokens["id_token"]), web.claims(tokens["id_token"])

    assert (header["typ"], header["alg"]) == ("JWT", "RS256")
    assert (claims["iss"], claims["sub"]) == (served.url, user.id)
    assert (claims["aud"], claims["azp"]) == (web.client.id, web.client.id)
    assert (claims["nonce"], claims["amr"]) == ("n-1", ["pwd"])
    assert claims["sid"]
    assert claims["auth_time"] <= claims["iat"] < claims["exp"]
    assert (claims["name"], claims["email"], claims["email_verified"]) == ("Ada", "ada@example.com", True)


@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_an_id_token_is_tied_to_its_access_token(new_program: NewProgram, user: User, alg: str) -> None:
    """OpenID Connect Core §3.1.3.6; a client may ask for ES256 (§2)."""
    program = new_program(id_token_alg=alg)
    tokens = program.sign_in(user)
    left = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]

    assert program.header(tokens["id_token"])["alg"] == alg
    assert program.claims(tokens["id_token"])["at_hash"] == urlsafe_b64encode(left).rstrip(b"=").decode()


def test_claims_follow_the_scope(web: Program, user: User) -> None:
    """OpenID Connect Core §5.4."""
    claims = web.claims(web.sign_in(user, scope="openid profile")["id_token"])

    assert claims["name"] == "Ada"
    assert "email" not in claims


def test_a_refreshed_id_token_is_the_same_persons_from_the_same_sign_in(
    served: Served, web: Program, user: User
) -> None:
    """OpenID Connect Core §12.2: same iss, sub, aud, azp, auth_time, acr, amr, sid; no nonce; new at_hash."""
    first = web.sign_in(user, nonce="n-2")
    served.clock.advance(120_000)
    second = web.renewed(first["refresh_token"])
    before, after = web.claims(first["id_token"]), web.claims(second["id_token"])

    same = ("iss", "sub", "aud", "azp", "auth_time", "amr", "sid", "acr")
    assert [before.get(name) for name in same] == [after.get(name) for name in same]
    assert "nonce" not in after
    assert after["iat"] >= before["iat"] + 120
    assert after["at_hash"] != before["at_hash"]


def test_a_refresh_narrowed_below_openid_gives_no_id_token(web: Program, user: User) -> None:
    """OpenID Connect Core §12.1: only if `openid` is in the scope of this answer."""
    assert "id_token" not in web.renewed(web.sign_in(user)["refresh_token"], scope="read")


def test_a_resource_becomes_the_audience_and_brings_its_own_lifetime(
    served: Served, new_program: NewProgram, user: User
) -> None:
    """RFC 8707 §2.2."""
    identifier = f"{API}/a"
    served.registry.api(identifier, ("orders:read",), access_token_lifetime=120_000)
    program = new_program(audiences=(identifier,), scope="openid offline_access orders:read")

    tokens = program.sign_in(user, scope="openid offline_access orders:read", resource=identifier)
    claims = program.claims(tokens["access_token"])

    assert claims["aud"] == identifier
    assert claims["exp"] - claims["iat"] == tokens["expires_in"] == 120


def test_each_api_gets_a_token_with_its_own_scopes_only(served: Served, new_program: NewProgram, user: User) -> None:
    """RFC 8707 §2.2; S-037: one token has one audience."""
    one, two = f"{API}/b", f"{OTHER_API}/b"
    served.registry.api(one, ("b:orders",))
    served.registry.api(two, ("b:stock",))
    program = new_program(audiences=(one, two), scope="offline_access b:orders b:stock")
    tokens = program.sign_in(user, scope="offline_access b:orders b:stock")

    first = program.renewed(tokens["refresh_token"], resource=one)
    second = program.renewed(first["refresh_token"], resource=two)

    assert program.claims(first["access_token"])["aud"] == one
    assert "b:stock" not in first["scope"].split()
    assert program.claims(second["access_token"])["aud"] == two
    assert "b:orders" not in second["scope"].split()


def test_a_resource_beyond_the_grant_is_refused_and_spends_nothing(
    served: Served, new_program: NewProgram, user: User
) -> None:
    """RFC 8707 §2: `invalid_target`."""
    one, two = f"{API}/c", f"{OTHER_API}/c"
    served.registry.api(one, ("c:orders",))
    served.registry.api(two, ("c:stock",))
    program = new_program(audiences=(one, two), scope="offline_access c:orders c:stock")
    tokens = program.sign_in(user, scope="offline_access c:orders", resource=one)
    before = served.registry.rows()

    for wrong in (two, "https://nobody.example", f"{one}/"):
        assert error(program.refresh(tokens["refresh_token"], resource=wrong)) == (400, "invalid_target")

    assert served.registry.rows() == before
    assert program.refresh(tokens["refresh_token"]).status_code == 200


def test_two_resources_at_once_cannot_be_in_one_token(served: Served, new_program: NewProgram, user: User) -> None:
    """RFC 8707 §2.2 lets a server refuse that."""
    one, two = f"{API}/d", f"{OTHER_API}/d"
    served.registry.api(one, ("d:orders",))
    served.registry.api(two, ("d:stock",))
    program = new_program(audiences=(one, two), scope="offline_access d:orders d:stock")
    token = program.sign_in(user, scope="offline_access d:orders d:stock")["refresh_token"]

    answer = program.post_pairs(
        "/token", ("grant_type", "refresh_token"), ("refresh_token", token), ("resource", one), ("resource", two)
    )

    assert error(answer) == (400, "invalid_target")
    assert body(program.refresh(token, resource=one))["refresh_token"]
