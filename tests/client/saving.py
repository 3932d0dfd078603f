"""A program that renews its session over and over: `python -m tests.client.saving file times`.

Tells each revision when it is saved, or what went wrong. With `fragile` after that, it is killed in the middle of a
write by the kernel that finds no room for the rest.
"""

import signal
import sys
from typing import Final

from evergrant.client.errors import VaultError
from evergrant.client.vaults.file import FileVault
from evergrant.testing.vault_contract import a_session

KEY: Final = "key"

WIDTH: Final = 60_000
"""Of a token: long enough for a kill to find a file half-written."""


def main(path: str, times: int) -> None:
    """Save revision after revision."""
    vault = FileVault(path)
    try:
        for _ in range(times):
            with vault.locked(KEY, 5.0) as drawer:
                before = drawer.load()
                tokens = a_session(before.revision + 1 if before else 1, width=WIDTH)
                drawer.save(tokens)
            tell(str(tokens.revision))
    except VaultError as error:
        tell(f"{type(error).__name__}: {error}")


def tell(what: str) -> None:
    """To whoever started us."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if sys.argv[3:] == ["fragile"]:
        # Python ignores it, and has an error for it instead.
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    main(sys.argv[1], int(sys.argv[2]))
