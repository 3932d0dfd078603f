"""Starting oidc-provider under node."""

import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.peers import environment, processes
from bench.peers.peer import Running

HERE = Path(__file__).parent
CLIENT_ID = "bench"


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """One process: what it keeps in memory it cannot share with another."""

    name: str = "oidc-provider"
    adapter: Literal["builtin", "map"] = "map"

    def start(self, folder: Path) -> Running:
        """See `Peer.start`."""
        secret = secrets.token_urlsafe(32)
        port = processes.free_port()
        server = processes.launch(
            [environment.node(), "server.mjs", str(port), self.adapter, CLIENT_ID, secret],
            folder / f"{self.name}.log",
            cwd=HERE,
            environment={"NODE_ENV": "production"},
            pipes=subprocess.PIPE,
        )
        processes.wait_for(server, port)
        rest = f"client_id={CLIENT_ID}&client_secret={secret}"
        _answer(server)  # "ready"

        def chains(count: int) -> list[str]:
            assert server.process.stdin is not None
            server.process.stdin.write(f"{count}\n".encode())
            server.process.stdin.flush()
            return [f"{_answer(server)} {rest}" for _ in range(count)]

        return Running(
            name=self.name,
            url=f"http://127.0.0.1:{port}",
            token_path="/token",
            pids=(server.pid,),
            store_pids=(),
            chains=chains,
            headers={},
            durable="nothing: it keeps grants in memory",
            rows=lambda: None,
            stop=server.stop,
        )


def _answer(server: processes.Server) -> str:
    assert server.process.stdout is not None
    line = server.process.stdout.readline()
    if not line:
        raise RuntimeError(f"oidc-provider ended:\n{server.log.read_text(errors='replace')[-4000:]}")
    return line.decode().strip()
