"""The server as one ASGI application: `create_app(load_settings(issuer="https://…", …))`.

Mount it in any Starlette or FastAPI program, or let `evergrant serve` run it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evergrant.app.application import Application
    from evergrant.app.settings import Settings

__all__ = ["create_app"]


def create_app(settings: Settings) -> Application:
    """A plain ASGI application. Its store opens with the lifespan or, where nobody runs that, at the first request."""
    # Late: settings and the command line's help are read without the whole server.
    from evergrant.app.wiring import application

    return application(settings)
