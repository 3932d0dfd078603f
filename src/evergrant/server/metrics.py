"""Metrics in the Prometheus text format. One object with its own registry per server; no globals, no client ids."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from evergrant import __version__

_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


class Metrics:
    """Everything that is counted. Names and labels are documented in docs/reference/metrics.md (generated).

    `shared`: the folder where the processes of one server keep their figures. Then every one of them tells the sum,
    also of those that have ended. Who gives it has told prometheus_client to count there: cli/serving/shared_metrics.
    """

    def __init__(self, shared: Path | None = None) -> None:
        self._shared = shared
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "evergrant_http_requests", "Answers by endpoint and status.", ("endpoint", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "evergrant_http_request_seconds",
            "Time to answer, in seconds.",
            ("endpoint",),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.decisions = Counter(
            "evergrant_token_decisions",
            "Decisions at the token endpoint: renew, redeliver, keep, exchange, open, issue, refuse, revoke.",
            ("grant_type", "decision", "reason"),
            registry=self.registry,
        )
        self.contested = Counter(
            "evergrant_token_contests", "Commits that found the grant moved and judged again.", registry=self.registry
        )
        self.revocations = Counter(
            "evergrant_revocations", "What RFC 7009 revocation requests ended.", ("ended",), registry=self.registry
        )
        self.introspections = Counter(
            "evergrant_introspections", "Introspection answers.", ("active",), registry=self.registry
        )
        self.sign_ins = Counter(
            "evergrant_sign_ins",
            "Password checks: signed_in, refused, throttled.",
            ("outcome",),
            registry=self.registry,
        )
        self.authorizations = Counter(
            "evergrant_authorizations",
            "Decisions at the authorization endpoint.",
            ("outcome",),
            registry=self.registry,
        )
        self.swept = Counter("evergrant_reaper_rows", "Rows the reaper deleted.", ("kind",), registry=self.registry)
        self.store_failures = Counter(
            "evergrant_store_failures", "Requests answered 503 because the store failed.", registry=self.registry
        )
        # Of several processes the greatest value: once, and not once for each process.
        build = Gauge("evergrant_build_info", "Version.", ("version",), registry=self.registry, multiprocess_mode="max")
        build.labels(version=__version__).set(1)

    def render(self) -> bytes:
        """The text exposition format, version 0.0.4."""
        if self._shared is None:
            return generate_latest(self.registry)
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody, str(self._shared))  # type: ignore[no-untyped-call]  # it has no types
        return generate_latest(everybody)
