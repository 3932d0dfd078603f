"""What went wrong, in words, with what to do about it."""

from __future__ import annotations

from evergrant.app.problems import EXIT_CODE, NotReady, SettingsError
from evergrant.cli.failures import FAILED, Trouble
from evergrant.client.errors import (
    ClientError,
    IssuerUnavailable,
    NotOffered,
    ProtocolError,
    Refused,
    SignInRequired,
    VaultBusy,
)
from evergrant.core.policy import PolicyError
from evergrant.core.ports.reader import StoreUnavailable
from evergrant.protocol.errors import OAuthError
from evergrant.server.engine.operators.refusals import OperatorError
from evergrant.server.log import clean_text


def diagnose(problem: Exception) -> tuple[tuple[Trouble, ...], int]:
    """The troubles and the exit code for a failure of any kind. No secret is in the text."""
    match problem:
        case SettingsError():
            troubles = tuple(Trouble(p.wrong, p.remedy, p.key) for p in problem.problems)
            return troubles, EXIT_CODE
        case NotReady():
            return (Trouble(problem.wrong, problem.remedy),), FAILED
        case OperatorError():
            return (Trouble(problem.sentence, problem.remedy),), FAILED
        case StoreUnavailable():
            return (Trouble("the database cannot be reached", "Run `evergrant doctor`."),), FAILED
        case PolicyError():
            return (Trouble(str(problem), "Durations are written 60s, 15m, 12h or 90d."),), FAILED
        case OAuthError():
            return (Trouble(problem.description),), FAILED
        case ClientError():
            return (_with_an_issuer(problem),), FAILED
        case _:
            text = f"{type(problem).__name__}: {clean_text(str(problem))}"
            return (Trouble(text, "This is a bug in Evergrant; please report what you did."),), FAILED


def _with_an_issuer(problem: ClientError) -> Trouble:
    """A client's own trouble: the person signs in, waits, or asks who runs the issuer."""
    match problem:
        case SignInRequired():
            return Trouble(str(problem), "Run `evergrant login`.")
        case IssuerUnavailable():
            return Trouble(str(problem), "Nothing is lost: try again.")
        case Refused():
            return Trouble(f"the issuer refused it: {problem}", "Look at the options, and at the client there.")
        case NotOffered():
            return Trouble(str(problem))
        case ProtocolError():
            return Trouble(str(problem), "Look whether --issuer is written as the issuer writes itself.")
        case VaultBusy():
            return Trouble(str(problem), "Another program is busy with it: try again.")
        case _:
            return Trouble(str(problem))
