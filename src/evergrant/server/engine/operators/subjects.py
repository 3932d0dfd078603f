"""Creates, changes and removes users."""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from evergrant.core.changes import endings
from evergrant.core.facts import Event, EventKind, JsonValue, Revocation, Subject
from evergrant.core.policy import EpochEvent, Profile, effective
from evergrant.core.ports.ledger import RevokeAll, Superseded, Taken
from evergrant.core.ports.store import RealmStore
from evergrant.core.ports.world import Clock, Random
from evergrant.core.reasons import Reason
from evergrant.core.usernames import normalise
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis, SubjectId
from evergrant.server.call import Call
from evergrant.server.engine.endings import revoke_all, revoke_subject
from evergrant.server.engine.operators import subject_rules as rules
from evergrant.server.engine.operators.refusals import ATTEMPTS, AlreadyExists, Contested, NotFound

SUBJECT_PREFIX: Final = "u_"
_ID_SIZE: Final = 16
_FIRST_REVISION: Final = 1

HashPassword = Callable[[Secret], str]
"""Makes an argon2id hash (PHC string). Slow on purpose: it is called in a thread."""


@dataclass(frozen=True, slots=True)
class NewSubject:
    """What an operator asks for. `password` None: one is made."""

    username: str
    password: Secret | None = None
    roles: tuple[str, ...] = ()
    claims: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SubjectChanged:
    """`password` is there if one was made, and can be had only now. `grants_ended`: by this change."""

    subject: Subject
    password: Secret | None = None
    grants_ended: int = 0


@dataclass(frozen=True, slots=True)
class _Change:
    """What a change is, besides the subject's new record. `event` NONE: no grant is concerned."""

    what: str
    event: EpochEvent = EpochEvent.NONE
    reason: Reason | None = None
    password_hash: str | None = None
    end_sessions: bool = False


