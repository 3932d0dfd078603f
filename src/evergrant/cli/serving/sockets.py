"""Opens the sockets before anything else, so that a port in use is one clear line and nothing was begun."""

from __future__ import annotations

import errno
import socket
from collections.abc import Sequence

from evergrant.cli.failures import Failure

_BACKLOG = 2048


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets for every address of `host`; `localhost` is both loopback addresses. Raises Failure."""
    sockets = _bind_all(host, port)
    for bound in sockets:
        bound.listen(_BACKLOG)
    return sockets


def reserve(host: str, port: int) -> list[socket.socket]:
    """As `listen`, for several processes: nobody is heard here, each process opens sockets of its own. Raises Failure.

    Of one socket that all listen on, whoever wakes first takes all who wait: of 64 connections opened together one
    process had up to 64, and others none. With SO_REUSEPORT the system shares them out.
    """
    # Bound without sharing first: a port that somebody else has, and would share, must not become ours as well.
    reserved: list[socket.socket] = []
    for alone in _bind_all(host, port):
        address = alone.getsockname()
        alone.close()
        try:
            reserved.append(_bind(alone.family, address, share=True))
        except OSError as error:
            raise _failure(host, port, error) from None
    return reserved


def take_part(reserved: Sequence[socket.socket]) -> list[socket.socket]:
    """One process's own sockets on the reserved ports. Raises OSError.

    They do not listen yet: the process would be given callers before it can serve.
    """
    return [_bind(one.family, one.getsockname(), share=True) for one in reserved]


def _bind_all(host: str, port: int) -> list[socket.socket]:
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            # With port 0 the system chooses once, and the other family takes the same.
            chosen = (address[0], sockets[0].getsockname()[1] if sockets and port == 0 else address[1])
            bound = _bind_if_there(family, chosen) if sockets else _bind(family, chosen)
            if bound is not None:
                sockets.append(bound)
    except OSError as error:
        for opened in sockets:
            opened.close()
        raise _failure(host, port, error) from None
    return sockets


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, tuple[str, int]]]:
    if host == "localhost":
        # Not what a resolver says: browsers take the name for this machine whatever stands in a file.
        return [(socket.AF_INET, ("127.0.0.1", port)), (socket.AF_INET6, ("::1", port))]
    try:
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror:
        raise Failure(f"there is no address called {host}", "Name an address of this machine with --host.") from None
    return [(family, (str(address[0]), int(address[1]))) for family, _, _, _, address in found]


def _bind_if_there(family: socket.AddressFamily, address: tuple[str, int]) -> socket.socket | None:
    """A machine without IPv6 has no ::1. In use is another matter: half the browsers would meet a stranger there."""
    try:
        return _bind(family, address)
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return None
        raise


def _bind(family: int, address: tuple[str, int], *, share: bool = False) -> socket.socket:
    # The protocol is named: asyncio sends small answers at once only on sockets that say they are TCP.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if share:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def _failure(host: str, port: int, error: OSError) -> Failure:
    if error.errno == errno.EADDRINUSE:
        return Failure(f"port {port} is in use", f"Stop what listens there, or choose another: --port {port + 1}.")
    if error.errno == errno.EACCES:
        return Failure(f"port {port} may not be opened", "Choose a port above 1023 and put a proxy before it.")
    return Failure(f"cannot listen on {host}:{port}: {error.strerror}", "Name an address of this machine with --host.")
