"""The parameters that say how much a person wants to be asked. OpenID Connect Core §3.1.2.1."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final

from evergrant.protocol.errors import InvalidRequest

_SECONDS: Final = re.compile(r"[0-9]{1,10}")


class Prompt(StrEnum):
    """What has to be shown, or that nothing may be."""

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"


# One browser has one session here, so the way to choose an account is to sign in. A person who is asked to
# sign in can choose; refusing the value would only lock out clients that always send it.
_MEANT: Final = {prompt.value: prompt for prompt in Prompt} | {"select_account": Prompt.LOGIN}


def parse_prompt(text: str | None) -> frozenset[Prompt]:
    """The prompts asked for. Values we do not know are ignored, as the specification advises.

    Raises `InvalidRequest` if `none` is there with anything else.
    """
    values = (text or "").split(" ")
    prompts = frozenset(_MEANT[value] for value in values if value in _MEANT)
    if Prompt.NONE in prompts and any(value not in ("", "none") for value in values):
        raise InvalidRequest("The prompt value none cannot be combined with another.")
    return prompts


def parse_max_age(text: str | None) -> int | None:
    """The age in seconds that a sign-in may have, or None. 0 asks for a new one. Raises `InvalidRequest`."""
    if text is None:
        return None
    if _SECONDS.fullmatch(text) is None:
        raise InvalidRequest("The parameter max_age must be a number of seconds.")
    return int(text)
