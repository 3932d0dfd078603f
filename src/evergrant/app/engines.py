"""One realm put together: every engine is handed the least that it needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from evergrant.app.demo import USERNAME
from evergrant.app.settings import Settings
from evergrant.core.credential import Credentials, MasterKeys
from evergrant.core.facts import Realm
from evergrant.core.ports.store import RealmStore, Store
from evergrant.core.ports.world import Clock, Random
from evergrant.core.sessions import SessionLifetimes
from evergrant.server.access_tokens import AccessTokens
from evergrant.server.catalog import Catalog
from evergrant.server.engine.approval import Approval
from evergrant.server.engine.authorization import Authorization
from evergrant.server.engine.clients import ClientAuthentication
from evergrant.server.engine.interactions import Interactions
from evergrant.server.engine.introspection import TokenIntrospection
from evergrant.server.engine.issuing import Issuing
from evergrant.server.engine.live_access import LiveAccess
from evergrant.server.engine.logout import Logout
from evergrant.server.engine.operators.realms import DEFAULT
from evergrant.server.engine.passwords import Passwords
from evergrant.server.engine.revocation import TokenRevocation
from evergrant.server.engine.sessions import Sessions
from evergrant.server.engine.sign_in import SignIn
from evergrant.server.engine.tokens import Tokens
from evergrant.server.engine.userinfo import UserInfo
from evergrant.server.freshness import Freshness
from evergrant.server.id_token_hints import IdTokenHints
from evergrant.server.issuer import Issuer
from evergrant.server.journal import Journal
from evergrant.server.keyring import Keyring
from evergrant.server.known_browsers import KnownBrowsers
from evergrant.server.log import Log
from evergrant.server.metrics import Metrics
from evergrant.server.mint import Mint
from evergrant.server.pages.render import Pages
from evergrant.server.playground import Playground
from evergrant.server.sealing import Sealer
from evergrant.server.welcome import Welcome

STATIC: Final = "/static"


@dataclass(frozen=True, slots=True)
class Base:
    """An open store with a schema at head, the keys to what is sealed in it, and the world's time and chance."""

    settings: Settings
    store: Store
    masters: MasterKeys
    log: Log
    clock: Clock
    random: Random


@dataclass(frozen=True, slots=True)
class Parts:
    """What all realms of one server share."""

    journal: Journal
    passwords: Passwords
    pages: Pages


def shared_parts(base: Base, metrics: Metrics) -> Parts:
    """Their owner closes `passwords`."""
    settings = base.settings
    return Parts(Journal(base.log, metrics), Passwords(base.random), Pages(_static(settings), settings.https))


def issuer_on(base: Base, parts: Parts, realm: Realm) -> Issuer:
    """Everything that the endpoints of one realm may need."""
    return _Bench(base, parts, realm).issuer()


def issuer_url(settings: Settings, realm_name: str) -> str:
    """The default realm's issuer is the configured one, byte by byte."""
    path = _path(realm_name)
    return settings.issuer.rstrip("/") + path if path else settings.issuer


class _Bench:
    """Where the engines of a realm are put together; what several of them need is made once."""

    def __init__(self, base: Base, parts: Parts, realm: Realm) -> None:
        self.base, self.parts, self.realm = base, parts, realm
        self.clock, self.random, self.journal = base.clock, base.random, parts.journal
        self.url = issuer_url(base.settings, realm.name)
        self.store: RealmStore = base.store.realm_store(realm.id)
        self.credentials = Credentials(realm.id, base.masters)
        freshness = Freshness(self.store, self.clock)
        self.catalog = Catalog(self.store, realm.id, self.clock, freshness)
        self.keyring = Keyring(self.store, realm.id, base.masters, self.clock, freshness)
        self.access_tokens = AccessTokens(self.url, self.keyring)
        self.live_access = LiveAccess(
            access_tokens=self.access_tokens, reader=self.store, catalog=self.catalog, clock=self.clock
        )
        self.sessions = Sessions(
            reader=self.store,
            ledger=self.store,
            lifetimes=SessionLifetimes(base.settings.session.idle, base.settings.session.absolute),
            clock=self.clock,
            random=self.random,
        )
        self.sign_in = SignIn(
            reader=self.store,
            ledger=self.store,
            passwords=parts.passwords,
            known_browsers=KnownBrowsers(realm.id, base.masters, self.random),
            clock=self.clock,
            journal=self.journal,
        )

    def issuer(self) -> Issuer:
        development = self.base.settings.development
        return Issuer(
            url=self.url,
            realm_id=self.realm.id,
            realm_name=self.realm.name,
            path=_path(self.realm.name),
            development=development,
            reader=self.store,
            catalog=self.catalog,
            keyring=self.keyring,
            clients=ClientAuthentication(self.catalog),
            tokens=self._tokens(),
            revocation=self._revocation(),
            introspection=self._introspection(),
            userinfo=UserInfo(self.live_access),
            authorization=self._authorization(),
            sign_in=self.sign_in,
            logout=self._logout(),
            pages=self.parts.pages,
            welcome=Welcome(self.base.settings.database_in_words, USERNAME) if development else None,
            playground=self._playground() if development else None,
        )

    def _tokens(self) -> Tokens:
        issuing = Issuing(
            ledger=self.store,
            mint=Mint(self.url, self.keyring, self.random),
            credentials=self.credentials,
            clock=self.clock,
            random=self.random,
        )
        return Tokens(
            issuer=self.url,
            catalog=self.catalog,
            credentials=self.credentials,
            reader=self.store,
            ledger=self.store,
            issuing=issuing,
            sign_in=self.sign_in,
            clock=self.clock,
            journal=self.journal,
        )

    def _revocation(self) -> TokenRevocation:
        return TokenRevocation(
            credentials=self.credentials,
            access_tokens=self.access_tokens,
            reader=self.store,
            ledger=self.store,
            clock=self.clock,
            metrics=self.journal.metrics,
        )

    def _introspection(self) -> TokenIntrospection:
        return TokenIntrospection(
            issuer=self.url,
            credentials=self.credentials,
            live_access=self.live_access,
            reader=self.store,
            catalog=self.catalog,
            clock=self.clock,
            metrics=self.journal.metrics,
        )

    def _authorization(self) -> Authorization:
        approval = Approval(
            catalog=self.catalog,
            reader=self.store,
            ledger=self.store,
            sessions=self.sessions,
            credentials=self.credentials,
            clock=self.clock,
        )
        return Authorization(
            issuer=self.url,
            catalog=self.catalog,
            reader=self.store,
            ledger=self.store,
            interactions=Interactions(self._sealer("interaction"), self.clock, self.random),
            sessions=self.sessions,
            sign_in=self.sign_in,
            approval=approval,
            clock=self.clock,
            journal=self.journal,
        )

    def _logout(self) -> Logout:
        return Logout(
            catalog=self.catalog,
            sessions=self.sessions,
            hints=IdTokenHints(self.url, self.keyring),
            sealer=self._sealer("logout"),
            clock=self.clock,
        )

    def _playground(self) -> Playground:
        return Playground(access_tokens=self.access_tokens, reader=self.store, catalog=self.catalog, clock=self.clock)

    def _sealer(self, purpose: str) -> Sealer:
        return Sealer(self.realm.id, self.base.masters, purpose, self.random)


def _path(realm_name: str) -> str:
    return "" if realm_name == DEFAULT else f"/realms/{realm_name}"


def _static(settings: Settings) -> str:
    """Absolute on this host: a program that mounts the server has the issuer's path before it."""
    return urlsplit(settings.issuer).path.rstrip("/") + STATIC
