"""The requests of a client, and what the answers mean. RFC 6749, RFC 7636, RFC 9207, OpenID Connect Core §3.1."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote_plus, urlencode, urlsplit

from evergrant.protocol.pkce import challenge_of
from evergrant.protocol.provider import Provider
from evergrant.protocol.secret import Secret

_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Identity:
    """A client. Without a secret it is public."""

    client_id: str
    secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request to be sent. The body and the headers hold secrets and are not printed."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One sign-in that is under way: what is asked, and what ties the answer to it."""

    redirect_uri: str
    scope: str
    state: str
    nonce: str
    verifier: Secret


@dataclass(frozen=True, slots=True)
class Tokens:
    """A successful answer of the token endpoint. RFC 6749 §5.1."""

    access_token: Secret
    token_type: str
    expires_in_s: int | None
    refresh_token: Secret | None
    id_token: Secret | None
    scope: str | None


class Refused(Exception):
    """An error answer. RFC 6749 §4.1.2.1, §5.2."""

    def __init__(self, error: str, description: str | None, status: int | None = None) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error
        self.status = status


class Malformed(Exception):
    """An answer that is none by the specification; the text says what is wrong with it."""


def authorization_url(provider: Provider, client: Identity, attempt: Attempt) -> str:
    """Where the browser is sent. RFC 6749 §4.1.1, RFC 7636 §4.3."""
    parameters = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": attempt.redirect_uri,
        "scope": attempt.scope,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge_of(attempt.verifier.reveal()),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(provider.authorization_endpoint).query else "?"
    return f"{provider.authorization_endpoint}{joint}{urlencode(parameters)}"


def read_callback(url: str, provider: Provider, attempt: Attempt) -> Secret:
    """The code in the redirect. Raises Refused, or Malformed if the answer is not to this attempt of this issuer."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    answer = dict(pairs)
    if len(answer) != len(pairs):
        raise Malformed("a parameter of the redirect is repeated")
    if answer.get("state") != attempt.state:
        raise Malformed("the redirect has another state")
    # RFC 9207 §2.4: otherwise a code of one issuer could be carried to another.
    if "iss" in answer and answer["iss"] != provider.issuer:
        raise Malformed("the redirect comes from another issuer")
    if provider.iss_in_response and "iss" not in answer:
        raise Malformed("the redirect lacks iss, which the issuer promises")
    if "error" in answer:
        raise Refused(answer["error"], answer.get("error_description"))
    if not answer.get("code"):
        raise Malformed("the redirect has neither code nor error")
    return Secret(answer["code"])


def exchange_code(provider: Provider, client: Identity, attempt: Attempt, code: Secret) -> Request:
    """The code for tokens. RFC 6749 §4.1.3."""
    return _token_request(
        provider,
        client,
        {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier.reveal(),
        },
    )


def refresh(provider: Provider, client: Identity, refresh_token: Secret) -> Request:
    """New tokens for a refresh token. RFC 6749 §6."""
    return _token_request(provider, client, {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()})


def userinfo(endpoint: str, access_token: Secret) -> Request:
    """The claims about the person. OpenID Connect Core §5.3.1."""
    return Request("GET", endpoint, {"Authorization": f"Bearer {access_token.reveal()}"})


def read_tokens(status: int, body: bytes) -> Tokens:
    """Raises Refused for an error answer, Malformed for what is neither."""
    answer = read_json(body)
    if status != 200:
        error = answer.get("error")
        if not isinstance(error, str):
            raise Malformed(f"status {status} without an error code")
        raise Refused(error, _text(answer, "error_description"), status)
    access_token, token_type = _text(answer, "access_token"), _text(answer, "token_type")
    if not access_token or not token_type:
        raise Malformed("the answer lacks access_token or token_type")
    expires = answer.get("expires_in")
    return Tokens(
        access_token=Secret(access_token),
        token_type=token_type,
        expires_in_s=expires if isinstance(expires, int) and not isinstance(expires, bool) else None,
        refresh_token=_secret(answer, "refresh_token"),
        id_token=_secret(answer, "id_token"),
        scope=_text(answer, "scope"),
    )


def read_json(body: bytes) -> Mapping[str, object]:
    """A JSON object. Raises Malformed."""
    try:
        answer = json.loads(body)
    except ValueError:
        # No cause: it may quote a token.
        raise Malformed("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise Malformed("the answer is not a JSON object")
    return answer


def _token_request(provider: Provider, client: Identity, form: Mapping[str, str]) -> Request:
    headers = {"Content-Type": _FORM, "Accept": "application/json"}
    fields = dict(form)
    if client.secret is None:
        fields["client_id"] = client.client_id
    elif "client_secret_basic" in provider.auth_methods:
        # Both halves are form-encoded first (RFC 6749 §2.3.1).
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.secret.reveal())}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        fields |= {"client_id": client.client_id, "client_secret": client.secret.reveal()}
    return Request("POST", provider.token_endpoint, headers, urlencode(fields).encode())


def _text(answer: Mapping[str, object], name: str) -> str | None:
    value = answer.get(name)
    return value if isinstance(value, str) else None


def _secret(answer: Mapping[str, object], name: str) -> Secret | None:
    value = _text(answer, name)
    return Secret(value) if value else None
