"""Signing keys at rest are sealed, and in memory never older than a second."""

from dataclasses import replace

import pytest

from evergrant.core.credential import MasterKeys
from evergrant.core.facts import StoredKey
from evergrant.jose.keys import SigningKey, generate
from evergrant.protocol.values import Millis, RealmId
from evergrant.server.keyring import Keyring, NoSigningKey, SealedElsewhere, open_private, seal_private
from evergrant.store.memory.store import MemoryRealm
from evergrant.testing.chance import Chance
from evergrant.testing.clock import START, ManualClock
from tests.unit.server.records import REALM, ROOT

EC = generate("ES256")
OTHER_EC = generate("ES256")
RSA = generate("RS256")


def stored(key: SigningKey, masters: MasterKeys, active_from: int = START, removed_at: int | None = None) -> StoredKey:
    return StoredKey(
        kid=key.kid,
        alg=key.alg,
        public_jwk=key.public().jwk(),
        sealed_private=seal_private(key, REALM, masters, Chance()),
        master_key_id=masters.current,
        created_at=START,
        active_from=Millis(active_from),
        retires_at=None if removed_at is None else Millis(removed_at),
        removed_at=None if removed_at is None else Millis(removed_at),
    )


async def save(store: MemoryRealm, *keys: StoredKey) -> None:
    await store.save_keys(keys, version=(await store.realm()).version, events=())


@pytest.mark.parametrize("key", [EC, RSA], ids=["ES256", "RS256"])
def test_a_sealed_key_opens_to_the_same_key(key: SigningKey, masters: MasterKeys) -> None:
    opened = open_private(stored(key, masters), REALM, masters)

    assert opened.to_der() == key.to_der()


def test_the_sealed_bytes_hold_nothing_of_the_key(masters: MasterKeys) -> None:
    sealed = stored(EC, masters).sealed_private
    der = EC.to_der()

    assert not any(der[i : i + 8] in sealed for i in range(len(der) - 8))


def test_a_key_sealed_twice_is_sealed_differently(masters: MasterKeys, chance: Chance) -> None:
    assert seal_private(EC, REALM, masters, chance) != seal_private(EC, REALM, masters, chance)


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda key: replace(key, kid=OTHER_EC.kid),
        lambda key: replace(key, alg="RS256"),
        lambda key: replace(key, sealed_private=key.sealed_private[:-1] + b"\0"),
        lambda key: replace(key, sealed_private=b"short"),
        lambda key: replace(key, sealed_private=b""),
    ],
    ids=["another kid", "another algorithm", "a changed byte", "cut short", "empty"],
)
def test_a_row_that_was_changed_or_exchanged_does_not_open(spoilt: object, masters: MasterKeys) -> None:
    assert callable(spoilt)
    with pytest.raises(SealedElsewhere, match="does not open"):
        open_private(spoilt(stored(EC, masters)), REALM, masters)


def test_a_key_of_one_realm_does_not_open_in_another(masters: MasterKeys) -> None:
    with pytest.raises(SealedElsewhere):
        open_private(stored(EC, masters), RealmId("other"), masters)


def test_without_its_master_key_the_message_says_which_one_is_missing(masters: MasterKeys) -> None:
    with pytest.raises(SealedElsewhere, match="master key 1, which is not configured"):
        open_private(stored(EC, masters), REALM, MasterKeys({2: b"n" * 32}))


def test_a_newer_master_key_beside_the_old_one_changes_nothing(masters: MasterKeys) -> None:
    both = MasterKeys({1: ROOT, 2: b"n" * 32})

    assert open_private(stored(EC, masters), REALM, both) == EC


async def test_the_ring_signs_with_the_active_key_and_publishes_all(
    realm_store: MemoryRealm, masters: MasterKeys, clock: ManualClock
) -> None:
    ring = Keyring(realm_store, REALM, masters, clock)
    await save(realm_store, stored(EC, masters), stored(OTHER_EC, masters, START + 1), stored(RSA, masters))

    signer = await ring.signing_key("ES256")
    published = {key.kid for key in await ring.published()}

    assert (signer, published) == (EC, {EC.kid, OTHER_EC.kid, RSA.kid})


async def test_the_next_key_takes_over_at_its_moment(
    realm_store: MemoryRealm, masters: MasterKeys, clock: ManualClock
) -> None:
    ring = Keyring(realm_store, REALM, masters, clock)
    await save(realm_store, stored(EC, masters), stored(OTHER_EC, masters, START + 1))
    await ring.signing_key("ES256")

    clock.advance(1)

    assert await ring.signing_key("ES256") == OTHER_EC


async def test_a_removed_key_verifies_nothing_but_is_remembered_for_logout(
    realm_store: MemoryRealm, masters: MasterKeys, clock: ManualClock
) -> None:
    ring = Keyring(realm_store, REALM, masters, clock)
    await save(realm_store, stored(EC, masters, removed_at=START + 1), stored(OTHER_EC, masters))

    clock.advance(1)

    assert await ring.public_key(EC.kid) is None
    assert [key.kid for key in await ring.published()] == [OTHER_EC.kid]
    assert EC.kid in await ring.remembered()


async def test_a_key_rotated_elsewhere_signs_here_within_a_second(
    realm_store: MemoryRealm, masters: MasterKeys, clock: ManualClock
) -> None:
    ring = Keyring(realm_store, REALM, masters, clock)
    await save(realm_store, stored(EC, masters))
    await ring.signing_key("ES256")
    await save(realm_store, stored(OTHER_EC, masters, clock.advance(1_000)))

    assert await ring.signing_key("ES256") == OTHER_EC


async def test_a_realm_without_keys_says_so(realm_store: MemoryRealm, masters: MasterKeys, clock: ManualClock) -> None:
    with pytest.raises(NoSigningKey):
        await Keyring(realm_store, REALM, masters, clock).signing_key("ES256")
