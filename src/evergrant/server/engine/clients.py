"""Client authentication: gathers the client and lets `core.client_auth` decide."""

from evergrant.core.client_auth import authenticate, claim
from evergrant.core.facts import Client
from evergrant.protocol.forms import Form
from evergrant.server.catalog import Catalog


class ClientAuthentication:
    """Proves which client calls."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    async def of(self, authorization: str | None, form: Form) -> Client:
        """The proven client. Raises InvalidClient, InvalidRequest, StoreUnavailable; spends nothing."""
        claimed = claim(authorization, form)
        return authenticate(claimed, await self._catalog.client(claimed.client_id))
