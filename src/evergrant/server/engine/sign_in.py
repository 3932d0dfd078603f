"""Checks a user name and a password: counted before it is looked at, the same whether there is such a user or not."""

from collections.abc import Sequence

from evergrant.core import usernames
from evergrant.core.facts import EventKind, Login, Subject
from evergrant.core.ports.ledger import Attempt, Ledger
from evergrant.core.ports.reader import Reader
from evergrant.core.ports.world import Clock
from evergrant.core.reasons import Reason
from evergrant.core.throttle import Counter, Gate, Throttled, counters, gates, held_for
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import ClientId, Millis, SubjectId
from evergrant.server.call import Call
from evergrant.server.engine.passwords import Busy, Passwords, Verified
from evergrant.server.journal import Journal
from evergrant.server.known_browsers import KnownBrowsers


class SignIn:
    """Password checks of one realm, for the sign-in page and for the password grant."""

    def __init__(
        self,
        *,
        reader: Reader,
        ledger: Ledger,
        passwords: Passwords,
        known_browsers: KnownBrowsers,
        clock: Clock,
        journal: Journal,
    ) -> None:
        self._reader = reader
        self._ledger = ledger
        self._passwords = passwords
        self._known_browsers = known_browsers
        self._clock = clock
        self._journal = journal

    async def check(
        self,
        call: Call,
        username: str,
        password: Secret,
        known_browser: str | None,
        client_id: ClientId | None = None,
    ) -> Subject | Throttled | None:
        """The subject; None for a wrong name or password; Throttled when it was not looked at.

        A failure is an event. A success is one of whoever opens the session or the grant. Raises StoreUnavailable.
        """
        name, now = usernames.normalise(username), self._clock()
        login = await self._reader.login(name)
        known = self._known_browsers.find(known_browser, None if login is None else login.subject.id, now)
        moved = counters(name, call.caller.address_prefix, known)
        passed = await self._count(moved, now)
        if isinstance(passed, Throttled):
            return self._throttled(call, client_id, passed)
        try:
            verified = await self._passwords.verify(None if login is None else login.password_hash, password)
        except Busy:
            await self._forgive(moved, passed, now)
            return self._throttled(call, client_id, Throttled(1))
        reason = _why_not(login, verified)
        if login is None or reason is not None:
            await self._refuse(call, client_id, login, reason or Reason.UNKNOWN_SUBJECT)
            return None
        await self._forgive(moved, passed, now)
        if verified.outdated and login.password_hash is not None:
            await self._ledger.rehash(login.subject.id, login.password_hash, await self._passwords.hash(password))
        self._journal.metrics.sign_ins.labels("signed_in").inc()
        return login.subject

    def remember(self, subject: SubjectId) -> str:
        """The cookie value of a browser in which this subject has just signed in."""
        return self._known_browsers.make(subject, self._clock())

    async def _count(self, moved: Sequence[Counter], now: Millis) -> tuple[Gate, ...] | Throttled:
        """Counts the attempt; the gates it passed, or how long it is held up (then nothing stays counted)."""
        counts = await self._ledger.count_attempts(_attempts(moved), now)
        passed = gates(moved, counts)
        if not passed:
            return ()
        wait = held_for(passed, await self._ledger.count_attempts(_attempts(passed), now))
        if wait == 0:
            return passed
        await self._forgive(moved, passed, now)
        return Throttled(-(-wait // 1000))

    async def _forgive(self, moved: Sequence[Counter], passed: Sequence[Gate], now: Millis) -> None:
        await self._ledger.forgive_attempts((*_attempts(moved), *_attempts(passed)), now)

    async def _refuse(self, call: Call, client_id: ClientId | None, login: Login | None, reason: Reason) -> None:
        """Never the typed name: people type passwords into that field."""
        self._journal.metrics.sign_ins.labels("refused").inc()
        event = call.event(
            EventKind.SIGN_IN_FAILED,
            self._clock(),
            client_id=client_id,
            subject=None if login is None else login.subject.id,
            reason=reason,
        )
        await self._ledger.record((event,))

    def _throttled(self, call: Call, client_id: ClientId | None, held: Throttled) -> Throttled:
        """A line in the log and no row: whoever is held up must not be able to fill the audit trail."""
        self._journal.metrics.sign_ins.labels("throttled").inc()
        self._journal.logger.warning(
            "sign_in",
            correlation_id=call.correlation_id,
            client_id=client_id,
            reason=Reason.THROTTLED,
            retry_after_s=held.retry_after_s,
        )
        return held


def _attempts(moved: Sequence[Counter | Gate]) -> tuple[Attempt, ...]:
    return tuple(Attempt(m.key, m.leak if isinstance(m, Counter) else m.delay) for m in moved)


def _why_not(login: Login | None, verified: Verified) -> Reason | None:
    """Why the answer is no, or None. Asked after the verification, so that it takes its time for everybody."""
    if login is None:
        return Reason.UNKNOWN_SUBJECT
    if not verified.right:
        return Reason.WRONG_PASSWORD
    return Reason.SUBJECT_DISABLED if login.subject.disabled else None
