"""Proof Key for Code Exchange with S256, the only method there is here. RFC 7636; RFC 9700 §2.1.1."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

METHODS: Final = ("S256",)
"""`plain` shows the verifier to whoever sees the request, so it proves nothing."""

_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
# 43 characters carry 258 bits and a digest has 256, so the last character ends in two zero bits.
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def valid_verifier(verifier: str) -> bool:
    """43 to 128 unreserved characters. RFC 7636 §4.1."""
    return _VERIFIER.fullmatch(verifier) is not None


def valid_challenge(challenge: str) -> bool:
    """Whether some verifier could have this S256 challenge. RFC 7636 §4.2."""
    return _CHALLENGE.fullmatch(challenge) is not None


def challenge_of(verifier: str) -> str:
    """The S256 challenge. Raises `ValueError` for no valid verifier."""
    if not valid_verifier(verifier):
        raise ValueError("a code verifier has 43 to 128 unreserved characters")
    return urlsafe_b64encode(sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")


def matches(verifier: str, challenge: str) -> bool:
    """Whether the verifier belongs to the challenge, in constant time.

    A malformed one belongs to none. RFC 7636 §4.6.
    """
    if not valid_verifier(verifier) or not valid_challenge(challenge):
        return False
    return hmac.compare_digest(challenge_of(verifier), challenge)
