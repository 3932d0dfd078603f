"""A client that is given an issuer's URL only: signs people in, and asks about tokens."""

import json
import threading
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from evergrant.client import (
    AsyncIssuer,
    Issuer,
    IssuerUnavailable,
    MemoryVault,
    NobodyCame,
    NotOffered,
    ProtocolError,
    Refused,
    Seal,
    SignedIn,
    SignInReason,
    SignInRequired,
)
from evergrant.protocol.secret import Secret
from tests.client.signing_in import REDIRECT_URI, SCOPE, SEAL, Away, come_back
from tests.support.ports import free_port
from tests.support.server import Server


def test_a_web_application_signs_somebody_in_and_knows_who_it_is(web: Away) -> None:
    signed_in = web.sign_in()

    assert signed_in.claims is not None
    assert signed_in.claims["sub"] == signed_in.tokens.subject
    assert signed_in.tokens.refresh_token is not None
    assert signed_in.tokens.expires_at == signed_in.tokens.obtained_at + 900_000
    assert web.client.userinfo(signed_in.tokens.access_token, subject=signed_in.tokens.subject)["name"] == "Ada"


def test_without_openid_nobody_is_named(web: Away) -> None:
    signed_in = web.sign_in("offline_access")

    assert (signed_in.claims, signed_in.tokens.id_token, signed_in.tokens.subject) == (None, None, None)


def test_the_browser_gets_no_verifier_and_the_applications_own_parameters(web: Away) -> None:
    begun = web.client.begin_sign_in(
        REDIRECT_URI, SCOPE, SEAL, resource="https://api.example.com", extra={"prompt": "login"}
    )

    sent = parse_qs(urlsplit(begun.url).query)
    assert (sent["resource"], sent["prompt"], sent["code_challenge_method"]) == (
        ["https://api.example.com"],
        ["login"],
        ["S256"],
    )
    assert "verifier" not in begun.url.replace("code_challenge", "")


def test_an_extra_parameter_is_none_of_ours(web: Away) -> None:
    with pytest.raises(ValueError, match="ties"):
        web.client.begin_sign_in(REDIRECT_URI, SCOPE, SEAL, extra={"state": "mine"})


def test_another_browsers_answer_is_not_believed(web: Away) -> None:
    """R-050: the code of one sign-in with the sealed value of another."""
    mine, theirs = (web.client.begin_sign_in(REDIRECT_URI, SCOPE, SEAL) for _ in range(2))
    came_back = come_back(web.server, theirs.url)

    with pytest.raises(ProtocolError, match="state"):
        web.client.finish_sign_in(came_back, mine.sealed, SEAL)


def test_a_sign_in_that_was_begun_with_another_issuer_or_client_is_not_finished(web: Away, service: Away) -> None:
    """R-050: a sealed value is good for the issuer and client that it was made for."""
    begun = service.client.begin_sign_in(REDIRECT_URI, SCOPE, SEAL)
    came_back = come_back(service.server, begun.url)
    elsewhere = replace(web.client.issuer, provider=replace(web.client.issuer.provider, issuer="https://evil.example"))

    for client in (web.client, elsewhere.client("demo-service")):
        with pytest.raises(ProtocolError, match="another issuer or client"):
            client.finish_sign_in(came_back, begun.sealed, SEAL)


def test_ten_minutes_later_it_is_too_late(web: Away) -> None:
    begun = web.client.begin_sign_in(REDIRECT_URI, SCOPE, SEAL)
    web.clock.advance(601_000)

    with pytest.raises(ProtocolError, match="too long ago"):
        web.client.finish_sign_in(f"{REDIRECT_URI}?code=x", begun.sealed, SEAL)


def test_a_seal_of_another_secret_opens_nothing(web: Away) -> None:
    begun = web.client.begin_sign_in(REDIRECT_URI, SCOPE, SEAL)

    with pytest.raises(ProtocolError):
        web.client.finish_sign_in(f"{REDIRECT_URI}?code=x", begun.sealed, Seal(Secret("o" * 32)))


