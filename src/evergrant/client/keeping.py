"""One session in this process: what is held of it, and who may change that. Both kinds of Session are thin over it."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from evergrant.client.driving import Reachable, drive, reason_of
from evergrant.client.errors import (
    ClientError,
    RefreshUnavailable,
    SignInRequired,
    VaultBusy,
)
from evergrant.client.keeper import (
    Decision,
    Keeper,
    Newer,
    Pause,
    Renew,
    SignIn,
    Trouble,
    Use,
    UseMeanwhile,
    Wanted,
    is_unwanted,
)
from evergrant.client.renewal import Done, Failed, Renewal, Unsaved
from evergrant.client.tokens import TokenSet
from evergrant.client.turns import Turn
from evergrant.client.vaults.vault import Vault
from evergrant.client.ways import check_whose
from evergrant.flight import Flight
from evergrant.protocol.values import Millis

LOCK_S: Final = 60.0
"""How long a session's lock is waited for: its holder asks the issuer three times at the most, 15 s each."""

_log = logging.getLogger("evergrant.client")


class ChangeKind(StrEnum):
    """What became of a session."""

    KEPT = "kept"
    RENEWED = "renewed"
    SIGN_IN_REQUIRED = "sign_in_required"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Change:
    """What this process did to a session, or found out about it, and the tokens it has now."""

    kind: ChangeKind
    tokens: TokenSet | None


