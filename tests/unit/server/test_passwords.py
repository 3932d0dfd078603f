"""Password hashing: argon2id, bounded, in the same time for everybody."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from evergrant.protocol.secret import Secret
from evergrant.server.engine import passwords as module
from evergrant.server.engine.passwords import MAX_PASSWORD_BYTES, Busy, Passwords, Verified
from evergrant.testing.chance import Chance

RIGHT = Secret("correct horse")


@pytest.fixture
def passwords(chance: Chance) -> Iterator[Passwords]:
    found = Passwords(chance)
    yield found
    found.close()


async def test_a_password_is_kept_as_argon2id_with_the_recommended_parameters(passwords: Passwords) -> None:
    kept = await passwords.hash(RIGHT)

    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert RIGHT.reveal() not in kept
    assert await passwords.hash(RIGHT) != kept
    assert await passwords.verify(kept, RIGHT) == Verified(right=True)
    assert await passwords.verify(kept, Secret("wrong")) == Verified(right=False)


async def test_no_hash_costs_what_a_hash_costs(passwords: Passwords) -> None:
    kept = await passwords.hash(RIGHT)
    for password_hash in (kept, None, "$argon2id$broken"):
        before = passwords.verifications
        await passwords.verify(password_hash, Secret("wrong"))
        assert passwords.verifications == before + 1


async def test_who_hashes_lets_everybody_else_go_first(passwords: Passwords) -> None:
    """A storm of sign-ins must not slow a refresh down. Only Linux gives each thread a niceness of its own."""
    await passwords.hash(RIGHT)

    hashing = [thread for thread in threading.enumerate() if thread.name.startswith("evergrant-password")]
    assert hashing
    for thread in hashing:
        assert thread.native_id is not None
        behind = os.getpriority(os.PRIO_PROCESS, thread.native_id) - os.getpriority(os.PRIO_PROCESS, 0)
        assert behind > 0 or sys.platform != "linux"


async def test_a_hash_of_other_parameters_is_outdated(passwords: Passwords) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(RIGHT.reveal())

    assert await passwords.verify(old, RIGHT) == Verified(right=True, outdated=True)


async def test_a_very_long_password_is_wrong_and_cannot_be_set(passwords: Passwords) -> None:
    longest = Secret("x" * MAX_PASSWORD_BYTES)
    longer = Secret("x" * MAX_PASSWORD_BYTES + "y")
    kept = await passwords.hash(longest)

    assert (await passwords.verify(kept, longest)).right
    assert not (await passwords.verify(kept, longer)).right
    with pytest.raises(ValueError, match="1024 bytes"):
        await passwords.hash(longer)


async def test_a_password_is_the_same_from_every_keyboard(passwords: Passwords) -> None:
    """RFC 8265 §4.2.2."""
    kept = await passwords.hash(Secret("caf\u00e9"))

    assert (await passwords.verify(kept, Secret("cafe\u0301"))).right
    assert not (await passwords.verify(kept, Secret("caf\ud800"))).right


async def test_more_than_a_bounded_number_is_not_waited_for(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 3)
    kept = await passwords.hash(RIGHT)

    answers = await asyncio.gather(*(passwords.verify(kept, RIGHT) for _ in range(8)), return_exceptions=True)

    assert [type(answer) for answer in answers].count(Busy) == 5
    assert (await passwords.verify(kept, RIGHT)).right
