"""The command line as a real process, its answers as data, and the protocol over plain HTTP."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tests.support.server import Server, evergrant

FELT_WITHIN = 1.5  # seconds: a running server notices within one, and a machine under load needs its time


def command(data_dir: Path, *arguments: str, stdin: str = "", **settings: str) -> dict[str, object]:
    """What a command answers with --json. Asserts that it succeeds."""
    done = evergrant(*arguments, "--json", data_dir=data_dir, settings=settings, stdin=stdin)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def listing(data_dir: Path, *arguments: str) -> list[dict[str, object]]:
    """As `command`, for commands that list."""
    done = evergrant(*arguments, "--json", data_dir=data_dir)
    assert done.returncode == 0, done.stdout + done.stderr
    answer: list[dict[str, object]] = json.loads(done.stdout)
    return answer


def post(url: str, form: Mapping[str, str], client: tuple[str, str] | None = None) -> tuple[int, dict[str, str]]:
    """Status and JSON body of a form; `client` authenticates by HTTP Basic."""
    request = Request(url, urlencode(form).encode())
    if client is not None:
        request.add_header("Authorization", f"Basic {b64encode(':'.join(client).encode()).decode()}")
    try:
        with urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def sign_in_by_password(server: Server, username: str, password: str) -> dict[str, str]:
    """Tokens by the old password grant: the shortest way to a grant."""
    form = {"grant_type": "password", "username": username, "password": password, "scope": "openid offline_access"}
    status, tokens = post(f"{server.base_url}/token", form, legacy(server))
    assert status == 200, tokens
    return tokens


def refresh(server: Server, refresh_token: str) -> tuple[int, dict[str, str]]:
    """A refresh by demo-legacy."""
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return post(f"{server.base_url}/token", form, legacy(server))


def legacy(server: Server) -> tuple[str, str]:
    """The credentials of demo-legacy."""
    client = server.demo.clients["demo-legacy"]
    return client.client_id, client.client_secret or ""
