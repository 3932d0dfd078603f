"""What every vault must do, as tests to run against yours (pytest).

Inherit the classes in a test module, and give a fixture `make_vault`: a function that opens a vault on one place, empty
at the start of each test, again each time it is called. For `SharedVaultContract` it is called in other processes too,
so it must be something that can be pickled: `functools.partial(FileVault, path)`.

```python
from evergrant.testing.vault_contract import SharedVaultContract, VaultContract


class TestYours(VaultContract):
    pass


class TestYoursBesideOthers(SharedVaultContract):
    pass
```
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

import pytest

from evergrant.client.errors import VaultBusy
from evergrant.client.tokens import TokenSet
from evergrant.client.vaults.vault import Vault
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import Millis

__all__ = ["MakeVault", "SharedVaultContract", "VaultContract", "a_session"]

MakeVault = Callable[[], Vault]
"""Opens the same place again and again: what another process does."""

ADA: Final = "https://issuer.example web ada"
BOB: Final = "https://issuer.example web bob"

PATIENCE_S: Final = 60.0
"""To wait for what must come, on a busy machine."""

AT_ONCE_S: Final = 0.05
"""To wait for what must not come."""

TURNS: Final = 5

_SPAWN: Final = multiprocessing.get_context("spawn")


def a_session(revision: int = 1, *, width: int = 40) -> TokenSet:
    """A session with every field set; `width` is how long its access token is."""
    return TokenSet(
        issuer="https://issuer.example",
        client_id="web",
        access_token=Secret(f"secret-access-{revision}-".ljust(width, "x")),
        token_type="Bearer",
        obtained_at=Millis(1_800_000_000_000),
        expires_at=Millis(1_800_000_300_000),
        refresh_token=Secret(f"secret-refresh-{revision}"),
        refresh_expires_at=Millis(1_800_086_400_000),
        id_token=Secret(f"secret-id-{revision}"),
        scope="openid käse 🗝",
        subject="ada",
        revision=revision,
        ended="invalid_grant",
    )


LEAST: Final = TokenSet(
    issuer="https://issuer.example",
    client_id="web",
    access_token=Secret("secret-least"),
    token_type="Bearer",
    obtained_at=Millis(0),
)


class VaultContract:
    """What is saved is there, one session apart from another, and one holder at a time."""

    def test_nothing_is_there_before_it_is_saved(self, make_vault: MakeVault) -> None:
        vault = make_vault()

        with vault.locked(ADA, PATIENCE_S) as drawer:
            assert drawer.load() is None
        assert vault.load(ADA) is None

    @pytest.mark.parametrize(
        "tokens",
        # The last is as long as tokens get: an API takes 16 KB.
        [a_session(), LEAST, a_session(width=16_384)],
        ids=["every field", "the least", "long"],
    )
    def test_what_is_saved_is_loaded_whole(self, make_vault: MakeVault, tokens: TokenSet) -> None:
        with make_vault().locked(ADA, PATIENCE_S) as drawer:
            drawer.save(tokens)
            assert drawer.load() == tokens

        assert make_vault().load(ADA) == tokens
        with make_vault().locked(ADA, PATIENCE_S) as drawer:
            assert drawer.load() == tokens

    def test_what_is_saved_later_replaces_it_whatever_its_length(self, make_vault: MakeVault) -> None:
        vault = make_vault()

        for revision, width in enumerate([40, 5_000, 1_500, 9_000, 40, 5_000, 40]):
            tokens = a_session(revision, width=width)
            with vault.locked(ADA, PATIENCE_S) as drawer:
                drawer.save(a_session(99, width=2_000))
                drawer.save(tokens)
            assert vault.load(ADA) == tokens

    def test_sessions_are_apart(self, make_vault: MakeVault) -> None:
        vault = make_vault()
        keys = [ADA, BOB, ADA.upper(), f"{ADA} ", "ä/../🗝 '\"%\\"]

        for revision, key in enumerate(keys):
            _save(vault, key, a_session(revision, width=2_000))
        with vault.locked(BOB, PATIENCE_S) as drawer:
            drawer.clear()

        loaded = [vault.load(key) for key in keys]
        assert loaded == [None if key == BOB else a_session(n, width=2_000) for n, key in enumerate(keys)]

    @pytest.mark.parametrize("width", [40, 5_000])
    def test_what_is_cleared_is_gone_and_may_be_cleared_and_saved_again(
        self, make_vault: MakeVault, width: int
    ) -> None:
        vault = make_vault()
        _save(vault, ADA, a_session(1, width=width))

        with vault.locked(ADA, PATIENCE_S) as drawer:
            drawer.clear()
            drawer.clear()
            assert drawer.load() is None
        assert make_vault().load(ADA) is None
        with vault.locked(ADA, PATIENCE_S) as drawer:
            drawer.clear()
            drawer.save(a_session(2, width=width))
            assert drawer.load() == a_session(2, width=width)

        assert make_vault().load(ADA) == a_session(2, width=width)

    def test_what_was_saved_stays_when_the_block_fails_afterwards(self, make_vault: MakeVault) -> None:
        """The issuer has taken the old refresh token back by then: undoing the save would end the session."""
        vault = make_vault()
        _save(vault, ADA, a_session(1))

        with pytest.raises(LookupError):
            _save_and_fail(vault, ADA, a_session(2))

        assert vault.load(ADA) == a_session(2)

    def test_a_block_that_fails_lets_the_lock_go(self, make_vault: MakeVault) -> None:
        vault = make_vault()

        with pytest.raises(LookupError), vault.locked(ADA, PATIENCE_S):
            raise LookupError

        with vault.locked(ADA, PATIENCE_S) as drawer:
            assert drawer.load() is None

    def test_a_lock_that_another_thread_holds_is_busy_until_it_lets_go(self, make_vault: MakeVault) -> None:
        vault = make_vault()
        _save(vault, ADA, a_session(1))

        with _held_by_a_thread(make_vault):
            with pytest.raises(VaultBusy), vault.locked(ADA, AT_ONCE_S):
                raise AssertionError("two hold the lock")
            with pytest.raises(VaultBusy), vault.locked(ADA, 0.0):
                raise AssertionError("two hold the lock")

        with vault.locked(ADA, PATIENCE_S) as drawer:
            assert drawer.load() == a_session(1)

    def test_a_held_session_can_be_looked_at(self, make_vault: MakeVault) -> None:
        vault = make_vault()
        _save(vault, ADA, a_session(1))

        with _held_by_a_thread(make_vault):
            assert vault.load(ADA) == a_session(1)

    def test_another_session_can_be_renewed_meanwhile(self, make_vault: MakeVault) -> None:
        vault = make_vault()

        with _held_by_a_thread(make_vault):
            _save(vault, BOB, a_session(1))
            assert vault.load(BOB) == a_session(1)

    def test_threads_take_turns(self, make_vault: MakeVault) -> None:
        """Each adds one to what it found: a turn that somebody else had meanwhile would be missing at the end."""
        vault = make_vault()
        _save(vault, ADA, a_session(0))

        with ThreadPoolExecutor(4) as pool:
            for turn in [pool.submit(_take_turns, make_vault) for _ in range(4)]:
                turn.result(PATIENCE_S)

        assert vault.load(ADA) == replace(a_session(0), revision=4 * TURNS)

    def test_sessions_that_are_saved_at_the_same_moment_are_all_kept(self, make_vault: MakeVault) -> None:
        """Whoever writes one beside others must not bring back what the others were before."""
        keys = [f"{ADA} {number}" for number in range(4)]
        for key in keys:
            _save(make_vault(), key, a_session(0))

        with ThreadPoolExecutor(len(keys)) as pool:
            for turn in [pool.submit(_take_turns, make_vault, key) for key in keys]:
                turn.result(PATIENCE_S)

        assert [make_vault().load(key) for key in keys] == [replace(a_session(0), revision=TURNS)] * len(keys)

    def test_neither_a_vault_nor_a_drawer_nor_an_error_shows_a_token(self, make_vault: MakeVault) -> None:
        vault = make_vault()
        _save(vault, ADA, a_session(1))

        with vault.locked(ADA, PATIENCE_S) as drawer:
            drawer.save(a_session(2))
            shown = [repr(vault), str(vault), repr(drawer), str(drawer)]
        with _held_by_a_thread(make_vault), pytest.raises(VaultBusy) as busy, vault.locked(ADA, AT_ONCE_S):
            raise AssertionError("two hold the lock")

        assert "secret-" not in " ".join([*shown, *_told_by(busy.value)])


class SharedVaultContract:
    """It outlives a process, and what threads are to one another, processes are too."""

    def test_processes_take_turns(self, make_vault: MakeVault) -> None:
        vault = make_vault()
        _save(vault, ADA, a_session(0))

        others = [_SPAWN.Process(target=_take_turns, args=(make_vault,)) for _ in range(2)]
        for other in others:
            other.start()
        _take_turns(make_vault)
        for other in others:
            other.join(PATIENCE_S)

        assert [other.exitcode for other in others] == [0, 0]
        assert vault.load(ADA) == replace(a_session(0), revision=3 * TURNS)

    def test_a_lock_of_another_process_is_busy_until_that_is_killed(self, make_vault: MakeVault) -> None:
        """Whoever is killed takes nothing along but what it had not finished."""
        vault = make_vault()
        _save(vault, ADA, a_session(1))

        with _held_by_a_process(make_vault) as holder:
            with pytest.raises(VaultBusy), vault.locked(ADA, AT_ONCE_S):
                raise AssertionError("two hold the lock")
            _save(vault, BOB, a_session(3))
            holder.kill()
            with vault.locked(ADA, PATIENCE_S) as drawer:
                left = drawer.load()
                drawer.save(a_session(4))

        assert left in (a_session(1), a_session(2))
        assert (vault.load(ADA), vault.load(BOB)) == (a_session(4), a_session(3))


def _save(vault: Vault, key: str, tokens: TokenSet) -> None:
    with vault.locked(key, PATIENCE_S) as drawer:
        drawer.save(tokens)


def _save_and_fail(vault: Vault, key: str, tokens: TokenSet) -> None:
    with vault.locked(key, PATIENCE_S) as drawer:
        drawer.save(tokens)
        raise LookupError


def _take_turns(make_vault: MakeVault, key: str = ADA) -> None:
    vault = make_vault()
    for _ in range(TURNS):
        with vault.locked(key, PATIENCE_S) as drawer:
            tokens = drawer.load()
            assert tokens is not None
            drawer.save(replace(tokens, revision=tokens.revision + 1))


@contextmanager
def _held_by_a_thread(make_vault: MakeVault) -> Iterator[None]:
    """Another thread, with a vault of its own, holds ADA's session while the block runs."""
    held, enough = threading.Event(), threading.Event()

    def hold() -> None:
        with make_vault().locked(ADA, PATIENCE_S):
            held.set()
            enough.wait(PATIENCE_S)

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        try:
            assert held.wait(PATIENCE_S)
            yield
        finally:
            enough.set()
        holding.result(PATIENCE_S)


@contextmanager
def _held_by_a_process(make_vault: MakeVault) -> Iterator[SpawnProcess]:
    """Another process holds ADA's session, and has saved something, until it is killed."""
    ours, its = _SPAWN.Pipe()
    holder = _SPAWN.Process(target=_hold, args=(make_vault, its), daemon=True)
    holder.start()
    its.close()
    try:
        assert ours.poll(PATIENCE_S)
        assert ours.recv() == "held"
        yield holder
    finally:
        holder.kill()
        holder.join(PATIENCE_S)
        ours.close()


def _hold(make_vault: MakeVault, ours: Connection) -> None:
    with make_vault().locked(ADA, PATIENCE_S) as drawer:
        drawer.save(a_session(2))
        ours.send("held")
        # Nothing ever comes: it ends when the other side is gone, or earlier, by being killed.
        ours.poll(None)


def _told_by(error: BaseException | None) -> Iterator[str]:
    """What an error tells, and those behind it."""
    while error is not None:
        yield f"{error!r} {error}"
        error = error.__cause__ or error.__context__
