"""A program that asks for tokens when it is told to: `python -m tests.client.program`. See tests/client/programs.py.

Each line of its input is an order. It says `asking`, asks, and says what came of it. With `stop_at` in the order it
comes only so far: holding the lock it says that word, and stands still until somebody ends it.
"""

import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from evergrant.client import ClientError, Drawer, FileVault, Issuer, TokenSet, Vault
from evergrant.protocol.values import Millis
from evergrant.testing.clock import ManualClock

FILE: Final = "file:"
"""Before the path, in an order's `vault`. Without it that is a database's URL."""

_issuers: dict[str, Issuer] = {}
_clock = ManualClock()


class StoppingVault:
    """Stands still under the lock at its first `loading`, `saving` or `saved`, whichever is said."""

    def __init__(self, inner: Vault, stop_at: str) -> None:
        self._inner = inner
        self._stop_at = stop_at

    def load(self, key: str, /) -> TokenSet | None:
        return self._inner.load(key)

    @contextmanager
    def locked(self, key: str, timeout_s: float, /) -> Iterator[Drawer]:
        with self._inner.locked(key, timeout_s) as drawer:
            yield _StoppingDrawer(drawer, self._stop_at)


class _StoppingDrawer:
    def __init__(self, inner: Drawer, stop_at: str) -> None:
        self._inner = inner
        self._stop_at = stop_at

    def load(self) -> TokenSet | None:
        self._come_to("loading")
        return self._inner.load()

    def save(self, tokens: TokenSet, /) -> None:
        self._come_to("saving")
        self._inner.save(tokens)
        self._come_to("saved")

    def clear(self) -> None:
        self._inner.clear()

    def _come_to(self, point: str) -> None:
        if point == self._stop_at:
            say(point)
            threading.Event().wait()


def obey(order: dict[str, Any]) -> dict[str, object]:
    """What came of it: `token` and `revision`, or what was `raised`, and why."""
    _clock.set(Millis(order["now"]))
    issuer = _issuers.get(order["issuer"]) or Issuer.discover(order["issuer"], clock=_clock)
    _issuers[order["issuer"]] = issuer
    issuer = replace(issuer, provider=replace(issuer.provider, token_endpoint=order["token_endpoint"]))
    vault = open_vault(order["vault"])
    if "stop_at" in order:
        vault = StoppingVault(vault, order["stop_at"])
    # A new client each time: nothing is remembered of the order before.
    session = issuer.client(order["client_id"], order["client_secret"]).session(vault, order["name"])
    say("asking")
    try:
        tokens = session.tokens()
    except ClientError as problem:
        return {"raised": type(problem).__name__, "why": str(problem)}
    return {"token": tokens.access_token.reveal(), "revision": tokens.revision}


def open_vault(place: str) -> Vault:
    """What an order means by its `vault`."""
    if place.startswith(FILE):
        return FileVault(place.removeprefix(FILE))
    # Only here: it takes as long to load as everything else.
    from evergrant.client.vaults.sql import SqlVault

    return SqlVault(place)


def say(word: str) -> None:
    """To whoever started us."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    for line in sys.stdin:
        say(json.dumps(obey(json.loads(line))))
