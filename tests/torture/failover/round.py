"""One fail-over under load: clients at work, the cut, the standby takes over, the clients go on, the verdict."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.faults.stock import Stock
from tests.faults.storm import grant_of
from tests.support.postgres import PostgresServer
from tests.support.server import READY_WITHIN, Server
from tests.support.waiting import until
from tests.torture import conservation
from tests.torture.clients import Crowd, Session
from tests.torture.conservation import Finding
from tests.torture.failover.figures import Figures, adoptions, compare, first_refresh, rows
from tests.torture.failover.pair import Pair, Succession
from tests.torture.failover.plan import RENEWALS_WAIT, Plan
from tests.torture.ledger import Asked, Kind, Ledger, Told, now
from tests.torture.stage import WINDOW, a_stranger
from tests.torture.verdict import Verdict, judge

DOOMED: Final = 3
"""Sessions that are signed out while the standby hears of nothing."""
PROBED: Final = 6
"""Sessions of which a spent token is shown again when everything is over."""
AT_ONCE: Final = 32
"""Grants that are opened together."""
WAITING: Final = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@dataclass(slots=True)
class Round:
    """What became of a plan."""

    plan: Plan
    figures: Figures = field(default_factory=Figures)
    verdict: Verdict = field(default_factory=Verdict)


def play(plan: Plan, pair: Pair, folder: Path) -> Round:
    """One round, in a folder of its own, which holds the ledger and the server's log afterwards."""
    played = Round(plan)
    ledger = Ledger(folder / "ledger.jsonl")
    database = pair.primary.new_database().rpartition("/")[2]
    settings = {
        "EVERGRANT_DATABASE__URL": pair.url(database),
        "EVERGRANT_DATABASE__RENEWAL_DURABILITY": RENEWALS_WAIT[plan.replication],
    }
    server = Server(folder / "data", settings, ("--workers", str(plan.workers)))
    with ExitStack() as stack:
        stack.callback(server.kill)
        server.launch()  # while the primary is copied
        succession = stack.enter_context(pair.followed(synchronous=plan.replication != "asynchronous"))
        until(lambda: server.status_of("/readyz") == 200, what="the server is ready", seconds=READY_WITHIN)
        stock = Stock(server.data_dir, _at(succession.old, database))
        crowd = _crowd(plan, stock, ledger, server.port)
        try:
            _fail_over(played, crowd, succession, _at(succession.standby, database))
            crowd.settle()
            asyncio.run(_probe(played, crowd))
        except TimeoutError as waited:
            played.verdict.findings.append(Finding("recovery", None, str(waited)))
        server.stop()
        ledger.close()
        url = _at(succession.standby, database)
        played.figures.adopted = adoptions(url)
        played.verdict.add(judge(ledger, url, server.log_file, crowd.secrets))
        if plan.loses:
            played.verdict.findings += _if_nobody_had_told(ledger, url)
    return played


def _if_nobody_had_told(ledger: Ledger, url: str) -> Iterator[Finding]:
    """The checker, not told that there was a fail-over, must find the loss: else its silence elsewhere says nothing."""
    histories = {
        grant: [one for one in history if one.asked.kind is not Kind.FORGET]
        for grant, history in ledger.histories().items()
    }
    found = conservation.compare(ledger, conservation.Books.read(url, ledger.opened), histories)
    if not any(finding.invariant == "I1" for finding in found):
        yield Finding("vacuous", None, "a loss that the checker was not told of was not found")


def _at(server: PostgresServer, database: str) -> str:
    return f"{server.url}/{database}"


