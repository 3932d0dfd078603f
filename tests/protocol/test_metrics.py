"""`/metrics` in the Prometheus text format, for configured networks only."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.protocol.program import Program
from tests.protocol.registry import User
from tests.protocol.served import SECOND, Served
from tests.protocol.served import served as serving


def figure(served: Served, sample: str, **labels: str) -> float:
    """One figure; 0 where nothing was counted yet."""
    text = served.http.get("/metrics").text
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]
    return sum(one.value for one in samples if one.name == sample and labels.items() <= one.labels.items())


def test_it_is_the_text_format(served: Served) -> None:
    answer = served.http.get("/metrics")

    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert figure(served, "evergrant_build_info") == 1


def test_decisions_are_counted_by_what_was_decided(served: Served, web: Program, user: User) -> None:
    def decisions(decision: str) -> float:
        return figure(served, "evergrant_token_decisions_total", grant_type="refresh_token", decision=decision)

    token = web.sign_in(user)["refresh_token"]
    before = {name: decisions(name) for name in ("renew", "redeliver", "refuse", "revoke")}
    web.refresh(token)
    web.refresh(token)
    web.refresh("nonsense")
    served.clock.advance(61 * SECOND)
    web.refresh(token)

    assert {name: decisions(name) - count for name, count in before.items()} == dict.fromkeys(before, 1)


def test_answers_are_counted_by_endpoint_and_status(served: Served, web: Program) -> None:
    before = figure(served, "evergrant_http_requests_total", endpoint="token", status="400")
    web.token(grant_type="nonsense")

    assert figure(served, "evergrant_http_requests_total", endpoint="token", status="400") == before + 1


def test_no_label_holds_what_a_caller_made_up(served: Served) -> None:
    """Labels are ours: no client id, no path, no user can fill the registry."""
    served.http.get("/made-up-path")
    served.http.post("/token", data={"grant_type": "made-up-grant", "client_id": "made-up-client"})

    assert "made-up" not in served.http.get("/metrics").text


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    """Traffic figures are nobody else's business."""
    with serving(tmp_path, metrics_networks=["10.0.0.0/8"]) as server:
        answer = server.http.get("/metrics")

        assert answer.status_code == 403
        assert "evergrant_" not in answer.text


def test_a_request_that_came_through_an_unknown_proxy_is_somebody_elses(served: Served) -> None:
    """S-016: the proxy's address is not the asker's."""
    for header in ("X-Forwarded-For", "Forwarded"):
        assert served.http.get("/metrics", headers={header: "for=127.0.0.1"}).status_code == 403
