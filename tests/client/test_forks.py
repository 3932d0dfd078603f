"""A program forks while it renews, as servers with worker processes do: the children's sessions work."""

import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from pathlib import Path
from types import FrameType

from evergrant.client import FileVault, MemoryVault, Session, TokenSet, Vault
from evergrant.client.exchange import Request
from evergrant.client.transport import Transport
from evergrant.testing.clock import ManualClock
from tests.client.scripted import scripted
from tests.client.signing_in import Away
from tests.support.waiting import until

EXPIRED = 900_000  # ms
LONGEST_S = 3
WENT_WELL = 7

FORKING = get_context("fork")


def fork(work: Callable[[], bool]) -> int:
    """The process that does that, and nothing else of the test. It ends in time also if it waits for a lost lock."""
    with warnings.catch_warnings():
        # Newer Pythons warn of a fork beside threads: it is what this is about.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(LONGEST_S)
        try:
            # In another thread: to the one that forked its parent's locks are its own.
            with ThreadPoolExecutor(1) as pool:
                went_well = pool.submit(work).result()
            os._exit(WENT_WELL if went_well else 1)
        finally:
            os._exit(2)
    return child


def ended_with(child: int) -> int:
    """Its exit code, when it has ended."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def renewing(away: Away, vault: Vault) -> Session:
    """A session that is being renewed: the issuer's answer is held."""
    session = away.client.session(vault, "ada")
    session.keep(away.sign_in().tokens)
    away.clock.advance(EXPIRED)
    away.between.then("hold")
    threading.Thread(target=session.tokens).start()
    until(lambda: away.between.answered[1:], what="the refresh is answered")
    return session


def in_threads(session: Session) -> list[TokenSet]:
    """What four of them get at the same moment."""
    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(lambda _: session.tokens(), range(4)))


def tell_token(session: Session, told: "SimpleQueue[str]") -> None:
    """What a child of multiprocessing does."""
    told.put(session.access_token().reveal())


def test_in_the_midst_of_a_request_it_forks_and_the_child_can_send_its_own() -> None:
    """The parent's connections, and the lock around them, are left as they were then: at six moments of it."""
    sender = Transport(None, ManualClock(), lambda: 0.0)
    children: dict[str, int] = {}

    def fork_in_each_function(frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_name
        if event == "call" and "connection_pool" in frame.f_code.co_filename and name not in children:
            sys.setprofile(None)
            children[name] = fork(lambda: sender.send(request).status == 200)
            if len(children) < 6:
                sys.setprofile(fork_in_each_function)

    with scripted() as script:
        request = Request("GET", f"{script.url}/x")
        script.json("/x", {})
        sender.send(request)
        sys.setprofile(fork_in_each_function)
        sender.send(request)
        sys.setprofile(None)
        ends = {name: ended_with(child) for name, child in children.items()}

    assert len(ends) == 6
    assert set(ends.values()) == {WENT_WELL}, ends


def test_a_child_without_a_vault_to_share_has_a_session_of_its_own(web: Away) -> None:
    """Two copies of one refresh token: our server takes the second use for the retry that it might be."""
    session = renewing(web, MemoryVault())

    child = fork(lambda: all(tokens.revision == 2 for tokens in in_threads(session)))
    web.between.let_go()

    assert ended_with(child) == WENT_WELL
    assert session.tokens().revision == 2
    parents, childs = (json.loads(answer)["refresh_token"] for answer in web.between.answered[1:])
    assert parents == childs


def test_a_child_of_multiprocessing_renews_although_its_parent_was_renewing(web: Away, tmp_path: Path) -> None:
    session = renewing(web, FileVault(tmp_path / "tokens.json"))
    told: SimpleQueue[str] = FORKING.SimpleQueue()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = FORKING.Process(target=tell_token, args=(session, told))
        child.start()
    web.between.let_go()
    child.join(LONGEST_S)

    assert child.exitcode == 0
    assert told.get() == session.access_token().reveal()
    assert web.between.refreshes == 1
