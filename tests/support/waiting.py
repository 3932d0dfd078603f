"""Waiting for the world, with an end. Tests never sleep: they wait until something is so."""

import time
from collections.abc import Callable
from threading import Event
from typing import TypeVar

T = TypeVar("T")

BETWEEN_LOOKS = 0.02  # seconds


def until(look: Callable[[], T | None], *, what: str, seconds: float = 20.0) -> T:
    """Look again and again until `look` gives something true, and return it.

    Raises TimeoutError naming `what` after `seconds`.
    """
    never = Event()
    end = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"After {seconds} seconds, still not so: {what}.")
        never.wait(BETWEEN_LOOKS)
    return seen