def _crowd(plan: Plan, stock: Stock, ledger: Ledger, port: int) -> Crowd:
    """Codes only where an exchange waits for the standby: one that was lost costs a sign-in, as the design has it."""
    # Few at a time: each is a commit that may wait for the standby, on a disk that still writes the copy.
    held: list[Session] = []
    while len(held) < plan.sessions:
        held += [Session.of(stock.program, token) for token in stock.tokens(AT_ONCE)]
    if plan.replication != "asynchronous":
        program, codes, proof = stock.codes(plan.sessions // 4)
        held += [Session(grant_of(code).hex(), program, {0: code}, proof) for code in codes]
    for session in held:
        ledger.open(session.grant, session.newest, WINDOW)
    Random(f"{plan.seed}/sessions").shuffle(held)
    return Crowd(ledger, [port], held, a_stranger(stock), clients=plan.clients, seed=plan.seed, temper=plan.temper)


def _fail_over(played: Round, crowd: Crowd, succession: Succession, url: str) -> None:
    plan, figures, ledger = played.plan, played.figures, crowd.ledger
    doomed = [session for _ in range(DOOMED) if (session := crowd.next_session()) is not None]
    with crowd.at_work():
        crowd.is_told("200", plan.before)
        with ExitStack() as cut_off:
            if plan.loses or plan.cut == "partition":
                cut_off.enter_context(succession.wire.frozen())
                cut_off.enter_context(_signed_out(crowd, doomed))
                _unheard(plan, crowd, succession)
            forgotten = [ledger.intend(Asked(grant, Kind.FORGET, 0)) for grant in ledger.opened] if plan.loses else []
            cut = now()
            if plan.cut == "planned":
                succession.old.stop()
            elif plan.cut == "power":
                succession.old.kill()
            succession.replay()
            if plan.cut == "partition":
                succession.take_over()
                compare(figures, ledger.operations(), rows(url))
                succession.old.kill()
            else:
                compare(figures, ledger.operations(), rows(url))
                succession.take_over()
            for number in forgotten:
                ledger.hear(number, Told(200))
            figures.promoted_ms = (now() - cut) // 1_000
        crowd.is_told("200", plan.afterwards)
    first = first_refresh(ledger.operations(), cut)
    figures.first_ms = 0 if first is None else (first - cut) // 1_000
    _expect(played)


def _unheard(plan: Plan, crowd: Crowd, succession: Succession) -> None:
    """The standby hears of nothing. Renewals go on if they need not wait for it; whatever waits is not answered."""
    if plan.loses:
        crowd.is_told("200", plan.unheard)
    if plan.replication != "asynchronous":
        until(lambda: succession.old.see(WAITING), what="somebody waits for the standby")


@contextmanager
def _signed_out(crowd: Crowd, doomed: Sequence[Session]) -> Iterator[None]:
    """Somebody ends these sessions; in the block the answers come, or not."""

    async def one(session: Session) -> None:
        line = crowd.line(Random(session.grant))
        await crowd.show(line, Kind.REVOKE, session, session.newest)
        await line.hang_up()

    async def all_of_them() -> None:
        await asyncio.gather(*map(one, (session for session in doomed if session.newest)))

    thread = threading.Thread(target=asyncio.run, args=(all_of_them(),), daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join(90)
        assert not thread.is_alive(), "a revocation was never answered"


def _expect(played: Round) -> None:
    """What the database and the setting promise, by the figures. The checker judges each answer besides."""
    plan, figures = played.plan, played.figures
    if plan.loses and not figures.lost:
        played.verdict.findings.append(Finding("vacuous", None, "no acknowledged renewal was lost"))
    if not plan.loses and figures.lost:
        played.verdict.findings.append(Finding("I1", None, f"{figures.lost} acknowledged renewals were lost"))
    if plan.replication != "asynchronous" and figures.endings_lost:
        played.verdict.findings.append(Finding("I3", None, f"{figures.endings_lost} acknowledged endings were lost"))


async def _probe(played: Round, crowd: Crowd) -> None:
    """A token that was spent in the moments that were lost is shown once more: it ends its grant. I4"""
    alive = [session for session in crowd.sessions if not session.ended and min(session.texts) < session.newest - 2]
    line = crowd.line(Random(played.plan.seed))
    for session in sorted(alive, key=lambda one: one.newest)[-PROBED:]:
        spent = max(one for one in session.texts if one < session.newest - 2)
        for generation in (spent, session.newest):
            told = await crowd.show(line, Kind.REFRESH, session, generation)
            if told is None or told.error != "invalid_grant":
                played.verdict.findings.append(Finding("I4", session.grant, f"a replay of {generation}: {told}"))
        played.figures.replays += 1
    await line.hang_up()
