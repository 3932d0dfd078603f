"""A client that does not lose its session: signs in, keeps tokens, renews them once for all, and says what is wrong.

    import httpx2
    from evergrant.client import FileVault, Issuer

    client = Issuer.discover("https://login.example.com").client("notes-cli")
    session = client.session(FileVault("~/.notes-sessions.json"), "me")
    session.keep(client.sign_in_in_browser("openid offline_access notes:read").tokens)
    with httpx2.Client(auth=session.auth(to=["https://notes.example"])) as http:
        http.get("https://notes.example/api/notes")

`AsyncIssuer`, `AsyncClient` and `AsyncSession` are the same for asyncio.

Adapters for httpx and requests are in `evergrant.client.auth`, places to keep sessions in `evergrant.client.vaults`:
they need packages that this needs not.
"""

from evergrant.client.aio import AsyncClient, AsyncIssuer, AsyncSession
from evergrant.client.auth.httpx2_auth import Httpx2Auth
from evergrant.client.client import Client
from evergrant.client.errors import (
    ClientError,
    IssuerUnavailable,
    NotOffered,
    ProtocolError,
    RefreshUnavailable,
    Refused,
    SignInReason,
    SignInRequired,
    VaultBusy,
    VaultDamaged,
    VaultError,
    VaultUnavailable,
    WrongDestination,
)
from evergrant.client.issuer import Issuer
from evergrant.client.keeping import Change, ChangeKind
from evergrant.client.loopback import NobodyCame
from evergrant.client.session import Session
from evergrant.client.sign_in import Seal, SignedIn, SignIn
from evergrant.client.tokens import TokenSet
from evergrant.client.vaults.file import FileVault
from evergrant.client.vaults.memory import MemoryVault
from evergrant.client.vaults.vault import Drawer, Vault
from evergrant.protocol.secret import Secret

__all__ = [
    "AsyncClient",
    "AsyncIssuer",
    "AsyncSession",
    "Change",
    "ChangeKind",
    "Client",
    "ClientError",
    "Drawer",
    "FileVault",
    "Httpx2Auth",
    "Issuer",
    "IssuerUnavailable",
    "MemoryVault",
    "NobodyCame",
    "NotOffered",
    "ProtocolError",
    "RefreshUnavailable",
    "Refused",
    "Seal",
    "Secret",
    "Session",
    "SignIn",
    "SignInReason",
    "SignInRequired",
    "SignedIn",
    "TokenSet",
    "Vault",
    "VaultBusy",
    "VaultDamaged",
    "VaultError",
    "VaultUnavailable",
    "WrongDestination",
]
