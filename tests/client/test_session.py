"""A session against a real server: it goes on over expiry, and ends when the issuer says so."""

import json
import threading
from dataclasses import replace

import pytest

from evergrant.client import (
    Change,
    ChangeKind,
    FileVault,
    MemoryVault,
    ProtocolError,
    RefreshUnavailable,
    Refused,
    SignInReason,
    SignInRequired,
    VaultDamaged,
    VaultUnavailable,
)
from evergrant.client.client import Client
from evergrant.client.session import Session
from evergrant.client.tokens import TokenSet
from evergrant.protocol.secret import Secret
from tests.client.breaking import BreakableVault
from tests.client.signing_in import Away
from tests.support.ports import free_port
from tests.support.waiting import until

EARLY = 880_000  # ms: twenty seconds before the end of an access token
EXPIRED = 900_000


def begin(away: Away, vault: MemoryVault | BreakableVault | FileVault | None = None) -> tuple[Session, TokenSet]:
    """A session of somebody who has just signed in."""
    session = away.client.session(vault or MemoryVault(), "ada")
    tokens = away.sign_in().tokens
    session.keep(tokens)
    return session, tokens


def refresh_token_in(answer: bytes) -> Secret:
    """Of the token endpoint."""
    return Secret(json.loads(answer)["refresh_token"])


def elsewhere(away: Away, vault: MemoryVault | BreakableVault) -> Session:
    """The same session, as another process would have it."""
    return away.process().session(vault, "ada")


def test_while_the_token_lives_the_issuer_is_not_asked(web: Away) -> None:
    session, tokens = begin(web)

    assert [session.access_token() for _ in range(3)] == [tokens.access_token] * 3
    assert web.between.refreshes == 0


def test_an_expired_token_is_renewed_and_the_new_one_works(web: Away) -> None:
    session, tokens = begin(web)
    web.clock.advance(EXPIRED)

    renewed = session.tokens()

    assert renewed.access_token != tokens.access_token
    assert (renewed.revision, renewed.subject) == (2, tokens.subject)
    assert web.client.userinfo(session.access_token())["sub"] == tokens.subject
    assert web.between.refreshes == 1


def test_shortly_before_its_end_a_token_is_renewed_behind_the_callers_back(web: Away) -> None:
    session, tokens = begin(web)
    web.between.then("hold")
    web.clock.advance(EARLY)

    meanwhile = [session.access_token() for _ in range(3)]
    web.between.let_go()
    until(lambda: session.access_token() != tokens.access_token, what="the token is a new one")

    assert meanwhile == [tokens.access_token] * 3
    assert web.between.refreshes == 1


def test_what_another_process_renewed_is_used(web: Away) -> None:
    vault = MemoryVault()
    session, _ = begin(web, vault)
    web.clock.advance(EXPIRED)
    renewed = elsewhere(web, vault).tokens()

    assert session.tokens() == renewed
    assert web.between.refreshes == 1


def test_when_the_issuer_ends_the_session_everybody_is_told(web: Away) -> None:
    vault = MemoryVault()
    session, tokens = begin(web, vault)
    assert tokens.refresh_token is not None
    web.client.revoke(tokens.refresh_token)
    web.clock.advance(EXPIRED)

    with pytest.raises(SignInRequired) as ended:
        session.tokens()
    with pytest.raises(SignInRequired) as told:
        elsewhere(web, vault).tokens()

    assert ended.value.reason is told.value.reason is SignInReason.ENDED
    assert str(ended.value.correlation_id) in web.server.log()
    assert web.between.refreshes == 1


def test_whoever_signs_in_again_has_a_session_again_in_every_process(web: Away) -> None:
    vault = MemoryVault()
    session, tokens = begin(web, vault)
    assert tokens.refresh_token is not None
    web.client.revoke(tokens.refresh_token)
    web.clock.advance(EXPIRED)
    with pytest.raises(SignInRequired):
        session.tokens()

    elsewhere(web, vault).keep(web.sign_in().tokens)

    assert session.tokens().ended is None