def test_a_code_is_sent_once_even_if_its_answer_is_lost(web: Away) -> None:
    begun = web.client.begin_sign_in(REDIRECT_URI, SCOPE, SEAL)
    came_back = come_back(web.server, begun.url)
    web.between.then("cut")

    with pytest.raises(IssuerUnavailable):
        web.client.finish_sign_in(came_back, begun.sealed, SEAL)

    assert web.between.asked_for("authorization_code") == 1


def test_somebody_who_says_no_is_a_refusal(web: Away) -> None:
    begun = web.client.begin_sign_in(REDIRECT_URI, SCOPE, SEAL)
    state = parse_qs(urlsplit(begun.url).query)["state"][0]
    no = f"{REDIRECT_URI}?error=access_denied&state={state}&iss={web.server.base_url}"

    with pytest.raises(Refused) as refused:
        web.client.finish_sign_in(no, begun.sealed, SEAL)

    assert refused.value.error == "access_denied"


def test_a_program_in_a_terminal_is_signed_in_by_the_browser(web: Away) -> None:
    """RFC 8252 §7.3. A page that sends the browser there with a state of its own is passed over."""
    shown: list[str] = []
    signed_in: list[SignedIn] = []
    seen = threading.Event()

    def show(url: str) -> None:
        shown.append(url)
        seen.set()

    terminal = threading.Thread(target=lambda: signed_in.append(web.client.sign_in_in_browser(SCOPE, show=show)))
    terminal.start()
    assert seen.wait(10)
    redirect_uri = parse_qs(urlsplit(shown[0]).query)["redirect_uri"][0]
    with urlopen(f"{redirect_uri}?code=evil&state=evil", timeout=10) as stranger:
        stranger.read()
    with urlopen(come_back(web.server, shown[0]), timeout=10) as page:
        text = page.read().decode()
    terminal.join(10)

    assert "Done" in text
    assert signed_in[0].tokens.refresh_token is not None


def test_nobody_is_waited_for_without_end(web: Away) -> None:
    with pytest.raises(NobodyCame):
        web.client.sign_in_in_browser(SCOPE, show=lambda _: None, seconds=0.05)


def test_a_service_gets_tokens_for_itself_and_asks_what_they_are_worth(service: Away) -> None:
    tokens = service.client.client_credentials()

    before = service.client.introspect(tokens.access_token)
    service.client.revoke(tokens.access_token)
    after = service.client.introspect(tokens.access_token)

    assert (before["active"], before["client_id"], after["active"]) == (True, "demo-service", False)


def test_an_old_program_signs_in_with_a_password(server: Server) -> None:
    demo = server.demo
    client = Issuer.discover(server.base_url).client("demo-legacy", demo.clients["demo-legacy"].client_secret)

    signed_in = client.password(demo.username, demo.password, "openid offline_access")

    assert signed_in.claims is not None
    assert signed_in.tokens.refresh_token is not None
    with pytest.raises(Refused):
        client.password(demo.username, "wrong")


def test_a_program_that_keeps_its_tokens_itself_refreshes_them(web: Away) -> None:
    first = web.sign_in().tokens
    web.between.then("cut")

    second = web.client.refresh(first)

    assert second.refresh_token != first.refresh_token
    assert (second.subject, second.scope, second.revision) == (first.subject, first.scope, first.revision + 1)
    assert web.between.refreshes == 2
    with pytest.raises(SignInRequired) as ended:
        web.client.refresh(replace(second, refresh_token=Secret("spoilt")))
    assert ended.value.reason is SignInReason.ENDED
    assert ended.value.correlation_id is not None


