"""The life of a grant: the judging table as data, and `judge()` beside it (design: "How a presented token is judged").

Pure. The rows are asked in order and the first that matches decides. `docs/` draws its table and diagram from TABLE.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, NamedTuple

from evergrant.core import streak
from evergrant.core.access import Access, Asked, Grantable, narrow
from evergrant.core.credential import Kind, Presented, secret_digest
from evergrant.core.decisions import Exchange, Keep, Redeliver, Refuse, Renew, Revoke, Verdict
from evergrant.core.facts import (
    Caller,
    Client,
    EventKind,
    Grant,
    GrantFacts,
    GrantState,
    Realm,
    Resource,
)
from evergrant.core.policy import Action, Policy, Streak
from evergrant.core.policy import Renew as RenewPolicy
from evergrant.core.reasons import Reason
from evergrant.core.standing import Standing, standing
from evergrant.protocol import pkce
from evergrant.protocol.errors import InvalidGrant, InvalidScope, InvalidTarget
from evergrant.protocol.record import record
from evergrant.protocol.values import Millis

REACH: Final = 10_000
"""How far ahead of the store a generation may be and still be adopted (row 8)."""

SPENT_TOKEN: Final = "The refresh token is invalid, expired or revoked."
SPENT_CODE: Final = "The authorization code is invalid, expired or was already used."


@record
class Proof:
    """What came beside the credential to prove possession: PKCE verifier and redirect URI (codes), bound key."""

    verifier: str | None = None
    redirect_uri: str | None = None
    binding: str | None = None


@dataclass(frozen=True)
class Case:
    """Everything a judgement may look at. `presented` None: row 1 (the engine then reads no grant)."""

    # Without slots, for `access` to be kept: rows 11 to 13 all ask for it.

    presented: Presented | None
    kind: Kind
    facts: GrantFacts | None
    client: Client
    realm: Realm
    policy: Policy
    proof: Proof
    asked: Asked
    resources: Mapping[str, Resource]
    issuer: str
    caller: Caller
    now: Millis

    # What the rows ask for again and again, worked out once. There where something was presented and a grant found.
    token: Presented = field(init=False, repr=False, compare=False)
    grant: Grant = field(init=False, repr=False, compare=False)
    is_code: bool = field(init=False, repr=False, compare=False)
    is_ahead: bool = field(init=False, repr=False, compare=False)
    behind: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        known: dict[str, object] = {"is_code": self.kind is Kind.CODE}
        if self.presented is not None:
            known["token"] = self.presented
            if self.facts is not None:
                ahead = self.presented.generation - self.facts.grant.generation
                # An adopted credential, ahead of the store, is behind none.
                known |= {"grant": self.facts.grant, "is_ahead": ahead > 0, "behind": -ahead if ahead < 0 else 0}
        self.__dict__.update(known)

    @cached_property
    def access(self) -> Access | InvalidScope | InvalidTarget:
        """What an access token would carry, or why there can be none."""
        granted = Grantable(self.grant.scope, self.grant.resources)
        try:
            return narrow(self.asked, granted, self.client, self.resources, self.issuer, self.policy)
        except (InvalidScope, InvalidTarget) as error:
            return error

    def age(self, then: Millis) -> int:
        """Milliseconds since, never negative: a clock that stepped back must not open or close anything."""
        return max(0, self.now - then)


class Row(NamedTuple):
    """One row of the table: what is presented, what follows, when it matches, what it decides."""

    number: str
    presented: str
    outcome: str
    matches: Callable[[Case], bool]
    decide: Callable[[Case], Verdict]


def refuse(case: Case, reason: Reason, event: EventKind | None = EventKind.REFRESH_REFUSED) -> Refuse:
    """One public sentence whatever the reason, so that rows 2, 3 and 5 cannot be told apart."""
    return Refuse(_invalid(case, reason), reason, event)


def revoke(case: Case, reason: Reason, event: EventKind = EventKind.GRANT_REVOKED) -> Revoke:
    """End the grant and say the same sentence."""
    return Revoke(_invalid(case, reason), reason, event)


def _invalid(case: Case, reason: Reason) -> InvalidGrant:
    return InvalidGrant(SPENT_CODE if case.is_code else SPENT_TOKEN, reason=reason)


# --- rows 2 to 4: whose is it? --------------------------------------------------


def _is_unknown(case: Case) -> bool:
    if case.facts is None:
        return True
    if case.is_code and case.grant.generation > 0:
        return False  # its own secret was replaced at 0 -> 1: the MAC here and the challenge in row 4 stand for it
    return secret_digest(case.token.grant_id, case.token.secret) != case.grant.secret_digest


def _lacks_proof(case: Case) -> bool:
    grant, proof = case.grant, case.proof
    if grant.binding is not None and grant.binding != proof.binding:
        return True
    if not case.is_code:
        return False
    if grant.challenge is None:
        # RFC 9700 §4.8.2: a verifier for a code without challenge is a downgrade, not a harmless extra.
        if proof.verifier is not None:
            return True
    elif proof.verifier is None or not pkce.matches(proof.verifier, grant.challenge):
        return True
    if grant.generation > 0:
        return False  # the redirect URI is no longer kept
    if proof.redirect_uri is None:
        return grant.challenge is None  # RFC 6749 §4.1.3; with PKCE it may be left out (OAuth 2.1)
    return proof.redirect_uri != grant.redirect_uri


# --- rows 5 to 7: may it still be used at all? -----------------------------------


def _is_expired(case: Case) -> bool:
    grant = case.grant
    if grant.state is GrantState.PENDING:
        return case.now >= grant.pending_expires_at
    return case.now >= grant.expires_at


def _is_idle(case: Case) -> bool:
    grant = case.grant
    if grant.state is not GrantState.ACTIVE or case.is_ahead or not grant.refreshable:
        return False
    since = grant.used_at if case.policy.extend_on_renew else grant.granted_at
    return case.age(since) >= case.policy.refresh_token_idle_timeout


def _standing(case: Case) -> Standing | None:
    subject = case.facts.subject if case.facts is not None else None
    return standing(case.grant, subject, case.client, case.realm, case.policy)


def _decide_standing(case: Case) -> Verdict:
    found = _standing(case)
    if found is None:
        raise LookupError("row 7 did not match")
    ends = found.action is Action.REVOKE_ALL or (found.action is Action.REVOKE_ONLINE and not case.grant.offline)
    return revoke(case, found.reason) if ends else refuse(case, found.reason)


# --- rows 8 to 10: is it the store, or is it theft? -------------------------------


def _cannot_be_ours(case: Case) -> bool:
    """Too far ahead, or a current one under a key that the grant has left behind: a retired key dies grant by grant."""
    token, grant = case.token, case.grant
    too_far = token.generation > grant.generation + REACH
    return too_far or (token.generation >= grant.generation and token.key_id < grant.key_id)


def _decide_too_far(case: Case) -> Verdict:
    if case.token.generation > case.grant.generation + REACH:
        return refuse(case, Reason.TOO_FAR_AHEAD, EventKind.TOO_FAR_AHEAD)
    return refuse(case, Reason.RETIRED_KEY)


def _is_reuse(case: Case) -> bool:
    """Superseded longer ago than the window, or an exchanged code, which is never redelivered (RFC 6749 §4.1.2)."""
    if case.behind == 0:
        return False
    if case.is_code:
        return True
    since = case.grant.renewed_at if case.behind == 1 else case.grant.previous_renewed_at
    # At window 0 even the same millisecond is too late: there is no retry.
    return case.policy.retry_window == 0 or case.age(since) > case.policy.retry_window


# --- rows 11 to 13: what does it get? ----------------------------------------------


def _access(case: Case) -> Access:
    if not isinstance(case.access, Access):
        raise LookupError("row 11 answers this")
    return case.access


def _too_wide(case: Case) -> InvalidScope | InvalidTarget | None:
    return None if isinstance(case.access, Access) else case.access


def _decide_too_wide(case: Case) -> Verdict:
    error = _too_wide(case)
    if error is None:
        raise LookupError("row 11 did not match")
    return Refuse(error, Reason(error.reason or Reason.TOO_WIDE_SCOPE), EventKind.REFRESH_REFUSED)


def _redeliver(case: Case) -> Verdict:
    """Row 12, with the streak: a thief who follows within the window at every step is redelivered only so often."""
    grant = case.grant
    quiet = Redeliver(None, 0, _access(case))
    if case.policy.streak is Streak.OFF or not streak.is_other_context(grant.seen, case.caller):
        return quiet
    # Every generation it is behind: two behind sets two bits, or a thief could skip every other one.
    bits = grant.retries | ((1 << case.behind) - 1)
    if bits == grant.retries:
        return quiet
    length = streak.length(bits)
    if length >= streak.END and _streak_ends(case):
        return revoke(case, Reason.RETRY_STREAK, EventKind.RETRY_STREAK)
    return Redeliver(bits, length, quiet.access)


def _streak_ends(case: Case) -> bool:
    if case.policy.streak is Streak.AUTO:
        return case.client.public and case.grant.binding is None
    return case.policy.streak is Streak.REVOKE


def _renew(case: Case) -> Verdict:
    if case.is_code:
        return Exchange(_access(case))
    keeps = case.policy.renew is RenewPolicy.NEVER
    if keeps and not case.is_ahead:
        stale = case.age(case.grant.used_at) * 64 > case.policy.refresh_token_idle_timeout
        return Keep(touch=stale and case.policy.extend_on_renew, access=_access(case))
    # A kept token that is ahead is adopted as it is; any other moves on by one.
    return Renew(case.token.generation + (not keeps), adopts=case.is_ahead, access=_access(case))


TABLE: Final[tuple[Row, ...]] = (
    Row(
        "1",
        "malformed, MAC wrong, wrong kind or realm",
        "refuse `garbage`; no grant is read",
        lambda case: case.presented is None,
        lambda case: refuse(case, Reason.GARBAGE, None),
    ),
    Row(
        "2",
        "no such grant, or the secret does not match the digest",
        "refuse `unknown`",
        _is_unknown,
        lambda case: refuse(case, Reason.UNKNOWN),
    ),
    Row(
        "3",
        "another client's",
        "refuse `other_client`, alarm; grant untouched",
        lambda case: case.grant.client_id != case.client.id,
        lambda case: refuse(case, Reason.OTHER_CLIENT, EventKind.OTHER_CLIENT),
    ),
    Row(
        "4",
        "proof of possession does not match: bound key, PKCE verifier, redirect URI",
        "refuse `wrong_proof`; grant untouched",
        _lacks_proof,
        lambda case: refuse(case, Reason.WRONG_PROOF),
    ),
    Row(
        "5",
        "grant revoked",
        "refuse `revoked`",
        lambda case: case.grant.state is GrantState.REVOKED,
        lambda case: refuse(case, Reason.REVOKED),
    ),
    Row(
        "6a",
        "past its own end (pending) or its absolute end",
        "refuse `expired`",
        _is_expired,
        lambda case: refuse(case, Reason.EXPIRED),
    ),
    Row(
        "6b",
        "idle for too long (not asked when ahead of the store)",
        "revoke `idle`, refuse",
        _is_idle,
        lambda case: revoke(case, Reason.IDLE),
    ),
    Row(
        "7",
        "subject or client disabled or gone, or an epoch moved",
        "revoke and refuse, or only refuse, as the policy says",
        lambda case: _standing(case) is not None,
        _decide_standing,
    ),
    Row(
        "8",
        "ahead of the store by more than 10,000, or current under a retired key",
        "refuse, alarm; up to 10,000 ahead is judged on as if current",
        _cannot_be_ours,
        _decide_too_far,
    ),
    Row(
        "9",
        "three or more generations behind",
        "**revoke** `reused`, refuse",
        lambda case: case.behind > 2,
        lambda case: revoke(case, Reason.REUSED, EventKind.GRANT_REUSED),
    ),
    Row(
        "10",
        "superseded longer ago than the retry window, or an exchanged code",
        "**revoke** `reused`, refuse",
        _is_reuse,
        lambda case: revoke(case, Reason.REUSED, EventKind.GRANT_REUSED),
    ),
    Row(
        "11",
        "scope or resource beyond the grant, or nothing left of it",
        "refuse `invalid_scope` or `invalid_target`; nothing spent",
        lambda case: _too_wide(case) is not None,
        _decide_too_wide,
    ),
    Row(
        "12",
        "superseded within the retry window",
        "**redeliver** the current refresh token and a new access token; see the streak",
        lambda case: case.behind > 0,
        _redeliver,
    ),
    Row(
        "13",
        "current",
        "**renew** to the next generation, or the same token where the policy keeps it",
        lambda _: True,
        _renew,
    ),
)


def judge(case: Case) -> Verdict:
    """The verdict of the first row that matches. Total: the last row always does."""
    return row_for(case).decide(case)


def row_for(case: Case) -> Row:
    """Which row of the table decides this case."""
    for row in TABLE:
        if row.matches(case):
            return row
    raise LookupError("the last row matches everything")
