"""The authorization endpoint's engine: reads the facts, asks `core.authorize`, and carries out what it says.

Every step of an interaction reads and judges the whole request again, against client, consent and session as they are
then. What a step has proven is in the sealed interaction; everything else may have changed.
"""

from dataclasses import dataclass, replace
from typing import Final, assert_never
from urllib.parse import urlencode

from evergrant.core import authorization_request as requests
from evergrant.core.authorization_request import AuthorizationRequest, ProvenRedirect, RedirectError, ShowError
from evergrant.core.authorize import AskConsent, AskLogin, AuthorizeFacts, IssueCode, decide
from evergrant.core.facts import Client, EventKind
from evergrant.core.opening import is_refreshable
from evergrant.core.ports.ledger import Ledger
from evergrant.core.ports.reader import Reader
from evergrant.core.ports.world import Clock
from evergrant.core.reasons import Reason
from evergrant.core.throttle import Throttled
from evergrant.protocol import redirects
from evergrant.protocol.errors import AccessDenied, InvalidRequest, OAuthError, TemporarilyUnavailable
from evergrant.protocol.forms import Form
from evergrant.protocol.secret import Secret
from evergrant.server.browser import Browser
from evergrant.server.call import Call
from evergrant.server.catalog import Catalog
from evergrant.server.engine.approval import Approval, Pending
from evergrant.server.engine.interactions import Interaction, Interactions, Step
from evergrant.server.engine.sessions import Sessions
from evergrant.server.engine.sign_in import SignIn
from evergrant.server.journal import Journal
from evergrant.server.outcomes import (
    ConsentPage,
    Entered,
    Incomplete,
    Outcome,
    Problem,
    Redirect,
    SignInPage,
    WrongPassword,
)

ROUNDS: Final = 3
EXPIRED: Final = "This page has expired, was opened in another browser, or was already answered."
_CHANGED: Final = "Something changed while you were asked; try again."


@dataclass(frozen=True, slots=True)
class Asking:
    """A request whose client and redirect URI are proven, at this step of its interaction."""

    call: Call
    browser: Browser
    interaction: Interaction
    client: Client
    request: AuthorizationRequest

    @property
    def redirect(self) -> ProvenRedirect:
        return self.request.redirect


