"""Puts the server together: the only place that knows everybody, and the only one that asks for time and chance."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import AsyncExitStack

from starlette.types import ASGIApp

from evergrant.app.application import Application, Running
from evergrant.app.beginning import Began, begin, default_realm
from evergrant.app.engines import Base, issuer_on, issuer_url, shared_parts
from evergrant.app.issuers import RealmIssuers
from evergrant.app.master_key import keep_master_key
from evergrant.app.office import Office
from evergrant.app.problems import NotReady
from evergrant.app.readiness import StoreReadiness
from evergrant.app.settings import Settings
from evergrant.core.durability import Durability
from evergrant.core.facts import Caller, Realm
from evergrant.core.grants import GRANT_TYPES
from evergrant.core.key_schedule import Schedule
from evergrant.core.ports.reader import StoreHealth
from evergrant.core.ports.store import Store
from evergrant.core.ports.world import Clock, Random
from evergrant.protocol.values import CorrelationId, Millis
from evergrant.server.call import Call
from evergrant.server.engine.keys import Keys
from evergrant.server.engine.operators.clients import Clients
from evergrant.server.engine.operators.grants import Grants
from evergrant.server.engine.operators.realms import DEFAULT, Realms
from evergrant.server.engine.operators.resources import Resources
from evergrant.server.engine.operators.subjects import Subjects
from evergrant.server.engine.passwords import Passwords
from evergrant.server.engine.reaper import Retention
from evergrant.server.engine.upkeep import Rules, Upkeep
from evergrant.server.http.entry import Entry
from evergrant.server.http.routes import router
from evergrant.server.log import Log, open_log
from evergrant.server.metrics import Metrics
from evergrant.server.serving import DoorRules, Serving
from evergrant.store.open import open_store

random: Random = os.urandom


def clock() -> Millis:
    """Now, in milliseconds UTC."""
    return Millis(time.time_ns() // 1_000_000)


async def open_base(
    settings: Settings,
    log: Log,
    *,
    clock: Clock = clock,
    random: Random = random,
    store_at: Callable[[str, int, Durability], Store] = open_store,
) -> Base:
    """Raises NotReady, StoreUnavailable, or ValueError for a damaged master key file."""
    if settings.development or settings.sqlite:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    masters = settings.masters
    if masters is None:
        masters = keep_master_key(settings.data_dir, random)
    store = store_at(settings.database_url.reveal(), settings.database_batches, settings.renewal_durability)
    try:
        await _bring_to_head(settings, await store.health())
    except BaseException:
        await store.close()
        raise
    return Base(settings, store, masters, log, clock, random)


async def _bring_to_head(settings: Settings, health: StoreHealth) -> None:
    if health.schema == "head":
        return
    if not settings.development:
        raise NotReady(f"the database's schema is not ready: {health.schema}", "Run `evergrant db upgrade`.")
    await asyncio.to_thread(upgrade_schema, settings)


def check_schema(settings: Settings) -> str:
    """`head`, or a sentence that says what is wrong. Raises StoreUnavailable."""
    # Late, here and below: migrations are the slowest thing to import.
    from evergrant.store.upgrade import check

    return check(settings.database_url.reveal())


def upgrade_schema(settings: Settings) -> None:
    """Bring the database to the newest schema. Raises NotReady for one of a newer program, StoreUnavailable."""
    from evergrant.store.upgrade import UnknownSchema, upgrade

    if settings.sqlite:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        upgrade(settings.database_url.reveal())
    except UnknownSchema as newer:
        raise NotReady(str(newer), "Run the newer program, or restore a backup.") from None


def application(
    settings: Settings,
    log: Log | None = None,
    *,
    clock: Clock = clock,
    random: Random = random,
    store_at: Callable[[str, int, Durability], Store] = open_store,
    metrics: Metrics | None = None,
) -> Application:
    """The whole server as an ASGI application. Nothing is opened before it starts. `store_at`: as `open_store`.

    `metrics`: where to count; an object of its own if nothing is said.
    """
    here = open_log(settings.log.format, settings.log.level, clock) if log is None else log

    async def open_all() -> Running:
        async with AsyncExitStack() as opened:
            base = await open_base(settings, here, clock=clock, random=random, store_at=store_at)
            opened.push_async_callback(base.store.close)
            office = await office_on(base, DEFAULT)
            began = await begin(settings, office)
            app = _serve(base, opened, metrics or Metrics())
            # From here on, closing is the application's business.
            return Running(app, opened.pop_all().aclose, began)

    return Application(open_all, here, random)


async def prepare(settings: Settings, log: Log) -> Began:
    """All that a first start makes, without serving: for the parent of several workers."""
    base = await open_base(settings, log)
    try:
        return await begin(settings, await office_on(base, DEFAULT))
    finally:
        await base.store.close()


async def open_office(settings: Settings, realm_name: str) -> Office:
    """What an operator may do in a realm, beside a running server. Raises OperatorError, NotReady, StoreUnavailable."""
    base = await open_base(settings, open_log("console", "warning", clock))
    try:
        return await office_on(base, realm_name)
    except BaseException:
        await base.store.close()
        raise


async def office_on(base: Base, realm_name: str) -> Office:
    """An operator's way to one realm. Raises NotFound, StoreUnavailable."""
    clock, random = base.clock, base.random
    call = Call(CorrelationId(random(8).hex()), Caller("evergrant command line"), clock())
    realms = Realms(base.store, clock)
    if realm_name == DEFAULT:
        realm = await default_realm(realms, call)
    else:
        realm = await realms.show(realm_name)
    store, issuer = base.store.realm_store(realm.id), issuer_url(base.settings, realm.name)

    def keys_of(one: Realm) -> Keys:
        return Keys(base.store.realm_store(one.id), base.masters, clock, random, _schedule(base.settings))

    return Office(
        realm=realm,
        issuer=issuer,
        call=call,
        realms=realms,
        clients=Clients(store, clock, random, GRANT_TYPES),
        subjects=Subjects(store, clock, random, Passwords(random).hash_at_once),
        resources=Resources(store, clock, issuer),
        grants=Grants(store, clock),
        keys=keys_of(realm),
        masters=base.masters,
        reader=store,
        store=base.store,
        issuer_of=lambda name: issuer_url(base.settings, name),
        keys_of=keys_of,
        close=base.store.close,
    )


