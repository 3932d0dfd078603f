"""`evergrant bench` measures a real server, leaves nothing behind, and says clearly why it cannot."""

import json
from pathlib import Path

import pytest

from tests.e2e.command_line import legacy, listing, sign_in_by_password
from tests.support.ports import free_port
from tests.support.server import Server, evergrant

QUICK = ("--connections", "4", "--seconds", "1")


def test_every_scenario_is_answered_without_an_error(server: Server) -> None:
    done = evergrant("bench", "--scenario", "all", *QUICK, "--json", data_dir=server.data_dir)

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    runs = [(run["scenario"], run["loop"]) for run in told["runs"]]
    assert runs == [
        ("refresh", "closed"),
        ("refresh", "open"),
        ("refresh-openid", "closed"),
        ("client-credentials", "closed"),
        ("introspection", "closed"),
        ("code", "closed"),
        ("password", "closed"),
    ]
    assert [run for run in told["runs"] if run["errors"] or not run["answered"]] == []
    assert all(0 < run["p50_ms"] <= run["p99_ms"] for run in told["runs"])
    assert told["server_pids"] == [server.process.pid if server.process else None]
    assert all(run["server_cpu_us"] > 0 and run["signature_us"] > 0 for run in told["runs"])


def test_people_see_a_table_and_no_secret(server: Server, tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"

    done = evergrant("bench", *QUICK, "--no-open-loop", "--output", str(kept), data_dir=server.data_dir)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "p99 ms" in done.stdout
    assert "ES256 signature" in done.stdout
    (run,) = json.loads(kept.read_text())["runs"]
    assert (run["connections"], run["errors"], run["answered"] > 0) == (4, 0, True)
    secrets = [server.demo.password, *(client.client_secret for client in server.demo.clients.values())]
    assert [secret for secret in secrets if secret and secret in done.stdout + done.stderr + kept.read_text()] == []


def test_the_grants_of_a_bench_have_ended_when_it_has(server: Server) -> None:
    evergrant("bench", *QUICK, "--no-open-loop", "--json", data_dir=server.data_dir)

    grants = listing(server.data_dir, "grant", "list", "--client", "demo-service")

    assert [grant for grant in grants if grant["state"] == "active"] == []


def test_refresh_tokens_can_be_brought_along(server: Server, tmp_path: Path) -> None:
    client_id, secret = legacy(server)
    signed_in = (sign_in_by_password(server, server.demo.username, server.demo.password) for _ in range(8))
    file = tmp_path / "tokens"
    file.write_text("\n".join(tokens["refresh_token"] for tokens in signed_in))
    asked = ("bench", server.base_url, *QUICK, "--no-open-loop", "--client-id", client_id, "--tokens", str(file))
    settings = {"EVERGRANT_CLIENT_SECRET": secret}

    done = evergrant(*asked, "--json", data_dir=tmp_path / "elsewhere", settings=settings)
    too_many = evergrant(*asked, "--connections", "5", data_dir=tmp_path / "elsewhere", settings=settings)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"][0]["answered"] > 0
    assert too_many.returncode == 1
    assert "5 are needed" in too_many.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "says", "remedy"),
    [
        (("http://192.0.2.1:8000",), 2, "192.0.2.1 is not this machine", "--allow-remote"),
        (("https://login.example.com",), 2, "login.example.com is not this machine", "--allow-remote"),
        (("localhost:8000",), 2, "localhost:8000 is no address", "http://localhost:8000"),
        (("--connections", "0"), 2, "0 is no list of connections", "1,16,64"),
        (("--connections", "1,100000"), 2, "1,100000 is no list", "512"),
        (("--scenario", "everything"), 2, "everything is no scenario", "client-credentials"),
        (("--seconds", "3600"), 2, "--seconds", "60"),
        (("--client-id", "demo-service", "--username", "ada"), 2, "the password is missing", "EVERGRANT_PASSWORD"),
        (("--client-id", "demo-service"), 1, "nobody can sign in", "--username"),
        (("--client-id", "demo-service", "--tokens", "/nowhere"), 1, "/nowhere cannot be read", "one a line"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_a_remedy(
    server: Server, arguments: tuple[str, ...], exit_code: int, says: str, remedy: str
) -> None:
    done = evergrant("bench", *arguments, data_dir=server.data_dir)

    assert (done.returncode, done.stdout) == (exit_code, "")
    assert says in done.stderr
    assert remedy.replace("one a line", "one refresh token a line") in done.stderr


def test_where_nobody_listens_nothing_is_measured(server: Server) -> None:
    done = evergrant("bench", f"http://localhost:{free_port()}", data_dir=server.data_dir)

    assert (done.returncode, done.stdout) == (1, "")
    assert "nobody answers" in done.stderr


def test_an_address_of_something_else_is_told_apart(server: Server) -> None:
    done = evergrant("bench", f"{server.base_url}/healthz", data_dir=server.data_dir)

    assert done.returncode == 1
    assert "no authorization server answers" in done.stderr


def test_without_wrk_it_says_how_to_install_it(server: Server, tmp_path: Path) -> None:
    done = evergrant("bench", data_dir=server.data_dir, settings={"PATH": str(tmp_path)})

    assert (done.returncode, done.stdout) == (1, "")
    assert "apt install wrk" in done.stderr


def test_outside_development_somebody_must_be_named(server: Server, tmp_path: Path) -> None:
    done = evergrant("bench", server.base_url, data_dir=tmp_path / "elsewhere")

    assert done.returncode == 2
    assert "--client-id" in done.stderr


@pytest.mark.parametrize(
    ("password", "secret", "says"),
    [
        (None, "wrong", "the server refused the client: invalid_client"),
        ("wrong", None, "The username or password is wrong"),
    ],
)
def test_a_wrong_secret_is_told_and_not_repeated(
    server: Server, password: str | None, secret: str | None, says: str
) -> None:
    service = server.demo.clients["demo-service"]
    settings = {
        "EVERGRANT_PASSWORD": password or server.demo.password,
        "EVERGRANT_CLIENT_SECRET": secret or service.client_secret or "",
    }

    done = evergrant(
        *("bench", "--client-id", "demo-service", "--username", "ada", *QUICK),
        data_dir=server.data_dir,
        settings=settings,
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert server.demo.password not in done.stderr


def test_more_grants_than_a_person_may_have_are_refused_beforehand(server: Server) -> None:
    """The oldest would be ended to make room, and the storm would measure refusals."""
    evergrant("client", "update", "demo-service", "--max-grants", "3", data_dir=server.data_dir)
    try:
        done = evergrant("bench", *QUICK, data_dir=server.data_dir)
    finally:
        evergrant("client", "update", "demo-service", "--max-grants", "default", data_dir=server.data_dir)

    assert done.returncode == 1
    assert "does not keep 4 grants" in done.stderr
    assert "--max-grants" in done.stderr
