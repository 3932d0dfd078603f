"""The token endpoint's engine: gather and decide, at most three rounds, then carry out."""

from collections.abc import Mapping
from typing import Final, assert_never

from evergrant.core.attempt import Ask, Attempt, GrantType, PasswordCheck, Setting
from evergrant.core.credential import Credentials
from evergrant.core.decisions import Decision, Exchange, Issue, Keep, Open, Redeliver, Refuse, Renew, Revoke
from evergrant.core.facts import Client, Revocation, Subject
from evergrant.core.grants import GRANTS
from evergrant.core.ports.ledger import GrantSeen, Ledger, Superseded
from evergrant.core.ports.reader import Reader
from evergrant.core.ports.world import Clock
from evergrant.core.reasons import Reason
from evergrant.core.throttle import Throttled
from evergrant.protocol.errors import (
    TemporarilyUnavailable,
    TooManyAttempts,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from evergrant.protocol.forms import Form
from evergrant.protocol.secret import Secret
from evergrant.protocol.token_response import TokenResponse
from evergrant.server.call import Call
from evergrant.server.catalog import Catalog
from evergrant.server.engine.issuing import Issuing, check_deadline
from evergrant.server.engine.round import Round
from evergrant.server.engine.sign_in import SignIn
from evergrant.server.journal import Journal

ROUNDS: Final = 3
_BUSY: Final = "The request met another one for the same grant; send it again."
_REGISTRY: Final[Mapping[str, GrantType]] = {grant.name: grant for grant in GRANTS}


class Tokens:
    """Answers token requests of one realm."""

    def __init__(
        self,
        *,
        issuer: str,
        catalog: Catalog,
        credentials: Credentials,
        reader: Reader,
        ledger: Ledger,
        issuing: Issuing,
        sign_in: SignIn,
        clock: Clock,
        journal: Journal,
    ) -> None:
        self._issuer = issuer
        self._catalog = catalog
        self._credentials = credentials
        self._reader = reader
        self._ledger = ledger
        self._issuing = issuing
        self._sign_in = sign_in
        self._clock = clock
        self._journal = journal

    async def answer(self, call: Call, client: Client, form: Form) -> TokenResponse:
        """Tokens for a proven client. Raises OAuthError or StoreUnavailable; a failure spends nothing."""
        grant_type = find(form, client)
        attempt = grant_type.read(form)
        ask = Ask(self._reader, self._credentials, self._password_check(call))
        contested = False
        for _ in range(ROUNDS):
            at = await self._judge(call, client, grant_type.name, attempt, ask, contested=contested)
            answer = await self._carry_out(at.judged.decision, at)
            if answer is not None:
                return answer
            contested = contested or not isinstance(at.judged.decision, Revoke)
            self._journal.contested(call, grant_type.name)
        raise TemporarilyUnavailable(_BUSY, reason=Reason.OVERTAKEN)

    async def _judge(
        self, call: Call, client: Client, name: str, attempt: Attempt, ask: Ask, *, contested: bool
    ) -> Round:
        terms = await self._catalog.terms(client)
        setting = Setting(
            client=client,
            realm=terms.realm,
            policy=terms.policy,
            resources=terms.resources,
            issuer=self._issuer,
            caller=call.caller,
            now=self._clock(),
        )
        return Round(call, name, setting, await attempt(ask, setting), contested)

    async def _carry_out(self, decision: Decision, at: Round) -> TokenResponse | None:
        """The answer; None when a condition no longer held. Raises what is refused."""
        match decision:
            case Refuse():
                await self._refuse(decision, at)
                raise decision.error
            case Revoke():
                if await self._revoke(decision, at):
                    raise decision.error
                return None
            case Issue():
                answer: TokenResponse | None = await self._issuing.issue(decision, at)
            case Open():
                answer = await self._issuing.open(decision, at)
            case Exchange():
                answer = await self._issuing.exchange(decision, at)
            case Renew():
                answer = await self._issuing.renew(decision, at)
            case Redeliver():
                answer = await self._issuing.redeliver(decision, at)
            case Keep():
                answer = await self._issuing.keep(decision, at)
            case _:
                assert_never(decision)
        if answer is not None:
            self._tell(at, decision, None)
        return answer

    async def _refuse(self, decision: Refuse, at: Round) -> None:
        self._tell(at, decision, decision.reason)
        if decision.event is not None:
            await self._ledger.record((at.event(decision.event, decision.reason),))

    async def _revoke(self, decision: Revoke, at: Round) -> bool:
        """Ends the grant; False when it moved meanwhile. Raises TemporarilyUnavailable for a request that lost a race.

        A request that was first judged fit to be served was stalled, not stolen: it never ends a grant. A real thief
        gains nothing, because his retry is judged afresh.
        """
        if at.contested:
            raise TemporarilyUnavailable(_BUSY, reason=Reason.OVERTAKEN)
        grant = at.grant
        check_deadline(at.call, self._clock())
        outcome = await self._ledger.revoke(
            grant.id,
            Revocation(at.setting.now, "server", decision.reason),
            seen=GrantSeen(grant.generation, grant.renewed_at, grant.used_at),
            events=(at.event(decision.event, decision.reason),),
        )
        if isinstance(outcome, Superseded):
            return False
        self._tell(at, decision, decision.reason)
        return True

    def _password_check(self, call: Call) -> PasswordCheck:
        async def check(username: str, password: Secret) -> Subject | None:
            found = await self._sign_in.check(call, username, password, None)
            if isinstance(found, Throttled):
                wait = "Too many attempts; try again later."
                raise TooManyAttempts(wait, retry_after_s=found.retry_after_s, reason=Reason.THROTTLED)
            return found

        return check

    def _tell(self, at: Round, decision: Decision, reason: Reason | None) -> None:
        facts = at.judged.facts
        self._journal.decided(
            at.call,
            client_id=at.setting.client.id,
            grant_type=at.grant_type,
            decision=type(decision).__name__.lower(),
            reason=reason,
            grant_id=None if facts is None else facts.grant.id,
            generation=None if facts is None else facts.grant.generation,
        )


def find(form: Form, client: Client) -> GrantType:
    """The grant type asked for. Raises UnsupportedGrantType, UnauthorizedClient (RFC 6749 §5.2)."""
    name = form.require("grant_type")
    found = _REGISTRY.get(name)
    if found is None:
        raise UnsupportedGrantType("This grant type is not supported.")
    if name not in client.grant_types:
        raise UnauthorizedClient("This client may not use this grant type.", reason=Reason.GRANT_NOT_ALLOWED)
    return found
