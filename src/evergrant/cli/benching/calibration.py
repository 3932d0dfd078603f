"""What the machine is worth now: CPU figures of a busy host swell, and one known piece of work swells with them."""

from __future__ import annotations

from time import process_time
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

SIGNATURES: Final = 1_500
_MESSAGE: Final = b"x" * 300


def signature_us() -> float:
    """Microseconds of CPU for one raw ES256 signature. Takes some 30 ms."""
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(SHA256())
    for _ in range(100):  # what the first one costs besides is not the question
        key.sign(_MESSAGE, algorithm)
    before = process_time()
    for _ in range(SIGNATURES):
        key.sign(_MESSAGE, algorithm)
    return (process_time() - before) * 1e6 / SIGNATURES
