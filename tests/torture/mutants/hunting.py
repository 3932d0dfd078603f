"""Sends a hunter after a build, and says what the verdict was."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from tests.torture.conservation import Finding
from tests.torture.mutants.ground import Ground, Grounds
from tests.torture.mutants.hunters import HUNTERS, Hunter
from tests.torture.mutants.mutant import Database
from tests.torture.mutants.registry import MUTANTS


@dataclass(frozen=True, slots=True)
class Seen:
    """What a hunt brought: the findings, and after how many operations."""

    findings: Sequence[Finding]
    operations: int

    @property
    def invariants(self) -> tuple[str, ...]:
        """Those that do not hold."""
        return tuple(sorted({finding.invariant for finding in self.findings}, key=lambda name: (len(name), name)))


def hunt(grounds: Grounds, hunter: str, build: str, database: Database) -> Seen:
    """One hunt, on a ground of its own."""
    sent = HUNTERS[hunter]
    with grounds.ground(build, database, servers=sent.servers, codes=sent.codes) as ground:
        asyncio.run(_attack(sent, ground))
        verdict = ground.verdict()
        ground.ledger.close()
        return Seen(verdict.findings, len(ground.ledger))


async def _attack(hunter: Hunter, ground: Ground) -> None:
    try:
        await hunter.attack(ground)
    finally:
        await ground.part()


def hunts() -> tuple[tuple[str, Database], ...]:
    """Every hunter and database that some mutant is hunted with: there the whole build has to pass."""
    return tuple(dict.fromkeys((mutant.hunter, mutant.database) for mutant in MUTANTS))
