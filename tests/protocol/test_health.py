"""`/healthz` and `/readyz`."""

from tests.protocol.conftest import ON_BOTH
from tests.protocol.served import MINUTE, Served, body

pytestmark = ON_BOTH


def test_the_process_answers(served: Served) -> None:
    answer = served.http.get("/healthz")

    assert (answer.status_code, body(answer)) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"


def test_a_server_with_store_schema_and_keys_is_ready(served: Served) -> None:
    answer = served.http.get("/readyz")

    assert (answer.status_code, body(answer)) == (200, {"status": "ready"})


def test_probes_are_answered_whatever_host_they_name(served: Served) -> None:
    """Load balancers ask under an address that is nobody's issuer; no URL is built from it."""
    for path in ("/healthz", "/readyz"):
        assert served.http.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200


def test_a_probe_with_head_is_answered_without_a_body(served: Served) -> None:
    """RFC 9110 §9.3.2."""
    answer = served.http.head("/healthz")

    assert (answer.status_code, answer.content) == (200, b"")


def test_clocks_that_differ_are_not_ready(served: Served) -> None:
    """design: "`/readyz` compares the process's clock with the database's"."""
    served.clock.advance(5 * MINUTE)

    answer = served.http.get("/readyz")

    assert answer.status_code == 503
    assert "clock" in body(answer)["problems"]
    assert int(answer.headers["retry-after"]) <= 5
