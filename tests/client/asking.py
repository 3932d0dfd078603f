"""A program with a session in a file: `python -m tests.client.asking issuer token-endpoint file milliseconds`.

Says `ready`, waits for a line, asks for a token so many milliseconds in the future, and says what it got.
"""

import sys
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

from evergrant.client import FileVault, Issuer
from evergrant.protocol.values import Millis
from evergrant.testing.clock import ManualClock
from tests.client.signing_in import now


def main(issuer_url: str, token_endpoint: str, path: str, ahead_ms: str) -> None:
    """Ask once."""
    issuer = Issuer.discover(issuer_url, clock=ManualClock(Millis(now() + int(ahead_ms))))
    issuer = replace(issuer, provider=replace(issuer.provider, token_endpoint=token_endpoint))
    session = issuer.client("demo-web").session(FileVault(Path(path)), "ada")
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    tokens = session.tokens()
    sys.stdout.write(f"revision {tokens.revision} {sha256(tokens.access_token.reveal().encode()).hexdigest()}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
