"""The whole loop between three programs: our server, an API and a client of it, as `evergrant quickstart` prints them.

RFC 6749 §1.5: (A) the client asks with a grant, (B) gets an access and a refresh token, (C) calls the API, (D) is
served, (E) calls again when the token has expired, (F) is told `invalid_token`, (G) refreshes with its own
authentication, (H) gets a new access token, and goes on. Nobody waits for an expiry: the clock is moved.
"""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2

from evergrant.cli.trying.forms import Person, walk
from evergrant.protocol.secret import Secret
from tests.interop.at_expiry import refreshes
from tests.support.ports import free_port
from tests.support.server import StartServer, evergrant
from tests.support.shared_clock import SharedClock
from tests.support.waiting import until

_CALL = re.compile(r'"(?P<method>[A-Z]+) /notes HTTP/1.1" (?P<status>\d+)')

ACCESS_TOKEN_LIVES = 900  # seconds, as the policy has it
LEEWAY = 30


@contextmanager
def program(text: str, file: Path, url: str, environment: Mapping[str, str]) -> Iterator[Path]:
    """The program runs while the block does; the file that it writes its log to."""
    file.write_text(text, encoding="utf-8")
    log = file.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, str(file)], env=dict(environment), stdout=out, stderr=out, cwd=file.parent
        )
    try:
        until(lambda: answers(url), what=f"{file.name} answers", seconds=30)
        yield log
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(15)


def answers(url: str) -> bool:
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


def calls_in(log: Path) -> list[str]:
    """Method and status of each call of the notes, from the API's own log."""
    return [f"{call['method']} {call['status']}" for call in _CALL.finditer(log.read_text())]


def test_the_eight_steps_between_three_programs(start_server: StartServer, tmp_path: Path) -> None:
    clock, clients_clock = SharedClock.make(tmp_path / "theirs"), SharedClock.make(tmp_path / "the clients")
    server = start_server(settings=clock.environment)
    api_port, web_port = free_port(), free_port()
    api_url, web_url = f"http://localhost:{api_port}", f"http://localhost:{web_port}"
    api = evergrant("quickstart", "fastapi", "--port", str(api_port), data_dir=server.data_dir)
    web = evergrant("quickstart", "web", "--port", str(web_port), "--audience", api_url, data_dir=server.data_dir)
    assert (api.returncode, web.returncode) == (0, 0), api.stderr + web.stderr
    person = Person(server.demo.username, Secret(server.demo.password))
    plain = {"PATH": "/usr/bin:/bin", "PYTHONUNBUFFERED": "1"}

    with ExitStack() as running:
        # The client's clock does not know: a refused token has to tell it what to do.
        log = running.enter_context(
            program(api.stdout, tmp_path / "api.py", f"{api_url}/open", {**plain, **clock.environment})
        )
        running.enter_context(program(web.stdout, tmp_path / "web.py", web_url, {**plain, **clients_clock.environment}))
        # No connection is kept: uvicorn lets go of one after five seconds, and a busy machine may take longer.
        browser = running.enter_context(httpx2.Client(limits=httpx2.Limits(max_keepalive_connections=0)))

        start = browser.get(f"{web_url}/sign-in").headers["location"]
        came_back, _ = walk(browser, start, f"{web_url}/signed-in", person)
        browser.get(came_back)
        browser.post(f"{web_url}/", data={"text": "Buy milk"})
        before = browser.get(f"{web_url}/").text
        clock.advance(ACCESS_TOKEN_LIVES + LEEWAY)
        # For a token that is refused within a second no other is asked for: it would be refused as well.
        clients_clock.advance(2)
        after = browser.get(f"{web_url}/").text
        again = browser.get(f"{web_url}/").text

    assert all("Signed in as Ada" in page and "Buy milk" in page for page in (before, after, again))
    assert calls_in(log) == ["POST 201", "GET 200", "GET 401", "GET 200", "GET 200"]
    assert refreshes(server) == {"renew": 1}
