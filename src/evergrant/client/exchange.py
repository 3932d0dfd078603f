"""The requests of a client, and what the answers mean. RFC 6749, RFC 7636, RFC 9207, OpenID Connect Core §3.1."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from evergrant.client.errors import IssuerUnavailable, NotOffered, ProtocolError, Refused
from evergrant.protocol.bearer import basic_credentials
from evergrant.protocol.pkce import challenge_of
from evergrant.protocol.provider import Provider
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis

_LONGEST_TEXT: Final = 500
_LONGEST_PAUSE_S: Final = 3600.0
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
class Answer:
    """What came back. Names of headers are in lower case; `sent_at` is when the request left."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    sent_at: Millis


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
    refresh_expires_in_s: int | None = None


def authorization_url(
    provider: Provider, client: Identity, attempt: Attempt, extra: Mapping[str, str] | None = None
) -> str:
    """Where the browser is sent. RFC 6749 §4.1.1, RFC 7636 §4.3.

    `extra` are parameters of the caller's own, such as `prompt` or `resource`. Raises NotOffered, and ValueError for
    an extra one that is ours.
    """
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
    if extra is not None:
        if not parameters.keys().isdisjoint(extra):
            raise ValueError("an extra parameter has the name of one that ties the answer to this sign-in")
        parameters |= extra
    endpoint = offered(provider.authorization_endpoint, "authorization_endpoint")
    joint = "&" if urlsplit(endpoint).query else "?"
    return f"{endpoint}{joint}{urlencode(parameters)}"


def read_callback(url: str, provider: Provider, attempt: Attempt) -> Secret:
    """The code in the redirect. Raises Refused; ProtocolError if it is no answer of this issuer to this attempt."""
    pairs = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    answer = dict(pairs)
    if len(answer) != len(pairs):
        raise ProtocolError("a parameter of the redirect is repeated")
    if answer.get("state") != attempt.state:
        raise ProtocolError("the redirect has another state")
    # RFC 9207 §2.4: otherwise a code of one issuer could be carried to another.
    if "iss" in answer and answer["iss"] != provider.issuer:
        raise ProtocolError("the redirect comes from another issuer")
    if provider.iss_in_response and "iss" not in answer:
        raise ProtocolError("the redirect lacks iss, which the issuer promises")
    if "error" in answer:
        raise Refused(answer["error"], answer.get("error_description"))
    if not answer.get("code"):
        raise ProtocolError("the redirect has neither code nor error")
    return Secret(answer["code"])


def exchange_code(
    provider: Provider, client: Identity, attempt: Attempt, code: Secret, resource: str | None = None
) -> Request:
    """The code for tokens. RFC 6749 §4.1.3; `resource`: RFC 8707 §2.2."""
    form = {
        "grant_type": "authorization_code",
        "code": code.reveal(),
        "redirect_uri": attempt.redirect_uri,
        "code_verifier": attempt.verifier.reveal(),
    }
    return _form_request(provider.token_endpoint, provider, client, form, resource=resource)


