"""The same tokens checked by other libraries, in the environment of the peers: signature, issuer, audience, expiry.

Reads tokens and keys as JSON from standard input, writes µs of CPU for each token and library.
"""

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from time import process_time


def main() -> None:
    """One figure for each library."""
    given = json.load(sys.stdin)
    found = {}
    for name, make in (("PyJWT", by_pyjwt), ("joserfc", by_joserfc), ("Authlib", by_authlib)):
        check = make(given)
        for token in given["tokens"][:100]:
            check(token)
        before = process_time()
        for token in given["tokens"]:
            check(token)
        spent = (process_time() - before) * 1e6 / len(given["tokens"])
        found[f"{name} {version(name)}"] = round(spent, 1)
    json.dump(found, sys.stdout)


def by_pyjwt(given: dict) -> Callable[[str], object]:
    """Its documented use, with the key at hand."""
    import jwt

    key = jwt.PyJWK(given["keys"]["keys"][0])
    return lambda token: jwt.decode(
        token, key, algorithms=["ES256"], audience=given["audience"], issuer=given["issuer"]
    )


def by_authlib(given: dict) -> Callable[[str], object]:
    """Its validator of RFC 9068 tokens, with the keys at hand and one scope that is needed."""
    from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
    from joserfc.jwk import KeySet

    keys = KeySet.import_key_set(given["keys"])

    class Validator(JWTBearerTokenValidator):
        def get_jwks(self) -> KeySet:
            return keys

    validator = Validator(issuer=given["issuer"], resource_server=given["audience"])

    def check(token: str) -> object:
        claims = validator.authenticate_token(token)
        validator.validate_token(claims, ["profile"], None)
        return claims

    return check


def by_joserfc(given: dict) -> Callable[[str], object]:
    """Decode, then its registry of claims."""
    from joserfc import jwt
    from joserfc.jwk import KeySet

    keys = KeySet.import_key_set(given["keys"])
    registry = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": given["issuer"]}, aud={"essential": True, "value": given["audience"]}
    )

    def check(token: str) -> object:
        decoded = jwt.decode(token, keys, algorithms=["ES256"])
        registry.validate(decoded.claims)
        return decoded

    return check


if __name__ == "__main__":
    main()
