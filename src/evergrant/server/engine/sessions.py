"""Starts, finds and ends browser sessions. The cookie's value is 256 bits of chance; the store keeps its SHA-256."""

import hashlib
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Final

from evergrant.core.changes import endings
from evergrant.core.facts import Event, EventKind, Revocation, Session, Subject
from evergrant.core.policy import EpochEvent, Profile, effective
from evergrant.core.ports.ledger import Ledger, Superseded
from evergrant.core.ports.reader import Reader
from evergrant.core.ports.world import Clock, Random
from evergrant.core.reasons import Reason
from evergrant.core.sessions import SessionLifetimes, SignedIn, signed_in, wants_touch
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import ClientId, Millis
from evergrant.server.call import Call
from evergrant.server.engine.endings import revoke_all

_COOKIE_BYTES: Final = 32
_SID_BYTES: Final = 16
_LONGEST_COOKIE: Final = 100


@dataclass(frozen=True, slots=True)
class Started:
    """A new session and the value of its cookie."""

    session: Session
    cookie: Secret


class Sessions:
    """Browser sessions of one realm. Every method may raise StoreUnavailable."""

    def __init__(
        self, *, reader: Reader, ledger: Ledger, lifetimes: SessionLifetimes, clock: Clock, random: Random
    ) -> None:
        self._reader = reader
        self._ledger = ledger
        self._lifetimes = lifetimes
        self._clock = clock
        self._random = random

    async def current(self, cookie: Secret | None) -> SignedIn | None:
        """Who is signed in in the browser that sent this cookie."""
        if cookie is None or len(cookie.reveal()) > _LONGEST_COOKIE:
            return None
        now = self._clock()
        found = signed_in(await self._reader.session(_digest(cookie)), self._lifetimes, now)
        if found is not None and wants_touch(found.session, self._lifetimes, now):
            await self._ledger.use_session(found.session.digest, now)
        return found

    async def start(
        self, call: Call, subject: Subject, previous: SignedIn | None, client_id: ClientId | None
    ) -> Started | None:
        """A session with a new cookie, after a sign-in (S-125); None if the subject changed meanwhile.

        The same subject keeps its `sid`, so that signing out still ends what was granted under it. Another subject
        starts a new one, and the one before is signed out (Q-15).
        """
        now = self._clock()
        if previous is not None and previous.subject.id != subject.id:
            await self.end(call, previous, client_id)
            previous = None
        cookie = Secret(_text(self._random(_COOKIE_BYTES)))
        sid = _text(self._random(_SID_BYTES)) if previous is None else previous.session.sid
        session = Session(
            digest=_digest(cookie),
            sid=sid,
            subject=subject.id,
            auth_time=now,
            amr=("pwd",),
            created_at=now,
            used_at=now,
            expires_at=Millis(now + self._lifetimes.absolute),
            seen=call.caller,
        )
        event = call.event(EventKind.SIGNED_IN, now, client_id=client_id, subject=subject.id, detail={"sid": sid})
        replaces = None if previous is None else previous.session.digest
        if isinstance(await self._ledger.start_session(session, replaces=replaces, events=(event,)), Superseded):
            return None
        # The password was verified before this commit. If it was changed in between, the change has ended all sessions
        # but this one; if it is changed from now on, it ends this one too.
        if not await self._is_unchanged(subject):
            await self._ledger.end_session(session.digest, revoke=None, events=())
            return None
        return Started(session, cookie)

    async def end(self, call: Call, who: SignedIn, client_id: ClientId | None) -> int:
        """Signs out: the session is gone and its grants end as the policies say. How many grants ended."""
        now = self._clock()
        event = call.event(
            EventKind.SIGNED_OUT, now, client_id=client_id, subject=who.subject.id, detail={"sid": who.session.sid}
        )
        return await self._end(who.session, event, now)

    async def is_live(self, session: Session) -> bool:
        """Whether nobody has signed out meanwhile."""
        return await self._reader.session(session.digest) is not None

    async def _end(self, session: Session, event: Event, now: Millis) -> int:
        realm = await self._reader.realm()
        policies = {
            client.id: effective(client.profile, realm.policy, client.policy) for client in await self._reader.clients()
        }
        ending = endings(EpochEvent.LOGOUT, effective(Profile.OAUTH21, realm.policy, {}), policies)
        revocation = Revocation(now, "subject", Reason.LOGGED_OUT)
        revoke = revoke_all(ending, revocation, subject=session.subject, session_id=session.sid)
        return (await self._ledger.end_session(session.digest, revoke=revoke, events=(event,))).revoked

    async def _is_unchanged(self, subject: Subject) -> bool:
        now = await self._reader.subject(subject.id)
        return now is not None and not now.disabled and now.epoch == subject.epoch


def _digest(cookie: Secret) -> bytes:
    return hashlib.sha256(cookie.reveal().encode("utf-8", "surrogatepass")).digest()


def _text(chance: bytes) -> str:
    return urlsafe_b64encode(chance).rstrip(b"=").decode()
