"""A whole realm in this process, in a time and with a chance of the test's own, and words to act in it.

It is the server's own wiring on a real store; only HTTP is left out. A test reads as what happened:

    stolen = (await world.sign_in()).refresh_token
    world.advance(DAY)
    reply = await world.refresh(stolen)
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count
from typing import Final, Self
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import Engine

from evergrant.app.engines import Base, Parts, issuer_on, shared_parts
from evergrant.core.credential import Credentials, Kind, MasterKeys
from evergrant.core.facts import Caller, Event, EventKind, Grant, GrantFacts, Realm
from evergrant.core.policy import DAY, MINUTE, SECOND, PolicyValue
from evergrant.core.ports.reader import EventFilter, GrantFilter, StoreUnavailable
from evergrant.core.ports.store import RealmStore, Store
from evergrant.core.reasons import Reason
from evergrant.core.sessions import SessionLifetimes, SignedIn
from evergrant.protocol.errors import OAuthError
from evergrant.protocol.forms import Form
from evergrant.protocol.pkce import challenge_of
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import CorrelationId, GrantId
from evergrant.server.browser import Browser
from evergrant.server.call import Call
from evergrant.server.engine.operators.clients import ClientUpdate
from evergrant.server.engine.operators.subjects import NewSubject
from evergrant.server.engine.reaper import Reaper
from evergrant.server.engine.sessions import Sessions
from evergrant.server.issuer import Issuer
from evergrant.server.log import open_log
from evergrant.server.metrics import Metrics
from evergrant.server.outcomes import Redirect
from evergrant.store.sql.store import SqlStore
from evergrant.testing.chance import Chance
from evergrant.testing.clock import ManualClock
from tests.founding import API, ISSUER, MASTERS, PASSWORD, REDIRECT_URI, Founded, Operator, base_on, found, operator_of
from tests.replies import Reply, Token, text_of
from tests.support.fail_over import roll_back
from tests.support.gates import Gate, GatedStore

__all__ = ["API", "DAY", "ELSEWHERE", "HOME", "MINUTE", "SECOND", "Reply", "World"]

HOME: Final = Caller("Firefox", "192.0.2.0/24")
ELSEWHERE: Final = Caller("curl", "198.51.100.0/24")
VERIFIER: Final = "a verifier of forty-three characters or more".replace(" ", "-")
WINDOW: Final = 60 * SECOND
_numbers = count(1)


class World:
    """One realm on one store. `restart` forgets everything but the store, the clock and the keys.

    After each request `last_event` is the newest row of the audit trail, as long as the world `is_watching`.
    """

    def __init__(
        self, open_store: Callable[[], Store], base: Base, founded: Founded, clock: ManualClock, gate: Gate
    ) -> None:
        self._open_store = open_store
        self.gate = gate
        self._base = base
        self._secrets = founded.secrets
        self._cookies: dict[str, Secret] = {}
        self._requests = count(1)
        self.clock = clock
        self.realm: Realm = founded.realm
        self.log = io.StringIO()
        self.last_event: Event | None = None
        self.is_watching = True
        self._start(base)

    @classmethod
    async def begin(
        cls, open_store: Callable[[], Store], *, seed: int = 0, policy: dict[str, PolicyValue] | None = None
    ) -> Self:
        """A new realm with clients `web`, `other` (public), `service`, `legacy`, `gateway`, users `ada` and `ben`."""
        number, clock, gate = next(_numbers), ManualClock(), Gate()
        # Ids are unique in a whole store, and all worlds of a run may share one.
        base = base_on(GatedStore(open_store(), gate), clock, Chance(seed * 1_000_003 + number))
        name = f"w{number}"
        founded = await found(base, name, f"{ISSUER}/realms/{name}", policy or {})
        return cls(open_store, base, founded, clock, gate)

    @classmethod
    def join(cls, open_store: Callable[[], Store], realm: Realm, *, seed: int) -> Self:
        """Another node: a second server of the same realm, whose clock begins where all begin."""
        clock, gate = ManualClock(), Gate()
        base = base_on(GatedStore(open_store(), gate), clock, Chance(seed * 1_000_003))
        return cls(open_store, base, Founded(realm, {}), clock, gate)

    def _start(self, base: Base) -> None:
        self._base = replace(base, log=open_log("json", "debug", self.clock, self.log))
        self._parts: Parts = shared_parts(self._base, Metrics())
        self.store: RealmStore = base.store.realm_store(self.realm.id)
        self.issuer: Issuer = issuer_on(self._base, self._parts, self.realm)
        self.operator: Operator = operator_of(self._base, self.realm, self.issuer.url)
        self._credentials = Credentials(self.realm.id, base.masters)
        self._sessions = Sessions(
            reader=self.store,
            ledger=self.store,
            lifetimes=SessionLifetimes(),
            clock=self.clock,
            random=base.random,
        )

    async def restart(self, masters: MasterKeys = MASTERS) -> None:
        """Another process on the same database, with these master keys: nothing is in memory any more."""
        await self.close()
        self._start(replace(self._base, masters=masters, store=GatedStore(self._open_store(), self.gate)))

    def roll_back(self, grant: Grant) -> None:
        """A fail-over that lost renewals: the grant's row is again what it was."""
        assert isinstance(self._base.store, GatedStore)
        roll_back(self._base.store.within, self.realm.id, grant)

    def engines(self) -> tuple[Engine, ...]:
        """What most statements of a SQL store go through."""
        return self.sql_store().engines()

    def sql_store(self) -> SqlStore:
        """The SQL store itself."""
        within = self._base.store.within if isinstance(self._base.store, GatedStore) else None
        assert isinstance(within, SqlStore)
        return within

    async def close(self) -> None:
        """Close store and threads."""
        self._parts.passwords.close()
        await self._base.store.close()

    def advance(self, ms: int) -> None:
        """Let time pass; a negative number is a clock that is set back."""
        self.clock.advance(ms)

    # --- what a person does ---------------------------------------------------------

    async def sign_in(
        self,
        scope: str = "openid offline_access a b",
        client: str = "web",
        *,
        user: str = "ada",
        caller: Caller = HOME,
        resource: tuple[str, ...] = (),
    ) -> Reply:
        """Sign in, approve, and exchange the code; it must go well."""
        code = await self.approve(scope, client, user=user, caller=caller, resource=resource)
        reply = await self.exchange(code, client, caller=caller)
        assert reply.refused == (None, None)
        return reply

    async def approve(
        self,
        scope: str = "openid offline_access a b",
        client: str = "web",
        *,
        user: str = "ada",
        caller: Caller = HOME,
        resource: tuple[str, ...] = (),
    ) -> Secret:
        """The authorization code of a request that the user approved in the browser."""
        form = Form(
            {
                "response_type": ("code",),
                "client_id": (client,),
                "redirect_uri": (REDIRECT_URI,),
                "scope": (scope,),
                "nonce": ("n-0S6_WzA2Mj",),
                "code_challenge": (challenge_of(VERIFIER),),
                "code_challenge_method": ("S256",),
                **({"resource": resource} if resource else {}),
            }
        )
        browser = Browser(id=Secret("browser"), session=await self._cookie(user, caller))
        outcome = await self.issuer.authorization.begin(self.call(caller), form, browser)
        assert isinstance(outcome, Redirect), outcome
        answer = parse_qs(urlsplit(outcome.url.reveal()).query)
        assert "code" in answer, answer
        return Secret(answer["code"][0])

    async def sign_out(self, user: str = "ada") -> None:
        """In the browser; the session's grants end as the policies say."""
        who = await self._signed_in(user)
        assert who is not None
        await self._sessions.end(self.call(HOME), who, None)
        await self._look()

    async def _cookie(self, user: str, caller: Caller) -> Secret:
        if await self._signed_in(user) is None:
            subject = await self.operator.subjects.show(user)
            started = await self._sessions.start(self.call(caller), subject, None, None)
            assert started is not None
            self._cookies[user] = started.cookie
        return self._cookies[user]

    async def _signed_in(self, user: str) -> SignedIn | None:
        return await self._sessions.current(self._cookies.get(user))

    # --- what a client does -----------------------------------------------------------

    async def exchange(
        self,
        code: Secret,
        client: str = "web",
        *,
        verifier: str | None = VERIFIER,
        redirect_uri: str | None = REDIRECT_URI,
        caller: Caller = HOME,
    ) -> Reply:
        """Show a code at the token endpoint."""
        fields = {"code": code.reveal(), "code_verifier": verifier, "redirect_uri": redirect_uri}
        return await self.request("authorization_code", fields, client, caller=caller)

    async def refresh(
        self,
        token: Token,
        client: str = "web",
        *,
        scope: str | None = None,
        resource: str | None = None,
        caller: Caller = HOME,
        call: Call | None = None,
    ) -> Reply:
        """Show a refresh token at the token endpoint. A reply stands for the token it brought."""
        fields = {"refresh_token": text_of(token).reveal(), "scope": scope, "resource": resource}
        return await self.request("refresh_token", fields, client, caller=caller, call=call)

    async def sign_in_by_password(self, password: Secret = PASSWORD, *, scope: str = "a b") -> Reply:
        """The password grant, of client `legacy`."""
        fields = {"username": "ada", "password": password.reveal(), "scope": scope}
        return await self.request("password", fields, "legacy")

    async def request(
        self,
        grant_type: str,
        fields: Mapping[str, str | None],
        client: str = "web",
        *,
        caller: Caller = HOME,
        call: Call | None = None,
    ) -> Reply:
        """Any token request; fields that are None are left out."""
        call = call or self.call(caller)
        form = self.form(client, {**fields, "grant_type": grant_type})
        try:
            proven = await self.issuer.clients.of(None, form)
            reply = Reply(await self.issuer.tokens.answer(call, proven, form))
        except OAuthError as error:
            reply = Reply(None, error.code, error.status, None if error.reason is None else Reason(error.reason))
        except StoreUnavailable:
            return Reply(None, "temporarily_unavailable", 503, Reason.STORE_DOWN)
        await self._look()
        return reply

    async def revoke(self, token: Token, client: str = "web") -> None:
        """RFC 7009, by refresh token or access token."""
        proven = await self.issuer.clients.of(None, self.form(client, {}))
        await self.issuer.revocation.revoke(self.call(HOME), proven, text_of(token))
        await self._look()

    async def introspect(self, token: Token, client: str = "web") -> Mapping[str, object]:
        """RFC 7662."""
        proven = await self.issuer.clients.of(None, self.form(client, {}))
        return await self.issuer.introspection.introspect(proven, text_of(token))

    async def is_active(self, token: Token, client: str = "web") -> bool:
        """What introspection says."""
        return (await self.introspect(token, client))["active"] is True

    async def userinfo(self, token: Secret) -> Mapping[str, object] | str:
        """The claims, or the error's code."""
        try:
            return await self.issuer.userinfo.claims(token)
        except OAuthError as error:
            return error.code

    def form(self, client: str, fields: Mapping[str, str | None]) -> Form:
        """A request with the client's way of proving itself."""
        secret = self._secrets.get(client)
        proof = {"client_id": client, "client_secret": None if secret is None else secret.reveal()}
        return Form.of({name: value for name, value in {**fields, **proof}.items() if value is not None})

    def call(self, caller: Caller = HOME) -> Call:
        """A request that is accepted now."""
        return Call(CorrelationId(f"request-{next(self._requests)}"), caller, self.clock())

    # --- what an operator does ----------------------------------------------------------

    async def add_person(self, user: str) -> None:
        """As `evergrant user create`."""
        await self.operator.subjects.create(self.operator.call, NewSubject(user, PASSWORD))

    async def disable_subject(self, user: str = "ada") -> None:
        """As `evergrant user disable`."""
        await self.operator.subjects.disable(self.operator.call, user)
        await self._look()

    async def enable_subject(self, user: str = "ada") -> None:
        """As `evergrant user enable`."""
        await self.operator.subjects.enable(self.operator.call, user)

    async def change_password(self, user: str = "ada") -> None:
        """As `evergrant user set-password`."""
        await self.operator.subjects.set_password(self.operator.call, user, Secret("another long password"))
        await self._look()

    async def set_roles(self, *roles: str, user: str = "ada") -> None:
        """As `evergrant user set-roles`."""
        await self.operator.subjects.set_roles(self.operator.call, user, roles)

    async def delete_subject(self, user: str = "ada") -> None:
        """As `evergrant user delete`."""
        await self.operator.subjects.delete(self.operator.call, user)

    async def set_policy(self, client: str = "web", **policy: PolicyValue) -> None:
        """As `evergrant client update`; felt within a second."""
        await self.update_client(client, ClientUpdate(policy=policy))

    async def update_client(self, client: str, wanted: ClientUpdate) -> None:
        """As `evergrant client update`; felt within a second."""
        await self.operator.clients.update(self.operator.call, client, wanted)
        self.advance(SECOND)

    async def disable_client(self, client: str = "web") -> None:
        """As `evergrant client disable`."""
        await self.operator.clients.disable(self.operator.call, client)

    async def rotate_secret(self, client: str = "service") -> None:
        """As `evergrant client rotate-secret`; the client is told. Felt within a second."""
        changed = await self.operator.clients.rotate_secret(self.operator.call, client)
        assert changed.secret is not None
        self._secrets[client] = changed.secret
        self.advance(SECOND)

    async def reap(self) -> None:
        """One run of the reaper."""
        await Reaper(self.store, self.clock).run_once()

    # --- what we may look at --------------------------------------------------------------

    async def grant(self, token: Token) -> Grant:
        """The grant of a refresh token, spent or not."""
        facts = await self.facts(token)
        assert facts is not None
        return facts.grant

    async def facts(self, token: Token) -> GrantFacts | None:
        """Grant and subject of a refresh token; None: the row is gone."""
        return await self.store.grant(self.grant_id(token))

    def grant_id(self, token: Token) -> GrantId:
        """Which grant a refresh token belongs to."""
        opened = self._credentials.open(text_of(token), Kind.REFRESH)
        assert opened is not None
        return opened.grant_id

    def generation(self, token: Token) -> int:
        """Which generation a refresh token is."""
        opened = self._credentials.open(text_of(token), Kind.REFRESH)
        assert opened is not None
        return opened.generation

    def seal(self, token: Token, *, generation: int, key_id: int) -> Secret:
        """Another generation of the same grant: what we, or somebody who stole a master key, would make."""
        opened = self._credentials.open(text_of(token), Kind.REFRESH)
        assert opened is not None
        return self._credentials.seal(Kind.REFRESH, key_id, opened.grant_id, opened.secret, generation)

    async def grants(self, user: str = "ada") -> tuple[Grant, ...]:
        """All grants of a user."""
        subject = await self.operator.subjects.show(user)
        return await self.store.grants(GrantFilter(subject=subject.id), 1_000)

    async def events(self, *kinds: EventKind) -> tuple[Event, ...]:
        """The audit trail, newest first; of these kinds only, if any are named."""
        found = await self.store.events(EventFilter(), 10_000)
        return tuple(event for event in found if not kinds or event.kind in kinds)

    async def _look(self) -> None:
        if not self.is_watching:
            return
        newest = await self.store.events(EventFilter(), 1)
        self.last_event = newest[0] if newest else None
