"""What is handed out: signed by the active key, of the right type, saying what was decided."""

from dataclasses import replace

import pytest

from evergrant.core.access import Access
from evergrant.core.credential import MasterKeys
from evergrant.core.facts import StoredKey
from evergrant.core.issuance import Issuance, for_client, for_grant
from evergrant.jose.claims import Claims
from evergrant.jose.keys import generate
from evergrant.jose.signing import sign
from evergrant.jose.verifying import Expect, verify
from evergrant.protocol.claims import at_hash
from evergrant.protocol.scope import Scope
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis
from evergrant.server.access_tokens import AccessTokens
from evergrant.server.keyring import Keyring, seal_private
from evergrant.server.mint import Mint
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.chance import Chance
from evergrant.testing.clock import START, ManualClock
from tests.unit.server.records import ISSUER, REALM, WEB, a_client, a_grant, a_subject

KEYS = [generate("ES256"), generate("RS256")]
API = "https://api.example"
NOW_S = START // 1000
FROM_GRANT = for_grant(
    replace(a_grant(), acr="1", session_id="s-1"),
    replace(a_subject(), roles=("admin",), claims={"name": "Ada", "email": "ada@example.org"}),
    a_client(),
    Access(Scope.of("openid", "profile"), API, 900_000),
    nonce="n-1",
)


@pytest.fixture
async def keyring(realm_store: MemoryRealm, masters: MasterKeys, clock: ManualClock) -> Keyring:
    rows = [
        StoredKey(
            key.kid,
            key.alg,
            key.public().jwk(),
            seal_private(key, REALM, masters, Chance()),
            1,
            START,
            START,
            None,
            None,
        )
        for key in KEYS
    ]
    await realm_store.save_keys(rows, version=(await realm_store.realm()).version, events=())
    return Keyring(realm_store, REALM, masters, clock)


@pytest.fixture
def mint(keyring: Keyring, chance: Chance) -> Mint:
    return Mint(ISSUER, keyring, chance)


@pytest.fixture
def tokens(keyring: Keyring) -> AccessTokens:
    return AccessTokens(ISSUER, keyring)


async def claims_of(token: Secret, keyring: Keyring, alg: str, typ: str, audience: str) -> Claims:
    algorithm = KEYS[0].alg if alg == "ES256" else KEYS[1].alg
    expect = Expect(await keyring.trusted(), frozenset({algorithm}), frozenset({typ}), ISSUER, audience, 0)
    return verify(token.reveal(), expect, NOW_S)


async def test_an_access_token_says_who_for_what_and_for_how_long(mint: Mint, keyring: Keyring) -> None:
    minted = await mint.prepare(FROM_GRANT, START)

    claims = (await claims_of(minted.access_token, keyring, "ES256", "at+jwt", API)).values

    assert claims == {
        "iss": ISSUER,
        "sub": "u_ada",
        "aud": API,
        "exp": NOW_S + 900,
        "iat": NOW_S,
        "auth_time": NOW_S,
        "acr": "1",
        "amr": ["pwd"],
        "jti": minted.jti,
        "client_id": WEB,
        "scope": "openid profile",
        "roles": ["admin"],
        "gid": "00000000000000000000000000000001",
        "name": "Ada",
    }
    assert minted.expires_in == 900


async def test_an_id_token_is_bound_to_its_access_token_and_says_the_sign_in(mint: Mint, keyring: Keyring) -> None:
    minted = await mint.prepare(FROM_GRANT, START)
    assert minted.id_token is not None

    claims = (await claims_of(minted.id_token, keyring, "RS256", "JWT", WEB)).values

    assert claims == {
        "iss": ISSUER,
        "sub": "u_ada",
        "aud": WEB,
        "azp": WEB,
        "exp": NOW_S + 900,
        "iat": NOW_S,
        "auth_time": NOW_S,
        "acr": "1",
        "amr": ["pwd"],
        "nonce": "n-1",
        "sid": "s-1",
        "at_hash": at_hash(minted.access_token.reveal(), "RS256"),
        "name": "Ada",
    }


