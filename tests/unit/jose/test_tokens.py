"""Signing and verifying. RFC 7515, RFC 7519, RFC 8725; S-080 to S-090, R-017 to R-021."""

import hashlib
import hmac
import json
import zlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt

from evergrant.jose.claims import Claims
from evergrant.jose.errors import JoseError, JoseReason
from evergrant.jose.keys import Alg, SigningKey
from evergrant.jose.signing import sign
from evergrant.jose.verifying import UNTYPED, AnyAudience, Expect, ExpiredAllowed, verify
from evergrant.protocol.secret import Secret
from tests.unit.jose.forging import (
    ALGS,
    API,
    ATTACKER,
    CLAIMS,
    EC,
    EXPECT,
    ISSUER,
    KEYS,
    NOW,
    b64,
    forge,
    header,
    payload,
    reason,
)


@pytest.mark.parametrize("alg", ALGS)
def test_a_token_we_signed_says_what_we_said(alg: Alg) -> None:
    claims = verify(sign(CLAIMS, KEYS[alg], "at+jwt"), EXPECT, NOW)

    assert (claims.issuer, claims.audience) == (ISSUER, (API,))
    assert (claims.expires_at_s, claims.issued_at_s) == (NOW + 900, NOW)
    assert (claims.subject, claims.text("name"), claims.texts("roles")) == ("ada", "Ada Lovelace", ("editor",))
    assert dict(claims.values) == CLAIMS


@pytest.mark.parametrize("alg", ALGS)
def test_joserfc_reads_what_we_sign_and_we_read_what_it_signs(alg: Alg) -> None:
    key = KEYS[alg]

    theirs = jwt.encode({"alg": alg, "kid": key.kid, "typ": "at+jwt"}, CLAIMS, key.native, algorithms=[alg])
    read = jwt.decode(sign(CLAIMS, key, "at+jwt"), key.public().native, algorithms=[alg])

    assert verify(theirs, EXPECT, NOW).subject == "ada"
    assert read.claims == CLAIMS
    assert read.header == {"alg": alg, "kid": key.kid, "typ": "at+jwt"}


@given(st.text(), st.lists(st.text(), max_size=4), st.integers(0, 2**53))
def test_any_text_and_number_comes_back_as_it_went(name: str, roles: list[str], number: int) -> None:
    claims = verify(sign({**CLAIMS, "name": name, "roles": roles, "n": number}, EC, "at+jwt"), EXPECT, NOW)

    assert (claims.text("name"), list(claims.texts("roles")), claims.integer("n")) == (name, roles, number)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", Secret("hidden"), b"bytes"])
def test_what_has_no_json_is_not_signed(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        sign({**CLAIMS, "x": value}, EC, "at+jwt")


@pytest.mark.parametrize(
    "change",
    [
        lambda: replace(EXPECT, algorithms=frozenset()),
        lambda: replace(EXPECT, typ=frozenset()),
        lambda: replace(EXPECT, issuer=""),
        lambda: replace(EXPECT, audience=""),
        lambda: replace(EXPECT, leeway_s=-1),
        lambda: replace(EXPECT, leeway_s=301),
    ],
    ids=["algorithms", "typ", "issuer", "audience", "leeway below", "leeway above"],
)
def test_s080_an_expectation_that_leaves_something_out_cannot_be_made(change: Callable[[], Expect]) -> None:
    with pytest.raises(ValueError, match=r"given|leeway"):
        change()


@given(st.data())
def test_r013_any_change_of_one_character_or_length_is_refused(data: st.DataObject) -> None:
    token = sign(CLAIMS, EC, "at+jwt")
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[at]))
    spoilt = data.draw(
        st.sampled_from(
            [token[:at] + other + token[at + 1 :], token[:at], token[at + 1 :], token[:at] + other + token[at:]]
        )
    )

    reason(spoilt)


@given(st.text())
def test_any_text_is_refused_without_another_error(token: str) -> None:
    reason(token)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_any_header_and_payload_are_refused_without_another_error(head: bytes, body: bytes) -> None:
    reason(forge(head, body))
    reason(forge(header(), body))


def test_s085_a_token_above_16_kib_is_refused_unread() -> None:
    assert reason(sign({**CLAIMS, "x": "x" * 13_000}, EC, "at+jwt")) is JoseReason.TOO_LARGE


