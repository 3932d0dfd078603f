"""Many clients that each do one thing, all at once, on connections of their own."""

import asyncio
from collections.abc import Sequence

from tests.faults.line import Answer, Line, Program


async def ask(port: int, path: str) -> Answer:
    """What a GET is answered."""
    line = Line(port)
    try:
        return await line.get(path)
    finally:
        await line.hang_up()


async def refresh_each(port: int, program: Program, tokens: Sequence[str]) -> list[str]:
    """Every token's successor. Raises AssertionError if one is refused."""

    async def one(token: str) -> str:
        line = Line(port)
        try:
            return (await line.refresh(program, token)).refresh_token
        finally:
            await line.hang_up()

    return list(await asyncio.gather(*(one(token) for token in tokens)))


async def hang_up_on(port: int, program: Program, tokens: Sequence[str], *, times: int = 1) -> None:
    """Each asks, does not wait for the answer, and asks again."""

    async def one(token: str) -> None:
        for _ in range(times):
            line = Line(port)
            await line.send_refresh(program, token)
            # Answered on another connection: by then, the request before it has been read.
            await ask(port, "/healthz")
            await line.hang_up()

    await asyncio.gather(*(one(token) for token in tokens))
