"""Copies of one token at the same moment, over real connections: one new generation, whoever asks. R-002, R-011"""

import asyncio
from collections import Counter
from collections.abc import Sequence

from tests.faults.line import Answer, Line, Program
from tests.faults.stock import Stock
from tests.faults.storm import Chain, generation_of
from tests.support.server import Server

ROUNDS = 40
TOKENS = 24
COPIES = 4
"""Of two servers, each is shown two: copies meet in one batch, and between the servers."""

STRICT_TOKENS = 60


class Hands:
    """So many connections for each token, shared out among the servers."""

    def __init__(self, servers: Sequence[Server], program: Program, tokens: int) -> None:
        ports = [server.port for server in servers]
        self._program = program
        self._lines = [[Line(ports[copy % len(ports)]) for copy in range(COPIES)] for _ in range(tokens)]

    async def show(self, tokens: Sequence[str]) -> list[list[Answer]]:
        """All copies of all tokens at once; the answers for each token."""
        flat = [(line, token) for lines, token in zip(self._lines, tokens, strict=True) for line in lines]
        answers = await asyncio.gather(*(line.refresh(self._program, token) for line, token in flat))
        return [answers[start : start + COPIES] for start in range(0, len(answers), COPIES)]

    async def hang_up(self) -> None:
        await asyncio.gather(*(line.hang_up() for lines in self._lines for line in lines))


def test_copies_of_a_token_get_one_successor(servers: list[Server]) -> None:
    """Many tokens at once, again and again: often copies are in one batch, and one of them wins."""
    stock = Stock.of(servers[0])

    async def play(tokens: list[str]) -> list[str]:
        hands = Hands(servers, stock.program, TOKENS)
        for _ in range(ROUNDS):
            answers = await hands.show(tokens)
            successors = [{answer.refresh_token for answer in copies} for copies in answers]
            assert [len(found) for found in successors] == [1] * TOKENS
            tokens = [found.pop() for found in successors]
        await hands.hang_up()
        return tokens

    last = asyncio.run(play(stock.tokens(TOKENS)))

    assert {generation_of(token) for token in last} == {ROUNDS + 1}
    chains = [Chain(token) for token in last]
    assert {row.generation for row in stock.rows(chains)} == {ROUNDS + 1}
    stock.assert_no_alarm(chains)


def test_without_a_retry_window_one_copy_wins_and_the_other_gets_nothing(servers: list[Server]) -> None:
    """Which had lost the race before it was judged is 503 and ends nothing; which came after it was lost, row 10."""
    stock = Stock.of(servers[0])
    strict, tokens = stock.strict(STRICT_TOKENS)

    async def play() -> list[list[Answer]]:
        hands = Hands(servers, strict, STRICT_TOKENS)
        shown = await hands.show(tokens)
        await hands.hang_up()
        return shown

    answers = asyncio.run(play())
    for copies, row in zip(answers, stock.rows([Chain(token) for token in tokens]), strict=True):
        told = Counter(copy.status for copy in copies)
        errors = {copy.body["error"] for copy in copies if copy.status != 200}
        assert told[200] == 1, told
        assert errors <= {"temporarily_unavailable", "invalid_grant"}
        assert row.state == ("revoked" if "invalid_grant" in errors else "active")
        assert {generation_of(copy.refresh_token) for copy in copies if copy.status == 200} == {row.generation} == {2}
