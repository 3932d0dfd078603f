"""Why an operator's wish was not fulfilled: a sentence, and what to do instead. Nothing was written."""

from typing import Final

from evergrant.core.policy import PolicyError

ATTEMPTS: Final = 3
"""So often a change that met another one is made again."""


class OperatorError(Exception):
    """Both texts are for a person. They quote what was asked for, but never a secret."""

    def __init__(self, sentence: str, remedy: str) -> None:
        super().__init__(f"{sentence} {remedy}")
        self.sentence = sentence
        self.remedy = remedy


class NotFound(OperatorError):
    """There is no such thing in this realm."""


class AlreadyExists(OperatorError):
    """The name or identifier is in use."""


class Invalid(OperatorError):
    """It must not be as asked."""


class Contested(OperatorError):
    """Somebody else changed the same thing at every attempt."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is being changed by somebody else at the same time.", "Try again.")


def bad_policy(error: PolicyError) -> Invalid:
    """A policy that cannot be, as an operator's error."""
    return Invalid(f"The policy cannot be: {error}.", "Correct the settings named.")
