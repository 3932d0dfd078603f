"""What must be true of the readers of what is signed or sealed: nothing is believed but what was made here.

Two ways lead in. The octets as they are; and as an edit of something genuine, because chance alone never comes near it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evergrant.core.credential import Credentials, Kind, MasterKeys
from evergrant.jose import jwks
from evergrant.jose.errors import BadKey, JoseError
from evergrant.jose.keys import PublicKey, SigningKey
from evergrant.jose.signing import sign
from evergrant.jose.strict_json import read_object
from evergrant.jose.verifying import Expect, verify
from evergrant.protocol.provider import BadMetadata, read_metadata, well_known_urls
from evergrant.protocol.secret import Secret
from evergrant.protocol.values import GrantId, Millis, RealmId
from evergrant.resource.declaration import Profile, Resource
from evergrant.resource.introspection import read_introspection
from evergrant.server.sealing import Sealer

LOOPBACK: Final = ip_network("127.0.0.0/8")
NOW_S: Final = 1_800_000_000
ISSUER: Final = "https://as.example"
AUDIENCE: Final = "https://api.example"

# Known to everybody, so that a corpus stays good: it signs nothing but these tests.
_KEY: Final = SigningKey.from_der(
    "ES256",
    ec.derive_private_key(0x1111, ec.SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
)
_PUBLIC: Final = _KEY.public()
_EXPECT: Final = Expect(
    keys={_PUBLIC.kid: _PUBLIC},
    algorithms=frozenset({"ES256", "RS256", "EdDSA"}),
    typ=frozenset({"at+jwt"}),
    issuer=ISSUER,
    audience=AUDIENCE,
    leeway_s=10,
)
_RESOURCES: Final = tuple(Resource(AUDIENCE, ISSUER, profile=profile) for profile in Profile)
_MASTERS: Final = MasterKeys({1: bytes(32)})
_CREDENTIALS: Final = Credentials(RealmId("r"), _MASTERS)
_GENUINE_CREDENTIAL: Final = _CREDENTIALS.seal(Kind.REFRESH, 1, GrantId(bytes(range(16))), bytes(16), 7).reveal()
_SEALER: Final = Sealer(RealmId("r"), _MASTERS, "fuzzing", bytes)
_GENUINE_SEAL: Final = _SEALER.seal(b'{"client_id":"x"}', b"browser")


def _claims() -> dict[str, object]:
    return {"iss": ISSUER, "aud": AUDIENCE, "sub": "s", "exp": NOW_S + 60, "iat": NOW_S, "jti": "j", "client_id": "c"}


_GENUINE_TOKEN: Final = sign(_claims(), _KEY, typ="at+jwt")


def edited(genuine: str, octets: bytes) -> str:
    """`genuine` with changes: each three octets say where, how much goes, and what comes in its place."""
    text = genuine
    for at in range(0, len(octets) - 2, 3):
        where, gone, new = octets[at] * (len(text) + 1) // 256, octets[at + 1] % 4, chr(octets[at + 2])
        text = text[:where] + ("" if octets[at + 1] & 128 else new) + text[where + gone :]
    return text


def token(octets: bytes) -> None:
    """Only the genuine token is believed, in its one spelling. RFC 8725."""
    for shown in (octets.decode("latin-1"), edited(_GENUINE_TOKEN, octets)):
        try:
            verify(shown, _EXPECT, NOW_S)
        except JoseError:
            continue
        assert shown == _GENUINE_TOKEN


def claims(octets: bytes) -> None:
    """Whatever an issuer signs: what is believed names issuer, audience and a time that has come and not gone."""
    try:
        values = {**_claims(), **read_object(octets)}
    except ValueError:
        return
    try:
        found = verify(sign(values, _KEY, typ="at+jwt"), _EXPECT, NOW_S)
    except JoseError:
        return
    assert found.issuer == ISSUER
    assert AUDIENCE in found.audience
    assert found.expires_at_s > NOW_S - 10
    assert found.issued_at_s <= NOW_S + 10


def strict(octets: bytes) -> None:
    """What is read is what the standard library reads, without anything that could be read in two ways."""
    try:
        found = read_object(octets)
    except ValueError:
        return
    assert found == json.loads(octets)
    assert read_object(json.dumps(found).encode()) == found


def key(octets: bytes) -> None:
    """A key that is taken is public, strong, and the same when it is published and read again."""
    try:
        document = read_object(octets)
    except ValueError:
        return
    try:
        found = PublicKey.from_jwk(document)
    except BadKey:
        pass
    else:
        assert PublicKey.from_jwk(found.jwk()) == found
        assert not {"d", "k", "p", "q"} & set(found.jwk())
    try:
        keys = jwks.read(document)
    except BadKey:
        return
    assert all(name == key.kid for name, key in keys.items())


def metadata(octets: bytes) -> None:
    """An issuer speaks for itself only, and its endpoints are addresses of the web."""
    try:
        document = read_object(octets)
    except ValueError:
        return
    named = document.get("issuer")
    issuer = named if isinstance(named, str) else ISSUER
    assert len(well_known_urls(issuer)) == 2
    try:
        found = read_metadata(issuer, document)
    except BadMetadata:
        return
    assert found.issuer == document["issuer"]
    for url in (found.token_endpoint, found.authorization_endpoint, found.jwks_uri, found.end_session_endpoint):
        assert url is None or url.startswith(("https://", "http://"))


def introspected(octets: bytes) -> None:
    """What an issuer tells of a token is believed if it is active, for this API, and not over."""
    try:
        document = read_object(octets)
    except ValueError:
        return
    for resource in _RESOURCES:
        for told in (document, {"active": True, **_claims(), "token_type": "Bearer", **document}):
            try:
                found = read_introspection(told, resource, Millis(NOW_S * 1_000))
            except JoseError:
                continue
            assert told["active"] is True
            assert found.expires_at > (NOW_S - resource.leeway_s) * 1_000
            assert AUDIENCE in found.audience


def credential(octets: bytes) -> None:
    """Only what we made is opened, for what it was made. R-013"""
    for shown in (octets.decode("utf-8", "surrogateescape"), edited(_GENUINE_CREDENTIAL, octets)):
        for kind in Kind:
            if _CREDENTIALS.open(Secret(shown), kind) is not None:
                assert (shown, kind) == (_GENUINE_CREDENTIAL, Kind.REFRESH)


def sealed(octets: bytes) -> None:
    """A form's hidden field is opened for its own browser, and no other text is."""
    for shown in (octets.decode("utf-8", "surrogateescape"), edited(_GENUINE_SEAL, octets)):
        assert _SEALER.open(shown, b"another browser") is None
        if (plain := _SEALER.open(shown, b"browser")) is not None:
            assert plain == b'{"client_id":"x"}'


PROPERTIES: Final[Mapping[str, Callable[[bytes], None]]] = {
    "token": token,
    "claims": claims,
    "json": strict,
    "key": key,
    "metadata": metadata,
    "introspection": introspected,
    "credential": credential,
    "sealed": sealed,
}
