"""Free ports on the loopback interface."""

import socket


def free_port() -> int:
    """A TCP port nobody listens on now. Another process may take it first: callers try again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
