"""Tokens that nobody issued: our own, changed; and what those who know the public keys can make. RFC 8725."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from tests.torture.hostile.cast import Cast

_ALGORITHMS: Final = (
    "none",
    "None",
    "nOnE",
    "NONE",
    "",
    "HS256",
    "HS512",
    "RS256",
    "PS256",
    "ES384",
    "EdDSA",
    "ES256 ",
    "es256",
    "ES256K",
)
_STRANGE_HEADERS: Final[tuple[Mapping[str, object], ...]] = (
    {"crit": ["exp"]},
    {"crit": []},
    {"crit": "b64"},
    {"b64": False, "crit": ["b64"]},
    {"zip": "DEF"},
    {"enc": "A256GCM", "alg": "dir"},
    {"alg": "PBES2-HS256+A128KW", "p2c": 2_147_483_647, "p2s": "AA"},
    {"jku": "http://127.0.0.1:1/h0stile"},
    {"x5u": "http://127.0.0.1:1/h0stile"},
    {"x5c": ["MIIB"]},
    {"x5t": "AAAA"},
    {"cty": "JWT"},
    {"typ": "JWT"},
    {"typ": "logout+jwt"},
    {"typ": None},
    {"typ": ["at+jwt"]},
    {"alg": None},
    {"alg": ["ES256"]},
    {"alg": 256},
    {"kid": None},
    {"kid": 7},
    {"kid": "../../../../dev/null"},
    {"kid": "' UNION SELECT 'h0stile"},
    {"kid": "h0stile\x00"},
    {"kid": "x" * 3_000},
    {"kid": {"a": "b"}},
)
_STRANGE_CLAIMS: Final[tuple[Mapping[str, object], ...]] = (
    {"roles": ["admin"]},
    {"exp": 4_000_000_000},
    {"exp": "4000000000"},
    {"exp": 1e300},
    {"exp": -1},
    {"aud": [[["h0stile"]]]},
    {"sub": {"$ne": ""}},
    {"iss": ["http://localhost"]},
    {"gid": "zz"},
    {"nested": [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]},
)


def forgeries(cast: Cast, chance: Random) -> tuple[str, ...]:
    """A few hundred, none of which is one of the cast's."""
    found = [
        *_of_a_jwt(cast.access_token, cast.public_jwks, chance),
        *_of_a_jwt(cast.id_token, cast.public_jwks, chance),
        *_of_a_credential(cast.refresh_token, chance),
        *_of_a_credential("eg_ac_" + cast.refresh_token[6:], chance),
        *(
            cast.secrets[0][:20],
            "eyJ",
            ".",
            "..",
            "...",
            "{}",
            "é.é.é",
            "eg_rt_",
            "eg_ac_" + "A" * 72,
            "eg_rt_" + "_" * 72,
        ),
    ]
    return tuple(dict.fromkeys(text for text in found if not cast.is_known(text)))


def _of_a_credential(token: str, chance: Random) -> Iterator[str]:
    head, text = token[:6], token[6:]
    for _ in range(60):
        at = chance.randrange(len(text))
        yield head + text[:at] + chance.choice("ABCxyz019-_+/=.~ é\n\0") + text[at + 1 :]
    yield from (head + text[:length] for length in (0, 1, 36, 68, 70, 71))
    yield from (token + more for more in ("A", "=", "==", "\n", " ", "\x00", "%00", ".", token))
    yield from (
        token.upper(),
        token.lower(),
        token[::-1],
        text,
        " " + token,
        "eg_xx_" + text,
        "eg_ac_" + text,
        "eg_rt_" + text,
    )
    yield head + text.replace("_", "/").replace("-", "+") + "="


def _of_a_jwt(token: str, public: Mapping[str, object], chance: Random) -> Iterator[str]:
    head, payload, signature = token.split(".")
    header, claims = _decoded(head), _decoded(payload)
    own = ECKey.generate_key("P-256", {"kid": str(header["kid"])})
    own_header = {**header, "alg": "ES256"}
    for strange in _STRANGE_HEADERS:
        yield f"{_encoded({**header, **strange})}.{payload}.{signature}"
        yield f"{_encoded({**header, **strange})}.{_encoded({**claims, **chance.choice(_STRANGE_CLAIMS)})}."
    for name in _ALGORITHMS:
        unsigned = f"{_encoded({**header, 'alg': name})}.{_encoded({**claims, **chance.choice(_STRANGE_CLAIMS)})}"
        yield from (f"{unsigned}.", f"{unsigned}.{signature}", unsigned)
    for strange in (*_STRANGE_CLAIMS, {}):
        # Signed, but not with our key: with one of the forger's own, or with the public key's text as a secret.
        changed = json.dumps({**claims, **strange})
        yield jws.serialize_compact(own_header, changed, own, algorithms=["ES256"])
        yield jws.serialize_compact(
            {**own_header, "jwk": own.as_dict(private=False)}, changed, own, algorithms=["ES256"]
        )
        for key in public["keys"] if isinstance(public["keys"], list) else ():
            secret = OctKey.import_key(json.dumps(key))
            yield jws.serialize_compact({**header, "alg": "HS256"}, changed, secret, algorithms=["HS256"])
    yield jws.serialize_compact({**own_header, "cty": "JWT"}, token, own, algorithms=["ES256"])
    yield from _spellings(head, payload, signature)


def _spellings(head: str, payload: str, signature: str) -> Iterator[str]:
    """The same octets, or nearly, in other letters: one token must have one text."""
    for part in (head, payload, signature):
        other = part[:-1] + chr(ord(part[-1]) ^ 1)
        yield f"{head}.{payload}.{signature}".replace(part, other)
        yield from (
            f"{head}.{payload}.{signature}".replace(part, changed)
            for changed in (part + "=", part + "==", part + "\n", " " + part)
        )
    yield f"{head}.{payload}.{signature}".replace("-", "+").replace("_", "/") + "="
    yield from (
        f"{head}.{payload}.{signature}.",
        f".{head}.{payload}.{signature}",
        f"{head}.{payload}..{signature}",
        f"{head}..{signature}",
    )
    plain = urlsafe_b64decode(head + "=" * (-len(head) % 4))
    for text in (
        plain[:-1] + b',"alg":"none"}',
        b'{"alg":"none",' + plain[1:],
        b"\xef\xbb\xbf" + plain,
        plain + b"//",
        plain.replace(b":", b" : "),
        b"[" * 2_000 + b"]" * 2_000,
        plain[:-1] + b',"n":1e400}',
        plain[:-1] + b',"n":NaN}',
        plain[:-1] + b',"n":' + b"9" * 5_000 + b"}",
        plain[:-1] + b',"s":"\\ud800"}',
        plain[:-1] + b',"s":"\xff"}',
    ):
        yield f"{urlsafe_b64encode(text).rstrip(b'=').decode()}.{payload}.{signature}"


def _encoded(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _decoded(part: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
