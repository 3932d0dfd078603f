"""The servers that Evergrant is measured beside: see README.md here for how each is set up, and why so."""

from collections.abc import Mapping
from types import MappingProxyType

from bench.peers.authlib_flask.peer import AuthlibFlask
from bench.peers.django_toolkit.peer import DjangoToolkit
from bench.peers.oidc_provider.peer import OidcProvider
from bench.peers.peer import Peer

_IN_ORDER: tuple[Peer, ...] = (
    OidcProvider(),
    AuthlibFlask(),
    DjangoToolkit(name="django-oauth-toolkit", hash_secret=False),
    DjangoToolkit(name="django-oauth-toolkit-hashed", hash_secret=True),
)

PEERS: Mapping[str, Peer] = MappingProxyType({peer.name: peer for peer in _IN_ORDER})
"""By name, in the order measured."""
