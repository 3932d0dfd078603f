"""Opens the pending grant of an approved request and makes its code (design: "One row, one state machine")."""

from dataclasses import dataclass, field, replace

from evergrant.core.authorization_request import AuthorizationRequest
from evergrant.core.authorize import IssueCode
from evergrant.core.credential import Credentials, Kind, secret_digest
from evergrant.core.facts import Client, EventKind, Grant, GrantState, Revocation
from evergrant.core.opening import draft
from evergrant.core.ports.ledger import Ledger, Superseded
from evergrant.core.ports.reader import Reader
from evergrant.core.ports.world import Clock
from evergrant.core.reasons import Reason
from evergrant.protocol.errors import InvalidRequest
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import GrantId, Millis
from evergrant.server.call import Call
from evergrant.server.catalog import Catalog
from evergrant.server.engine.issuing import check_deadline
from evergrant.server.engine.sessions import Sessions

ANSWERED = "This request was already answered; go back to the application and start again."


@dataclass(frozen=True, slots=True)
class Pending:
    """An approved request. `grant_id` and `secret` were drawn when its interaction began, 16 bytes each.

    The id is the row's key: an interaction has one code at most, however often its form is sent.
    """

    grant_id: bytes
    secret: bytes = field(repr=False)
    client: Client
    request: AuthorizationRequest
    decision: IssueCode


class Approval:
    """Generation 0 of a grant."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        reader: Reader,
        ledger: Ledger,
        sessions: Sessions,
        credentials: Credentials,
        clock: Clock,
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._ledger = ledger
        self._sessions = sessions
        self._credentials = credentials
        self._clock = clock

    async def issue(self, call: Call, pending: Pending) -> Secret | None:
        """The code; None when a fact no longer holds and the request has to be judged again.

        A form that was sent twice gets the same code, as long as nobody has used it. Raises InvalidRequest once it
        was, TemporarilyUnavailable when it is too late to commit, StoreUnavailable.
        """
        before = await self._reader.grant(GrantId(pending.grant_id))
        if before is not None:
            return self._again(pending, before.grant)
        grant = await self._draft(call, pending)
        event = call.event(
            EventKind.GRANT_OPENED,
            grant.created_at,
            grant_id=grant.id,
            client_id=grant.client_id,
            subject=grant.subject,
            detail={"grant_type": "authorization_code"},
        )
        check_deadline(call, self._clock())
        outcome = await self._ledger.open_grant(grant, consent=pending.decision.remember, room=None, events=(event,))
        if isinstance(outcome, Superseded):
            return None
        # A logout ends the grants it finds. One that came between our look at the session and this commit did not
        # find ours; one that comes from now on will.
        if not await self._sessions.is_live(pending.decision.signed_in.session):
            await self._end(call, grant)
            raise InvalidRequest(ANSWERED, reason=Reason.LOGGED_OUT)
        return self._seal(grant, pending)

    async def _draft(self, call: Call, pending: Pending) -> Grant:
        decision, request, now = pending.decision, pending.request, self._clock()
        policy = await self._catalog.policy(pending.client)
        grant_id = GrantId(pending.grant_id)
        drafted = draft(
            client=pending.client,
            subject=decision.signed_in.subject,
            realm=await self._catalog.realm(),
            granted=decision.granted,
            auth_time=decision.signed_in.session.auth_time,
            amr=decision.signed_in.session.amr,
            session_id=decision.signed_in.session.sid,
            caller=call.caller,
            now=now,
        )
        return replace(
            drafted,
            id=grant_id,
            key_id=self._credentials.current_key,
            secret_digest=secret_digest(grant_id, pending.secret),
            pending_expires_at=Millis(now + policy.code_lifetime),
            challenge=request.challenge,
            redirect_uri=request.redirect.uri,
            nonce=request.nonce,
        )

    def _again(self, pending: Pending, grant: Grant) -> Secret:
        """The same code for the same form of the same session. Raises InvalidRequest."""
        fresh = grant.state is GrantState.PENDING and self._clock() < grant.pending_expires_at
        same = grant.session_id == pending.decision.signed_in.session.sid
        if not fresh or not same or grant.secret_digest != secret_digest(grant.id, pending.secret):
            raise InvalidRequest(ANSWERED, reason=Reason.REUSED)
        return self._seal(grant, pending)

    def _seal(self, grant: Grant, pending: Pending) -> Secret:
        return self._credentials.seal(Kind.CODE, grant.key_id, grant.id, pending.secret, 0)

    async def _end(self, call: Call, grant: Grant) -> None:
        now = self._clock()
        event = call.event(
            EventKind.GRANT_REVOKED,
            now,
            grant_id=grant.id,
            client_id=grant.client_id,
            subject=grant.subject,
            reason=Reason.LOGGED_OUT,
        )
        await self._ledger.revoke(grant.id, Revocation(now, "server", Reason.LOGGED_OUT), seen=None, events=(event,))