def test_a_wrong_client_secret_is_told_and_costs_no_session(service: Away) -> None:
    vault = MemoryVault()
    service.client.session(vault, "ada").keep(service.sign_in().tokens)
    service.clock.advance(EXPIRED)
    wrong = service.client.issuer.client("demo-service", "wrong").session(vault, "ada")

    with pytest.raises(Refused) as refused:
        wrong.tokens()
    with pytest.raises(Refused) as again:
        wrong.tokens()

    assert refused.value.error == again.value.error == "invalid_client"
    assert service.between.refreshes == 1
    assert service.client.session(vault, "ada").tokens().revision == 2


def test_nobody_signed_in_is_said_so(web: Away) -> None:
    with pytest.raises(SignInRequired) as nobody:
        web.client.session(MemoryVault(), "ada").access_token()

    assert nobody.value.reason is SignInReason.NO_SESSION


def test_new_tokens_can_be_had_before_the_old_ones_end(web: Away) -> None:
    session, tokens = begin(web)

    renewed = session.renew()

    assert renewed.access_token != tokens.access_token
    assert session.access_token() == renewed.access_token


def test_a_session_that_is_ended_here_is_ended_at_the_issuer_and_forgotten(web: Away) -> None:
    session, tokens = begin(web)

    session.revoke()

    with pytest.raises(SignInRequired):
        session.access_token()
    with pytest.raises(SignInRequired):
        web.client.refresh(tokens)


def test_a_session_that_cannot_be_ended_at_the_issuer_is_not_forgotten(web: Away) -> None:
    vault = MemoryVault()
    _, tokens = begin(web, vault)
    issuer = web.client.issuer
    nowhere = replace(issuer.provider, revocation_endpoint=f"http://127.0.0.1:{free_port()}/revoke")
    cut_off = Client(replace(issuer, provider=nowhere), web.client.identity).session(vault, "ada")

    with pytest.raises(Exception, match="cannot be reached"):
        cut_off.revoke()

    assert cut_off.access_token() == tokens.access_token


def test_an_issuer_without_revocation_is_not_asked_and_the_session_is_forgotten(web: Away) -> None:
    vault = MemoryVault()
    begin(web, vault)
    issuer = web.client.issuer
    without = replace(issuer, provider=replace(issuer.provider, revocation_endpoint=None)).client("demo-web")

    without.session(vault, "ada").revoke()

    with pytest.raises(SignInRequired):
        without.session(vault, "ada").access_token()


def test_two_names_are_two_sessions(web: Away) -> None:
    vault = MemoryVault()
    begin(web, vault)

    with pytest.raises(SignInRequired):
        web.client.session(vault, "bob").access_token()


def test_tokens_of_another_client_are_not_kept(web: Away, service: Away) -> None:
    with pytest.raises(ValueError, match="another"):
        web.client.session(MemoryVault(), "ada").keep(service.client.client_credentials())


def test_whoever_listens_hears_of_every_change(web: Away) -> None:
    session = web.client.session(MemoryVault(), "ada")
    heard: list[Change] = []
    stop = session.on_change(heard.append)
    session.keep(web.sign_in().tokens)
    session.renew()
    session.revoke()
    stop()
    session.keep(web.sign_in().tokens)

    assert [change.kind for change in heard] == [ChangeKind.KEPT, ChangeKind.RENEWED, ChangeKind.ENDED]
    assert heard[1].tokens is not None
    assert heard[1].tokens.revision == 2


def test_whoever_listens_hears_that_somebody_must_sign_in(web: Away) -> None:
    session, tokens = begin(web)
    heard: list[Change] = []
    session.on_change(heard.append)
    assert tokens.refresh_token is not None
    web.client.revoke(tokens.refresh_token)

    with pytest.raises(SignInRequired):
        session.renew()

    assert [change.kind for change in heard] == [ChangeKind.SIGN_IN_REQUIRED]


def test_a_listener_that_fails_harms_nobody(web: Away, caplog: pytest.LogCaptureFixture) -> None:
    session, _ = begin(web)
    session.on_change(lambda change: 1 / 0)

    renewed = session.renew()

    assert session.access_token() == renewed.access_token
    assert "ZeroDivisionError" in caplog.text