async def test_a_client_that_asks_for_es256_id_tokens_gets_them(mint: Mint, keyring: Keyring) -> None:
    minted = await mint.prepare(replace(FROM_GRANT, id_token_alg="ES256"), START)

    assert minted.id_token is not None
    assert (await claims_of(minted.id_token, keyring, "ES256", "JWT", WEB)).subject == "u_ada"


async def test_a_client_of_its_own_has_no_grant_no_sign_in_and_no_id_token(mint: Mint, tokens: AccessTokens) -> None:
    issuance = for_client(replace(a_client(), roles=("robot",)), Access(Scope.of("read"), API, 60_000))
    minted = await mint.prepare(issuance, START)

    access = await tokens.verify(minted.access_token, START)

    assert access is not None
    assert (access.subject, access.client_id, access.gid, minted.id_token) == (WEB, WEB, None, None)
    assert "auth_time" not in access.claims


async def test_no_two_tokens_have_one_id(mint: Mint) -> None:
    assert len({(await mint.prepare(FROM_GRANT, START)).jti for _ in range(100)}) == 100


async def test_a_token_is_verified_to_what_was_put_into_it(mint: Mint, tokens: AccessTokens) -> None:
    minted = await mint.prepare(FROM_GRANT, START)

    access = await tokens.verify(minted.access_token, START)

    assert access is not None
    assert (access.jti, access.client_id, access.audience) == (minted.jti, WEB, API)
    assert (access.scope, access.gid) == (Scope.of("openid", "profile"), a_grant().id)
    assert (access.issued_at, access.expires_at) == (START, START + 900_000)


async def test_a_token_is_dead_in_the_very_millisecond_it_expires(mint: Mint, tokens: AccessTokens) -> None:
    token = (await mint.prepare(FROM_GRANT, START)).access_token

    assert await tokens.verify(token, Millis(START + 899_999)) is not None
    assert await tokens.verify(token, Millis(START + 900_000)) is None


async def test_a_token_of_a_node_whose_clock_is_a_little_ahead_is_genuine(mint: Mint, tokens: AccessTokens) -> None:
    token = (await mint.prepare(FROM_GRANT, Millis(START + 4_000))).access_token

    assert await tokens.verify(token, START) is not None


async def test_an_id_token_is_no_access_token(mint: Mint, tokens: AccessTokens) -> None:
    """S-080"""
    id_token = (await mint.prepare(replace(FROM_GRANT, id_token_alg="ES256"), START)).id_token

    assert id_token is not None
    assert await tokens.verify(id_token, START) is None


async def test_a_token_of_another_issuer_with_our_own_key_is_not_ours(keyring: Keyring, chance: Chance) -> None:
    """S-086"""
    token = (await Mint("https://other.example", keyring, chance).prepare(FROM_GRANT, START)).access_token

    assert await AccessTokens(ISSUER, keyring).verify(token, START) is None


@pytest.mark.parametrize("text", ["", "garbage", "a.b.c", "eg_rt_" + "A" * 72, "é" * 20, "." * 20_000])
async def test_anything_else_is_simply_not_a_token(tokens: AccessTokens, text: str) -> None:
    assert await tokens.verify(Secret(text), START) is None


@pytest.mark.parametrize(
    "spoilt",
    [{"gid": "x"}, {"gid": 1}, {"jti": ""}, {"client_id": None}, {"scope": '"'}, {"aud": ["a", "b"]}, {"sub": ""}],
    ids=str,
)
async def test_a_signed_token_that_lacks_what_ours_have_is_refused(
    tokens: AccessTokens, mint: Mint, keyring: Keyring, spoilt: dict[str, object]
) -> None:
    genuine = await claims_of((await mint.prepare(FROM_GRANT, START)).access_token, keyring, "ES256", "at+jwt", API)

    token = sign({**genuine.values, **spoilt}, KEYS[0], "at+jwt")

    assert await tokens.verify(Secret(token), START) is None


async def test_nothing_minted_shows_its_token(mint: Mint) -> None:
    """S-041"""
    minted = await mint.prepare(FROM_GRANT, START)

    assert "eyJ" not in repr(minted)


async def test_a_lifetime_below_a_second_is_a_second(mint: Mint) -> None:
    issuance: Issuance = replace(FROM_GRANT, access=replace(FROM_GRANT.access, lifetime=1))

    assert (await mint.prepare(issuance, START)).expires_in == 1
