"""Carrying out what hands out tokens: sign first, commit on condition, then answer.

Every method returns the answer, or None when the condition no longer held: then the request is judged again.
"""

from dataclasses import replace

from evergrant.core import streak
from evergrant.core.access import Access
from evergrant.core.credential import SECRET_SIZE, Credentials, Kind, secret_digest
from evergrant.core.decisions import Exchange, Issue, Keep, Open, Redeliver, Renew
from evergrant.core.facts import EventKind, Grant
from evergrant.core.issuance import Issuance, for_grant
from evergrant.core.opening import expires_at
from evergrant.core.policy import COMMIT_DEADLINE
from evergrant.core.ports import ledger as verbs
from evergrant.core.ports.world import Clock, Random
from evergrant.core.reasons import Reason
from evergrant.core.standing import idle_expires_after
from evergrant.protocol.errors import TemporarilyUnavailable
from evergrant.protocol.secret import Secret
from evergrant.protocol.token_response import TokenResponse
from evergrant.protocol.values import GrantId, Millis
from evergrant.server.call import Call
from evergrant.server.engine.round import Round
from evergrant.server.mint import Mint, Minted


class Issuing:
    """The successes of the token endpoint."""

    def __init__(
        self, *, ledger: verbs.Ledger, mint: Mint, credentials: Credentials, clock: Clock, random: Random
    ) -> None:
        self._ledger = ledger
        self._mint = mint
        self._credentials = credentials
        self._clock = clock
        self._random = random

    async def issue(self, decision: Issue, at: Round) -> TokenResponse:
        """Client credentials: nothing is stored."""
        minted = await self._mint.prepare(decision.issuance, at.setting.now)
        return _answer(minted, decision.issuance, None, None)

    async def open(self, decision: Open, at: Round) -> TokenResponse | None:
        """A grant at generation 1 (password grant)."""
        grant_id, secret = GrantId(self._random(16)), self._random(SECRET_SIZE)
        key_id = self._credentials.current_key
        digest = secret_digest(grant_id, secret)
        grant = replace(decision.draft, id=grant_id, key_id=key_id, secret_digest=digest)
        issuance = replace(decision.issuance, gid=grant_id)
        minted = await self._mint.prepare(issuance, at.setting.now)
        token = self._credentials.seal(Kind.REFRESH, key_id, grant_id, secret, 1) if grant.refreshable else None
        check_deadline(at.call, self._clock())
        opened = at.call.event(
            EventKind.GRANT_OPENED,
            at.setting.now,
            grant_id=grant_id,
            client_id=grant.client_id,
            subject=grant.subject,
            detail={"grant_type": at.grant_type},
        )
        outcome = await self._ledger.open_grant(grant, consent=None, room=self._room(at), events=(opened,))
        if isinstance(outcome, verbs.Superseded):
            return None
        return _answer(minted, issuance, token, _left(grant, at, grant.used_at))

    async def exchange(self, decision: Exchange, at: Round) -> TokenResponse | None:
        """0 -> 1: the family secret is drawn here and its digest replaces the code's."""
        grant, now = at.grant, at.setting.now
        end = expires_at(grant, at.setting.policy, decision.access.lifetime, now)
        access = _capped(decision.access, end, now)
        secret, key_id = self._random(SECRET_SIZE), self._credentials.current_key
        issuance = for_grant(grant, at.subject, at.setting.client, access, nonce=grant.nonce)
        minted = await self._mint.prepare(issuance, now)
        token = self._credentials.seal(Kind.REFRESH, key_id, grant.id, secret, 1) if grant.refreshable else None
        step = verbs.Exchange(
            grant_id=grant.id,
            key_id=key_id,
            secret_digest=secret_digest(grant.id, secret),
            expires_at=end,
            at=now,
            caller=at.setting.caller,
        )
        check_deadline(at.call, self._clock())
        exchanged = at.event(EventKind.GRANT_EXCHANGED)
        outcome = await self._ledger.exchange(step, room=self._room(at), events=(exchanged,))
        if isinstance(outcome, verbs.Superseded):
            return None
        return _answer(minted, issuance, token, _left(replace(grant, expires_at=end), at, now))

    async def renew(self, decision: Renew, at: Round) -> TokenResponse | None:
        """One conditional write; a generation ahead of the store is adopted with an event."""
        grant, now, key_id = at.grant, at.setting.now, self._credentials.current_key
        if decision.to == at.presented.generation:
            key_id = at.presented.key_id  # kept as it is: its text must not change
        issuance, minted = await self._prepare(decision.access, at)
        token = self._credentials.seal(Kind.REFRESH, key_id, grant.id, at.presented.secret, decision.to)
        renewal = verbs.Renewal(
            grant_id=grant.id,
            generation=grant.generation,
            renewed_at=grant.renewed_at,
            to=decision.to,
            adopts=decision.adopts,
            key_id=key_id,
            at=now,
            caller=at.setting.caller,
        )
        events = (at.event(EventKind.STORE_BEHIND),) if decision.adopts else ()
        check_deadline(at.call, self._clock())
        if isinstance(await self._ledger.renew(renewal, events=events), verbs.Superseded):
            return None
        return _answer(minted, issuance, token, _left(grant, at, now))

    async def redeliver(self, decision: Redeliver, at: Round) -> TokenResponse | None:
        """The same successor again, made anew from what was shown; only a streak writes anything."""
        grant = at.grant
        if not self._credentials.knows(grant.key_id):
            # A master key is being rotated, and has not reached this node: another one can answer.
            raise TemporarilyUnavailable("The request cannot be answered here; send it again.", reason=Reason.NEWER_KEY)
        issuance, minted = await self._prepare(decision.access, at)
        token = self._credentials.seal(Kind.REFRESH, grant.key_id, grant.id, at.presented.secret, grant.generation)
        if decision.retries is not None:
            noted = verbs.Redelivery(grant.id, grant.generation, grant.retries, decision.retries)
            alarming = decision.streak >= streak.EVENT
            events = (at.event(EventKind.RETRY_STREAK, Reason.RETRY_STREAK),) if alarming else ()
            check_deadline(at.call, self._clock())
            if isinstance(await self._ledger.redeliver(noted, events=events), verbs.Superseded):
                return None
        return _answer(minted, issuance, token, _left(grant, at, grant.used_at))

    async def keep(self, decision: Keep, at: Round) -> TokenResponse:
        """The presented token again (policy `renew = never`)."""
        grant, shown = at.grant, at.presented
        issuance, minted = await self._prepare(decision.access, at)
        token = self._credentials.seal(Kind.REFRESH, shown.key_id, grant.id, shown.secret, shown.generation)
        if decision.touch:
            check_deadline(at.call, self._clock())
            await self._ledger.touch(grant.id, at.setting.now)
        return _answer(minted, issuance, token, _left(grant, at, at.setting.now if decision.touch else grant.used_at))

    async def _prepare(self, access: Access, at: Round) -> tuple[Issuance, Minted]:
        capped = _capped(access, at.grant.expires_at, at.setting.now)
        issuance = for_grant(at.grant, at.subject, at.setting.client, capped, nonce=None)
        return issuance, await self._mint.prepare(issuance, at.setting.now)

    def _room(self, at: Round) -> verbs.Room:
        made = replace(at.event(EventKind.GRANT_REVOKED, Reason.MADE_ROOM), detail={})
        return verbs.Room(at.setting.policy.max_grants, made)


def check_deadline(call: Call, now: Millis) -> None:
    """Raises TemporarilyUnavailable when it is too late to commit: a stalled request must not look like a thief."""
    if now - call.accepted_at > COMMIT_DEADLINE:
        raise TemporarilyUnavailable("The request took too long; send it again.", reason=Reason.TOO_LATE)


def _capped(access: Access, end: Millis, now: Millis) -> Access:
    """An access token does not outlive its grant."""
    lifetime = max(1000, min(access.lifetime, end - now))
    return access if lifetime == access.lifetime else replace(access, lifetime=lifetime)


def _left(grant: Grant, at: Round, used_at: Millis) -> Millis | None:
    if not grant.refreshable:
        return None
    return Millis(idle_expires_after(grant, at.setting.policy, used_at) - at.setting.now)


def _answer(minted: Minted, issuance: Issuance, token: Secret | None, left: Millis | None) -> TokenResponse:
    return TokenResponse(
        access_token=minted.access_token,
        expires_in_s=minted.expires_in,
        scope=issuance.access.scope,
        refresh_token=token,
        refresh_expires_in=left,
        id_token=minted.id_token,
    )
