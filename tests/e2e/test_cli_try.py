"""`evergrant try` walks the whole loop, and says so when something is not as it must be."""

import json
import os
import subprocess
import sys

import httpx2

from evergrant.cli.trying.forms import Person, walk
from evergrant.protocol.secret import Secret
from tests.e2e.command_line import command
from tests.support.server import Server, evergrant

STEPS = ["discovery", "sign_in", "tokens", "api_call", "refresh", "retry", "replay"]


def test_the_loop_is_walked_against_the_development_server(server: Server) -> None:
    report = command(server.data_dir, "try")

    steps = report["steps"]
    assert isinstance(steps, list)
    assert [step["step"] for step in steps] == STEPS
    assert (report["ok"], report["issuer"]) == (True, server.base_url)
    assert all(check["ok"] for step in steps for check in step["checks"])


def test_people_are_shown_a_tree_and_no_secret(server: Server) -> None:
    done = evergrant("try", data_dir=server.data_dir)

    assert done.returncode == 0
    assert "Everything is as it must be." in done.stdout
    assert "├──" in done.stdout
    assert not any(secret in done.stdout + done.stderr for secret in (server.demo.password, "eg_rt_", "eyJ"))


def test_a_lost_answer_that_costs_the_session_fails_the_loop(server: Server) -> None:
    command(server.data_dir, "client", "update", "demo-web", "--retry-window", "0")
    try:
        done = evergrant("try", "--json", data_dir=server.data_dir)
    finally:
        command(server.data_dir, "client", "update", "demo-web", "--retry-window", "default")

    report = json.loads(done.stdout)
    assert (done.returncode, report["ok"]) == (1, False)
    assert [step["step"] for step in report["steps"] if not step["ok"]] == ["retry"]


def test_a_wrong_password_is_told_as_the_page_tells_it(server: Server) -> None:
    written = server.data_dir / "demo.json"
    right = written.read_text()
    written.write_text(right.replace(server.demo.password, "not the password"))
    try:
        done = evergrant("try", "--json", data_dir=server.data_dir)
    finally:
        written.write_text(right)

    last = json.loads(done.stdout)["steps"][-1]
    assert (done.returncode, last["step"]) == (1, "sign_in")
    assert "wrong" in last["problem"]


def test_an_issuer_that_is_not_there_is_a_failed_discovery(server: Server) -> None:
    done = evergrant("try", "--issuer", "http://127.0.0.1:9", "--client-id", "x", "--json", data_dir=server.data_dir)

    (step,) = json.loads(done.stdout)["steps"]
    assert (done.returncode, step["step"], step["ok"]) == (1, "discovery", False)


def test_a_document_of_another_issuer_is_not_believed(server: Server) -> None:
    other = server.base_url.replace("localhost", "127.0.0.1")

    done = evergrant("try", "--issuer", other, "--client-id", "x", "--json", data_dir=server.data_dir)

    (step,) = json.loads(done.stdout)["steps"]
    assert "not about" in step["problem"]


def test_a_stranger_needs_a_client_of_its_own(server: Server) -> None:
    done = evergrant("try", "--issuer", "https://login.example.com", data_dir=server.data_dir)

    assert done.returncode == 1
    assert "--client-id" in done.stderr


def test_with_a_client_of_ones_own_a_browser_signs_in(server: Server) -> None:
    """Any issuer can be tried so: the address is printed, the browser comes back to a loopback port of ours."""
    asked = ("--issuer", server.base_url, "--client-id", "demo-web", "--no-open-browser", "--json")
    trying = subprocess.Popen(
        [sys.executable, "-m", "evergrant", "try", *asked],
        env={**os.environ, "EVERGRANT_DATA_DIR": str(server.data_dir), "PYTHONDONTWRITEBYTECODE": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert trying.stdout is not None
    assert trying.stderr is not None
    try:
        assert trying.stderr.readline() == "Sign in here:\n"
        url = trying.stderr.readline().strip()
        redirect_uri = httpx2.URL(url).params["redirect_uri"]
        with httpx2.Client() as browser:
            person = Person(server.demo.username, Secret(server.demo.password))
            came_back, pages = walk(browser, url, redirect_uri, person)
            page = browser.get(came_back)
        report = json.loads(trying.stdout.read())
        trying.wait(20)
    finally:
        trying.kill()
        trying.stdout.close()
        trying.stderr.close()

    assert pages == ["sign-in", "consent"]
    assert "Done" in page.text
    assert (trying.returncode, report["ok"]) == (0, True)
