"""A storm of password sign-ins beside a storm of refreshes: argon2 must not keep those waiting who are signed in."""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx2

from bench.evergrant_server import InDevelopment
from bench.storms import storm_of
from evergrant.cli.benching.figures import Driven
from evergrant.cli.benching.scenarios import PASSWORD_CONNECTIONS, Scenario, ready
from evergrant.cli.benching.wrk import drive

CONNECTIONS = 16


def beside(server: InDevelopment, http: httpx2.Client, seconds: int, say: Callable[[str], None]) -> dict[str, object]:
    """Refresh latency alone, then while sign-ins go on."""
    bench = server.bench(http, say)
    running = server.running
    say("refreshes alone, then beside sign-ins")
    alone = drive(running.url, storm_of(running, CONNECTIONS), CONNECTIONS, seconds)
    storm = storm_of(running, CONNECTIONS)
    fire = ready(
        Scenario.PASSWORD, bench.target, bench.supply_for(Scenario.PASSWORD), PASSWORD_CONNECTIONS, seconds + 1
    )
    signed_in: list[Driven] = []
    others = threading.Thread(target=lambda: signed_in.append(fire()))
    others.start()
    together = drive(running.url, storm, CONNECTIONS, seconds)
    others.join()
    return {
        "connections": CONNECTIONS,
        "sign_ins_per_s": round(signed_in[0].answered / signed_in[0].seconds, 1),
        "sign_in_errors": signed_in[0].errors,
        "alone": _told(alone),
        "together": _told(together),
        "p99_ratio": round(together.p99_s / alone.p99_s, 2) if alone.p99_s else None,
    }


def _told(driven: Driven) -> dict[str, object]:
    return {
        "per_s": round(driven.answered / driven.seconds),
        "p50_ms": round(driven.p50_s * 1e3, 2),
        "p99_ms": round(driven.p99_s * 1e3, 2),
        "errors": driven.errors,
    }
