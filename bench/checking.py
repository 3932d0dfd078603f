"""What an API pays for an access token: ours in this process, other libraries in `.bench`. `python -m bench.checking`

Ours is the whole way: the `Authorization` header, the check, a scope that is needed. The others only check the token:
header, scope and a cache are left to their users.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from time import process_time

from bench.peers import environment
from evergrant.cli.benching.calibration import signature_us
from evergrant.jose import jwks, signing
from evergrant.jose.keys import generate
from evergrant.resource import FixedKeys, Guard, JwtVerifier, Resource, require

HERE = Path(__file__).parent
ROUNDS = 5
TOKENS = 2_000
REPEATED = 20_000
ISSUER, AUDIENCE = "https://login.example.com", "https://api.example.com"


def checking(*, peers: bool = True) -> dict[str, object]:
    """µs of CPU for each ES256 token by library, each the median of rounds in which all take their turn."""
    key, now = generate("ES256"), int(time.time())
    keys = jwks.publish([key.public()])
    found: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        tokens = [signing.sign(_claims(f"{number}-{each}", now), key, "at+jwt") for each in range(TOKENS)]
        before = signature_us()
        spent = _ours(tokens, keys) | (_others(tokens, keys) if peers else {})
        spent["signature_us"] = (before + signature_us()) / 2
        for name, us in spent.items():
            found.setdefault(name, []).append(us)
    return {name: round(statistics.median(values), 1) for name, values in found.items()}


def _ours(tokens: Sequence[str], keys: dict[str, list[dict[str, str]]]) -> dict[str, float]:
    resource = Resource(AUDIENCE, issuer=ISSUER, implies={"things:write": ["things:read"]})
    guard = Guard(resource, verifier=JwtVerifier(resource, keys=FixedKeys(jwks.read(keys))))
    needs = require("profile")
    headers = [[f"Bearer {token}"] for token in tokens]

    def new() -> None:
        for header in headers:
            guard.admit(header, needs)

    def seen() -> None:
        header = headers[-1]
        for _ in range(REPEATED):
            guard.admit(header, needs)

    return {
        "evergrant.resource": _us(new, TOKENS),
        "evergrant.resource, seen before": _us(seen, REPEATED),
    }


def _us(work: Callable[[], None], count: int) -> float:
    before = process_time()
    work()
    return (process_time() - before) * 1e6 / count


def _claims(number: str, now: int) -> dict[str, object]:
    return {
        "iss": ISSUER,
        "sub": "u_0123456789abcdefghijkl",
        "aud": AUDIENCE,
        "exp": now + 900,
        "iat": now,
        "jti": f"{number:>22}",
        "client_id": "demo-service",
        "scope": "openid profile email offline_access",
        "auth_time": now,
        "roles": ["reader"],
    }


def _others(tokens: Sequence[str], keys: dict[str, list[dict[str, str]]]) -> dict[str, float]:
    given = {"tokens": tokens, "keys": keys, "issuer": ISSUER, "audience": AUDIENCE}
    done = subprocess.run(
        [environment.python(), str(HERE / "checking_peers.py")],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"the peers' check failed:\n{done.stderr[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure this alone, and put it in the place of what was measured last."""
    # Late: the pages know of this module.
    from bench import pages

    latest = HERE / "results" / "latest.json"
    results = json.loads(latest.read_text())
    results["checking"] = checking()
    latest.write_text(json.dumps(results, indent=1) + "\n")
    pages.write(HERE / "RESULTS.md", results)
    print(json.dumps(results["checking"], indent=1))


if __name__ == "__main__":
    main()
