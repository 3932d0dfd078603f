"""Where a request really came from. Forwarding headers are believed from configured peers only. RFC 7239, S-016."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from starlette.types import Scope

from evergrant.server.serving import Network

Address = IPv4Address | IPv6Address
_MOST_PEERS: Final = 4096
_MOST_TEXTS: Final = 4096
_LONGEST: Final = 64  # no address is written longer; what is longer is garbage, and not worth remembering


def header(scope: Scope, name: bytes) -> str | None:
    """The last header of that name (what a proxy next to us added), Latin-1."""
    found = [value for key, value in scope["headers"] if key == name]
    return found[-1].decode("latin-1") if found else None


def is_forwarded(scope: Scope) -> bool:
    """Whether the request carries any forwarding header, believed or not."""
    return any(key in (b"forwarded", b"x-forwarded-for") for key, _ in scope["headers"])


def client_address(scope: Scope, proxies: tuple[Network, ...]) -> Address | None:
    """The nearest address that is not a configured proxy; None where there is none (Unix socket, garbage)."""
    peer = _address(scope["client"][0]) if scope.get("client") else None
    if peer is None or not _within(peer, proxies):
        return peer
    for text in reversed(_hops(scope)):
        hop = _address(text)
        if hop is None:
            return peer  # unreadable: what lies beyond it is anybody's word
        peer = hop
        if not _within(hop, proxies):
            break
    return peer


def prefix(address: Address | None) -> str:
    """The network an address is remembered by: /24 or /48, never the address itself; empty for none."""
    if address is None:
        return ""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False))


class Whereabouts:
    """The networks that callers are in, remembered: reading an address costs more than an ES256 signature."""

    __slots__ = ("_of_peer", "_proxies")

    def __init__(self, proxies: tuple[Network, ...]) -> None:
        self._proxies = proxies
        self._of_peer = lru_cache(_MOST_PEERS)(self._look)

    def prefix(self, scope: Scope) -> str:
        """As `prefix(client_address(…))`."""
        client = scope.get("client")
        found = self._of_peer(client[0]) if client else ""
        return prefix(client_address(scope, self._proxies)) if found is None else found

    def _look(self, peer: str) -> str | None:
        """None for a proxy: there the answer is in the request's headers."""
        address = _address(peer)
        return None if within(address, self._proxies) else prefix(address)


def within(address: Address | None, networks: tuple[Network, ...]) -> bool:
    """Whether the address is in one of the networks; no address is in none."""
    return address is not None and _within(address, networks)


def _hops(scope: Scope) -> list[str]:
    standard = header(scope, b"forwarded")
    if standard is not None:
        pairs = (part.strip() for element in standard.split(",") for part in element.split(";"))
        return [pair[4:].strip('"') for pair in pairs if pair.lower().startswith("for=")]
    legacy = header(scope, b"x-forwarded-for")
    return [part.strip() for part in legacy.split(",")] if legacy is not None else []


def _address(text: str) -> Address | None:
    return _read_address(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=_MOST_TEXTS)
def _read_address(text: str) -> Address | None:
    host = text
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        # A zone may be any text (RFC 4007 §11), and would go on into the audit trail. The network needs none.
        return IPv6Address(int(address))
    return address


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)
