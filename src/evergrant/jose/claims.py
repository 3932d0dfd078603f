"""The claims of a token that somebody answers for: by its signature, or by telling us when asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evergrant.jose.errors import JoseError, JoseReason
from evergrant.jose.keys import VerifyAlg


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says whose issuer, audience and times have been checked.

    Times are seconds since 1970, UTC (RFC 7519 §2).
    """

    issuer: str
    audience: tuple[str, ...]
    expires_at_s: int
    issued_at_s: int
    values: Mapping[str, object]

    @property
    def subject(self) -> str:
        """`sub`. Raises `JoseError` if there is none."""
        subject = self.text("sub")
        if not subject:
            raise JoseError(JoseReason.CLAIM)
        return subject

    def text(self, name: str) -> str | None:
        """A text claim, or None if it is absent. Raises `JoseError` if it is something else."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, str):
            raise JoseError(JoseReason.CLAIM)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, empty if it is absent. Raises `JoseError` if it is something else."""
        value = self.values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise JoseError(JoseReason.CLAIM)
        return tuple(value)

    def integer(self, name: str) -> int | None:
        """A whole, non-negative number, or None if it is absent.

        Raises `JoseError` if it is something else.
        """
        value = self.values.get(name)
        return None if value is None else whole_number(value)


@dataclass(frozen=True, slots=True)
class SignedClaims(Claims):
    """What a verified token says. Only `verify` makes one.

    `alg` is the algorithm of the key that signed it: the digest in `at_hash` follows it.
    """

    alg: VerifyAlg


def whole_number(value: object) -> int:
    """Raises `JoseError` for anything but an integer of at least 0; `True` is no number."""
    if type(value) is not int or value < 0:
        raise JoseError(JoseReason.CLAIM)
    return value
