"""One realm being served: everything an endpoint may need, put together by `app.wiring`."""

from dataclasses import dataclass

from evergrant.core.ports.reader import Reader
from evergrant.protocol.values import RealmId
from evergrant.server.catalog import Catalog
from evergrant.server.engine.authorization import Authorization
from evergrant.server.engine.clients import ClientAuthentication
from evergrant.server.engine.introspection import TokenIntrospection
from evergrant.server.engine.logout import Logout
from evergrant.server.engine.revocation import TokenRevocation
from evergrant.server.engine.sign_in import SignIn
from evergrant.server.engine.tokens import Tokens
from evergrant.server.engine.userinfo import UserInfo
from evergrant.server.keyring import Keyring
from evergrant.server.pages.render import Pages
from evergrant.server.playground import Playground
from evergrant.server.welcome import Welcome


@dataclass(frozen=True, slots=True)
class Issuer:
    """`url` is compared byte by byte by others; `path` is "" for the default realm, else `/realms/{name}`."""

    url: str
    realm_id: RealmId
    realm_name: str
    path: str
    development: bool
    reader: Reader
    catalog: Catalog
    keyring: Keyring
    clients: ClientAuthentication
    tokens: Tokens
    revocation: TokenRevocation
    introspection: TokenIntrospection
    userinfo: UserInfo
    authorization: Authorization
    sign_in: SignIn
    logout: Logout
    pages: Pages
    welcome: Welcome | None = None  # development mode only, as is the playground
    playground: Playground | None = None

    @property
    def secure(self) -> bool:
        """Whether cookies may carry `Secure` and the `__Host-` prefix."""
        return self.url.startswith("https://")

    @property
    def title(self) -> str:
        """What people are told this is: the realm's name, or the product's for the realm at the root."""
        return self.realm_name if self.path else "Evergrant"
