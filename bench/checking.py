"""What a resource server pays for an access token it has not seen before: ours in this process, others in `.bench`."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from time import process_time

from bench.peers import environment
from evergrant.cli.benching.calibration import signature_us
from evergrant.jose import jwks, signing
from evergrant.jose.keys import generate
from evergrant.jose.verifying import Expect, verify

TOKENS = 2_000
ISSUER, AUDIENCE = "https://login.example.com", "https://api.example.com"


def checking(*, peers: bool = True) -> dict[str, object]:
    """µs of CPU for each new ES256 token, by library: `evergrant`, and what is installed in `.bench`."""
    key, now = generate("ES256"), int(time.time())
    tokens = [signing.sign(_claims(number, now), key, "at+jwt") for number in range(TOKENS)]
    keys = jwks.publish([key.public()])
    expect = Expect(jwks.read(keys), frozenset({"ES256"}), frozenset({"at+jwt"}), ISSUER, AUDIENCE, leeway_s=0)
    for token in tokens[:100]:
        verify(token, expect, now)
    before = process_time()
    for token in tokens:
        verify(token, expect, now)
    ours = (process_time() - before) * 1e6 / TOKENS
    found: dict[str, object] = {"evergrant": round(ours, 1), "signature_us": round(signature_us(), 2)}
    return {**found, **(_others(tokens, keys) if peers else {})}


def _claims(number: int, now: int) -> dict[str, object]:
    return {
        "iss": ISSUER,
        "sub": "u_0123456789abcdefghijkl",
        "aud": AUDIENCE,
        "exp": now + 900,
        "iat": now,
        "jti": f"{number:022}",
        "client_id": "demo-service",
        "scope": "openid profile email offline_access",
        "auth_time": now,
        "roles": ["reader"],
    }


def _others(tokens: list[str], keys: dict[str, list[dict[str, str]]]) -> dict[str, object]:
    given = {"tokens": tokens, "keys": keys, "issuer": ISSUER, "audience": AUDIENCE}
    done = subprocess.run(
        [environment.python(), str(Path(__file__).with_name("checking_peers.py"))],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the peers' check failed:\n{done.stderr[-2000:]}")
    found: dict[str, object] = json.loads(done.stdout)
    return found
