"""For httpx, its Client and its AsyncClient. The same as for httpx2, whose classes are not httpx's."""

from __future__ import annotations

import httpx

from evergrant.client.auth.flow import BearerFlow


class HttpxAuth(BearerFlow[httpx.Request, httpx.Response], httpx.Auth):
    """`httpx.Client(auth=…)`, `httpx.AsyncClient(auth=…)`.

    A request whose token is refused is sent once more with a new one, if its body can be: one that was given as a
    generator or a file is gone. A redirect is followed without the token where it leads to another origin, and is not
    sent again: what it did on its way is done.
    """

    not_read = httpx.RequestNotRead
