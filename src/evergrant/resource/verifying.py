"""Verifiers: how a token becomes an AccessToken. What waits is a future, so one text serves threads and tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from concurrent.futures import Future
from contextlib import suppress
from typing import Final, Protocol

from evergrant.jose.errors import JoseError, JoseReason
from evergrant.protocol.errors import InvalidToken, TemporarilyUnavailable
from evergrant.protocol.values import Millis
from evergrant.resource.access_token import AccessToken
from evergrant.resource.checking import Checker
from evergrant.resource.declaration import Resource
from evergrant.resource.keys import IssuerKeys, Keys, KeySource, KeysUnavailable
from evergrant.resource.refusals import Refused
from evergrant.resource.remembered import Remembered, digest_of
from evergrant.resource.system import Clock, clock

MOST_LOOKS: Final = 2
"""How often keys are looked for again, for one token whose key is not known."""

Steps = Generator["Future[object]", None, AccessToken]
"""Yields each future that has to be done before it goes on, and returns the token."""


class Verifier(Protocol):
    """Says whether a token is a good one for the API."""

    def known(self, token: str) -> AccessToken | None:
        """The token, if it was found good before and still is. Never waits."""
        ...

    def steps(self, token: str) -> Steps:
        """The token. Raises Refused for one that is not good, or that cannot be judged now."""
        ...


def finish(steps: Steps) -> AccessToken:
    """Go through the steps in this thread, waiting where they wait."""
    try:
        while True:
            _settle(next(steps))
    except StopIteration as end:
        return _token(end)


async def finish_async(steps: Steps) -> AccessToken:
    """Go through the steps in this task. Whoever is cancelled takes nobody's fetch with him."""
    try:
        while True:
            future = next(steps)
            # What it raises is for the steps to hear. Nobody else would, and asyncio would report it as lost.
            with suppress(Exception):
                await asyncio.shield(asyncio.wrap_future(future))
    except StopIteration as end:
        return _token(end)


def _settle(future: Future[object]) -> None:
    # What it raises is for the steps to hear, when they ask it.
    future.exception()


def _token(end: StopIteration) -> AccessToken:
    token = end.value
    assert isinstance(token, AccessToken)  # noqa: S101  what Steps return; StopIteration has no type for it
    return token


class JwtVerifier:
    """Checks the signature itself; the issuer is asked for keys only. A good token is remembered until it expires.

    No news of a revocation reaches it before that: an API for which that is too long introspects.
    """

    __slots__ = ("_checker", "_clock", "_keys", "_leeway_ms", "_remembered")

    def __init__(self, resource: Resource, *, keys: KeySource | None = None, clock: Clock = clock) -> None:
        self._checker = Checker(resource)
        self._leeway_ms = resource.leeway_s * 1000
        self._clock = clock
        self._keys: KeySource = keys or IssuerKeys(resource.issuer, clock=clock)
        # With the keys it was checked with: once a key came or left, everything is looked at again.
        self._remembered: Remembered[tuple[Keys, AccessToken]] = Remembered()

    def known(self, token: str) -> AccessToken | None:
        """See Verifier."""
        found = self._remembered.get(digest_of(token), self._clock())
        if found is None:
            return None
        try:
            keys = self._keys.current()
        except KeysUnavailable:
            return None
        return found[1] if keys is found[0] else None

    def steps(self, token: str) -> Steps:
        """See Verifier."""
        keys = yield from self._current()
        # Twice: what was under way when the key was not found may have begun before there was such a key.
        for _ in range(MOST_LOOKS):
            try:
                return self._check(token, keys)
            except JoseError as problem:
                again = self._keys.after_unknown(keys) if problem.reason is JoseReason.UNKNOWN_KEY else None
                if again is None:
                    raise _bad(problem) from None
            yield again  # type: ignore[misc]  # a future of keys is a future of something
            try:
                keys = again.result()
            except KeysUnavailable as problem:
                raise unavailable() from problem
        try:
            return self._check(token, keys)
        except JoseError as problem:
            raise _bad(problem) from None

    def _current(self) -> Generator[Future[object], None, Keys]:
        try:
            keys = self._keys.current()
            if isinstance(keys, Future):
                yield keys  # type: ignore[misc]  # a future of keys is a future of something
                keys = keys.result()
        except KeysUnavailable as problem:
            raise unavailable() from problem
        return keys

    def _check(self, token: str, keys: Keys) -> AccessToken:
        now = self._clock()
        good = self._checker.check(token, keys, now)
        self._remembered.put(digest_of(token), (keys, good), now, Millis(good.expires_at + self._leeway_ms))
        return good


class ByShape:
    """A JSON Web Token is checked by one verifier, anything else by another."""

    __slots__ = ("_jwt", "_opaque")

    def __init__(self, jwt: Verifier, opaque: Verifier) -> None:
        self._jwt = jwt
        self._opaque = opaque

    def known(self, token: str) -> AccessToken | None:
        """See Verifier."""
        return self._of(token).known(token)

    def steps(self, token: str) -> Steps:
        """See Verifier."""
        return self._of(token).steps(token)

    def _of(self, token: str) -> Verifier:
        # A header of JSON begins with `{"`; in base64url that is `eyJ`.
        return self._jwt if token.count(".") == 2 and token.startswith("eyJ") else self._opaque


def unavailable(retry_after_s: int = 1) -> Refused:
    """The token cannot be judged now; it may well be good. Never `invalid_token`: clients throw tokens away on that."""
    seconds = min(5, max(1, retry_after_s))
    return Refused(TemporarilyUnavailable("The access token cannot be checked at the moment.", retry_after_s=seconds))


def _bad(problem: JoseError) -> Refused:
    # One sentence for all: what is wrong with a stranger's token is nobody's business but the log's.
    return Refused(InvalidToken("The access token is invalid or expired."), reason=problem.reason)
