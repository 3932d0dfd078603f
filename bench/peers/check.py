"""Does each peer do what it is measured for? `python -m bench.peers.check [--refreshes N] [NAME ...]`

Refreshes one chain of tokens, one after the other, then shows the first token again. Prints a line for each peer;
ends with 1 if one of them does not rotate.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import parse_qsl

import httpx2

from bench.peers import PEERS
from bench.peers.peer import Running


def main() -> None:
    """Checks one after the other."""
    options = argparse.ArgumentParser(description="Check that each peer rotates refresh tokens.")
    options.add_argument("--refreshes", type=int, default=100)
    options.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PEERS))
    asked = options.parse_args()
    failed = [name for name in asked.names or PEERS if not check(name, asked.refreshes)]
    sys.exit(1 if failed else 0)


def check(name: str, refreshes: int) -> bool:
    """Start one peer, try it, stop it. True if it rotates."""
    with tempfile.TemporaryDirectory(prefix="peer-") as folder:
        Path(folder).chmod(0o755)
        began = time.monotonic()
        running = PEERS[name].start(Path(folder))
        try:
            ready = time.monotonic() - began
            problem, reply_to_old = walk(running, refreshes)
            print(f"{name}: {problem or f'{refreshes} refreshes'}; a spent token gets {reply_to_old}; ", end="")
            print(f"{running.rows()} rows; ready in {ready:.1f} s", flush=True)
        finally:
            running.stop()
    return problem is None


def walk(running: Running, refreshes: int) -> tuple[str | None, str]:
    """Refresh one chain: what went wrong, if anything; and what the first token gets after that."""
    first, rest = running.chains(1)[0].split(" ", 1)
    token = first
    with httpx2.Client(base_url=running.url, headers=dict(running.headers), timeout=30) as browser:

        def refresh(with_token: str) -> httpx2.Response:
            form = {"grant_type": "refresh_token", "refresh_token": with_token, **dict(parse_qsl(rest))}
            return browser.post(running.token_path, data=form)

        for number in range(refreshes):
            answer = refresh(token)
            following = answer.json().get("refresh_token") if answer.status_code == 200 else None
            if following in (None, token):
                return f"refresh {number}: {answer.status_code} {answer.text[:300]}", "nothing: not tried"
            token = following
        answer = refresh(first)
        return None, f"{answer.status_code} {answer.json().get('error', '')}".strip()


if __name__ == "__main__":
    main()
