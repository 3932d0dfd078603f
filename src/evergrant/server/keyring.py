"""The realm's signing keys in process memory, and how their private halves are sealed in the store."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from evergrant.core.credential import MasterKeys
from evergrant.core.facts import StoredKey
from evergrant.core.key_schedule import is_published, signing, steady
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.core.ports.world import Clock, Random
from evergrant.jose.keys import Alg, PublicKey, SigningKey
from evergrant.protocol.values import Millis, RealmId
from evergrant.server.freshness import PATIENCE_S, AsksRealm, Freshness

_NONCE: Final = 12
_LABEL: Final = "evergrant signing keys"


class NoSigningKey(LookupError):
    """The realm has no key of that algorithm yet: `Keys.ensure` makes the first ones."""


class SealedElsewhere(ValueError):
    """A private key that no master key of this process opens. The message says what to do; it quotes no key."""


def seal_private(key: SigningKey, realm: RealmId, masters: MasterKeys, random: Random) -> bytes:
    """The private half as the store may hold it: nonce and AES-256-GCM under the current master key.

    Realm, kid and algorithm are authenticated with it, so that a row put in another's place does not open.
    """
    nonce = random(_NONCE)
    cipher = AESGCM(masters.derive(masters.current, _LABEL, realm, key.alg))
    return nonce + cipher.encrypt(nonce, key.to_der(), _context(realm, key.kid, key.alg))


def open_private(stored: StoredKey, realm: RealmId, masters: MasterKeys) -> SigningKey:
    """The key to sign with. Raises SealedElsewhere. Slow for RSA, which is checked number by number."""
    if stored.master_key_id not in masters:
        raise SealedElsewhere(
            f"Signing key {stored.kid} is sealed under master key {stored.master_key_id}, which is not configured. "
            "Give this server that master key as well."
        )
    cipher = AESGCM(masters.derive(stored.master_key_id, _LABEL, realm, stored.alg))
    nonce, sealed = stored.sealed_private[:_NONCE], stored.sealed_private[_NONCE:]
    try:
        der = cipher.decrypt(nonce, sealed, _context(realm, stored.kid, stored.alg))
    except (InvalidTag, ValueError):
        raise SealedElsewhere(
            f"Signing key {stored.kid} does not open with master key {stored.master_key_id}. Either this is not the "
            "master key that belongs to this database, or the row was changed. Restore the right master key, or "
            "replace the signing keys with `evergrant keys rotate`."
        ) from None
    return SigningKey.from_der(stored.alg, der)


def _context(realm: RealmId, kid: str, alg: Alg) -> bytes:
    # Lengths first: without them two different triples could be the same bytes.
    parts = (realm.encode(), kid.encode(), alg.encode())
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


class AsksKeys(AsksRealm, Protocol):
    """What the keyring asks of a Reader."""

    async def signing_keys(self) -> tuple[StoredKey, ...]: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """The keys under one version of the realm."""

    version: int
    stored: tuple[StoredKey, ...]
    public: Mapping[str, PublicKey]


@dataclass(frozen=True, slots=True)
class _Span:
    """What follows from known keys as long as none begins, retires or leaves: worked out once, not at every token."""

    of: _Known
    since: Millis
    until: Millis
    trusted: Mapping[str, PublicKey]
    signers: dict[Alg, SigningKey]


class Keyring:
    """Keys to sign and to verify with, at most a second behind the store. Every method may raise StoreUnavailable."""

    __slots__ = ("_clock", "_freshness", "_known", "_masters", "_opened", "_opening", "_reader", "_span", "realm_id")

    def __init__(
        self,
        reader: AsksKeys,
        realm_id: RealmId,
        masters: MasterKeys,
        clock: Clock,
        freshness: Freshness | None = None,
    ) -> None:
        """`freshness`: shared with others who remember things of this realm, so that all ask once."""
        self.realm_id: Final = realm_id
        self._reader = reader
        self._masters = masters
        self._clock = clock
        self._freshness = Freshness(reader, clock) if freshness is None else freshness
        self._known: _Known | None = None
        self._span: _Span | None = None
        self._opened: dict[str, SigningKey] = {}
        self._opening = asyncio.Lock()

    async def signing_key(self, alg: Alg) -> SigningKey:
        """The key that signs now. Raises NoSigningKey, SealedElsewhere."""
        span = self._recent() or await self._current_span()
        key = span.signers.get(alg)
        return key if key is not None else await self._signer(span, alg)

    async def published(self) -> tuple[PublicKey, ...]:
        """The JWKS: keys that will sign, that sign, and whose tokens may still live."""
        return tuple((await self.trusted()).values())

    async def last_published(self) -> tuple[PublicKey, ...]:
        """As `published`, or of the keys last seen if the store does not answer within a second.

        For those who verify: a key that was ours a minute ago is still right to verify with, and nobody signs with it.
        Raises StoreUnavailable if none were ever seen.
        """
        seen = self._span
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self.published()
        except (StoreUnavailable, TimeoutError):
            if seen is None:
                raise StoreUnavailable("the keys were never read") from None
            return tuple(_trusted(seen.of, self._clock()).values())

    async def trusted(self) -> Mapping[str, PublicKey]:
        """The published keys by `kid`, to verify our own tokens with: the same object while they are the same."""
        return (self._recent() or await self._current_span()).trusted

    async def public_key(self, kid: str) -> PublicKey | None:
        """A published key."""
        return (await self.trusted()).get(kid)

    async def remembered(self) -> Mapping[str, PublicKey]:
        """All keys by `kid`, also those that left the JWKS: for an `id_token_hint`, which may be a year old."""
        return (await self._current()).public

    def forget(self) -> None:
        """After a change that this process made itself: it is felt here at once."""
        self._freshness.forget()
        self._known = None

    def _recent(self) -> _Span | None:
        """What is known, if it is still so: without waiting for anybody, because every token asks."""
        now, span = self._clock(), self._span
        realm = self._freshness.recent(now)
        if span is None or realm is None or span.of is not self._known or span.of.version != realm.version:
            return None
        return span if span.since <= now < span.until else None

    async def _current(self) -> _Known:
        version = (await self._freshness.realm()).version
        known = self._known
        if known is None or known.version != version:
            stored = await self._reader.signing_keys()
            known = self._known = _Known(version, stored, _public(stored, known))
        return known

    async def _current_span(self) -> _Span:
        known, now, before = await self._current(), self._clock(), self._span
        trusted = _trusted(known, now)
        if before is not None and list(before.trusted.values()) == list(trusted.values()):
            trusted = before.trusted
        span = self._span = _Span(known, *steady(known.stored, now), trusted, {})
        return span

    async def _signer(self, span: _Span, alg: Alg) -> SigningKey:
        stored = signing(span.of.stored, alg, self._clock())
        if stored is None:
            raise NoSigningKey(f"There is no {alg} key in realm {self.realm_id}.")
        signer = span.signers[alg] = self._opened.get(stored.kid) or await self._open(stored)
        return signer

    async def _open(self, stored: StoredKey) -> SigningKey:
        async with self._opening:
            if stored.kid not in self._opened:
                # In a thread: OpenSSL checks an RSA key for tens of milliseconds, and nobody else should wait.
                self._opened[stored.kid] = await asyncio.to_thread(open_private, stored, self.realm_id, self._masters)
            return self._opened[stored.kid]


def _trusted(known: _Known, now: Millis) -> Mapping[str, PublicKey]:
    published = {key.kid: known.public[key.kid] for key in known.stored if is_published(key, now)}
    return MappingProxyType(published)


def _public(stored: tuple[StoredKey, ...], known: _Known | None) -> Mapping[str, PublicKey]:
    """Read the public halves, each only once: any change in the realm moves its version."""
    before: Mapping[str, PublicKey] = known.public if known is not None else {}
    found = {key.kid: before.get(key.kid) or PublicKey.from_jwk(key.public_jwk) for key in stored}
    return MappingProxyType(found)
