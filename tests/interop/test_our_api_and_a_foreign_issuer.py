"""An API that trusts an issuer which nobody here wrote: its JSON Web Tokens by signature, its others by asking."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from evergrant.client import Secret, TokenSet
from evergrant.resource import (
    ApiClient,
    ByShape,
    Guard,
    IntrospectionVerifier,
    JwtVerifier,
    Profile,
    Refused,
    Resource,
    require,
)
from tests.interop.abroad import Abroad, abroad
from tests.support.oidc_provider import API, OPAQUE_API, OidcProvider, foreign_issuer

ELSEWHERE: Final = "https://elsewhere.example.com"
PROFILES: Final = [Profile.RFC9068, Profile.FOREIGN]


@dataclass(frozen=True, slots=True)
class Issued:
    """What somebody's sign-ins have brought, one for each kind of access token."""

    by: Abroad
    jwt: TokenSet
    opaque: TokenSet
    for_userinfo: TokenSet


@pytest.fixture(scope="module", params=["confidential", "public"])
def issued(request: pytest.FixtureRequest, oidc_provider: OidcProvider) -> Iterator[Issued]:
    """To each of the two clients."""
    with abroad(oidc_provider, getattr(oidc_provider, request.param)) as by:
        yield Issued(by, *(by.sign_in(resource).tokens for resource in (API, OPAQUE_API, None)))


def resource(provider: OidcProvider, audience: str, profile: Profile = Profile.RFC9068) -> Resource:
    return Resource(audience, provider.issuer, profile=profile)


def asking(provider: OidcProvider, api: Resource, remember_ms: int = 0) -> IntrospectionVerifier:
    """As the issuer's confidential client."""
    assert provider.confidential.client_secret is not None
    client = ApiClient(provider.confidential.client_id, Secret(provider.confidential.client_secret))
    return IntrospectionVerifier(api, client, remember_ms=remember_ms)


def shown(token: Secret | None) -> list[str]:
    """As the header of a request."""
    assert token is not None
    return [f"Bearer {token.reveal()}"]


def refused(guard: Guard, token: Secret | None) -> int:
    """The status that the request gets. Asserts that it is not let in."""
    with pytest.raises(Refused) as answer:
        guard.admit(shown(token))
    return answer.value.status


def test_its_json_web_token_is_good_by_its_signature(issued: Issued) -> None:
    """RFC 9068: it says all that ours says."""
    guard = Guard(resource(issued.by.provider, API))

    token = guard.admit(shown(issued.jwt.access_token), require("api:read"))

    client = issued.by.client.identity.client_id
    assert (token.subject, token.client_id, token.audience) == ("ada", client, (API,))
    assert token.scopes == {"api:read"}
    with pytest.raises(Refused) as too_little:
        guard.admit(shown(issued.jwt.access_token), require("api:write"))
    assert too_little.value.status == 403


@pytest.mark.parametrize("profile", PROFILES)
def test_its_opaque_token_is_good_by_its_own_word(issued: Issued, profile: Profile) -> None:
    """RFC 7662."""
    api = resource(issued.by.provider, OPAQUE_API, profile)
    guard = Guard(api, verifier=asking(issued.by.provider, api))

    token = guard.admit(shown(issued.opaque.access_token), require("api:read"))

    client = issued.by.client.identity.client_id
    assert (token.subject, token.client_id, token.audience) == ("ada", client, (OPAQUE_API,))
    assert token.scopes == {"api:read"}


def test_an_api_may_take_both_kinds(issued: Issued) -> None:
    provider = issued.by.provider
    api = Resource(API, provider.issuer, also=[OPAQUE_API])
    guard = Guard(api, verifier=ByShape(JwtVerifier(api), asking(provider, api)))

    audiences = [guard.admit(shown(each.access_token)).audience for each in (issued.jwt, issued.opaque)]

    assert audiences == [(API,), (OPAQUE_API,)]
    assert refused(guard, Secret("spoilt")) == 401


@pytest.mark.parametrize("profile", PROFILES)
def test_a_token_for_another_api_is_refused_both_ways(issued: Issued, profile: Profile) -> None:
    """RFC 8707, RFC 9068 §4."""
    api = resource(issued.by.provider, ELSEWHERE, profile)

    assert refused(Guard(api), issued.jwt.access_token) == 401
    assert refused(Guard(api, verifier=asking(issued.by.provider, api)), issued.opaque.access_token) == 401


@pytest.mark.parametrize("profile", PROFILES)
def test_its_id_token_opens_nothing(issued: Issued, profile: Profile) -> None:
    """Nor an API that calls itself as the client does, which is whom the ID token is for."""
    provider = issued.by.provider
    apis = [resource(provider, audience, profile) for audience in (API, issued.by.client.identity.client_id)]

    by_signature = [refused(Guard(api), issued.jwt.id_token) for api in apis]
    by_asking = [refused(Guard(api, verifier=asking(provider, api)), issued.jwt.id_token) for api in apis]

    assert by_signature == [401, 401]
    # That issuer does not say what it thinks of a JSON Web Token.
    assert by_asking == [503, 503]


@pytest.mark.parametrize("profile", PROFILES)
def test_its_refresh_token_opens_nothing(issued: Issued, profile: Profile) -> None:
    """The issuer calls it active too."""
    api = resource(issued.by.provider, OPAQUE_API, profile)

    assert refused(Guard(api, verifier=asking(issued.by.provider, api)), issued.opaque.refresh_token) == 401


def test_its_token_for_userinfo_opens_no_api(issued: Issued) -> None:
    """It names no audience."""
    api = resource(issued.by.provider, OPAQUE_API)

    assert refused(Guard(api, verifier=asking(issued.by.provider, api)), issued.for_userinfo.access_token) == 401


def test_of_an_end_of_the_grant_an_api_hears_if_it_asks(oidc_provider: OidcProvider) -> None:
    with abroad(oidc_provider, oidc_provider.public) as by:
        tokens = by.sign_in(OPAQUE_API).tokens
        api = resource(oidc_provider, OPAQUE_API)
        guard = Guard(api, verifier=asking(oidc_provider, api))
        before = guard.admit(shown(tokens.access_token))
        assert tokens.refresh_token is not None
        by.client.revoke(tokens.refresh_token)

        assert before.subject == "ada"
        assert refused(guard, tokens.access_token) == 401


def test_when_the_issuer_is_gone_known_keys_are_enough_and_who_must_ask_says_503(tmp_path: Path) -> None:
    """Never `invalid_token`: clients throw tokens away on that."""
    with foreign_issuer(tmp_path / "log") as provider, abroad(provider, provider.public) as by:
        api, opaque_api = resource(provider, API), resource(provider, OPAQUE_API)
        seen, unseen = (by.sign_in(API).tokens.access_token for _ in range(2))
        remembered, unknown = (by.sign_in(OPAQUE_API).tokens.access_token for _ in range(2))
        guard = Guard(api)
        asked = Guard(opaque_api, verifier=asking(provider, opaque_api, remember_ms=60_000))
        guard.admit(shown(seen))
        asked.admit(shown(remembered))

    good = [guard.admit(shown(each)).subject for each in (seen, unseen)]
    good.append(asked.admit(shown(remembered)).subject)

    assert good == ["ada"] * 3
    assert refused(asked, unknown) == refused(Guard(api), unseen) == 503
