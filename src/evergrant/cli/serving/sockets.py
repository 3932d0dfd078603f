"""Opens the sockets before anything else, so that a port in use is one clear line and nothing was begun."""

from __future__ import annotations

import errno
import socket

from evergrant.cli.failures import Failure

_BACKLOG = 2048


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets for every address of `host`; `localhost` is both loopback addresses. Raises Failure."""
    sockets: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            # With port 0 the system chooses once, and the other family takes the same.
            chosen = (address[0], sockets[0].getsockname()[1] if sockets and port == 0 else address[1])
            listening = _listen(family, chosen, optional=bool(sockets))
            if listening is not None:
                sockets.append(listening)
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


def _listen(family: socket.AddressFamily, address: tuple[str, int], *, optional: bool) -> socket.socket | None:
    try:
        # The protocol is named: asyncio sends small answers at once only on sockets that say they are TCP.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError:
        if optional:
            return None
        raise
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    try:
        listening.bind(address)
    except OSError as error:
        listening.close()
        # A machine without IPv6 has no ::1. In use is another matter: half the browsers would meet a stranger there.
        if optional and error.errno == errno.EADDRNOTAVAIL:
            return None
        raise
    listening.listen(_BACKLOG)
    listening.set_inheritable(True)
    return listening


def _failure(host: str, port: int, error: OSError) -> Failure:
    if error.errno == errno.EADDRINUSE:
        return Failure(f"port {port} is in use", f"Stop what listens there, or choose another: --port {port + 1}.")
    if error.errno == errno.EACCES:
        return Failure(f"port {port} may not be opened", "Choose a port above 1023 and put a proxy before it.")
    return Failure(f"cannot listen on {host}:{port}: {error.strerror}", "Name an address of this machine with --host.")
