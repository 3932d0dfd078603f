"""For httpx2, its Client and its AsyncClient."""

from __future__ import annotations

import httpx2

from evergrant.client.auth.flow import BearerFlow


class Httpx2Auth(BearerFlow[httpx2.Request, httpx2.Response], httpx2.Auth):
    """`httpx2.Client(auth=…)`, `httpx2.AsyncClient(auth=…)`.

    A request whose token is refused is sent once more with a new one, if its body can be: one that was given as a
    generator or a file is gone. A redirect is followed without the token where it leads to another origin, and is not
    sent again: what it did on its way is done.
    """

    not_read = httpx2.RequestNotRead