def refresh(provider: Provider, client: Identity, refresh_token: Secret) -> Request:
    """New tokens for a refresh token. RFC 6749 §6."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
    return _form_request(provider.token_endpoint, provider, client, form)


def client_credentials(
    provider: Provider, client: Identity, scope: str | None = None, resource: str | None = None
) -> Request:
    """Tokens for the client itself. RFC 6749 §4.4.2; `resource`: RFC 8707 §2.2."""
    form = {"grant_type": "client_credentials"}
    return _form_request(provider.token_endpoint, provider, client, form, scope=scope, resource=resource)


def password(provider: Provider, client: Identity, username: str, password: Secret, scope: str | None) -> Request:
    """Tokens for a name and a password. RFC 6749 §4.3.2; RFC 9700 §2.4 forbids it to everything new."""
    form = {"grant_type": "password", "username": username, "password": password.reveal()}
    return _form_request(provider.token_endpoint, provider, client, form, scope=scope)


def revoke(provider: Provider, client: Identity, token: Secret) -> Request:
    """Ends a token. RFC 7009 §2.1. Raises NotOffered."""
    endpoint = offered(provider.revocation_endpoint, "revocation_endpoint")
    return _form_request(endpoint, provider, client, {"token": token.reveal()})


def introspect(provider: Provider, client: Identity, token: Secret) -> Request:
    """Asks what a token is worth. RFC 7662 §2.1. Raises NotOffered."""
    endpoint = offered(provider.introspection_endpoint, "introspection_endpoint")
    return _form_request(endpoint, provider, client, {"token": token.reveal()})


def userinfo(endpoint: str, access_token: Secret) -> Request:
    """The claims about the person. OpenID Connect Core §5.3.1."""
    return Request("GET", endpoint, {"Authorization": f"Bearer {access_token.reveal()}"})


def offered(endpoint: str | None, name: str) -> str:
    """Raises NotOffered if the discovery document does not have it."""
    if endpoint is None:
        raise NotOffered(f"the issuer has no {name}")
    return endpoint


def check_available(answer: Answer) -> None:
    """Raises IssuerUnavailable if the answer says only that there is none now: 5xx, 429, or what stands for them."""
    error = _word_of(answer.body, "error")
    # RFC 6749 §4.1.2.1 has these two for redirects; some issuers say them with status 400.
    if answer.status >= 500 or answer.status == 429 or error in ("temporarily_unavailable", "server_error"):
        raise IssuerUnavailable(f"the issuer answered {answer.status}", _retry_after_s(answer))


def read_tokens(status: int, body: bytes) -> Tokens:
    """Raises Refused for an error answer, ProtocolError for what is neither."""
    answer = read_success(status, body)
    access_token, token_type = _text(answer, "access_token"), _text(answer, "token_type")
    if not access_token or not token_type:
        raise ProtocolError("the answer lacks access_token or token_type")
    # RFC 6749 §7.1: a token of a type that one does not know must not be used.
    if token_type.lower() != "bearer":
        raise ProtocolError("the token is of another type than Bearer")
    return Tokens(
        access_token=Secret(access_token),
        token_type=token_type,
        expires_in_s=_seconds(answer, "expires_in"),
        refresh_token=_secret(answer, "refresh_token"),
        id_token=_secret(answer, "id_token"),
        scope=_text(answer, "scope"),
        refresh_expires_in_s=_seconds(answer, "refresh_token_expires_in"),
    )


def read_success(status: int, body: bytes) -> Mapping[str, object]:
    """The object in a successful answer. Raises Refused for an error answer, ProtocolError for what is neither."""
    if status == 200:
        return read_json(body)
    check_refused(status, body)
    raise ProtocolError(f"status {status} without an error code")


def check_refused(status: int, body: bytes) -> None:
    """Raises Refused if it is an error answer of RFC 6749 §5.2."""
    error = _word_of(body, "error")
    if status >= 400 and error:
        raise Refused(error, _word_of(body, "error_description"), status, _word_of(body, "correlation_id"))


def read_json(body: bytes) -> Mapping[str, object]:
    """A JSON object. Raises ProtocolError."""
    try:
        answer = json.loads(body)
    except ValueError:
        # No cause: it may quote a token.
        raise ProtocolError("the answer is not JSON") from None
    if not isinstance(answer, dict):
        raise ProtocolError("the answer is not a JSON object")
    return answer


def _form_request(
    endpoint: str,
    provider: Provider,
    client: Identity,
    form: Mapping[str, str],
    *,
    scope: str | None = None,
    resource: str | None = None,
) -> Request:
    optional = {"scope": scope, "resource": resource}
    headers = {"Content-Type": _FORM, "Accept": "application/json"}
    fields = {**form, **{name: value for name, value in optional.items() if value}}
    if client.secret is None:
        fields["client_id"] = client.client_id
    elif "client_secret_basic" in provider.auth_methods:
        headers["Authorization"] = basic_credentials(client.client_id, client.secret)
    else:
        fields |= {"client_id": client.client_id, "client_secret": client.secret.reveal()}
    return Request("POST", endpoint, headers, urlencode(fields).encode())


def _text(answer: Mapping[str, object], name: str) -> str | None:
    value = answer.get(name)
    return value if isinstance(value, str) else None


def _secret(answer: Mapping[str, object], name: str) -> Secret | None:
    value = _text(answer, name)
    return Secret(value) if value else None


def _word_of(body: bytes, name: str) -> str | None:
    """A text in what may be a JSON object, fit for a log: an issuer's words may hold anything."""
    try:
        value = _text(read_json(body), name)
    except ProtocolError:
        return None
    return "".join(filter(str.isprintable, value))[:_LONGEST_TEXT] if value else None


def _seconds(answer: Mapping[str, object], name: str) -> int | None:
    """A length of time. Some issuers write the number as a text, or with a fraction."""
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return max(0, int(float(value)))
    except (ValueError, OverflowError):
        return None


def _retry_after_s(answer: Answer) -> float | None:
    """RFC 9110 §10.2.3: seconds, or a date. An hour at the most: nobody should be able to stop a client for ever."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isdecimal() and said.isascii():
        return min(float(said), _LONGEST_PAUSE_S)
    try:
        until = parsedate_to_datetime(said).timestamp()
    except ValueError:
        return None
    return min(max(0.0, until - answer.sent_at / 1000), _LONGEST_PAUSE_S)
