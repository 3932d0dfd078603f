"""What went wrong, in words, with what to do about it."""

from __future__ import annotations

from evergrant.app.problems import EXIT_CODE, NotReady, SettingsError
from evergrant.cli.failures import FAILED, Trouble
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
        case _:
            text = f"{type(problem).__name__}: {clean_text(str(problem))}"
            return (Trouble(text, "This is a bug in Evergrant; please report what you did."),), FAILED
