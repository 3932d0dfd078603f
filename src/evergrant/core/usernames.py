"""User names: one spelling for look-up, so that `Ada` and `ada` are one account and a look-alike is not."""

import unicodedata
from typing import Final

MAX_LENGTH: Final = 128


def normalise(text: str) -> str:
    """The stored spelling of a user name: NFKC, lower case, no surrounding space. Never raises."""
    return unicodedata.normalize("NFKC", text.strip()[: 2 * MAX_LENGTH]).casefold()


def is_valid(name: str) -> bool:
    """Whether a normalised name can be given to a user: 1 to 128 characters, none invisible or a control."""
    return 0 < len(name) <= MAX_LENGTH and all(unicodedata.category(c)[0] not in "CZ" for c in name)