@pytest.mark.parametrize("token", ["", ".", "..", "a.b", "a.b.c.d", "a.b.c.d.e", "a b.c.d", "a.b.ç", "a.b.c\n"])
def test_what_is_no_compact_token_is_malformed(token: str) -> None:
    assert reason(token) is JoseReason.MALFORMED


def test_another_spelling_of_the_same_signature_is_refused() -> None:
    token = sign(CLAIMS, EC, "at+jwt")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(token[-1])
    others = [token[:-1] + alphabet[last ^ bits] for bits in range(1, 16)]

    assert {reason(other) for other in others} == {JoseReason.MALFORMED}
    assert reason(token + "=") is JoseReason.MALFORMED


@pytest.mark.parametrize("member", ["crit", "b64", "zip", "enc"])
@pytest.mark.parametrize("value", [["exp"], ["b64"], [], False, True, None, "DEF"])
def test_r017_s081_headers_that_change_the_meaning_are_refused(member: str, value: object) -> None:
    assert reason(forge(header(**{member: value}), payload())) is JoseReason.FORBIDDEN_HEADER


def public_encodings() -> list[bytes]:
    """Every form in which our public key could be taken for an HMAC secret."""
    found: list[bytes] = []
    for key in KEYS.values():
        public = key.native.public_key
        published = key.public().jwk()
        found += [
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
            public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH),
            json.dumps(published).encode(),
            json.dumps(published, separators=(",", ":")).encode(),
            published.get("n", published.get("x", "")).encode(),
        ]
    return [*found, b""]


@pytest.mark.parametrize("secret", public_encodings(), ids=[f"form {n}" for n in range(len(public_encodings()))])
@pytest.mark.parametrize("alg", ["HS256", "ES256", "RS256"])
def test_r018_s084_a_public_key_is_never_an_hmac_secret(secret: bytes, alg: str) -> None:
    for key in KEYS.values():
        signed = f"{b64(json.dumps(header(alg=alg, kid=key.kid)).encode())}.{b64(payload())}"
        token = f"{signed}.{b64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"

        assert reason(token) in (JoseReason.ALGORITHM, JoseReason.SIGNATURE)


@pytest.mark.parametrize(
    "alg", ["none", "NONE", "HS256", "PS256", "ES384", "es256", "RSA1_5", "PBES2-HS256+A128KW", "", None, 1, [], {}]
)
def test_s081_r021_other_algorithms_do_not_exist(alg: object) -> None:
    assert reason(forge(header(alg=alg, p2c=2**31 - 1), payload())) is JoseReason.ALGORITHM


def test_s081_a_token_without_a_signature_is_refused() -> None:
    unsigned = f"{b64(json.dumps({'alg': 'none', 'kid': EC.kid, 'typ': 'at+jwt'}).encode())}.{b64(payload())}"

    assert reason(unsigned + ".") is JoseReason.MALFORMED
    assert reason(unsigned + "." + b64(b"\0" * 64)) is JoseReason.ALGORITHM


def test_s080_an_algorithm_that_was_not_asked_for_is_refused() -> None:
    only_rsa = replace(EXPECT, algorithms=frozenset[Alg]({"RS256"}))

    assert reason(sign(CLAIMS, EC, "at+jwt"), only_rsa) is JoseReason.ALGORITHM


def test_s080_a_key_is_used_with_its_own_algorithm_only() -> None:
    token = forge(header(alg="RS256", kid=EC.kid), payload(), KEYS["RS256"])

    assert reason(token) is JoseReason.ALGORITHM


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t"])
@pytest.mark.parametrize("kid", [EC.kid, ATTACKER.kid], ids=["ours", "theirs"])
def test_r019_s088_a_key_in_the_header_is_not_used(member: str, kid: str) -> None:
    values = {"jwk": ATTACKER.public().jwk(), "x5c": [b64(b"certificate")], "x5t": "x"}
    token = forge(header(kid=kid, **{member: values.get(member, "https://evil.example/k")}), payload(), ATTACKER)

    assert reason(token) in (JoseReason.UNKNOWN_KEY, JoseReason.SIGNATURE)


