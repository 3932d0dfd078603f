"""The published keys. RFC 7517; design: "Keys"."""

from pathlib import Path

from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import Served, body
from tests.protocol.served import served as serving

PUBLIC = {"EC": {"kty", "crv", "x", "y", "kid", "alg", "use"}, "RSA": {"kty", "n", "e", "kid", "alg", "use"}}


def test_every_key_is_public_and_says_what_it_is_for(served: Served) -> None:
    """RFC 7517 §4; S-080, S-083: no private member ever."""
    keys = body(served.http.get("/jwks"))["keys"]

    assert {key["alg"] for key in keys} == {"ES256", "RS256"}
    for key in keys:
        assert key.keys() == PUBLIC[key["kty"]]
        assert key["use"] == "sig"
    assert len({key["kid"] for key in keys}) == len(keys)


def test_tokens_name_a_published_key(web: Program, user: User) -> None:
    """RFC 7515 §4.1.4."""
    tokens = web.sign_in(user)
    published = {key["kid"] for key in body(web.served.http.get("/jwks"))["keys"]}

    assert {web.header(tokens["access_token"])["kid"], web.header(tokens["id_token"])["kid"]} <= published


def test_it_may_be_cached_but_not_for_long(served: Served) -> None:
    """Shorter by far than a key is published before it signs."""
    answer = served.http.get("/jwks")

    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.headers["content-type"] in {"application/json", "application/jwk-set+json"}


def test_a_rotation_signs_with_new_keys_and_keeps_the_old_ones_published(tmp_path: Path) -> None:
    """Q-09: tokens of before stay good until they expire."""
    with serving(tmp_path) as server:
        program, user = Program(server, server.registry.client()), server.registry.user()
        before = program.sign_in(user)
        server.desk.rotate_keys()

        after = program.renewed(before["refresh_token"])

        for name in ("access_token", "id_token"):
            assert program.header(after[name])["kid"] != program.header(before[name])["kid"]
            assert program.claims(before[name])["iss"] == program.claims(after[name])["iss"] == server.url
        assert program.userinfo(before["access_token"]).status_code == 200


def test_every_realm_has_keys_of_its_own(served: Served) -> None:
    """R-047; Q-10."""
    served.desk.ensure_realm("keys-other")
    here = {key["kid"] for key in body(served.http.get("/jwks"))["keys"]}
    there = {key["kid"] for key in body(served.http.get(f"{served.at('keys-other')}/jwks"))["keys"]}

    assert here
    assert there
    assert here.isdisjoint(there)
