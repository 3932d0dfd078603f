"""What a logout request deserves. OpenID Connect RP-Initiated Logout 1.0."""

from dataclasses import replace

import pytest

from evergrant.core.facts import Caller, Client, Session
from evergrant.core.logout import (
    AskFirst,
    Hint,
    LeaveAtOnce,
    LogoutDecision,
    NobodyHere,
    ProvenReturn,
    client_of,
    decide,
    read,
)
from evergrant.core.policy import DAY
from evergrant.core.sessions import SignedIn
from evergrant.protocol.forms import Form
from evergrant.protocol.values import ClientId, Millis
from evergrant.testing.clock import START
from tests.unit.server.records import ADA, WEB, a_client, a_subject

BYE = "https://app.example/bye"
CLIENT = replace(a_client(), post_logout_redirect_uris=(BYE,))
SESSION = Session(b"d" * 32, "sid", ADA, START, ("pwd",), START, START, Millis(START + 30 * DAY), Caller())
ADA_HERE = SignedIn(SESSION, a_subject())
HINT = Hint(WEB, ADA, "sid")
HOME = ProvenReturn(WEB, "web", BYE, "s")


def ask(hint: Hint | None, who: SignedIn | None, *, client: Client | None = CLIENT, **fields: str) -> LogoutDecision:
    sent = {"client_id": WEB, "post_logout_redirect_uri": BYE, "state": "s"} | fields
    if hint is not None:
        sent["id_token_hint"] = "a.b.c"
    request = read(Form.of(sent))
    named = client_of(request, hint)
    return decide(request, hint, client if client is not None and named == client.id else None, who)


def test_the_session_whose_own_id_token_is_shown_ends_at_once() -> None:
    assert ask(HINT, ADA_HERE) == LeaveAtOnce(ADA_HERE, HOME)


def test_without_a_hint_the_person_is_asked() -> None:
    """Q-14: anybody can send a browser here."""
    assert ask(None, ADA_HERE) == AskFirst(ADA_HERE, CLIENT, HOME)


@pytest.mark.parametrize("hint", [replace(HINT, sid="other"), replace(HINT, sid=None), replace(HINT, subject="u_bob")])
def test_an_id_token_of_another_session_is_no_answer(hint: Hint) -> None:
    assert isinstance(ask(hint, ADA_HERE), AskFirst)


def test_nobody_signed_in_goes_straight_on() -> None:
    assert ask(None, None) == NobodyHere(HOME)


@pytest.mark.parametrize("uri", ["https://evil.example/", BYE + "/", BYE + "?", "HTTPS://app.example/bye"])
def test_no_redirect_to_a_uri_that_is_not_registered(uri: str) -> None:
    """Q-18."""
    assert ask(HINT, ADA_HERE, post_logout_redirect_uri=uri) == LeaveAtOnce(ADA_HERE, None)


def test_no_redirect_for_a_client_that_is_not_proven() -> None:
    """Q-18: a hint for another client than the one named proves neither; nor does a hint that is not ours."""
    assert ask(replace(HINT, client_id=ClientId("other")), ADA_HERE) == AskFirst(ADA_HERE, None, None)
    assert ask(HINT, ADA_HERE, client=None) == AskFirst(ADA_HERE, None, None)
    assert ask(HINT, ADA_HERE, client=replace(CLIENT, disabled=True)) == AskFirst(ADA_HERE, None, None)
    forged = read(Form.of({"id_token_hint": "a.b.c", "client_id": WEB}))
    assert client_of(forged, None) is None
