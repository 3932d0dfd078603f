"""`evergrant serve` as a process: what it says, what it keeps, how it starts and how it ends."""

import json
import os
import socket
import ssl
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.request import urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.e2e.command_line import command, refresh, sign_in_by_password
from tests.support.ports import free_port
from tests.support.server import Server, StartServer, evergrant
from tests.support.waiting import until

KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"


def secrets_of(server: Server) -> list[str]:
    made = server.demo
    return [made.password, *(client.client_secret for client in made.clients.values() if client.client_secret)]


def test_a_first_start_shows_its_secrets_once_and_a_second_keeps_everything(start_server: StartServer) -> None:
    server = start_server()
    first, written = server.log(), (server.data_dir / "demo.json").read_text()
    assert all(first.count(secret) == 1 for secret in secrets_of(server))
    assert "development mode: loopback only" in first
    tokens = sign_in_by_password(server, server.demo.username, server.demo.password)

    assert server.stop() == 0
    server.start()

    second = server.log().removeprefix(first)
    assert not any(secret in second for secret in secrets_of(server))
    assert (server.data_dir / "demo.json").read_text() == written
    assert refresh(server, tokens["refresh_token"])[0] == 200


def test_demo_json_is_what_scripts_were_promised(server: Server) -> None:
    written = json.loads((server.data_dir / "demo.json").read_text())

    assert written.keys() == {"issuer", "user", "clients"}
    assert written["user"].keys() == {"username", "password"}
    assert {name: set(client) for name, client in written["clients"].items()} == {
        "demo-web": {"client_id", "redirect_uris"},
        "demo-service": {"client_id", "client_secret"},
        "demo-legacy": {"client_id", "client_secret"},
    }
    assert (server.data_dir / "demo.json").stat().st_mode & 0o777 == 0o600


def test_on_another_port_the_playground_moves_and_the_secrets_stay(start_server: StartServer) -> None:
    server = start_server()
    before = server.demo
    command(
        server.data_dir,
        "client",
        "update",
        "demo-web",
        "--redirect-uri",
        f"{before.issuer}/",
        "--redirect-uri",
        "https://mine.example/cb",
    )
    server.stop()

    moved = start_server(data_dir=server.data_dir)

    after, client = moved.demo, command(moved.data_dir, "client", "show", "demo-web")
    assert after.issuer == moved.base_url
    assert after.password == before.password
    assert after.clients["demo-service"] == before.clients["demo-service"]
    assert client["redirect_uris"] == [f"{moved.base_url}/", "https://mine.example/cb"]
    assert client["post_logout_redirect_uris"] == [f"{moved.base_url}/"]


def test_without_demo_json_the_objects_stay_and_the_start_says_how_to_go_on(start_server: StartServer) -> None:
    server = start_server()
    password = server.demo.password
    (server.data_dir / "demo.json").unlink()
    server.stop()
    server.start()

    assert "evergrant user set-password ada" in server.log()
    assert not (server.data_dir / "demo.json").exists()
    assert password not in server.log().split("set-password ada")[1]


def test_a_demo_object_that_was_deleted_does_not_come_back(start_server: StartServer) -> None:
    server = start_server()
    command(server.data_dir, "client", "delete", "demo-legacy")
    server.stop()
    server.start()

    done = evergrant("client", "show", "demo-legacy", data_dir=server.data_dir)
    assert done.returncode == 1


def test_wrong_settings_are_all_told_and_nothing_is_written(tmp_path: Path) -> None:
    wrong = {"EVERGRANT_ENV": "production", "EVERGRANT_SESSION__IDLE": "1", "EVERGRANT_MASTER_KEY": "hunter2"}

    done = evergrant("serve", "--json", data_dir=tmp_path / "data", settings=wrong)

    assert done.returncode == 78
    told = json.loads(done.stderr)["errors"]
    assert {error["key"] for error in told} == {"issuer", "database.url", "master_key", "session.idle"}
    assert all(error["remedy"] for error in told)
    assert "hunter2" not in done.stdout + done.stderr
    assert not (tmp_path / "data").exists()


def test_development_refuses_to_listen_beyond_loopback(tmp_path: Path) -> None:
    done = evergrant("serve", "--host", "0.0.0.0", data_dir=tmp_path / "data")

    assert done.returncode == 78
    assert "loopback" in done.stderr
    assert "EVERGRANT_ENV=production" in done.stderr