def test_a_listener_that_waits_for_the_renewal_that_waits_for_it_is_told_so(
    web: Away, caplog: pytest.LogCaptureFixture
) -> None:
    session, _ = begin(web)
    session.on_change(lambda change: session.renew())

    session.renew()

    assert "ask in another thread" in caplog.text


def test_tokens_that_cannot_be_saved_are_not_used_and_are_saved_when_it_is_possible(web: Away) -> None:
    """Also by a session that a web application makes anew at each request."""
    vault = BreakableVault()
    begin(web, vault)
    web.clock.advance(EXPIRED)
    vault.broken = True
    refusal = web.failure_in_passing(vault)
    vault.broken = False
    web.clock.advance(60_000)

    saved = web.client.session(vault, "ada").tokens()

    assert refusal is RefreshUnavailable
    assert web.between.refreshes == 1
    assert refresh_token_in(web.between.answered[-1]) == saved.refresh_token
    assert elsewhere(web, vault).tokens() == saved


def test_tokens_that_a_database_loses_at_its_commit_are_saved_when_it_is_possible(web: Away) -> None:
    vault = BreakableVault()
    session, _ = begin(web, vault)
    web.clock.advance(EXPIRED)
    vault.breaks_on_leaving = True
    with pytest.raises(RefreshUnavailable, match="not saved"):
        session.tokens()
    vault.breaks_on_leaving = False
    web.clock.advance(2_000)

    saved = session.tokens()

    assert web.between.refreshes == 1
    assert elsewhere(web, vault).tokens() == saved


def test_a_vault_that_cannot_be_read_is_said_so_and_nothing_is_sent(web: Away) -> None:
    vault = BreakableVault()
    begin(web, vault)
    web.clock.advance(EXPIRED)
    vault.unreadable = True

    with pytest.raises(VaultUnavailable):
        elsewhere(web, vault).tokens()

    assert web.between.refreshes == 0


def test_tokens_of_another_issuer_in_the_vault_are_not_shown_to_this_one(web: Away) -> None:
    """R-050"""
    vault = BreakableVault()
    session, tokens = begin(web, vault)
    vault.put(replace(tokens, issuer="https://evil.example"))
    web.clock.advance(EXPIRED)

    for _ in range(2):
        with pytest.raises(VaultDamaged):
            session.renew()
    with pytest.raises(VaultDamaged):
        session.tokens()

    assert web.between.refreshes == 0


def test_a_lock_that_is_not_had_in_time_costs_no_session(web: Away) -> None:
    vault = BreakableVault()
    session, _ = begin(web, vault)
    web.clock.advance(EXPIRED)
    vault.busy = True
    with pytest.raises(RefreshUnavailable):
        session.tokens()
    vault.busy = False
    web.clock.advance(2_000)

    assert session.tokens().revision == 2


def test_a_service_has_a_token_when_it_needs_one(service: Away) -> None:
    vault = MemoryVault()
    first = service.client.service(vault).access_token()
    service.clock.advance(EXPIRED)

    second = service.client.service(vault).access_token()

    assert first != second
    assert service.between.asked_for("client_credentials") == 2
    assert service.client.introspect(second)["active"] is True


def test_a_service_has_one_session_for_each_scope(service: Away) -> None:
    vault = MemoryVault()
    service.client.service(vault).access_token()

    with pytest.raises(Refused) as refused:
        service.client.service(vault, scope="profile").access_token()

    assert refused.value.error == "invalid_scope"
    assert service.between.asked_for("client_credentials") == 2


def test_an_id_token_from_a_refresh_about_somebody_else_is_not_believed(web: Away) -> None:
    """OpenID Connect Core §12.2: nor are the tokens beside it."""
    vault = BreakableVault()
    session, tokens = begin(web, vault)
    vault.put(replace(tokens, subject="another"))
    web.clock.advance(1_000)

    with pytest.raises(ProtocolError, match="somebody else"):
        session.renew()

    held = vault.load("")
    assert held is not None
    assert held.refresh_token == tokens.refresh_token


def test_no_thread_is_left_behind(web: Away) -> None:
    session, _ = begin(web)

    session.renew()

    until(
        lambda: not [t for t in threading.enumerate() if t.name == "evergrant-renewal"],
        what="no renewal is under way",
    )
