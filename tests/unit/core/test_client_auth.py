"""Client authentication as a table: what is shown, how the client is registered, what comes of it."""

from base64 import b64encode
from dataclasses import replace
from urllib.parse import quote_plus, urlencode

import pytest

from evergrant.core.client_auth import authenticate, claim
from evergrant.core.facts import AuthMethod, Client
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidClient, InvalidRequest
from evergrant.protocol.forms import Form, read_query
from tests.unit.core.cases import CLIENT, CONFIDENTIAL

RIGHT, WRONG = "eg_cs_right", "eg_cs_wrong"
SERVICE = CONFIDENTIAL
STRICT = replace(CONFIDENTIAL, strict_auth=True)
STRICT_POST = replace(STRICT, auth_method="client_secret_post")
DISABLED = replace(CONFIDENTIAL, disabled=True)


def basic(client_id: str, secret: str) -> str:
    """The header, form-encoded before it is joined (RFC 6749 §2.3.1)."""
    return "Basic " + b64encode(f"{quote_plus(client_id)}:{quote_plus(secret)}".encode()).decode()


def form(**fields: str) -> Form:
    return read_query(urlencode(fields).encode())


def proven(header: str | None, sent: Form, client: Client | None) -> Client:
    return authenticate(claim(header, sent), client)


NOTHING = form(grant_type="refresh_token")
NAMED = form(client_id="web")
POSTED = form(client_id="web", client_secret=RIGHT)
POSTED_WRONG = form(client_id="web", client_secret=WRONG)

ACCEPTED: list[tuple[str, str | None, Form, Client]] = [
    ("public, named", None, NAMED, CLIENT),
    ("public, Basic without secret", basic("web", ""), NOTHING, CLIENT),
    ("public, empty secret", None, form(client_id="web", client_secret=""), CLIENT),
    ("Basic", basic("web", RIGHT), NOTHING, SERVICE),
    ("Basic and the same name in the form", basic("web", RIGHT), NAMED, SERVICE),
    ("post although registered for Basic", None, POSTED, SERVICE),
    (
        "Basic although registered for post",
        basic("web", RIGHT),
        NOTHING,
        replace(SERVICE, auth_method="client_secret_post"),
    ),
    ("strict Basic", basic("web", RIGHT), NOTHING, STRICT),
    ("strict post", None, POSTED, STRICT_POST),
    ("another scheme is not looked at", "Bearer abc", POSTED, SERVICE),
]

REFUSED: list[tuple[str, str | None, Form, Client | None, Reason]] = [
    ("nobody", None, NOTHING, None, Reason.UNKNOWN_CLIENT),
    ("unknown", basic("web", RIGHT), NOTHING, None, Reason.UNKNOWN_CLIENT),
    ("wrong secret by Basic", basic("web", WRONG), NOTHING, SERVICE, Reason.WRONG_SECRET),
    ("wrong secret by post", None, POSTED_WRONG, SERVICE, Reason.WRONG_SECRET),
    ("no secret", None, NAMED, SERVICE, Reason.WRONG_SECRET),
    ("empty secret by Basic", basic("web", ""), NOTHING, SERVICE, Reason.WRONG_SECRET),
    ("part of the secret", basic("web", RIGHT[:-1]), NOTHING, SERVICE, Reason.WRONG_SECRET),
    ("confidential without any secret", None, NAMED, replace(SERVICE, secret_digest=None), Reason.WRONG_SECRET),
    ("a secret where none is registered", None, POSTED, replace(SERVICE, secret_digest=None), Reason.WRONG_SECRET),
    ("public with a secret", None, POSTED, CLIENT, Reason.WRONG_METHOD),
    ("strict, the other method", None, POSTED, STRICT, Reason.WRONG_METHOD),
    ("strict post, the other method", basic("web", RIGHT), NOTHING, STRICT_POST, Reason.WRONG_METHOD),
    ("strict, wrong secret by the other method", None, POSTED_WRONG, STRICT, Reason.WRONG_SECRET),
    ("disabled", basic("web", RIGHT), NOTHING, DISABLED, Reason.CLIENT_DISABLED),
    ("disabled and public", None, NAMED, replace(CLIENT, disabled=True), Reason.CLIENT_DISABLED),
    ("disabled, wrong secret", basic("web", WRONG), NOTHING, DISABLED, Reason.WRONG_SECRET),
]


@pytest.mark.parametrize(("header", "sent", "client"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_a_client_that_proves_itself_is_believed(header: str | None, sent: Form, client: Client) -> None:
    assert proven(header, sent, client) is client


@pytest.mark.parametrize(
    ("header", "sent", "client", "reason"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_any_other_is_refused_with_a_private_reason(
    header: str | None, sent: Form, client: Client | None, reason: Reason
) -> None:
    with pytest.raises(InvalidClient) as refused:
        proven(header, sent, client)

    assert refused.value.reason is reason


def test_the_caller_cannot_tell_unknown_wrong_and_disabled_apart() -> None:
    said = set()
    for _, header, sent, client, _ in REFUSED[1:]:
        with pytest.raises(InvalidClient) as refused:
            proven(header, sent, client)
        said.add(str(refused.value))

    assert len(said) == 1


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        (basic("web", RIGHT), POSTED),
        (basic("web", ""), POSTED),
        (basic("web", RIGHT), form(client_id="other")),
        (basic("web", RIGHT), form(client_secret=RIGHT)),
    ],
)
def test_two_ways_at_once_are_refused(header: str, sent: Form) -> None:
    """RFC 6749 §2.3"""
    with pytest.raises(InvalidRequest) as refused:
        claim(header, sent)

    assert refused.value.reason is Reason.TWO_METHODS


@pytest.mark.parametrize("name", ["a:b", "a b", "a+b", "a%b", "a/b?c=d"])
def test_basic_credentials_are_form_encoded_before_they_are_joined(name: str) -> None:
    claimed = claim(basic(name, name), NOTHING)

    assert claimed.client_id == name
    assert claimed.secret is not None
    assert claimed.secret.reveal() == name


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_claim_prints_no_secret(method: AuthMethod) -> None:
    claimed = claim(basic("web", RIGHT), NOTHING) if method == "client_secret_basic" else claim(None, POSTED)

    assert claimed.method == method
    assert RIGHT not in repr(claimed)
