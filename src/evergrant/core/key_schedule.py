"""When signing keys appear, sign and leave: published before use, retained after use, one always active. Pure.

A key is published from `created_at`, signs from `active_from` until `retires_at`, and leaves the JWKS at `removed_at`,
when every token that it signed has expired.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from evergrant.core.facts import StoredKey
from evergrant.core.policy import DAY
from evergrant.jose.keys import Alg
from evergrant.protocol.values import Millis

ALGORITHMS: Final[tuple[Alg, ...]] = ("ES256", "RS256")
"""Each always has an active key: access tokens are ES256, ID tokens RS256 unless the client asks for ES256."""

KEPT_PRIVATELY: Final = 400 * DAY
"""How long the store keeps a key that has left the JWKS: an `id_token_hint` at logout may be that old."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """All in milliseconds. `margin` is added to the longest access-token lifetime before a retired key leaves."""

    rotation: int = 90 * DAY
    publish_ahead: int = DAY
    margin: int = DAY


DEFAULT: Final = Schedule()


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be made. It is published at once and signs from `active_from`."""

    alg: Alg
    active_from: Millis


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done now. Keys whose `removed_at` lies before `drop_before` may be forgotten."""

    create: tuple[NewKey, ...]
    changes: tuple[StoredKey, ...]
    drop_before: Millis

    @property
    def is_empty(self) -> bool:
        """Whether no key is made or changed."""
        return not self.create and not self.changes


def plan(keys: Iterable[StoredKey], now: Millis, schedule: Schedule, longest_access_lifetime: int) -> Plan:
    """The scheduled rotation. Asked often; nearly always there is nothing to do."""
    stay = longest_access_lifetime + schedule.margin
    listed = tuple(key for key in keys if is_published(key, now))
    create: list[NewKey] = []
    changes: list[StoredKey] = []
    for alg in ALGORITHMS:
        mine = [key for key in listed if key.alg == alg]
        newest = max(mine, key=_order, default=None)
        if newest is None:
            # Nobody can have a token or a key set of ours yet, so there is nothing to wait for.
            create.append(NewKey(alg, now))
            continue
        due = newest.active_from + schedule.rotation if newest.retires_at is None else newest.retires_at
        if now >= due - schedule.publish_ahead:
            # A server that was off when it was due still publishes first: verifiers keep a key set for hours.
            begin = Millis(max(due, now + schedule.publish_ahead))
            create.append(NewKey(alg, begin))
            mine = [_retired(key, begin) if key is newest else key for key in mine]
        changes += [kept for key in mine if (kept := _kept_long_enough(key, stay)) not in listed]
    return Plan(tuple(create), tuple(changes), forgettable_before(now))


def rotate_now(keys: Iterable[StoredKey], now: Millis, schedule: Schedule, longest_access_lifetime: int) -> Plan:
    """New keys that sign at once, for when the present ones may be known to somebody.

    A verifier that keeps an older key set refuses the new tokens until it asks again. A key that was published ahead
    goes too, unused: whoever read the one may have read the other.
    """
    stay = longest_access_lifetime + schedule.margin
    changes = tuple(
        _kept_long_enough(_retired(key, now), stay if key.active_from <= now else 0)
        for key in keys
        if key.retires_at is None or key.retires_at > now
    )
    return Plan(tuple(NewKey(alg, now) for alg in ALGORITHMS), changes, forgettable_before(now))


def forgettable_before(now: Millis) -> Millis:
    """Keys that left the JWKS before this moment may be forgotten."""
    return Millis(now - KEPT_PRIVATELY)


def is_published(key: StoredKey, now: Millis) -> bool:
    """Whether the key is in the JWKS."""
    return key.removed_at is None or now < key.removed_at


def steady(keys: Iterable[StoredKey], now: Millis) -> tuple[Millis, Millis]:
    """The time around `now`, end excluded, in which no key begins, retires or leaves by itself."""
    moments = [m for key in keys for m in (key.active_from, key.retires_at, key.removed_at) if m is not None]
    past, future = [m for m in moments if m <= now], [m for m in moments if m > now]
    return max(past, default=Millis(0)), min(future, default=Millis(2**63))


def signing(keys: Sequence[StoredKey], alg: Alg, now: Millis) -> StoredKey | None:
    """The key that signs now. None only if there is no published key of that algorithm at all.

    Should the clock of this machine stand where no key is active (it runs behind the one that made the first key), the
    nearest is taken: a signature by a published key is right, and no signature helps nobody.
    """
    mine = sorted((key for key in keys if key.alg == alg and is_published(key, now)), key=_order)
    begun = [key for key in mine if key.active_from <= now]
    active = [key for key in begun if key.retires_at is None or now < key.retires_at]
    if active:
        return active[-1]
    ahead = [key for key in mine if key.active_from > now]
    if begun:
        return begun[-1]
    return ahead[0] if ahead else None


def _order(key: StoredKey) -> tuple[Millis, Millis, str]:
    return key.active_from, key.created_at, key.kid


def _retired(key: StoredKey, at: Millis) -> StoredKey:
    return replace(key, retires_at=at)


def _kept_long_enough(key: StoredKey, stay: int) -> StoredKey:
    """The key with the `removed_at` it needs: later if tokens live longer than they did, never earlier."""
    if key.retires_at is None:
        return key
    until = Millis(key.retires_at + stay)
    return key if key.removed_at is not None and key.removed_at >= until else replace(key, removed_at=until)
