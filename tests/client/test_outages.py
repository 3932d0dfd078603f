"""An issuer that cannot be had, from the first failure to its return: nobody signs in again because of it."""

import json
import logging
import threading
from dataclasses import replace

import pytest

from evergrant.client import Change, ChangeKind, MemoryVault, ProtocolError, RefreshUnavailable, Session, TokenSet
from tests.client.signing_in import Away
from tests.support.ports import free_port
from tests.support.waiting import until

EARLY = 871_000  # ms: whatever the jitter, it is time to renew a token that ends at 900 s
EXPIRED = 900_000


def begin(away: Away, vault: MemoryVault | None = None) -> Session:
    """Somebody has just signed in."""
    session = away.client.session(vault or MemoryVault(), "ada")
    session.keep(away.sign_in().tokens)
    return session


def assert_same_successor(away: Away, renewed: TokenSet) -> None:
    """Both refreshes were answered with the refresh token that the session has now."""
    lost, came = (json.loads(answer)["refresh_token"] for answer in away.between.answered[1:])
    assert renewed.refresh_token is not None
    assert lost == came == renewed.refresh_token.reveal()


def settled() -> None:
    """No renewal is under way any more."""
    until(lambda: not [t for t in threading.enumerate() if t.name == "evergrant-renewal"], what="no renewal goes on")


def test_an_outage_is_not_seen_before_the_token_expires_and_is_over_when_the_issuer_is_back(web: Away) -> None:
    """Each time it is asked again a little later: at the most 2, 4 and 8 seconds."""
    session = begin(web)
    heard: list[Change] = []
    session.on_change(heard.append)
    old = session.access_token()
    web.clock.advance(EARLY)

    served = []
    for words, pause in ((503,), 2_000), (("cut", "cut"), 4_000), ((429,), 8_000):
        web.between.then(*words)
        served.append(session.access_token())
        settled()
        web.clock.advance(pause)
    web.clock.advance(EXPIRED - EARLY - 14_000)
    web.between.then(503)
    with pytest.raises(RefreshUnavailable) as at_expiry:
        session.access_token()
    with pytest.raises(RefreshUnavailable) as soon_after:
        session.access_token()

    assert served == [old] * 3
    assert web.between.refreshes == 5
    assert at_expiry.value.retry_after_s == 2.0
    assert soon_after.value.retry_after_s is not None
    assert heard == []
    web.clock.advance(round(soon_after.value.retry_after_s * 1000))
    assert session.access_token() != old
    assert [change.kind for change in heard] == [ChangeKind.RENEWED]


def test_a_token_that_could_not_be_renewed_in_time_is_told_in_the_log(
    web: Away, caplog: pytest.LogCaptureFixture
) -> None:
    session = begin(web)
    web.clock.advance(EARLY)
    web.between.then(503)

    with caplog.at_level(logging.WARNING, "evergrant.client"):
        session.access_token()
        until(lambda: caplog.records, what="the failure is in the log")

    assert "503" in caplog.text


def test_within_a_second_after_a_failure_the_issuer_is_not_asked_again(web: Away) -> None:
    """Nor by a session that a web application makes anew at each request."""
    vault = MemoryVault()
    begin(web, vault)
    web.clock.advance(EXPIRED)
    web.between.then(503)

    failures = {web.failure_in_passing(vault) for _ in range(5)}

    assert failures == {RefreshUnavailable}
    assert web.between.refreshes == 1


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_an_issuer_in_trouble_costs_no_session(web: Away, status: int) -> None:
    session = begin(web)
    web.clock.advance(EXPIRED)
    web.between.then(status)

    with pytest.raises(RefreshUnavailable) as unavailable:
        session.tokens()
    web.clock.advance(2_000)

    assert unavailable.value.retry_after_s == 2.0
    assert session.tokens().revision == 2


def test_an_issuer_that_is_down_costs_no_session(web: Away) -> None:
    vault = MemoryVault()
    begin(web, vault)
    web.clock.advance(EXPIRED)
    issuer = web.client.issuer
    nowhere = replace(issuer.provider, token_endpoint=f"http://127.0.0.1:{free_port()}/token")
    cut_off = replace(issuer, provider=nowhere).client("demo-web").session(vault, "ada")

    with pytest.raises(RefreshUnavailable):
        cut_off.tokens()

    assert web.process().session(vault, "ada").tokens().revision == 2


@pytest.mark.parametrize("word", ["cut", "half"])
def test_after_a_lost_answer_the_same_successor_comes(web: Away, word: str) -> None:
    """The server's half is its retry window, ours is to ask once more with the same token."""
    session = begin(web)
    web.clock.advance(EXPIRED)
    web.between.then(word)

    renewed = session.tokens()

    assert_same_successor(web, renewed)


@pytest.mark.parametrize("word", ["cut", "half"])
def test_when_answers_are_lost_again_and_again_the_session_is_not(web: Away, word: str) -> None:
    session = begin(web)
    web.clock.advance(EXPIRED)
    web.between.then(word, word)

    with pytest.raises(RefreshUnavailable):
        session.tokens()
    web.clock.advance(2_000)

    assert session.tokens().revision == 2


@pytest.mark.parametrize(
    "garbage",
    [b"", b"<html>Sign in to the hotel's network</html>", b"[]", b"{}", b'{"access_token": 7}', b"x" * 300_000],
    ids=["nothing", "a page", "a list", "no token", "no text", "too much"],
)
def test_garbage_in_place_of_the_new_tokens_costs_no_session(web: Away, garbage: bytes) -> None:
    """The issuer has renewed all the same: the second request gets the same successor."""
    session = begin(web)
    web.clock.advance(EXPIRED)
    web.between.then(garbage)

    renewed = session.tokens()

    assert_same_successor(web, renewed)


def test_garbage_that_does_not_end_costs_no_session(web: Away) -> None:
    session = begin(web)
    web.clock.advance(EXPIRED)
    web.between.then(b"{}", b"{}")

    with pytest.raises(ProtocolError):
        session.tokens()
    web.clock.advance(2_000)

    assert session.tokens().revision == 2


@pytest.mark.parametrize("status", [204, 302, 400, 403, 404])
def test_a_status_that_means_nothing_here_costs_no_session(web: Away, status: int) -> None:
    """As of what stands between: a firewall, a proxy, a wrong address."""
    session = begin(web)
    web.clock.advance(EXPIRED)
    web.between.then(status)

    with pytest.raises(ProtocolError):
        session.tokens()
    web.clock.advance(2_000)

    assert session.tokens().revision == 2