def test_a_port_in_use_is_one_clear_line(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        done = evergrant("serve", "--port", str(port), data_dir=tmp_path / "data")

    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f"evergrant: port {port} is in use"


def test_production_starts_when_it_has_all_it_needs_and_has_no_demo(start_server: StartServer, tmp_path: Path) -> None:
    settings = {
        "EVERGRANT_ENV": "production",
        "EVERGRANT_ISSUER": "https://login.example.com",
        "EVERGRANT_MASTER_KEY": KEY,
        "EVERGRANT_DATABASE__URL": f"sqlite:///{tmp_path / 'live.db'}",
    }
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    refused = evergrant("serve", "--port", str(free_port()), data_dir=data_dir, settings=settings)
    assert refused.returncode == 1
    assert "evergrant db upgrade" in refused.stderr
    command(data_dir, "db", "upgrade", **settings)

    server = start_server(settings=settings, data_dir=data_dir)

    assert not (data_dir / "demo.json").exists()
    assert not (data_dir / "master.key").exists()
    assert server.status_of("/jwks") == 421, "localhost is not the issuer"
    done = evergrant("client", "list", "--json", data_dir=data_dir, settings=settings)
    assert json.loads(done.stdout) == []


def test_on_postgresql_several_workers_answer_and_end_together(start_server: StartServer, postgres_url: str) -> None:
    server = start_server("--workers", "2", settings={"EVERGRANT_DATABASE__URL": postgres_url})
    assert server.process is not None
    log = server.log()
    assert all(log.count(secret) == 1 for secret in secrets_of(server))

    tokens = sign_in_by_password(server, server.demo.username, server.demo.password)
    for _ in range(6):
        status, tokens = refresh(server, tokens["refresh_token"])
        assert status == 200

    assert server.stop() == 0
    assert server.status_of("/healthz") is None


def test_a_request_under_way_is_answered_before_the_server_ends(start_server: StartServer) -> None:
    server = start_server()
    body = b"grant_type=client_credentials"
    head = (
        f"POST /token HTTP/1.1\r\nHost: localhost:{server.port}\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode() + body[:5])
        until(lambda: server.status_of("/healthz") == 200, what="it goes on answering")
        assert server.process is not None
        server.process.terminate()
        until(lambda: server.status_of("/healthz") is None, what="it accepts nobody new")
        connection.sendall(body[5:])
        answered = connection.makefile("rb").readline()

    assert answered.startswith(b"HTTP/1.1 401"), "the client showed no secret, and is told so"
    assert server.process.wait(15) == 0


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=30)
        )
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    cert_file, key_file = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert_file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key_file.chmod(0o600)
    return cert_file, key_file


def test_with_a_certificate_everything_is_https(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    cert, key = certificate
    server = Server(tmp_path / "tls", arguments=("--tls-cert", str(cert), "--tls-key", str(key)))
    server.launch()
    context = ssl.create_default_context(cafile=str(cert))
    url = f"https://localhost:{server.port}"

    def issuer() -> str | None:
        try:
            with urlopen(f"{url}/.well-known/openid-configuration", context=context) as answer:
                return str(json.load(answer)["issuer"])
        except OSError:
            return None

    try:
        assert until(issuer, what="it answers by https") == url
        walked = evergrant("try", "--ca-file", str(cert), "--json", data_dir=server.data_dir)
        assert walked.returncode == 0, walked.stdout
    finally:
        server.kill()


def test_help_is_there_without_database_and_server(tmp_path: Path) -> None:
    asked = "import sys, runpy; sys.argv = ['evergrant', '--help']\n"
    asked += "try: runpy.run_module('evergrant', run_name='__main__')\n"
    asked += "except SystemExit as end: assert not end.code\n"
    asked += "heavy = {'sqlalchemy', 'starlette', 'uvicorn', 'pydantic', 'rich', 'asyncio', 'httpx2', 'cryptography'}\n"
    asked += "print('heavy:', sorted(heavy & set(sys.modules)))"

    done = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, cwd=tmp_path, env=dict(os.environ), check=True
    )

    assert "Commands:" in done.stdout
    assert done.stdout.splitlines()[-1] == "heavy: []"