def _serve(base: Base, opened: AsyncExitStack, metrics: Metrics) -> ASGIApp:
    """The routes of all realms, and the upkeep beside them."""
    settings, clock, random = base.settings, base.clock, base.random
    parts = shared_parts(base, metrics)
    opened.callback(parts.passwords.close)
    issuers = RealmIssuers(base.store, lambda realm: issuer_on(base, parts, realm), clock)
    serving = Serving(
        issuers=issuers,
        readiness=StoreReadiness(base.store, issuers, clock),
        metrics=parts.journal.metrics,
        journal=parts.journal,
        clock=clock,
        random=random,
        rules=DoorRules(settings.trusted_proxies, settings.allowed_hosts, settings.metrics_networks),
    )
    retention = Retention(events=settings.events.retention)
    rules = Rules(schedule=_schedule(settings), retention=retention, interval=settings.reaper.interval)
    upkeep = Upkeep(
        store=base.store, masters=base.masters, clock=clock, random=random, journal=parts.journal, rules=rules
    )
    stop = asyncio.Event()
    task = asyncio.create_task(upkeep.run(stop), name="evergrant upkeep")

    async def end_upkeep() -> None:
        # Not cancelled: a sweep that has begun is committed or not, and the store is closed only then.
        stop.set()
        await asyncio.gather(task, return_exceptions=True)

    opened.push_async_callback(end_upkeep)
    return Entry(router(), serving)


def _schedule(settings: Settings) -> Schedule:
    return Schedule(rotation=settings.keys.rotation, publish_ahead=settings.keys.publish_ahead)