def test_whoever_signs_out_is_sent_to_the_issuer(web: Away) -> None:
    tokens = web.sign_in().tokens

    url = web.client.logout_url(tokens.id_token, return_to=f"{web.server.base_url}/", state="s")

    sent = parse_qs(urlsplit(url).query)
    assert (sent["client_id"], sent["state"]) == (["demo-web"], ["s"])
    assert url.startswith(f"{web.server.base_url}/logout?")


def test_claims_about_somebody_else_are_not_believed(web: Away) -> None:
    """OpenID Connect Core §5.3.2."""
    tokens = web.sign_in().tokens

    with pytest.raises(ProtocolError, match="somebody else"):
        web.client.userinfo(tokens.access_token, subject="another")


def test_a_spoilt_token_is_refused_by_userinfo(web: Away) -> None:
    with pytest.raises(Refused) as refused:
        web.client.userinfo(Secret("spoilt"))

    assert (refused.value.error, refused.value.status) == ("invalid_token", 401)


def test_what_the_issuer_does_not_offer_is_said_before_anything_is_sent(web: Away) -> None:
    issuer = web.client.issuer
    provider = replace(
        issuer.provider,
        revocation_endpoint=None,
        introspection_endpoint=None,
        userinfo_endpoint=None,
        end_session_endpoint=None,
        authorization_endpoint=None,
    )
    client = replace(issuer, provider=provider).client("demo-web")

    for ask in (
        lambda: client.revoke(Secret("x")),
        lambda: client.introspect(Secret("x")),
        lambda: client.userinfo(Secret("x")),
        client.logout_url,
        lambda: client.begin_sign_in(REDIRECT_URI, SCOPE, SEAL),
    ):
        with pytest.raises(NotOffered):
            ask()


def test_an_issuer_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(IssuerUnavailable):
        Issuer.discover(f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("url", ["http://login.example.com", "ftp://127.0.0.1", "login.example.com", ""])
def test_an_issuer_that_is_not_encrypted_is_not_asked(url: str) -> None:
    with pytest.raises(ProtocolError):
        Issuer.discover(url)


def test_an_issuer_is_named_byte_by_byte(server: Server) -> None:
    """RFC 8414 §3.3."""
    with pytest.raises(ProtocolError, match="not about"):
        Issuer.discover(server.base_url.replace("localhost", "127.0.0.1"))


def test_a_server_without_a_document_is_no_issuer(server: Server) -> None:
    with pytest.raises(ProtocolError, match="no discovery document"):
        Issuer.discover(f"{server.base_url}/realms/nobody")


async def test_the_same_for_asyncio(server: Server) -> None:
    issuer = await AsyncIssuer.discover(server.base_url)
    secret = server.demo.clients["demo-service"].client_secret
    web, service = issuer.client("demo-web"), issuer.client("demo-service", secret)

    begun = web.begin_sign_in(REDIRECT_URI, SCOPE, SEAL)
    signed_in = await web.finish_sign_in(come_back(server, begun.url), begun.sealed, SEAL)
    renewed = await web.refresh(signed_in.tokens)
    claims = await web.userinfo(renewed.access_token, subject=signed_in.tokens.subject)
    about = await service.introspect((await service.client_credentials()).access_token)
    assert renewed.refresh_token is not None
    await web.revoke(renewed.refresh_token)

    assert claims["name"] == "Ada"
    assert about["active"] is True
    assert issuer.provider.issuer == server.base_url
    assert web.logout_url().startswith(server.base_url)
    with pytest.raises(SignInRequired):
        await web.refresh(renewed)
    with pytest.raises(NobodyCame):
        await web.sign_in_in_browser(SCOPE, show=lambda _: None, seconds=0.05)
    with pytest.raises(Refused):
        await web.password("ada", "x")
    assert (await service.service(MemoryVault()).tokens()).refresh_token is None


def test_neither_client_nor_issuer_prints_a_secret(service: Away) -> None:
    secret = service.client.identity.secret
    assert secret is not None

    said = repr(service.client) + repr(service.client.issuer) + json.dumps(repr(service.client.identity))

    assert secret.reveal() not in said
