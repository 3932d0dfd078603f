"""An issuer's keys, fetched when they are needed. The only I/O between a token and its check."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Protocol

from evergrant.flight import Flight
from evergrant.jose import jwks
from evergrant.jose.errors import BadKey
from evergrant.jose.keys import PublicKey
from evergrant.protocol.provider import BadMetadata, check_issuer, url_of, well_known_urls
from evergrant.resource.fetching import Fetch, Fetched, FetchFailed, UrlFetch
from evergrant.resource.key_schedule import KeyState, fresh_ms
from evergrant.resource.system import Clock, clock

Keys = Mapping[str, PublicKey]


class KeysUnavailable(Exception):
    """No keys are held and none can be had now; the text says why."""


class KeySource(Protocol):
    """Where a check gets its keys from."""

    def current(self) -> Keys | Future[Keys]:
        """The keys, or the future that will have them. The future, or the call, raises KeysUnavailable."""
        ...

    def after_unknown(self, seen: Keys) -> Future[Keys] | None:
        """A key was not among `seen`: the future of others, or None if there are none, as of a moment ago."""
        ...


class FixedKeys:
    """Keys that are known and never fetched: for tests, and for an issuer that never changes them."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def current(self) -> Keys:
        """All of them."""
        return self._keys

    def after_unknown(self, seen: Keys) -> None:
        """There are no others."""


class IssuerKeys:
    """The keys at the `jwks_uri` of the issuer's discovery document (RFC 8414 §2), fetched at the first token.

    It never delays the start of a program, and asks nobody when it is made. For any number of threads and tasks.
    """

    def __init__(self, issuer: str, *, fetch: Fetch | None = None, clock: Clock = clock) -> None:
        self._issuer = issuer
        self._fetch = fetch or UrlFetch()
        self._clock = clock
        self._lock = threading.Lock()
        self._flight: Flight[Keys] = Flight("evergrant-keys", daemon=True)
        self._state = KeyState()
        self._jwks_uri: str | None = None
        self._etag: str | None = None
        self._why = "they were never asked for"

    def current(self) -> Keys | Future[Keys]:
        """See KeySource."""
        state = self._state
        match state.next_step(self._clock()):
            case "use":
                assert state.keys is not None  # noqa: S101  next_step said so
                return state.keys
            case "use and fetch":
                self._flight.join(self._renew)
                assert state.keys is not None  # noqa: S101  next_step said so
                return state.keys
            case "fetch":
                return self._flight.join(self._renew)
            case "give up":
                raise KeysUnavailable(self._why)

    def after_unknown(self, seen: Keys) -> Future[Keys] | None:
        """See KeySource.

        Of many who meet a new key at once one looks, and the others wait for what it finds, or take what it has found
        since they looked: in that order, because a flight has written down its finding when it is no longer under way.
        """
        others = self._flight.under_way()
        if others is not None:
            return others
        held = self._state.keys
        if held is not None and held is not seen:
            found: Future[Keys] = Future()
            found.set_result(held)
            return found
        with self._lock:
            now = self._clock()
            if self._state.after_unknown(now) == "give up":
                return None
            self._state = self._state.forcing(now)
        return self._flight.join(self._renew)

    def _renew(self) -> Keys:
        """Runs in the flight's thread, one at a time."""
        try:
            fetched = self._look()
            keys = self._state.keys if fetched.document is None else jwks.read(fetched.document)
            if not keys:
                raise BadKey("no key that can be used is published")
        except (FetchFailed, BadMetadata, BadKey) as problem:
            self._why = str(problem)
            # The issuer may have moved its keys: the next look begins at the discovery document.
            self._jwks_uri = None
            with self._lock:
                self._state = self._state.failed(self._clock())
            if self._state.keys is not None and self._state.next_step(self._clock()) != "give up":
                return self._state.keys
            raise KeysUnavailable(self._why) from None
        self._etag = fetched.headers.get("etag")
        with self._lock:
            fresh = fresh_ms(fetched.headers.get("cache-control"))
            self._state = self._state.fetched(keys, self._clock(), fresh)
            assert self._state.keys is not None  # noqa: S101  they were just put there
            return self._state.keys

    def _look(self) -> Fetched:
        if self._jwks_uri is None:
            self._jwks_uri, self._etag = url_of(discover(self._issuer, self._fetch), "jwks_uri"), None
        known = {} if self._etag is None or self._state.keys is None else {"If-None-Match": self._etag}
        return self._fetch(self._jwks_uri, known)


def discover(issuer: str, fetch: Fetch) -> Mapping[str, object]:
    """The issuer's discovery document, from the first place that has one. Raises FetchFailed or BadMetadata."""
    failed: FetchFailed | None = None
    for url in well_known_urls(issuer):
        try:
            document = fetch(url, {}).document
        except FetchFailed as problem:
            failed = failed or problem
            continue
        if document is not None:
            check_issuer(issuer, document)
            return document
    raise failed or FetchFailed("no discovery document")
