"""Our client with an issuer that nobody here wrote, and that ends the grant when a refresh token comes twice."""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.request import urlopen

import httpx2
import pytest

from evergrant.client import (
    AsyncClient,
    FileVault,
    MemoryVault,
    Refused,
    Secret,
    SignInReason,
    SignInRequired,
    TokenSet,
)
from tests.client.programs import Order, Program, programs
from tests.client.signing_in import now
from tests.interop.abroad import CONSENT, SCOPE, Abroad, abroad, expired
from tests.support.oidc_provider import API, OidcProvider
from tests.support.waiting import until


@pytest.fixture(params=["confidential", "public"])
def there(request: pytest.FixtureRequest, oidc_provider: OidcProvider) -> Iterator[Abroad]:
    """Each of the two clients."""
    with abroad(oidc_provider, getattr(oidc_provider, request.param)) as found:
        yield found


@pytest.fixture
def confidential(oidc_provider: OidcProvider) -> Iterator[Abroad]:
    with abroad(oidc_provider, oidc_provider.confidential) as found:
        yield found


@pytest.fixture
def public(oidc_provider: OidcProvider) -> Iterator[Abroad]:
    with abroad(oidc_provider, oidc_provider.public) as found:
        yield found


@pytest.fixture(scope="module")
def four() -> Iterator[list[Program]]:
    with programs(4) as started:
        yield started


def header_of(token: Secret | None) -> dict[str, Any]:
    """Of a JSON Web Token."""
    assert token is not None
    return cast(dict[str, Any], json.loads(urlsafe_b64decode(token.reveal().split(".")[0] + "==")))


def refresh_token_of(tokens: TokenSet) -> Secret:
    assert tokens.refresh_token is not None
    return tokens.refresh_token


def test_by_code_and_pkce_somebody_is_known_by_a_checked_id_token(there: Abroad) -> None:
    """Its answers name their issuer (RFC 9207), and its ID tokens are signed by another algorithm than ours."""
    signed_in = there.sign_in()

    assert signed_in.claims is not None
    assert (signed_in.claims["iss"], signed_in.claims["sub"]) == (there.provider.issuer, "ada")
    assert header_of(signed_in.tokens.id_token)["alg"] == "RS256"
    assert there.client.issuer.provider.iss_in_response
    userinfo = there.client.userinfo(signed_in.tokens.access_token, subject="ada")
    assert (userinfo["sub"], userinfo["name"]) == ("ada", "Ada")


def test_a_program_in_a_terminal_is_signed_in_by_the_browser(public: Abroad) -> None:
    """RFC 8252 §7.3: on any loopback port."""

    def browse(url: str) -> None:
        with urlopen(public.provider.sign_in(url), timeout=10) as page:
            page.read()

    signed_in = public.client.sign_in_in_browser(SCOPE, extra=CONSENT, show=browse, seconds=20)

    assert signed_in.tokens.subject == "ada"
    assert signed_in.tokens.refresh_token is not None


def test_each_renewal_brings_another_refresh_token_and_an_id_token_about_the_same_person(there: Abroad) -> None:
    """OpenID Connect Core §12.2. It is kept only if it was believed: there is no old one to go on with."""
    session = there.client.session(MemoryVault(), "ada")
    session.keep(replace(there.sign_in().tokens, id_token=None))

    chain = [session.tokens(), *(session.renew() for _ in range(3))]

    assert len({each.refresh_token for each in chain}) == 4
    assert [each.id_token is None for each in chain] == [True, False, False, False]
    assert {each.subject for each in chain} == {"ada"}
    assert there.client.userinfo(chain[-1].access_token, subject="ada")["name"] == "Ada"
    assert there.between.refreshes == 3


