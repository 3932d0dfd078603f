"""As many connections as the system allows. It usually begins with 1,024, which silent strangers use up in a moment."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Final

_ENOUGH: Final = 65_536


def raise_the_limit() -> None:
    """For this process and those it starts; as far as it may go without an administrator, and never down."""
    if sys.platform == "win32":
        return  # it has no such limit
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Some systems name a limit that they do not allow; the server serves with what it has.
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