@pytest.mark.parametrize(
    "kid",
    ["", "../../etc/passwd", "' OR 1=1 --", "/dev/null", "\0", EC.kid.lower(), None, 1, [EC.kid], {}],
    ids=["empty", "path", "sql", "device", "nul", "lower", "none", "number", "list", "object"],
)
def test_s088_a_kid_is_only_ever_a_name(kid: object) -> None:
    asked: list[str] = []

    def look_up(name: str) -> None:
        asked.append(name)

    assert reason(forge(header(kid=kid), payload())) is JoseReason.UNKNOWN_KEY
    assert reason(forge(header(kid=kid), payload()), replace(EXPECT, keys=look_up)) is JoseReason.UNKNOWN_KEY
    assert asked == ([kid] if isinstance(kid, str) else [])


def test_keys_may_be_looked_up_by_a_function() -> None:
    looked_up = replace(EXPECT, keys={EC.kid: EC.public()}.get)

    assert verify(sign(CLAIMS, EC, "at+jwt"), looked_up, NOW).subject == "ada"


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"])
def test_the_type_is_compared_without_case_and_prefix(typ: str) -> None:
    """RFC 7515 §4.1.9."""
    assert verify(sign(CLAIMS, EC, typ), EXPECT, NOW).subject == "ada"
    assert verify(sign(CLAIMS, EC, "at+jwt"), replace(EXPECT, typ=frozenset({typ})), NOW).subject == "ada"


KINDS = """
    at+jwt JWT logout+jwt dpop+jwt secevent+jwt oauth-authz-req+jwt token-introspection+jwt
    client-authentication+jwt
"""
TYPES = KINDS.split()


@pytest.mark.parametrize("made", TYPES)
@pytest.mark.parametrize("wanted", TYPES)
def test_s089_each_kind_of_token_is_refused_where_another_is_wanted(made: str, wanted: str) -> None:
    expect = replace(EXPECT, typ=frozenset({wanted}))
    token = sign(CLAIMS, EC, made)

    if made == wanted:
        assert verify(token, expect, NOW).subject == "ada"
    else:
        assert reason(token, expect) is JoseReason.TYPE


@pytest.mark.parametrize("typ", ["", "text/at+jwt", "at+jwt ", None, 1, ["at+jwt"], {"at+jwt": 1}])
def test_s089_a_type_that_is_no_type_is_refused(typ: object) -> None:
    assert reason(forge(header(typ=typ), payload())) is JoseReason.TYPE


def test_a_token_without_a_type_is_refused_unless_that_is_said() -> None:
    token = forge({"alg": "ES256", "kid": EC.kid}, payload())

    assert reason(token) is JoseReason.TYPE
    assert verify(token, replace(EXPECT, typ=frozenset({UNTYPED})), NOW).subject == "ada"


@pytest.mark.parametrize("claim", ["exp", "iat"])
@pytest.mark.parametrize(
    "value", [None, "", str(NOW + 900), NOW + 900.5, 1e300, -1, True, [NOW], {}, 2**53 + 1, 10**40]
)
def test_r020_s090_a_time_that_is_no_whole_number_is_refused(claim: str, value: object) -> None:
    assert reason(forge(header(), payload(**{claim: value}))) in (JoseReason.CLAIM, JoseReason.MALFORMED)


@pytest.mark.parametrize(
    ("claim", "why"),
    [
        ("exp", JoseReason.CLAIM),
        ("iat", JoseReason.CLAIM),
        ("iss", JoseReason.ISSUER),
        ("aud", JoseReason.CLAIM),
    ],
)
def test_r020_s090_a_missing_claim_is_refused(claim: str, why: JoseReason) -> None:
    left = {name: value for name, value in CLAIMS.items() if name != claim}

    assert reason(sign(left, EC, "at+jwt")) is why


@pytest.mark.parametrize("value", [None, "", ISSUER + "/", ISSUER.upper(), [ISSUER], {}, 1, "https://id.example.evil"])
def test_s086_the_issuer_is_compared_byte_by_byte(value: object) -> None:
    assert reason(forge(header(), payload(iss=value))) is JoseReason.ISSUER


