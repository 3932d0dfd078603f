"""Client authentication: none, Basic or post; never two at once. RFC 6749 §2.3, RFC 9700 §2.5.

A failed authentication spends nothing and locks nobody out: some clients probe for the right method.
"""

import hmac
from dataclasses import field
from typing import Final

from evergrant.core.credential import client_secret_digest
from evergrant.core.facts import AuthMethod, Client
from evergrant.core.reasons import Reason
from evergrant.protocol.bearer import basic
from evergrant.protocol.errors import InvalidClient, InvalidRequest
from evergrant.protocol.forms import Form
from evergrant.protocol.record import record
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import ClientId

METHODS: Final[tuple[AuthMethod, ...]] = ("none", "client_secret_basic", "client_secret_post")
_FAILED: Final = "Client authentication failed."
_NOBODY: Final = bytes(32)


@record
class Claim:
    """Who the caller says it is, and how it means to prove it. Nothing is proven yet."""

    client_id: ClientId
    method: AuthMethod
    secret: Secret | None = field(default=None, repr=False)


def claim(authorization: str | None, form: Form) -> Claim:
    """Reads the claim. Raises InvalidClient when there is none, InvalidRequest when there are two (RFC 6749 §2.3)."""
    header = basic(authorization)
    named, posted = form.get("client_id"), form.secret("client_secret")
    if header is None:
        if named is None:
            raise InvalidClient("The client did not identify itself.", reason=Reason.UNKNOWN_CLIENT)
        return Claim(ClientId(named), "none" if posted is None else "client_secret_post", posted)
    if posted is not None:
        raise InvalidRequest("Use one way of client authentication, not two.", reason=Reason.TWO_METHODS)
    if named is not None and named != header.client_id:
        raise InvalidRequest("The client identifiers differ.", reason=Reason.TWO_METHODS)
    if not header.secret.reveal():
        return Claim(header.client_id, "none")  # golang x/oauth2 sends public clients this way
    return Claim(header.client_id, "client_secret_basic", header.secret)


def authenticate(claimed: Claim, client: Client | None) -> Client:
    """The proven client. Raises InvalidClient with one sentence for unknown, wrong and disabled alike."""
    # Compared even when there is no such client, so that the time does not tell which ids exist.
    given = _NOBODY if claimed.secret is None else client_secret_digest(claimed.secret)
    kept = client.secret_digest if client is not None and client.secret_digest is not None else _NOBODY
    same = hmac.compare_digest(given, kept)
    if client is None:
        raise InvalidClient(_FAILED, reason=Reason.UNKNOWN_CLIENT)
    if client.public:
        if claimed.method != "none":
            raise InvalidClient(_FAILED, reason=Reason.WRONG_METHOD)
    elif claimed.secret is None or not same:
        raise InvalidClient(_FAILED, reason=Reason.WRONG_SECRET)
    elif client.strict_auth and claimed.method != client.auth_method:
        raise InvalidClient(_FAILED, reason=Reason.WRONG_METHOD)
    if client.disabled:
        raise InvalidClient(_FAILED, reason=Reason.CLIENT_DISABLED)
    return client
