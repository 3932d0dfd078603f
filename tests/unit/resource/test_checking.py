"""What is a good access token for an API. RFC 9068 §4, RFC 8725; S-037, S-048, S-080 to S-090, S-103."""

from dataclasses import replace

import pytest
from joserfc import jwt

from evergrant.jose.errors import JoseError, JoseReason
from evergrant.jose.keys import generate
from evergrant.protocol.values import Millis
from evergrant.resource import AccessToken, Profile, Resource
from evergrant.resource.checking import Checker
from tests.unit.resource.notes import CLAIMS, ISSUER, KEY, KEYS, NOTES, NOW, NOW_S, later, token

FOREIGN = replace(NOTES, profile=Profile.FOREIGN)


def check(text: str, resource: Resource = NOTES, now: Millis = NOW) -> AccessToken:
    return Checker(resource).check(text, KEYS, now)


def reason(text: str, resource: Resource = NOTES, now: Millis = NOW) -> JoseReason:
    with pytest.raises(JoseError) as caught:
        check(text, resource, now)
    assert text not in f"{caught.value!r} {caught.value}"
    return caught.value.reason


def test_a_good_token_says_who_acts_for_whom_and_how_far() -> None:
    found = check(token(acr="phr", amr=["pwd", "otp"], auth_time=NOW_S - 60, gid="ab" * 16))

    assert (found.subject, found.client_id, found.issuer) == ("u_ada", "notes-web", ISSUER)
    assert (set(found.scopes), set(found.roles)) == ({"notes:read", "other"}, {"editor"})
    assert (found.expires_at, found.issued_at, found.auth_time) == (later(900), NOW, later(-60))
    assert (found.acr, found.amr, found.token_id, found.grant_id) == ("phr", ("pwd", "otp"), "t1", "ab" * 16)


def test_a_token_is_not_printed_with_all_it_says() -> None:
    assert "secret diagnosis" not in repr(check(token(note="secret diagnosis")))


@pytest.mark.parametrize("missing", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id"])
def test_s090_every_claim_of_rfc_9068_must_be_there(missing: str) -> None:
    assert reason(token(without=missing)) in (JoseReason.CLAIM, JoseReason.ISSUER)


@pytest.mark.parametrize("typ", ["JWT", "id+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt"])
def test_s048_s089_no_other_kind_of_token_is_taken_for_an_access_token(typ: str) -> None:
    assert reason(token(typ)) is JoseReason.TYPE


def test_s037_s087_a_token_for_another_api_is_refused() -> None:
    assert reason(token(aud="https://notes.example/api/")) is JoseReason.AUDIENCE
    assert reason(token(aud=["https://a.example", "https://b.example"])) is JoseReason.AUDIENCE


def test_a_token_may_be_for_several_apis_and_an_api_may_have_several_names() -> None:
    moved = replace(NOTES, also=("https://old.example/api",))

    assert check(token(aud=["https://a.example", NOTES.audience])).audience == ("https://a.example", NOTES.audience)
    assert check(token(aud="https://old.example/api"), moved).subject == "u_ada"


@pytest.mark.parametrize("issuer", [ISSUER + "/", ISSUER.upper(), "https://evil.example"])
def test_s086_the_issuer_is_compared_byte_by_byte(issuer: str) -> None:
    assert reason(token(iss=issuer)) is JoseReason.ISSUER


def test_s086_a_key_of_somebody_else_is_no_key() -> None:
    assert reason(token(key=generate("ES256"))) is JoseReason.UNKNOWN_KEY


def test_s080_an_algorithm_that_was_not_allowed_is_refused_though_its_key_is_known() -> None:
    assert reason(token(), replace(NOTES, algorithms={"RS256"})) is JoseReason.ALGORITHM


def test_a_token_lives_to_its_end_and_for_the_leeway_of_thirty_seconds() -> None:
    text = token()

    assert check(text, now=later(929)).subject == "u_ada"
    assert reason(text, now=later(930)) is JoseReason.EXPIRED
    assert check(text, now=later(-30)).subject == "u_ada"
    assert reason(text, now=later(-31)) is JoseReason.NOT_YET_VALID


def test_a_token_larger_than_16_kib_is_not_looked_at() -> None:
    assert reason(token(more="x" * 20_000)) is JoseReason.TOO_LARGE


def test_s103_a_token_that_is_bound_to_a_key_is_refused_without_the_proof() -> None:
    assert reason(token(cnf={"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"})) is JoseReason.CLAIM


def test_a_scope_includes_what_it_implies_however_indirectly() -> None:
    assert check(token(scope="notes:admin")).scopes == {"notes:admin", "notes:write", "notes:read"}
    assert check(token(scope="notes:write")).scopes == {"notes:write", "notes:read"}


def test_scopes_that_imply_each_other_are_one() -> None:
    circle = replace(NOTES, implies={"a": ["b"], "b": ["c"], "c": ["a"]})

    assert check(token(scope="b"), circle).scopes == {"a", "b", "c"}


@pytest.mark.parametrize("roles", ["editor", {"editor": True}, None, 7])
def test_roles_that_are_not_written_as_a_list_give_nobody_a_role(roles: object) -> None:
    assert check(token(roles=roles)).roles == frozenset()


def test_roles_may_lie_deeper() -> None:
    keycloak = replace(FOREIGN, roles_claim="realm_access.roles")
    auth0 = replace(FOREIGN, roles_claim="https://notes.example/roles")

    assert check(token("JWT", realm_access={"roles": ["admin"]}), keycloak).roles == {"admin"}
    assert check(token("JWT", named={"https://notes.example/roles": ["boss"]}), auth0).roles == {"boss"}


def test_an_issuer_that_follows_no_rfc_can_be_read_when_it_is_said() -> None:
    entra = token("JWT", without="client_id", azp="app-1", scope=None, scp="a b")
    okta = token("JWT", without="client_id", cid="app-2", scp=["a", "b"])

    assert (check(entra, FOREIGN).client_id, check(okta, FOREIGN).client_id) == ("app-1", "app-2")
    assert check(token("JWT", without="scope", scp="a b"), FOREIGN).scopes == {"a", "b"}
    assert check(token("JWT", without="scope", scp=["a", "b"]), FOREIGN).scopes == {"a", "b"}
    assert reason(entra) is JoseReason.TYPE


@pytest.mark.parametrize("mark", ["nonce", "at_hash", "c_hash"])
def test_s048_an_id_token_of_such_an_issuer_opens_nothing(mark: str) -> None:
    assert reason(token("JWT", named={mark: "x"}), FOREIGN) is JoseReason.TYPE


def test_a_check_follows_the_keys_it_is_given() -> None:
    checker = Checker(NOTES)
    other = generate("ES256")

    checker.check(token(), KEYS, NOW)

    with pytest.raises(JoseError):
        checker.check(token(), {other.kid: other.public()}, NOW)
    assert checker.check(token(key=other), {other.kid: other.public()}, NOW).subject == "u_ada"
    assert checker.check(token(), {KEY.kid: KEY.public()}, NOW).subject == "u_ada"


def test_a_token_of_such_an_issuer_need_not_name_the_only_key() -> None:
    unnamed = jwt.encode({"alg": "ES256"}, {**CLAIMS}, KEY.native, algorithms=["ES256"])

    assert check(unnamed, FOREIGN).subject == "u_ada"
    assert reason(unnamed) is JoseReason.TYPE