@pytest.mark.parametrize("value", [None, "", [], [""], [API, 1], [API, None], {API: 1}, 1, [[API]]])
def test_s087_an_audience_that_is_no_text_or_list_of_texts_is_refused(value: object) -> None:
    for audience in (API, AnyAudience()):
        assert reason(forge(header(), payload(aud=value)), replace(EXPECT, audience=audience)) is JoseReason.CLAIM


@pytest.mark.parametrize("value", [API + "/", API.upper(), "https://other.example", ["https://other.example"]])
def test_s087_another_audience_is_refused_and_any_must_be_asked_for(value: object) -> None:
    token = forge(header(), payload(aud=value))

    assert reason(token) is JoseReason.AUDIENCE
    assert verify(token, replace(EXPECT, audience=AnyAudience()), NOW).subject == "ada"


def test_one_of_several_audiences_is_enough() -> None:
    assert verify(forge(header(), payload(aud=["x", API])), EXPECT, NOW).audience == ("x", API)


@pytest.mark.parametrize("value", [None, "", 1, ["ada"], {}])
def test_s086_a_subject_that_is_no_text_is_refused(value: object) -> None:
    assert reason(forge(header(), payload(sub=value))) is JoseReason.CLAIM


def test_s086_who_asks_for_a_subject_gets_one_or_an_error() -> None:
    without = {name: value for name, value in CLAIMS.items() if name != "sub"}

    with pytest.raises(JoseError):
        _ = verify(sign(without, EC, "at+jwt"), EXPECT, NOW).subject


def test_a_token_lives_until_its_end_and_the_leeway() -> None:
    token = sign(CLAIMS, EC, "at+jwt")

    assert verify(token, EXPECT, NOW + 904).subject == "ada"
    assert reason(token, now_s=NOW + 905) is JoseReason.EXPIRED


def test_a_token_is_not_valid_before_its_time() -> None:
    token = sign(CLAIMS, EC, "at+jwt")
    later = sign({**CLAIMS, "nbf": NOW + 100}, EC, "at+jwt")

    assert verify(token, EXPECT, NOW - 5).subject == "ada"
    assert reason(token, now_s=NOW - 6) is JoseReason.NOT_YET_VALID
    assert reason(later) is JoseReason.NOT_YET_VALID
    assert verify(later, EXPECT, NOW + 95).subject == "ada"
    assert reason(forge(header(), payload(nbf="soon"))) is JoseReason.CLAIM
    assert reason(forge(header(), payload(nbf=None))) is JoseReason.CLAIM


def test_an_expired_hint_is_still_true_but_must_be_ours() -> None:
    """OpenID Connect RP-Initiated Logout §2."""
    hint = replace(EXPECT, expiry=ExpiredAllowed())
    stranger = SigningKey(EC.kid, "ES256", ATTACKER.native)

    assert verify(sign(CLAIMS, EC, "at+jwt"), hint, NOW + 10**9).subject == "ada"
    assert reason(sign(CLAIMS, stranger, "at+jwt"), hint, NOW + 10**9) is JoseReason.SIGNATURE
    assert reason(forge(header(), payload(exp=None)), hint, NOW) is JoseReason.CLAIM


def test_r021_a_compressed_bomb_is_not_opened() -> None:
    bomb = zlib.compress(b"0" * 8_000_000, 9)

    assert reason(forge(header(zip="DEF"), bomb[:9000])) is JoseReason.FORBIDDEN_HEADER
    assert reason(forge(header(), bomb[:9000])) is JoseReason.MALFORMED


@pytest.mark.parametrize(
    "read",
    [
        lambda claims: claims.text("roles"),
        lambda claims: claims.texts("name"),
        lambda claims: claims.texts("mixed"),
        lambda claims: claims.integer("name"),
        lambda claims: claims.integer("yes"),
    ],
    ids=["list as text", "text as list", "mixed list", "text as number", "yes as number"],
)
def test_a_claim_of_another_type_is_an_error_and_an_absent_one_is_not(read: Callable[[Claims], object]) -> None:
    claims = verify(sign({**CLAIMS, "mixed": ["a", 1], "yes": True}, EC, "at+jwt"), EXPECT, NOW)

    with pytest.raises(JoseError):
        read(claims)

    assert (claims.text("absent"), claims.texts("absent"), claims.integer("absent")) == (None, (), None)
