"""Does what a renewal asks for: the only place where its decisions become requests and writes."""

from __future__ import annotations

from typing import Protocol, assert_never

from evergrant.client.errors import ClientError, ProtocolError
from evergrant.client.exchange import Request
from evergrant.client.key_ring import KeyRing
from evergrant.client.renewal import (
    Answered,
    Done,
    Failed,
    FindKeys,
    Found,
    Load,
    Loaded,
    Lost,
    NotSaved,
    NotSent,
    Outcome,
    Renewal,
    Save,
    Saved,
    Send,
)
from evergrant.client.tokens import TokenSet
from evergrant.client.transport import AnswerLost, NotReached, Transport
from evergrant.client.vaults.vault import Drawer
from evergrant.protocol.secret import Secret


class Reachable(Protocol):
    """What a renewal needs of an issuer."""

    @property
    def transport(self) -> Transport:
        """Carries requests."""
        ...

    @property
    def key_ring(self) -> KeyRing:
        """Knows the keys."""
        ...


def drive(renewal: Renewal, drawer: Drawer, issuer: Reachable) -> Done | Failed:
    """To its end. Raises VaultUnavailable and VaultDamaged if nothing could be read, before anything was sent."""
    while True:
        step = renewal.next_step
        match step:
            case Done() | Failed():
                return step
            case Load():
                renewal.absorb(Loaded(drawer.load(), issuer.transport.clock()))
            case Send(request=request):
                renewal.absorb(_send(request, issuer.transport))
            case FindKeys(id_token=id_token):
                renewal.absorb(_find(id_token, issuer.key_ring))
            case Save(tokens=tokens):
                renewal.absorb(_save(tokens, drawer))
            case _:
                assert_never(step)


def _send(request: Request, transport: Transport) -> Outcome:
    try:
        return Answered(transport.send(request))
    except NotReached as problem:
        return NotSent(problem.why)
    except AnswerLost as problem:
        return Lost(problem.why)
    except ProtocolError as problem:
        # Too large to be read: it may have been the new tokens.
        return Lost(str(problem))


def _find(id_token: Secret, key_ring: KeyRing) -> Outcome:
    try:
        return Found(key_ring.find(id_token))
    except ClientError:
        # Whatever is wrong with the keys, the tokens beside the ID token are good, and the old ones are spent.
        return Found(None)


def _save(tokens: TokenSet, drawer: Drawer) -> Outcome:
    try:
        drawer.save(tokens)
    except Exception as problem:  # noqa: BLE001  whatever a vault raises, the new tokens must not be lost with it
        return NotSaved(reason_of(problem))
    return Saved()


def reason_of(problem: Exception) -> str:
    """Why something could not be saved, in words that hold no token."""
    # Of an error that is not ours only the kind: its text may quote what could not be written.
    return str(problem) if isinstance(problem, ClientError) else type(problem).__name__
