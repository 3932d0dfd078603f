"""Where a hunt takes place: a build on a database of its own, grants that it was given, and what is seen of it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.faults.line import Line, Program
from tests.faults.stock import Stock
from tests.faults.storm import grant_of
from tests.support.postgres import PostgresServer
from tests.torture.clients import Crowd, Session
from tests.torture.conservation import Finding
from tests.torture.ledger import Kind, Ledger, Told
from tests.torture.mutants.builds import Build, Nursery, copied
from tests.torture.mutants.doors import HELD
from tests.torture.mutants.mutant import Database
from tests.torture.mutants.registry import WHOLE
from tests.torture.verdict import Verdict, judge

SECOND: Final = 1_000_000
WINDOW: Final = 60 * SECOND
GRANTS: Final = 4
"""Of each kind."""


class HeldLine(Line):
    """A connection whose requests are held up between their judgement and their commit."""

    def _head(self, method: str, path: str) -> str:
        return f"{super()._head(method, path)}User-Agent: {HELD}\r\n"


@dataclass(frozen=True, slots=True)
class Template:
    """What every hunt begins with: a data folder, a database, and the tokens of its grants."""

    folder: Path
    database: str | None  # its name, on PostgreSQL
    program: Program
    tokens: list[str]
    strict: Program
    strict_tokens: list[str]


@dataclass(slots=True)
class Ground:
    """`plain`: sessions with the usual window; `strict`: without any; `coded`: codes, where the hunter needs some."""

    builds: list[Build]
    stock: Stock
    ledger: Ledger
    crowd: Crowd
    plain: list[Session]
    strict: list[Session]
    coded: list[Session]
    findings: list[Finding] = field(default_factory=list)
    """What the hunter sees beside the ledger."""

    _lines: list[Line] = field(default_factory=list)

    def line(self, server: int = 0) -> Line:
        """To one of the builds."""
        return self._kept(Line(self.builds[server].port))

    def held_line(self) -> Line:
        """To the first build's door."""
        return self._kept(HeldLine(self.builds[0].port))

    async def part(self) -> None:
        """Nobody asks any more."""
        for line in self._lines:
            await line.hang_up()

    def _kept(self, line: Line) -> Line:
        self._lines.append(line)
        return line

    async def refresh(self, line: Line, session: Session, generation: int | None = None, odd: str = "") -> Told | None:
        """Show the newest token, or one of before."""
        return await self.crowd.show(line, Kind.REFRESH, session, generation or session.newest, odd=odd)

    def advance(self, seconds: int) -> None:
        """The servers' clock goes forward."""
        clock = self.builds[0].nursery.clock
        before, after = clock.seconds * SECOND, (clock.seconds + seconds) * SECOND
        self.ledger.clock(before, after)
        clock.advance(clock.seconds + seconds)
        self.ledger.clock(after, after)

    def verdict(self) -> Verdict:
        """Of all that happened here."""
        verdict = judge(self.ledger, self.stock.url, self.builds[0].log_file, self.crowd.secrets)
        verdict.findings += self.findings
        return verdict


class Grounds:
    """Makes one ground after another, each a copy of one template for its database."""

    def __init__(self, nursery: Nursery, folder: Path, postgres: PostgresServer | None) -> None:
        self._nursery = nursery
        self._folder = folder
        self._postgres = postgres
        self._templates: dict[Database, Template] = {}
        self._count = 0

    @contextmanager
    def ground(self, build: str, database: Database, *, servers: int = 1, codes: int = 0) -> Iterator[Ground]:
        """`servers` processes of that build, killed when the block ends."""
        template = self._templates.get(database) or self._make(database)
        self._count += 1
        data_dir = copied(template.folder, self._folder / f"{self._count}-{build}" / "data")
        settings, url = {}, f"sqlite:///{data_dir / 'evergrant.db'}"
        if template.database is not None:
            url = self._server().new_database(template.database)
            settings = {"EVERGRANT_DATABASE__URL": url}
        self._nursery.clock.advance(0)
        with ExitStack() as stack:
            if template.database is not None:
                stack.callback(self._server().drop_database, url)
            builds = [Build(self._nursery, build, data_dir, settings) for _ in range(servers)]
            for one in builds:
                stack.callback(one.kill)
                one.start()
            yield _peopled(builds, Stock(data_dir, url), template, codes)

    def _make(self, database: Database) -> Template:
        folder = self._folder / f"template-{database}" / "data"
        folder.parent.mkdir()
        settings, url = {}, f"sqlite:///{folder / 'evergrant.db'}"
        if database == "postgresql":
            url = self._server().new_database()
            settings = {"EVERGRANT_DATABASE__URL": url}
        self._nursery.clock.advance(0)
        first = Build(self._nursery, WHOLE, folder, settings)
        first.start()
        first.stop()
        stock = Stock(folder, url)
        strict, tokens = stock.strict(GRANTS)
        made = Template(
            folder,
            url.rpartition("/")[2] if database == "postgresql" else None,
            stock.program,
            stock.tokens(GRANTS),
            strict,
            tokens,
        )
        self._templates[database] = made
        return made

    def _server(self) -> PostgresServer:
        assert self._postgres is not None
        return self._postgres


def _peopled(builds: list[Build], stock: Stock, template: Template, codes: int) -> Ground:
    ledger = Ledger(stock.data_dir.parent / "ledger.jsonl")
    plain = [Session.of(template.program, token) for token in template.tokens]
    strict = [Session.of(template.strict, token) for token in template.strict_tokens]
    coded: list[Session] = []
    if codes:
        program, texts, proof = stock.codes(codes)
        coded = [Session(grant_of(text).hex(), program, {0: text}, proof) for text in texts]
    for session in (*plain, *strict, *coded):
        ledger.open(session.grant, session.newest, 0 if session in strict else WINDOW)
    ports = [build.port for build in builds]
    # The strict program's tokens are nobody else's: to the plain ones it is a stranger.
    crowd = Crowd(ledger, ports, [], template.strict, clients=0, seed=0)
    return Ground(builds, stock, ledger, crowd, plain, strict, coded)
