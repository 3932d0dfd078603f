"""The database goes away under a running server: 503 and Retry-After, never `invalid_grant`; then it goes on. S-047"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.faults.processes import processes
from tests.protocol.served import Served, served
from tests.support.postgres import PostgresServer
from tests.support.waiting import until


@dataclass(frozen=True, slots=True)
class Legacy:
    """The demo's client that may use passwords."""

    http: httpx2.Client
    demo: dict[str, Any]  # decoded JSON

    @classmethod
    def of(cls, server: Served) -> "Legacy":
        return cls(server.http, json.loads((server.settings.data_dir / "demo.json").read_text()))

    def sign_in(self) -> dict[str, Any]:
        """Tokens for the demo user."""
        user = self.demo["user"]
        answer = self.post("/token", grant_type="password", username=user["username"], password=user["password"])
        assert answer.status_code == 200, answer.text
        tokens: dict[str, Any] = answer.json()
        return tokens

    def refresh(self, token: str) -> httpx2.Response:
        return self.post("/token", grant_type="refresh_token", refresh_token=token)

    def post(self, path: str, **fields: str) -> httpx2.Response:
        client = self.demo["clients"]["demo-legacy"]
        return self.http.post(path, data=fields, auth=(client["client_id"], client["client_secret"]))


def assert_unavailable(answer: httpx2.Response) -> None:
    """RFC 6749 §4.1.2.1's code, and a time that a client will wait."""
    assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable"), answer.text
    assert 1 <= int(answer.headers["retry-after"]) <= 5
    assert answer.headers["cache-control"] == "no-store"


@pytest.fixture
def on_private_postgres(private_postgres: PostgresServer, tmp_path: Path) -> Iterator[Served]:
    """A server on a PostgreSQL that may be stopped."""
    with served(tmp_path, database={"url": private_postgres.new_database()}) as found:
        yield found


def test_a_stopped_postgresql_costs_nobody_a_token(
    on_private_postgres: Served, private_postgres: PostgresServer
) -> None:
    legacy = Legacy.of(on_private_postgres)
    tokens = legacy.sign_in()
    private_postgres.stop()

    assert_unavailable(legacy.refresh(tokens["refresh_token"]))
    assert_unavailable(legacy.post("/revoke", token=tokens["refresh_token"]))
    assert_unavailable(legacy.post("/introspect", token=tokens["access_token"]))
    assert legacy.http.get("/readyz").status_code == 503
    assert legacy.http.get("/healthz").status_code == 200

    private_postgres.start()
    until(lambda: legacy.http.get("/readyz").status_code == 200, what="the server is ready again")
    assert legacy.refresh(tokens["refresh_token"]).status_code == 200


def test_what_was_answered_outlives_a_power_cut_of_postgresql(
    on_private_postgres: Served, private_postgres: PostgresServer
) -> None:
    """R-002: rotate, crash, restart, replay."""
    legacy = Legacy.of(on_private_postgres)
    tokens = [legacy.sign_in()["refresh_token"]]
    for _ in range(3):
        tokens.append(legacy.refresh(tokens[-1]).json()["refresh_token"])

    private_postgres.crash()
    private_postgres.start()

    until(lambda: legacy.refresh(tokens[-2]).status_code == 200, what="a retry is answered again")
    assert legacy.refresh(tokens[-2]).json()["refresh_token"] == tokens[-1]
    assert legacy.refresh(tokens[0]).json()["error"] == "invalid_grant"
    assert legacy.refresh(tokens[-1]).json()["error"] == "invalid_grant"


def test_a_sqlite_file_that_another_program_keeps_locked_costs_nobody_a_token(tmp_path: Path) -> None:
    """Somebody left a transaction open in a shell: writing waits five seconds, then says so."""
    with served(tmp_path) as server:
        legacy = Legacy.of(server)
        tokens = legacy.sign_in()
        file = server.settings.database_file
        assert file is not None
        with processes(1, "tests.faults.locker", str(file)) as (shell,):
            assert shell.hear() == ["locked"]
            assert_unavailable(legacy.refresh(tokens["refresh_token"]))
            assert legacy.post("/introspect", token=tokens["access_token"]).status_code == 200

        assert legacy.refresh(tokens["refresh_token"]).status_code == 200