class Subjects:
    """The users of one realm. Methods raise OperatorError or StoreUnavailable; then nothing was written.

    `who` is a user name or a subject identifier.
    """

    def __init__(self, store: RealmStore, clock: Clock, random: Random, hash_password: HashPassword) -> None:
        self._store = store
        self._clock = clock
        self._random = random
        self._hash_password = hash_password

    async def create(self, call: Call, wanted: NewSubject) -> SubjectChanged:
        """Raises Invalid, AlreadyExists."""
        now, name = self._clock(), rules.read_username(wanted.username)
        subject = Subject(
            id=SubjectId(SUBJECT_PREFIX + urlsafe_b64encode(self._random(_ID_SIZE)).rstrip(b"=").decode("ascii")),
            username=name,
            roles=rules.read_roles(wanted.roles),
            claims=rules.read_claims(wanted.claims),
            disabled=False,
            epoch=0,
            epoch_event=EpochEvent.NONE,
            created_at=now,
            revision=_FIRST_REVISION,
        )
        made, password_hash = await self._password(wanted.password, name)
        event = _event(call, subject, now, "created")
        if isinstance(await self._store.add_subject(subject, password_hash, events=(event,)), Taken):
            raise AlreadyExists(f"There is a user {name!r} already.", "Choose another name.")
        return SubjectChanged(subject, made)

    async def list(self) -> tuple[Subject, ...]:
        """All users, by name."""
        return await self._store.subjects()

    async def show(self, who: str) -> Subject:
        """Raises NotFound."""
        # The identifier first: no user name can then stand in the way of the user who is meant.
        subject = await self._store.subject(SubjectId(who)) if who.startswith(SUBJECT_PREFIX) else None
        if subject is None:
            login = await self._store.login(normalise(who))
            subject = None if login is None else login.subject
        if subject is None:
            raise NotFound(f"There is no user {who!r}.", "`evergrant user list` shows those that are there.")
        return subject

    async def set_password(self, call: Call, who: str, password: Secret | None) -> SubjectChanged:
        """None: one is made. Browser sessions end; grants as `on_password_change` says. Raises NotFound, Invalid."""
        made, password_hash = await self._password(password, (await self.show(who)).username)
        change = _Change(
            "password", EpochEvent.PASSWORD_CHANGE, Reason.PASSWORD_CHANGED, password_hash, end_sessions=True
        )
        changed = await self._save(call, who, lambda subject: subject, change)
        return replace(changed, password=made)

    async def set_roles(self, call: Call, who: str, roles: tuple[str, ...]) -> SubjectChanged:
        """In the next access token; grants end only if `on_role_change` says so. Raises NotFound, Invalid."""
        wanted = rules.read_roles(roles)
        change = _Change("roles", EpochEvent.ROLE_CHANGE, Reason.ROLES_CHANGED)
        return await self._save(call, who, lambda subject: replace(subject, roles=wanted), change)

    async def set_claims(self, call: Call, who: str, claims: Mapping[str, JsonValue]) -> SubjectChanged:
        """All claims at once; those not given are gone. Raises NotFound, Invalid."""
        wanted = rules.read_claims(claims)
        return await self._save(call, who, lambda subject: replace(subject, claims=wanted), _Change("claims"))

    async def disable(self, call: Call, who: str) -> SubjectChanged:
        """No sign-in, no refresh from now on; sessions end, grants as `on_disable` says. Raises NotFound."""
        change = _Change("disabled", EpochEvent.DISABLE, Reason.SUBJECT_DISABLED, end_sessions=True)
        return await self._save(call, who, lambda subject: replace(subject, disabled=True), change)

    async def enable(self, call: Call, who: str) -> SubjectChanged:
        """Grants that ended stay ended. Raises NotFound."""
        return await self._save(call, who, lambda subject: replace(subject, disabled=False), _Change("enabled"))

    async def delete(self, call: Call, who: str) -> int:
        """User, sessions, consents and grants; how many grants ended. Raises NotFound."""
        subject, now = await self.show(who), self._clock()
        event = _event(call, subject, now, "deleted", Reason.SUBJECT_GONE)
        ending = revoke_subject(subject.id, now, Reason.SUBJECT_GONE)
        gone = await self._store.delete_subject(subject.id, revoke=ending, events=(event,))
        return 0 if isinstance(gone, Superseded) else gone.revoked

    async def _password(self, given: Secret | None, username: str) -> tuple[Secret | None, str]:
        """The password if it was made here, and the hash."""
        password = rules.new_password(self._random) if given is None else given
        rules.check_password(password, username)
        password_hash = await asyncio.to_thread(self._hash_password, password)
        return (password if given is None else None), password_hash

    async def _save(self, call: Call, who: str, edit: Callable[[Subject], Subject], change: _Change) -> SubjectChanged:
        """Read, change, save on condition; again if somebody else was first. A change that changes nothing is none."""
        for _ in range(ATTEMPTS):
            before = await self.show(who)
            subject = edit(before)
            if subject == before and change.password_hash is None:
                return SubjectChanged(subject)
            if change.event is not EpochEvent.NONE:
                # Whatever the policy is: a grant that is opened in the same moment is still seen (row 7).
                subject = replace(subject, epoch=before.epoch + 1, epoch_event=change.event)
            now = self._clock()
            saved = await self._store.save_subject(
                subject,
                password_hash=change.password_hash,
                end_sessions=change.end_sessions,
                revoke=await self._ending(subject, change, now),
                events=(_event(call, subject, now, change.what, change.reason),),
            )
            if not isinstance(saved, Superseded):
                return SubjectChanged(replace(subject, revision=subject.revision + 1), grants_ended=saved.revoked)
        raise Contested(f"The user {who!r}")

    async def _ending(self, subject: Subject, change: _Change, now: Millis) -> RevokeAll | None:
        if change.reason is None:
            return None
        realm = await self._store.realm()
        usual = effective(Profile.OAUTH21, realm.policy, {})
        clients = await self._store.clients()
        policies = {client.id: effective(client.profile, realm.policy, client.policy) for client in clients}
        ended = endings(change.event, usual, policies)
        return revoke_all(ended, Revocation(now, "operator", change.reason), subject=subject.id)


def _event(call: Call, subject: Subject, now: Millis, what: str, reason: Reason | None = None) -> Event:
    return call.event(EventKind.SUBJECT_CHANGED, now, subject=subject.id, reason=reason, detail={"change": what})
