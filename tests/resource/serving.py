"""An application of any framework over real HTTP, on a loopback port, in a thread: up in a few milliseconds."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import uvicorn

from tests.support.waiting import until


@contextmanager
def asgi_served(app: Any, port: int = 0) -> Iterator[int]:
    """Serve an ASGI application until the block ends; its port, a free one by default."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        config = uvicorn.Config(app, ws="websockets-sansio", log_config=None, access_log=False, proxy_headers=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            until(lambda: server.started, what="the application answers")
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join()


class _Quiet(WSGIRequestHandler):
    def log_message(self, *arguments: object) -> None:
        """Say nothing: the test looks at the answer."""


@contextmanager
def wsgi_served(app: Callable[..., Any]) -> Iterator[int]:
    """Serve a WSGI application until the block ends; its port. One request at a time."""
    server = make_server("127.0.0.1", 0, app, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