class Keeping:
    """One session. Any thread may call any of it."""

    def __init__(
        self, keeper: Keeper, vault: Vault, key: str, issuer: Reachable, note: Callable[[Keeping], None]
    ) -> None:
        self._keeper = keeper
        self._vault = vault
        self._key = key
        self._issuer = issuer
        # Told after every attempt to renew that `owes` may have changed.
        self._note = note
        self._held: TokenSet | None = None
        self._trouble: Trouble | None = None
        self._unsaved: Unsaved | None = None
        # Not a daemon: the program does not end between an answer of the issuer and its being saved.
        self._flight: Flight[TokenSet] = Flight("evergrant-renewal", daemon=False)
        self._turn = Turn()
        self._settling: threading.Thread | None = None
        self.listeners: list[Callable[[Change], object]] = []

    def owes(self, now: Millis) -> bool:
        """Whether this must not be forgotten: tokens are not saved yet, or the issuer is not to be asked so soon."""
        return self._unsaved is not None or (self._trouble is not None and now < self._trouble.until)

    def get(self, wanted: Wanted) -> TokenSet:
        """What is wanted. Waits for a renewal where there is nothing to use; everybody who waits shares one.

        Raises SignInRequired, RefreshUnavailable, Refused, ProtocolError, VaultUnavailable, VaultDamaged.
        """
        tokens = self._at_hand(wanted) or self._join(wanted).result()
        # Once more: a renewal that others began may end with the very token that is not wanted any more.
        return tokens if not is_unwanted(tokens, wanted) else self._join(wanted).result()

    async def aget(self, wanted: Wanted) -> TokenSet:
        """As `get`. Whoever is cancelled leaves the renewal as it is."""
        tokens = self._at_hand(wanted)
        if tokens is None:
            tokens = await asyncio.wrap_future(self._join(wanted))
        return tokens if not is_unwanted(tokens, wanted) else await asyncio.wrap_future(self._join(wanted))

    def newer(self) -> Newer:
        """Wanted is another token than the vault has at this moment. Raises VaultUnavailable, VaultDamaged."""
        held = self._vault.load(self._key)
        return Newer(held.access_token if held is not None else None)

    def keep(self, tokens: TokenSet) -> None:
        """From now on the session has these."""
        provider, client = self._keeper.way.provider, self._keeper.way.client
        if (tokens.issuer, tokens.client_id) != (provider.issuer, client.client_id):
            raise ValueError("these tokens are another issuer's or another client's")
        with self._turn.taken(LOCK_S):
            with self._vault.locked(self._key, LOCK_S) as drawer:
                before = drawer.load()
                kept = tokens.next_to(before)
                drawer.save(kept)
            self._held, self._trouble, self._unsaved = kept, None, None
        self._tell(Change(ChangeKind.KEPT, kept))

    def end(self, at_issuer: Callable[[TokenSet], None]) -> None:
        """Let `at_issuer` end what is held, then forget it. If that raises, the session stays as it is."""
        with self._turn.taken(LOCK_S):
            with self._vault.locked(self._key, LOCK_S) as drawer:
                held = self._unsaved.tokens if self._unsaved is not None else drawer.load()
                if held is not None and held.ended is None:
                    at_issuer(held)
                drawer.clear()
            self._held, self._trouble, self._unsaved = None, None, None
        self._tell(Change(ChangeKind.ENDED, None))

    def _at_hand(self, wanted: Wanted) -> TokenSet | None:
        """What can be used at once, without I/O. Starts a renewal behind the caller's back if it is time for one."""
        decision = self._decide(self._held, wanted)
        match decision:
            case Use(tokens=tokens):
                return tokens
            case UseMeanwhile(tokens=tokens):
                self._flight.join(lambda: self._work(wanted, self._settle_behind))
                return tokens
            case Renew() | Pause() | SignIn():
                # What the vault holds may be newer.
                return None
            case _:
                assert_never(decision)

    def _join(self, wanted: Wanted) -> Future[TokenSet]:
        if threading.current_thread() is self._settling:
            raise RuntimeError("a listener waits for the renewal that waits for it: ask in another thread")
        return self._flight.join(lambda: self._work(wanted, self._settle))

    def _work(self, wanted: Wanted, settle: Callable[[Wanted], TokenSet]) -> TokenSet:
        """In the flight's thread."""
        self._settling = threading.current_thread()
        try:
            return settle(wanted)
        finally:
            self._settling = None

    def _settle(self, wanted: Wanted) -> TokenSet:
        """What is wanted, from the vault or from the issuer."""
        try:
            with self._turn.taken(LOCK_S):
                glanced = self._vault.load(self._key)
                check_whose(glanced, self._keeper.way)
                decision = self._decide(glanced, wanted)
                match decision:
                    case Use(tokens=tokens):
                        self._held = tokens
                        return tokens
                    case Pause(until=until, error=error):
                        raise _not_before(until - self._issuer.transport.clock(), error)
                    case SignIn(reason=reason) if self._unsaved is None:
                        self._held = glanced
                        raise SignInRequired(reason)
                    case SignIn() | UseMeanwhile() | Renew():
                        change, result = self._renew(wanted)
                        self._note(self)
                    case _:
                        assert_never(decision)
        except VaultBusy as busy:
            raise RefreshUnavailable(str(busy), 1.0) from busy
        if change is not None:
            self._tell(change)
        if isinstance(result, TokenSet):
            return result
        if isinstance(decision, UseMeanwhile) and not isinstance(result, SignInRequired):
            _log.warning("a session could not be renewed, and goes on with the tokens it has: %s", result)
            return decision.tokens
        raise result

    def _renew(self, wanted: Wanted) -> tuple[Change | None, TokenSet | ClientError]:
        """Under the vault's lock. What is held here changes only after that was let go without trouble."""
        renewal = Renewal(self._keeper, wanted, self._unsaved)
        ending: Done | Failed | None = None
        try:
            with self._vault.locked(self._key, LOCK_S) as drawer:
                ending = drive(renewal, drawer, self._issuer)
        except Exception as problem:
            # A vault may find out only on leaving that it cannot keep what was saved (a database, when it commits).
            if isinstance(ending, Done) and renewal.saved is not None:
                why = f"the new tokens are not saved: {reason_of(problem)}"
                ending = Failed(RefreshUnavailable(why), self._held, renewal.saved)
            elif ending is None and isinstance(problem, VaultBusy):
                ending = Failed(RefreshUnavailable(str(problem), 1.0), self._held, self._unsaved)
            elif not isinstance(ending, Failed):
                raise
        match ending:
            case Done(tokens=tokens):
                self._held, self._trouble, self._unsaved = tokens, None, None
                written = renewal.saved is not None
                return Change(ChangeKind.RENEWED, tokens) if written else None, tokens
            case Failed(error=error, held=held, unsaved=unsaved):
                self._held, self._unsaved = held, unsaved
                if isinstance(error, SignInRequired):
                    self._trouble = None
                    return Change(ChangeKind.SIGN_IN_REQUIRED, held), error
                self._trouble = self._keeper.after(error, self._issuer.transport.clock(), self._trouble)
                return None, error
            case _:
                assert_never(ending)

    def _settle_behind(self, wanted: Wanted) -> TokenSet:
        """As `_settle`, where nobody may be waiting to be told of an error."""
        try:
            return self._settle(wanted)
        except ClientError as problem:
            _log.warning("a session could not be renewed in time: %s", problem)
            raise

    def _tell(self, change: Change) -> None:
        for listener in tuple(self.listeners):
            try:
                listener(change)
            except Exception:  # noqa: BLE001  the session is right whatever becomes of who wants to know of it
                _log.exception("a listener to a session's changes failed")

    def _decide(self, held: TokenSet | None, wanted: Wanted) -> Decision:
        return self._keeper.decide(held, wanted, self._issuer.transport.clock(), self._trouble)


def _not_before(wait_ms: int, error: ClientError) -> ClientError:
    if isinstance(error, RefreshUnavailable):
        return RefreshUnavailable(error.why, max(0, wait_ms) / 1000)
    return error.again()
