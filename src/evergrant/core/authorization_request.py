"""Reads an authorization request, and proves where its answer may go. Pure.

RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1, RFC 7636 §4.3, RFC 8707 §2, OAuth 2.1 §4.1.1. A request is read again at
every step of an interaction, against the client as it is then.
"""

from dataclasses import dataclass
from typing import Final

from evergrant.core.access import Asked, Grantable, Resources, grantable
from evergrant.core.facts import Client
from evergrant.core.reasons import Reason
from evergrant.protocol import pkce, redirects
from evergrant.protocol.errors import (
    InvalidRequest,
    OAuthError,
    RegistrationNotSupported,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsupportedResponseType,
)
from evergrant.protocol.forms import Form
from evergrant.protocol.oidc_scopes import OFFLINE_ACCESS
from evergrant.protocol.prompts import Prompt, parse_max_age, parse_prompt
from evergrant.protocol.values import ClientId

RESPONSE_TYPES: Final = ("code",)
RESPONSE_MODES: Final = ("query",)

PARAMETERS: Final = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "prompt",
    "max_age",
    "login_hint",
    "resource",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
    "registration",
)
"""What we read. Anything else is ignored (RFC 6749 §3.1)."""

MOST_BYTES: Final = 5_500
"""Of all parameters together. They travel sealed in a form field, and `state` alone may have 4096."""

LONGEST_HINT: Final = 256


@dataclass(frozen=True, slots=True)
class ProvenRedirect:
    """A redirect URI that a known client registered: the only thing an answer is ever sent to.

    `prove` alone makes one (S-002): who holds it may redirect.
    """

    uri: str
    state: str | None


@dataclass(frozen=True, slots=True)
class ShowError:
    """Say it to the person, here: there is nobody proven to send it to (RFC 6749 §4.1.2.1)."""

    error: OAuthError


@dataclass(frozen=True, slots=True)
class RedirectError:
    """Send the error to the client."""

    redirect: ProvenRedirect
    error: OAuthError


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What the client asks for. `max_age` in seconds."""

    redirect: ProvenRedirect
    wanted: Grantable
    challenge: str | None
    nonce: str | None
    prompts: frozenset[Prompt]
    max_age: int | None
    login_hint: str | None


def remembered(form: Form) -> Form:
    """The parameters we read, for the next step of the interaction."""
    kept = {name: form.all(name) for name in PARAMETERS if name in form}
    if any(len(hint) > LONGEST_HINT for hint in kept.get("login_hint", ())):
        del kept["login_hint"]
    return Form(kept)


def client_id(form: Form) -> ClientId | None:
    """Whose request it says it is."""
    named = form.get("client_id")
    return None if named is None else ClientId(named)


def read(
    form: Form, client: Client | None, resources: Resources, issuer: str
) -> AuthorizationRequest | ShowError | RedirectError:
    """The request, or where its error goes. `client` is the one that `client_id` names."""
    redirect = prove(form, client)
    if isinstance(redirect, ShowError) or client is None:
        return redirect if isinstance(redirect, ShowError) else ShowError(_unknown_client())
    try:
        return _parse(form, redirect, client, resources, issuer)
    except OAuthError as error:
        return RedirectError(redirect, error)


def prove(form: Form, client: Client | None) -> ProvenRedirect | ShowError:
    """The redirect URI, if it is this client's to the letter (RFC 9700 §4.1.3)."""
    if client_id(form) is None:
        return ShowError(InvalidRequest("The parameter client_id is missing."))
    if client is None or client.disabled:
        return ShowError(_unknown_client())
    presented = form.get("redirect_uri")
    if presented is None:
        # OpenID Connect Core §3.1.2.1 demands it; guessing the only registered one is one guess too many.
        return ShowError(InvalidRequest("The parameter redirect_uri is missing."))
    if not any(redirects.matches(registered, presented) for registered in client.redirect_uris):
        return ShowError(InvalidRequest("The redirect URI is not registered for this application."))
    return ProvenRedirect(presented, form.get("state"))


def _unknown_client() -> OAuthError:
    return InvalidRequest("The application is not known here.", reason=Reason.UNKNOWN_CLIENT)


def _parse(
    form: Form, redirect: ProvenRedirect, client: Client, resources: Resources, issuer: str
) -> AuthorizationRequest:
    _check_size(form)
    _check_unsupported(form)
    _check_response(form, client)
    return AuthorizationRequest(
        redirect=redirect,
        wanted=grantable(_asked(form, client), client, resources, issuer),
        challenge=_challenge(form, client),
        nonce=form.get("nonce"),
        prompts=parse_prompt(form.get("prompt")),
        max_age=parse_max_age(form.get("max_age")),
        login_hint=form.get("login_hint"),
    )


def _check_size(form: Form) -> None:
    if sum(len(value.encode()) for values in remembered(form).fields.values() for value in values) > MOST_BYTES:
        raise InvalidRequest(f"The request has more than {MOST_BYTES} bytes of parameters.")


def _check_unsupported(form: Form) -> None:
    """OpenID Connect Core §3.1.2.6. Ignoring them would judge another request than the one that was signed."""
    if "request" in form:
        raise RequestNotSupported("The parameter request is not supported.")
    if "request_uri" in form:
        raise RequestUriNotSupported("The parameter request_uri is not supported.")
    if "registration" in form:
        raise RegistrationNotSupported("The parameter registration is not supported.")


def _check_response(form: Form, client: Client) -> None:
    if form.require("response_type") not in RESPONSE_TYPES:
        raise UnsupportedResponseType("The only response type is code.")
    if form.get("response_mode") not in (None, *RESPONSE_MODES):
        raise InvalidRequest("The only response mode is query.")
    if "authorization_code" not in client.grant_types:
        raise UnauthorizedClient(
            "This client may not use the authorization code grant.", reason=Reason.GRANT_NOT_ALLOWED
        )


def _asked(form: Form, client: Client) -> Asked:
    asked = Asked.of(form)
    if asked.scope is None or "refresh_token" in client.grant_types:
        return asked
    # OpenID Connect Core §11: offline access is ignored where no refresh token could follow.
    return Asked(asked.scope - (OFFLINE_ACCESS,), asked.resources)


def _challenge(form: Form, client: Client) -> str | None:
    """RFC 7636 §4.3. A method without challenge, or none named (which would mean `plain`), is refused (S-004)."""
    challenge, method = form.get("code_challenge"), form.get("code_challenge_method")
    if challenge is None:
        if method is not None or client.public or client.require_pkce:
            raise InvalidRequest("The parameter code_challenge is missing.")
        return None
    if method not in pkce.METHODS:
        raise InvalidRequest("The code_challenge_method must be S256.")
    if not pkce.valid_challenge(challenge):
        raise InvalidRequest("The code_challenge is not an S256 challenge.")
    return challenge
