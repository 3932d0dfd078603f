"""Malformed, mutilated and mistaken tokens at every door that takes one. None changes a row."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator

import httpx2
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey

from tests.protocol.conftest import ON_BOTH
from tests.protocol.program import Code, Program
from tests.protocol.registry import User
from tests.protocol.served import Served, body, error

pytestmark = ON_BOTH
SPENT = (400, "invalid_grant")


def mutilated(token: str) -> Iterator[str]:
    """A genuine credential with something wrong: each of its 72 characters, its length, its spelling."""
    head, text = token[:6], token[6:]
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        yield head + text[:place] + other + text[place + 1 :]
    for length in (0, 1, 36, 71):
        yield head + text[:length]
    yield from (token + "A", token + "=", token + "==", " " + token, token + " ", token + "\n", "\ufeff" + token)
    yield from (text, token.upper(), token.lower(), token * 2, token.replace("_", "-", 1), head + "+" + text[1:])
    yield from ("eg_ac_" + text, "eg_rt_" + text, "eg_dc_" + text, "eg_xx_" + text, "EG_RT_" + text)


def differing(token: str) -> list[str]:
    """Only what is not the token itself."""
    return [wrong for wrong in mutilated(token) if wrong != token]


def test_no_mutilated_refresh_token_is_taken(served: Served, web: Program, user: User) -> None:
    """R-013: bit flips and truncations die at the MAC; nothing is spent."""
    token = web.sign_in(user)["refresh_token"]
    before = served.registry.rows()

    for wrong in differing(token):
        assert error(web.refresh(wrong)) == SPENT, wrong

    assert served.registry.rows() == before
    assert web.refresh(token).status_code == 200


def test_no_mutilated_code_is_taken(served: Served, web: Program, user: User) -> None:
    """R-013."""
    code = web.ask(user)
    before = served.registry.rows()

    for wrong in differing(code.text)[::3]:
        assert error(web.exchange(Code(wrong, code.verifier, code.landing))) == SPENT, wrong

    assert served.registry.rows() == before
    assert web.exchange(code).status_code == 200


def test_no_mutilated_token_is_revoked_or_known(served: Served, web: Program, user: User) -> None:
    """RFC 7009 §2.2, RFC 7662 §2.2: the same answer as for any unknown token."""
    token = web.sign_in(user)["refresh_token"]
    before = served.registry.rows()

    for wrong in differing(token)[::5]:
        assert (web.revoke(wrong).status_code, web.introspect(wrong)) == (200, {"active": False}), wrong

    assert served.registry.rows() == before
    assert web.refresh(token).status_code == 200


def test_every_kind_of_token_is_refused_where_another_is_due(served: Served, web: Program, user: User) -> None:
    """S-048, S-089, R-004: the kind is in the key; the type is in the header."""
    code, tokens = web.ask(user), web.sign_in(user)
    kinds = {"code": code.text, **{name: tokens[name] for name in ("refresh_token", "access_token", "id_token")}}
    before = served.registry.rows()

    for kind, token in kinds.items():
        if kind != "refresh_token":
            assert error(web.refresh(token)) == SPENT, kind
        if kind != "code":
            assert error(web.exchange(Code(token, code.verifier, code.landing))) == SPENT, kind
        if kind != "access_token":
            assert error(web.userinfo(token)) == (401, "invalid_token"), kind

    assert served.registry.rows() == before


def test_a_client_secret_is_no_token(served: Served, web: Program) -> None:
    secret = web.client.secret or ""

    assert error(web.refresh(secret)) == SPENT
    assert web.introspect(secret) == {"active": False}


def encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def decoded(part: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def forged(token: str, public: dict[str, str]) -> Iterator[str]:
    """An access token as its holder, or somebody who knows the public keys, could rewrite it."""
    head, payload, signature = token.split(".")
    header, claims = decoded(head), decoded(payload)
    own = ECKey.generate_key("P-256", {"kid": str(header["kid"])})
    more = {**claims, "roles": ["admin"], "scope": "openid admin", "exp": 4_000_000_000}

    def signed(changed: dict[str, object], by: ECKey | OctKey = own, **others: object) -> str:
        return str(jws.serialize_compact(changed, json.dumps({**more, **others}), by, algorithms=["ES256", "HS256"]))

    yield f"{head}.{encoded(more)}.{signature}"
    yield from (f"{head}.{payload}.", f"{head}.{payload}", f"{head}..{signature}", f".{payload}.{signature}")
    yield from (f"{head}.{payload}.{signature[:-4]}", f"{head}.{payload}.{signature}AAAA", token + ".x")
    for none in ("none", "None", "NONE", "nOnE"):
        yield f"{encoded({**header, 'alg': none})}.{encoded(more)}."
    yield signed(header)
    yield signed({**header, "jwk": own.as_dict(private=False)})
    yield signed({**header, "jku": "https://evil.example/jwks"})
    for kid in ("../../etc/passwd", "' OR 1=1 --", "", "x" * 2000):
        yield signed({**header, "kid": kid})
    yield signed({name: value for name, value in header.items() if name != "kid"})
    # The public key's text as a shared secret.
    yield signed({**header, "alg": "HS256"}, OctKey.import_key(json.dumps(public)))
    yield f"{encoded({**header, 'crit': ['x'], 'x': 1})}.{payload}.{signature}"
    yield f"{encoded({**header, 'b64': False, 'crit': ['b64']})}.{payload}.{signature}"
    yield f"{encoded({**header, 'zip': 'DEF'})}.{payload}.{signature}"
    yield f"{encoded({**header, 'typ': 'JWT'})}.{payload}.{signature}"
    yield from ("a.b.c", "..", ".", "eyJ", "\u00e9.\u00e9.\u00e9", "{}", "x" * 15_000)


@pytest.fixture
def doors(web: Program) -> Callable[[str], tuple[httpx2.Response, dict[str, object]]]:
    """Shows a token to userinfo (in a form: any text can be sent there) and to introspection."""

    def show(token: str) -> tuple[httpx2.Response, dict[str, object]]:
        return web.served.http.post("/userinfo", data={"access_token": token}), web.introspect(token)

    return show


def test_no_forged_access_token_is_taken(
    served: Served, web: Program, user: User, doors: Callable[[str], tuple[httpx2.Response, dict[str, object]]]
) -> None:
    """RFC 8725 §3.1, §3.2, §3.10; S-080, S-081, S-088; R-009, R-017 to R-019."""
    token = web.sign_in(user)["access_token"]
    public = next(key for key in body(served.http.get("/jwks"))["keys"] if key["alg"] == "ES256")
    before = served.registry.rows()

    for wrong in forged(token, public):
        if len(wrong) > 8_000:
            continue  # a parameter of that length is refused as such
        answer, told = doors(wrong)
        assert error(answer) == (401, "invalid_token"), wrong
        assert told == {"active": False}, wrong
        assert web.revoke(wrong).status_code == 200, wrong

    assert served.registry.rows() == before
    assert web.userinfo(token).status_code == 200


def test_a_token_of_our_key_with_another_issuer_or_time_is_refused(served: Served, web: Program, user: User) -> None:
    """RFC 9068 §4; R-020: our own signature alone proves nothing. Signed with the server's real key."""
    token = web.sign_in(user)["access_token"]
    header, claims = decoded(token.split(".")[0]), decoded(token.split(".")[1])
    key = ECKey.import_key(served.desk.signing_key_der("ES256"))
    missing = [
        {name: value for name, value in claims.items() if name != left} for left in ("exp", "iat", "iss", "aud", "sub")
    ]
    wrong = [
        {**claims, "iss": served.url + "/"},
        {**claims, "iss": served.at("other")},
        {**claims, "exp": int(str(claims["iat"])) - 1},
        {**claims, "exp": str(claims["exp"])},
        {**claims, "exp": -1},
        {**claims, "iat": int(str(claims["iat"])) + 600},
        {**claims, "jti": ""},
        {**claims, "gid": "zz"},
        {**claims, "gid": "00" * 16},
        {**claims, "client_id": "nobody"},
        *missing,
    ]

    def sign(changed: dict[str, object], typ: str = "at+jwt") -> str:
        return jwt.encode({**header, "typ": typ}, changed, key, algorithms=["ES256"])

    assert web.userinfo(sign(claims)).status_code == 200
    for claim in wrong:
        assert error(web.userinfo(sign(claim))) == (401, "invalid_token"), claim
        assert web.introspect(sign(claim)) == {"active": False}, claim
    for typ in ("JWT", "", "logout+jwt", "dpop+jwt"):
        assert error(web.userinfo(sign(claims, typ))) == (401, "invalid_token"), typ
