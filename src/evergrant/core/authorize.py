"""What follows from an authorization request: show an error, send one, ask, or issue a code. Pure.

OpenID Connect Core §3.1.2.3, §3.1.2.4. Asked again at every step of an interaction, so that no step can be skipped.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from evergrant.core.access import Grantable
from evergrant.core.authorization_request import AuthorizationRequest, RedirectError, ShowError
from evergrant.core.facts import Client, Consent
from evergrant.core.reasons import Reason
from evergrant.core.sessions import SignedIn
from evergrant.protocol import redirects
from evergrant.protocol.errors import ConsentRequired, LoginRequired
from evergrant.protocol.prompts import Prompt
from evergrant.protocol.scope import Scope
from evergrant.protocol.values import Millis, SubjectId


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a person was shown and allowed: exactly this, and nothing that it may have become since."""

    subject: SubjectId
    scope: tuple[str, ...]
    resources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """What an interaction has settled. `session` is the digest of the session that its own sign-in started."""

    session: bytes | None = None
    allowed: Allowed | None = None


@dataclass(frozen=True, slots=True)
class AuthorizeFacts:
    """`consent` is what this subject allowed this client before."""

    client: Client
    issuer: str
    signed_in: SignedIn | None
    consent: Consent | None


@dataclass(frozen=True, slots=True)
class AskLogin:
    """Somebody has to sign in. `login_hint` is the client's idea of who."""

    login_hint: str | None


@dataclass(frozen=True, slots=True)
class AskConsent:
    """The person has to be asked. `on_this_device`: the answer goes to a program that anybody could pretend to be."""

    signed_in: SignedIn
    asks: Allowed
    on_this_device: bool


@dataclass(frozen=True, slots=True)
class IssueCode:
    """Open a pending grant. `remember`: the consent to keep, None when there is nothing new to keep."""

    signed_in: SignedIn
    granted: Grantable
    remember: Consent | None


Decision = ShowError | RedirectError | AskLogin | AskConsent | IssueCode


def decide(
    request: AuthorizationRequest, facts: AuthorizeFacts, progress: Progress, now: Millis
) -> RedirectError | AskLogin | AskConsent | IssueCode:
    """What to do next."""
    who = facts.signed_in
    if who is None or _is_too_old(request, who, progress, now):
        if Prompt.NONE in request.prompts:
            return RedirectError(request.redirect, _login_required())
        return AskLogin(request.login_hint)
    asks = Allowed(who.subject.id, request.wanted.scope.tokens, request.wanted.resources)
    anew = must_ask_every_time(facts.client, request.redirect.uri, facts.issuer)
    if progress.allowed == asks:
        return IssueCode(who, request.wanted, None if anew else _remembered(asks, facts, now))
    if not anew and Prompt.CONSENT not in request.prompts and _is_settled(asks, facts):
        return IssueCode(who, request.wanted, None)
    if Prompt.NONE in request.prompts:
        return RedirectError(request.redirect, _consent_required())
    return AskConsent(who, asks, anew)


def must_ask_every_time(client: Client, redirect_uri: str, issuer: str) -> bool:
    """Whether any program on the device could pose as this client (RFC 8252 §8.6; S-020, Q-12).

    A public client proves itself by nothing but its redirect URI, and a loopback port or a private-use scheme is
    anybody's. Our own origin is ours.
    """
    if not client.public or urlsplit(redirect_uri)[:2] == urlsplit(issuer)[:2]:
        return False
    return redirects.is_loopback(redirect_uri) or urlsplit(redirect_uri).scheme not in ("http", "https")


def _login_required() -> LoginRequired:
    return LoginRequired("Nobody is signed in, or not recently enough.", reason=Reason.NEVER_ASKED)


def _consent_required() -> ConsentRequired:
    return ConsentRequired("The person has to be asked first.", reason=Reason.NEVER_ASKED)


def _is_too_old(request: AuthorizationRequest, who: SignedIn, progress: Progress, now: Millis) -> bool:
    """Whether the person has to sign in although there is a session.

    A sign-in within this interaction is always recent enough: asking again would never end.
    """
    if progress.session is not None and progress.session == who.session.digest:
        return False
    if Prompt.LOGIN in request.prompts:
        return True
    if request.max_age is None:
        return False
    # 0 asks for a new sign-in, even if the last one was in this very millisecond.
    return request.max_age == 0 or max(0, now - who.session.auth_time) > request.max_age * 1000


def _is_settled(asks: Allowed, facts: AuthorizeFacts) -> bool:
    if facts.client.first_party:
        return True
    consent = facts.consent
    if consent is None:
        return False
    return set(asks.scope) <= set(consent.scope) and set(asks.resources) <= set(consent.resources)


def _remembered(asks: Allowed, facts: AuthorizeFacts, now: Millis) -> Consent:
    """What was allowed before and what is allowed now."""
    before = facts.consent
    scope = asks.scope if before is None else (*before.scope, *asks.scope)
    resources = asks.resources if before is None else (*before.resources, *asks.resources)
    return Consent(
        subject=asks.subject,
        client_id=facts.client.id,
        scope=Scope(tuple(dict.fromkeys(scope))),
        resources=tuple(dict.fromkeys(resources)),
        granted_at=now,
    )
