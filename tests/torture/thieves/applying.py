"""One grant that the real judgement decides about: its verdicts are applied to the row as a store applies them.

A store, an engine and a signature for each of some millions of requests would take days. What is left out changes no
verdict: `tests/torture/test_thieves.py` walks the same requests through a whole realm and compares row by row.
"""

from dataclasses import replace
from typing import Final, Protocol

from evergrant.core import streak
from evergrant.core.access import Asked
from evergrant.core.credential import Kind, Presented
from evergrant.core.decisions import Exchange, Keep, Redeliver, Refuse, Renew, Revoke, Verdict
from evergrant.core.facts import Caller, Client, Epochs, Grant, GrantFacts, GrantState, Revocation
from evergrant.core.grant import Case, Proof, judge
from evergrant.core.policy import Policy
from evergrant.core.reasons import Reason
from evergrant.protocol.values import Millis
from tests.unit.core.cases import CLIENT, FAMILY_SECRET, GRANT, ISSUER, REALM, RESOURCES, SUBJECT

KEY: Final = GRANT.key_id
DEFAULTS: Final = Policy()
NOTHING_ASKED: Final = Asked(None, ())
NO_PROOF: Final = Proof()


class Server(Protocol):
    """What victim and thief talk to. A token is a number; a refused request is answered None."""

    ended_at: int | None
    warned_at: int | None

    def refresh(self, shown: int, caller: Caller, now: int) -> int | None:
        """Show a refresh token and get the next one."""
        ...


class JudgedGrant:
    """A grant of generation 1. `warned_at`: when an operator first had an event to look at, the end included."""

    def __init__(self, policy: Policy, client: Client, seen: Caller, now: int) -> None:
        at = Millis(now)
        self._policy = policy
        self._client = replace(client, id=CLIENT.id)
        self.row: Grant = replace(
            GRANT,
            generation=1,
            epochs=Epochs(REALM.epoch, client.epoch, SUBJECT.epoch),
            renewed_at=at,
            previous_renewed_at=at,
            used_at=at,
            retries=0,
            granted_at=at,
            created_at=at,
            expires_at=Millis(now + policy.refresh_token_lifetime),
            seen=seen,
        )
        self.ended_at: int | None = None
        self.warned_at: int | None = None
        self.why: Reason | None = None

    def refresh(self, shown: int, caller: Caller, now: int) -> int | None:
        """The generation of the refresh token that the answer carries; None: refused."""
        verdict = self.judge(shown, caller, now)
        self.row = applied(self.row, verdict, caller, Millis(now))
        match verdict:
            case Revoke(reason=reason):
                self.why, self.ended_at = reason, now
                self._warn(now)
                return None
            case Refuse(reason=reason):
                self.why = self.why or reason
                return None
            case Redeliver(retries=retries, streak=length) if retries is not None and length >= streak.EVENT:
                self._warn(now)
            case Keep():
                return shown
            case _:
                pass
        return self.row.generation

    def judge(self, shown: int, caller: Caller, now: int) -> Verdict:
        """What `evergrant.core.grant` says of generation `shown`."""
        case = Case(
            presented=Presented(Kind.REFRESH, KEY, self.row.id, FAMILY_SECRET, shown),
            kind=Kind.REFRESH,
            facts=GrantFacts(self.row, SUBJECT),
            client=self._client,
            realm=REALM,
            policy=self._policy,
            proof=NO_PROOF,
            asked=NOTHING_ASKED,
            resources=RESOURCES,
            issuer=ISSUER,
            caller=caller,
            now=Millis(now),
        )
        return judge(case)

    def _warn(self, now: int) -> None:
        if self.warned_at is None:
            self.warned_at = now


def applied(row: Grant, verdict: Verdict, caller: Caller, now: Millis) -> Grant:
    """The row after the verdict. Raises LookupError for the exchange of a code, which no thief here has."""
    match verdict:
        case Renew(to=to, adopts=adopts):
            return replace(
                row,
                generation=to,
                previous_renewed_at=now if adopts else row.renewed_at,
                renewed_at=now,
                used_at=now,
                retries=0 if adopts else streak.next_retries(row.retries),
                seen=caller,
            )
        case Redeliver(retries=retries):
            return row if retries is None else replace(row, retries=retries)
        case Keep(touch=touch):
            return replace(row, used_at=max(row.used_at, now)) if touch else row
        case Revoke(reason=reason):
            return replace(row, state=GrantState.REVOKED, revocation=Revocation(now, "server", reason))
        case Refuse():
            return row
        case Exchange():
            raise LookupError("there is no code here")