class Authorization:
    """Authorization requests of one realm. Whatever must be shown instead of sent is raised as OAuthError."""

    def __init__(
        self,
        *,
        issuer: str,
        catalog: Catalog,
        reader: Reader,
        ledger: Ledger,
        interactions: Interactions,
        sessions: Sessions,
        sign_in: SignIn,
        approval: Approval,
        clock: Clock,
        journal: Journal,
    ) -> None:
        self._issuer = issuer
        self._catalog = catalog
        self._reader = reader
        self._ledger = ledger
        self._interactions = interactions
        self._sessions = sessions
        self._sign_in = sign_in
        self._approval = approval
        self._clock = clock
        self._journal = journal

    async def begin(self, call: Call, form: Form, browser: Browser) -> Outcome:
        """A new request. `browser` has its cookie, be it a moment old. Raises OAuthError, StoreUnavailable."""
        return await self._proceed(call, self._interactions.begin(requests.remembered(form)), browser)

    async def resume(self, call: Call, sealed: str | None, browser: Browser) -> Outcome:
        """After a sign-in."""
        return await self._proceed(call, self._open(sealed, browser, Step.CONTINUE), browser)

    async def sign_in(
        self, call: Call, sealed: str | None, username: str | None, password: Secret | None, browser: Browser
    ) -> SignInPage | Redirect | Entered:
        """The posted sign-in form."""
        interaction = self._open(sealed, browser, Step.SIGN_IN)
        read = await self._read(call, interaction, browser)
        if isinstance(read, RedirectError):
            return self._send_error(call, read)
        if username is None or password is None:
            return self._sign_in_page(read, username, Incomplete())
        found = await self._sign_in.check(call, username, password, browser.known, read.client.id)
        if isinstance(found, Throttled):
            return self._sign_in_page(read, username, found)
        if found is None:
            return self._sign_in_page(read, username, WrongPassword())
        previous = await self._sessions.current(browser.session)
        started = await self._sessions.start(call, found, previous, read.client.id)
        if started is None:
            return self._sign_in_page(read, username, WrongPassword())
        progress = replace(interaction.progress, session=started.session.digest)
        after = replace(interaction, step=Step.CONTINUE, progress=progress)
        query = urlencode({"interaction": self._interactions.seal(after, browser)})
        url = Secret(f"{self._issuer.rstrip('/')}/authorize/continue?{query}")
        return Entered(url, started.cookie, self._sign_in.remember(found.id))

    async def consent(self, call: Call, sealed: str | None, decision: str | None, browser: Browser) -> Outcome:
        """The posted consent form: `allow`, `deny`, or `switch` to another account."""
        interaction = self._open(sealed, browser, Step.CONSENT)
        match decision:
            case "allow":
                progress = replace(interaction.progress, allowed=interaction.shown)
                return await self._proceed(call, replace(interaction, progress=progress), browser)
            case "deny" | "switch":
                read = await self._read(call, interaction, browser)
                if isinstance(read, RedirectError):
                    return self._send_error(call, read)
                return await self._deny(read) if decision == "deny" else self._sign_in_page(read, None, None)
            case _:
                raise InvalidRequest("The form has no decision.")

    def _open(self, sealed: str | None, browser: Browser, step: Step) -> Interaction:
        interaction = self._interactions.open(sealed, browser, step)
        if interaction is None:
            raise InvalidRequest(EXPIRED, reason=Reason.GARBAGE)
        return interaction

    async def _proceed(self, call: Call, interaction: Interaction, browser: Browser) -> Outcome:
        """Judge and carry out; again, with fresh facts, when one that a commit relied on no longer held."""
        for _ in range(ROUNDS):
            read = await self._read(call, interaction, browser)
            if isinstance(read, RedirectError):
                return self._send_error(call, read)
            outcome = await self._judge(read)
            if outcome is not None:
                return outcome
            self._catalog.forget()
        raise TemporarilyUnavailable(_CHANGED, reason=Reason.OVERTAKEN)

    async def _read(self, call: Call, interaction: Interaction, browser: Browser) -> Asking | RedirectError:
        """Raises the error that must not be sent anywhere."""
        named = requests.client_id(interaction.form)
        client = None if named is None else await self._catalog.client(named)
        request = requests.read(interaction.form, client, await self._catalog.resources(), self._issuer)
        match request:
            case ShowError(error=error):
                raise error
            case RedirectError():
                return request
            case AuthorizationRequest():
                if client is None:
                    raise LookupError("a request is read against its client")
                return Asking(call, browser, interaction, client, request)
            case _:
                assert_never(request)

    async def _judge(self, asking: Asking) -> Outcome | None:
        """None: a fact it relied on no longer holds."""
        who = await self._sessions.current(asking.browser.session)
        consent = None if who is None else await self._reader.consent(who.subject.id, asking.client.id)
        facts = AuthorizeFacts(asking.client, self._issuer, who, consent)
        decision = decide(asking.request, facts, asking.interaction.progress, self._clock())
        match decision:
            case RedirectError():
                return self._send_error(asking.call, decision)
            case AskLogin():
                self._count("ask_login")
                return self._sign_in_page(asking, decision.login_hint, None)
            case AskConsent():
                self._count("ask_consent")
                return await self._consent_page(asking, decision)
            case IssueCode():
                return await self._issue(asking, decision)
            case _:
                assert_never(decision)

    async def _issue(self, asking: Asking, decision: IssueCode) -> Redirect | None:
        pending = Pending(
            grant_id=asking.interaction.id,
            secret=asking.interaction.secret,
            client=asking.client,
            request=asking.request,
            decision=decision,
        )
        code = await self._approval.issue(asking.call, pending)
        if code is None:
            return None
        self._count("code")
        return self._send(asking.redirect, {"code": code.reveal()})

    async def _consent_page(self, asking: Asking, decision: AskConsent) -> ConsentPage:
        interaction = replace(asking.interaction, step=Step.CONSENT, shown=decision.asks)
        scope = asking.request.wanted.scope
        return ConsentPage(
            interaction=self._interactions.seal(interaction, asking.browser),
            client=asking.client,
            redirect_uri=asking.redirect.uri,
            subject=decision.signed_in.subject,
            asks=decision.asks,
            resources=await self._catalog.resources(),
            policy=await self._catalog.policy(asking.client),
            refreshable=is_refreshable(asking.client, "openid" in scope, "offline_access" in scope),
            on_this_device=decision.on_this_device,
        )

    def _sign_in_page(self, asking: Asking, username: str | None, problem: Problem | None) -> SignInPage:
        interaction = replace(asking.interaction, step=Step.SIGN_IN, shown=None)
        sealed = self._interactions.seal(interaction, asking.browser)
        return SignInPage(sealed, asking.client, asking.redirect.uri, username or "", problem)

    async def _deny(self, asking: Asking) -> Redirect:
        who = await self._sessions.current(asking.browser.session)
        event = asking.call.event(
            EventKind.CONSENT_DENIED,
            self._clock(),
            client_id=asking.client.id,
            subject=None if who is None else who.subject.id,
            reason=Reason.DENIED,
        )
        await self._ledger.record((event,))
        error = AccessDenied("The person did not allow it.", reason=Reason.DENIED)
        return self._send_error(asking.call, RedirectError(asking.redirect, error))

    def _send_error(self, call: Call, refused: RedirectError) -> Redirect:
        """RFC 6749 §4.1.2.1. The reason stays with us."""
        error: OAuthError = refused.error
        self._count(error.code)
        self._journal.logger.info(
            "authorization_refused", correlation_id=call.correlation_id, error=error.code, reason=error.reason
        )
        return self._send(refused.redirect, error.body())

    def _send(self, redirect: ProvenRedirect, parameters: dict[str, str]) -> Redirect:
        """`state` as it came, `iss` always (RFC 9207 §2, S-007); nothing of the request's making beside them."""
        state = {} if redirect.state is None else {"state": redirect.state}
        return Redirect(Secret(redirects.respond(redirect.uri, {**parameters, **state, "iss": self._issuer})))

    def _count(self, outcome: str) -> None:
        self._journal.metrics.authorizations.labels(outcome).inc()
