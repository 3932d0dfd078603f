"""Several programs that share nothing but a vault: started together, told what to do, and killed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from evergrant.client import Client
from evergrant.protocol.values import Millis
from tests.architecture.repository import ROOT
from tests.client.program import FILE


@dataclass(frozen=True, slots=True)
class Order:
    """Ask for a token of the session `name` of that client, at that moment. `vault` is a file, or a database's URL."""

    client: Client
    vault: Path | str
    now: Millis
    name: str = "ada"

    def line(self, **more: str) -> str:
        """As it is sent. With the client's secret: by a pipe, and not for everybody to see."""
        provider, identity = self.client.issuer.provider, self.client.identity
        order = {
            "issuer": provider.issuer,
            "token_endpoint": provider.token_endpoint,
            "client_id": identity.client_id,
            "client_secret": None if identity.secret is None else identity.secret.reveal(),
            "vault": f"{FILE}{self.vault}" if isinstance(self.vault, Path) else self.vault,
            "now": self.now,
            "name": self.name,
        }
        return json.dumps({**order, **more})


@dataclass(frozen=True, slots=True)
class Program:
    """One of them."""

    process: "subprocess.Popen[str]"

    def begin(self, order: Order) -> None:
        """Tell it, and wait until it asks."""
        self._tell(order.line())
        assert self._hear() == "asking"

    def begin_and_stop(self, order: Order, at: str) -> None:
        """Tell it, and wait until it stands still there, holding the session's lock: `loading`, `saving` or `saved`."""
        self._tell(order.line(stop_at=at))
        assert (self._hear(), self._hear()) == ("asking", at)

    def end(self) -> dict[str, object]:
        """What came of it."""
        came: dict[str, object] = json.loads(self._hear())
        return came

    def kill(self) -> None:
        """At once, as `kill -9` does."""
        self.process.kill()
        self.process.wait()

    def _tell(self, line: str) -> None:
        to = cast(IO[str], self.process.stdin)
        to.write(f"{line}\n")
        to.flush()

    def _hear(self) -> str:
        return cast(IO[str], self.process.stdout).readline().strip()


@contextmanager
def programs(count: int) -> Iterator[list[Program]]:
    """So many, which run until the block ends and take any number of orders."""
    with ExitStack() as stack:
        started = [stack.enter_context(_program()) for _ in range(count)]
        yield started


@contextmanager
def _program() -> Iterator[Program]:
    command = [sys.executable, "-m", "tests.client.program"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT
    ) as process:
        program = Program(process)
        try:
            yield program
        finally:
            program.kill()