def test_tasks_threads_and_processes_at_expiry_cause_one_request_and_the_session_lives(
    there: Abroad, four: list[Program], tmp_path: Path
) -> None:
    """Two requests would have ended it. The one that comes is held until all of them ask."""
    path = tmp_path / "tokens.json"
    there.client.session(FileVault(path), "ada").keep(expired(there.sign_in().tokens))
    before = there.provider.token_requests()
    threads = there.process().session(FileVault(path), "ada")
    tasks = AsyncClient(there.process()).session(FileVault(path), "ada")
    there.between.then("hold")

    async def in_tasks() -> list[Secret]:
        return await asyncio.gather(*(tasks.access_token() for _ in range(50)))

    with ThreadPoolExecutor(17) as pool:
        for process in four:
            process.begin(Order(there.client, path, now()))
        in_threads: list[Future[Secret]] = [pool.submit(threads.access_token) for _ in range(16)]
        in_loop = pool.submit(asyncio.run, in_tasks())
        until(lambda: there.between.answered[1:], what="the refresh is answered")
        there.between.let_go()
        came = {each.result(20).reveal() for each in in_threads}
        came |= {each.reveal() for each in in_loop.result(20)}
        came |= {str(process.end()["token"]) for process in four}

    assert len(came) == 1
    assert there.provider.token_requests() - before == Counter(refresh_token=1)
    assert there.client.session(FileVault(path), "ada").renew().revision == 3


def test_a_session_that_its_issuer_ended_is_over_for_everybody_and_the_issuer_is_left_alone(
    there: Abroad, tmp_path: Path
) -> None:
    """Somebody uses a copy of a spent refresh token: that issuer ends the grant."""
    vault = FileVault(tmp_path / "tokens.json")
    session = there.client.session(vault, "ada")
    stolen = there.sign_in().tokens
    session.keep(stolen)
    session.keep(expired(session.renew()))
    with pytest.raises(SignInRequired):
        there.client.refresh(stolen)
    before = there.provider.token_requests()

    reasons = []
    for each in (session, session, there.process().session(vault, "ada"), there.client.session(vault, "ada")):
        with pytest.raises(SignInRequired) as ended:
            each.access_token()
        reasons.append(ended.value.reason)

    assert reasons == [SignInReason.ENDED] * 4
    assert there.provider.token_requests() - before == Counter(refresh_token=1)


def test_who_signs_out_is_signed_out_there(confidential: Abroad) -> None:
    """RFC 7009, and OpenID Connect RP-Initiated Logout §2."""
    session = confidential.client.session(MemoryVault(), "ada")
    session.keep(confidential.sign_in().tokens)
    tokens = session.tokens()
    alive = confidential.client.introspect(refresh_token_of(tokens))["active"]

    session.revoke()

    with pytest.raises(SignInRequired):
        session.access_token()
    page = httpx2.get(confidential.client.logout_url(tokens.id_token))
    after = confidential.client.introspect(refresh_token_of(tokens))["active"]
    assert (alive, after, page.status_code) == (True, False, 200)


def test_a_service_asks_for_itself_once_and_again_when_it_has_expired(confidential: Abroad) -> None:
    """RFC 6749 §4.4, RFC 8707."""
    before = confidential.provider.token_requests()
    service = confidential.client.service(MemoryVault(), scope="api:read", resource=API)
    first = {service.access_token() for _ in range(5)}
    service.keep(expired(service.tokens()))

    second = service.tokens()

    assert (len(first), second.access_token in first, second.scope) == (1, False, "api:read")
    assert header_of(second.access_token)["typ"] == "at+jwt"
    assert confidential.provider.token_requests() - before == Counter(client_credentials=2)


def test_a_token_that_the_issuer_cannot_end_is_forgotten_all_the_same(confidential: Abroad) -> None:
    """RFC 7009 §2.2.1, `unsupported_token_type`: it ends no JSON Web Tokens."""
    vault = MemoryVault()
    service = confidential.client.service(vault, scope="api:read", resource=API)
    token = service.access_token()
    with pytest.raises(Refused, match="unsupported_token_type"):
        confidential.client.revoke(token)

    service.revoke()

    assert service.access_token() != token
