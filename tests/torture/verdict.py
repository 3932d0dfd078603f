"""What can be said when it is over: for each invariant how often it could have been broken, and how often it was.

Nothing found in n trials bounds what was not found: with 95 % confidence it happens in fewer than 3/n of them (the rule
of three). That, and not "never", is what a run without findings says.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from evergrant.core.reasons import Reason
from tests.torture.clients import HANGS
from tests.torture.conservation import Books, Finding, compare, is_sound, looks, tells_no_secret
from tests.torture.ledger import Asked, Kind, Ledger, Operation, Told
from tests.torture.linearizability import TooManyOrders, explain

INVARIANTS: Final[Mapping[str, str]] = {
    "I1": "what was acknowledged is kept",
    "I2": "a generation has one successor",
    "I3": "nothing is given for what has ended",
    "I4": "a replay is seen, and ends the grant",
    "I5": "a retry is answered, nobody is locked out",
    "I6": "what fails changes nothing",
    "I7": "no token is in the database or the log",
    "I8": "a code is exchanged once",
    "I9": "what is granted never changes",
    "I10": "every ending and refusal has its event",
    "I11": "trouble is told as trouble",
    "I12": "every grant is one row, and the files are sound",
}


@dataclass(slots=True)
class Verdict:
    """`trials`: how often each invariant could have been broken. `counted`: what the run was made of."""

    findings: list[Finding] = field(default_factory=list)
    trials: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)

    def bound(self, invariant: str) -> float | None:
        """The share of trials below which it is broken, with 95 % confidence. None: it was broken, or never tried."""
        broken = any(finding.invariant == invariant for finding in self.findings)
        return None if broken or not self.trials[invariant] else min(1.0, 3 / self.trials[invariant])

    def add(self, other: "Verdict") -> None:
        """Another run's, to this one's."""
        self.findings += other.findings
        self.trials += other.trials
        self.counted += other.counted

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return {
            "findings": [asdict(finding) for finding in self.findings],
            "counted": dict(self.counted),
            "invariants": {
                name: {"says": says, "trials": self.trials[name], "bound": self.bound(name)}
                for name, says in INVARIANTS.items()
            },
        }


def judge(ledger: Ledger, url: str | None = None, log: Path | None = None, secrets: set[str] | None = None) -> Verdict:
    """Of a run that is over. With `url` its database is looked at too; with `log` and `secrets`, whether any leaked."""
    verdict, histories = Verdict(), ledger.histories()
    if url is not None:
        books = Books.read(url, ledger.opened)
        verdict.findings += compare(ledger, books, histories)
        verdict.findings += is_sound(url)
        _count_endings(verdict, ledger, books, histories)
        verdict.trials["I12"] = len(books.rows)
        verdict.trials["I10"] = sum(row.revoked_at is not None for row in books.rows.values())
        histories = looks(books, histories)
        if log is not None:
            verdict.findings += tells_no_secret(url, log, secrets or ())
            verdict.trials["I7"] = len(secrets or ())
    for grant, history in histories.items():
        verdict.findings += _of_one(grant, history, ledger)
    operations = ledger.operations()
    verdict.findings += _honesty(operations, ledger)
    _count(verdict, operations, ledger)
    return verdict


def _of_one(grant: str, history: Sequence[Operation], ledger: Ledger) -> Iterator[Finding]:
    """One successor for each generation, and an order that explains all answers."""
    texts: dict[int, str] = {}
    for one in history:
        if one.told is not None and one.told.digest is not None and one.told.generation is not None:
            first = texts.setdefault(one.told.generation, one.told.digest)
            if first != one.told.digest:
                yield Finding("I2", grant, f"generation {one.told.generation} has two texts", (one.number,))
    try:
        why = explain(history, ledger.opened[grant], skew=ledger.skew)
    except TooManyOrders as gave_up:
        yield Finding("undecided", grant, str(gave_up))
        return
    if why is not None:
        yield Finding(why.invariant, grant, why.words, (why.operation.number,))


def _honesty(operations: Sequence[Operation], ledger: Ledger) -> Iterator[Finding]:
    """Each answer by itself, and those that fell wholly within a fault."""
    for one in operations:
        if one.lost == HANGS:
            yield Finding("I11", one.asked.grant, "no answer at all", (one.number,))
        if one.told is not None and one.told.wrong is not None:
            yield Finding("I11", one.asked.grant, one.told.wrong, (one.number,))
        if one.told is not None and one.told.grown is not None:
            yield Finding("I9", one.asked.grant, one.told.grown, (one.number,))
        for spell in ledger.spells:
            within = spell.allows and spell.begin <= one.begin and one.end <= spell.end
            if within and one.told is not None and one.told.status not in spell.allows:
                words = f"{one.told.status} {one.told.error} while {spell.name}"
                yield Finding("I11", one.asked.grant, words, (one.number,))


def _count(verdict: Verdict, operations: Sequence[Operation], ledger: Ledger) -> None:
    counted, trials = verdict.counted, verdict.trials
    counted["operations"] = len(operations)
    counted["grants"] = len(ledger.opened)
    counted["faults"] = len(ledger.spells)
    doubtful: set[tuple[str, int]] = set()
    for one in operations:
        asked, told = one.asked, one.told
        if not one.was_sent:
            counted["not sent"] += 1
        elif told is None or not one.is_known:
            counted["unknown"] += 1
            counted["lost" if told is None else "503"] += 1
            doubtful.add((asked.grant, asked.generation))
        else:
            _count_known(verdict, asked, told, in_doubt=(asked.grant, asked.generation) in doubtful)
    trials["I3"] = _after_the_end(operations)


def _count_known(verdict: Verdict, asked: Asked, told: Told, *, in_doubt: bool) -> None:
    trials = verdict.trials
    trials["I11"] += 1
    if asked.stranger or asked.too_wide:
        trials["I6"] += 1
    elif told.error == "invalid_grant":
        trials["I4"] += 1
    if told.generation is None:
        return
    trials["I2"] += 1
    trials["I9"] += 1
    trials["I8"] += asked.kind is Kind.EXCHANGE
    trials["I5"] += in_doubt
    if told.generation == asked.generation + 1:
        verdict.counted["renewals"] += 1
        trials["I1"] += 1


def _count_endings(
    verdict: Verdict, ledger: Ledger, books: Books, histories: Mapping[str, Sequence[Operation]]
) -> None:
    """Grants that ended as reused: replayed on purpose, of clients without a window, by a code shown twice, or else."""
    for grant, row in books.rows.items():
        if row.revoked_reason != Reason.REUSED or grant not in ledger.opened:
            continue
        shown = histories[grant]
        if any(one.asked.replay for one in shown):
            verdict.counted["ended by a replay"] += 1
        elif ledger.opened[grant].window == 0:
            verdict.counted["ended without a window"] += 1
        elif sum(one.asked.kind is Kind.EXCHANGE for one in shown) > 1:
            verdict.counted["ended by a code shown twice"] += 1
        else:
            verdict.counted["honest sessions ended"] += 1


def _after_the_end(operations: Sequence[Operation]) -> int:
    """How many requests began after their grant's ending had been answered."""
    ends: dict[str, int] = {}
    for one in operations:
        revoked = one.asked.kind is Kind.REVOKE and not one.asked.stranger
        refused = one.told is not None and one.told.error == "invalid_grant" and not one.asked.stranger
        if one.told is not None and one.is_known and (revoked or refused):
            ends[one.asked.grant] = min(one.end, ends.get(one.asked.grant, one.end))
    return sum(one.begin > ends.get(one.asked.grant, one.begin) for one in operations)
