"""Other programs come to the server's SQLite file and go again, and take nothing with them. R-002"""

import asyncio

from tests.faults.line import Line
from tests.faults.processes import processes
from tests.faults.stock import Stock
from tests.faults.storm import Chain
from tests.support.server import StartServer, evergrant


def test_a_program_that_leaves_the_database_takes_nothing_with_it(start_server: StartServer) -> None:
    """Whoever thinks itself the last to leave deletes SQLite's log. The server must be seen, from its first start on.

    What is committed afterwards would else be in a file that has no name any more.
    """
    server = start_server()
    stock = Stock.of(server)
    (chain,) = map(Chain, stock.tokens(1))
    with processes(1, "tests.faults.locker", str(server.data_dir / "evergrant.db")) as (shell,):
        assert shell.hear() == ["locked"]
    assert evergrant("client", "list", data_dir=server.data_dir, settings=server.settings).returncode == 0

    async def refresh() -> None:
        line = Line(server.port)
        for _ in range(3):
            chain.hear(await line.refresh(stock.program, chain.token))
        await line.hang_up()

    asyncio.run(refresh())
    server.kill()
    server.start()

    assert (chain.acknowledged, chain.complaints) == (4, [])
    stock.assert_kept([chain])
    asyncio.run(refresh())
    stock.assert_no_alarm([chain])
